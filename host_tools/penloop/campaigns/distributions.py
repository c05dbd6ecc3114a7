"""How a value is spread: by its inverse cumulative function, from a share 0..1 to a value.

Normal kinds are cut at three standard deviations, as no part is delivered outside its tolerance.
"""

import math
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from statistics import NormalDist
from typing import Any

CUT_SIGMAS = 3.0
_TAIL = NormalDist().cdf(-CUT_SIGMAS)


@dataclass(frozen=True)
class Distribution:
    """How a value is spread.

    told: as people read it
    at: the value at a share 0..1 of all cases, smallest first
    values: all that it takes, where they can be counted; empty otherwise
    """

    told: str
    at: Callable[[float], Any]
    values: tuple[Any, ...] = ()


def uniform(low: float, high: float) -> Distribution:
    """All between two values alike. Raises ValueError."""
    _in_order(low, high)
    return Distribution(f"uniform {low:g} to {high:g}", lambda share: low + share * (high - low))


def triangular(low: float, mode: float, high: float) -> Distribution:
    """Most often `mode`, never outside. Raises ValueError."""
    _in_order(low, high)
    _in_order(low, mode, strict=False)
    _in_order(mode, high, strict=False)
    knee = (mode - low) / (high - low)

    def at(share: float) -> float:
        if share < knee:
            return low + math.sqrt(share * (high - low) * (mode - low))
        return high - math.sqrt((1.0 - share) * (high - low) * (high - mode))

    return Distribution(f"triangular {low:g}, {mode:g}, {high:g}", at)


def normal(mean: float, sigma: float) -> Distribution:
    """Normal, cut at three standard deviations. Raises ValueError."""
    _positive(sigma, "the standard deviation")
    return Distribution(
        f"normal {mean:g}, sigma {sigma:g}", lambda share: mean + sigma * _standard(share)
    )


def lognormal(median: float, factor: float) -> Distribution:
    """Its logarithm is normal: two thirds lie within `factor` of the median. Raises ValueError."""
    _positive(median, "the median")
    _positive(factor - 1.0, "the factor, less one,")
    return Distribution(
        f"lognormal {median:g}, factor {factor:g}",
        lambda share: median * factor ** _standard(share),
    )


def choice(values: Sequence[Any], weights: Sequence[float] | None = None) -> Distribution:
    """One of the values, all alike or by weight. Raises ValueError."""
    if not values:
        raise ValueError("there are no values to choose from")
    shares = weights if weights is not None else [1.0] * len(values)
    if len(shares) != len(values) or min(shares) < 0 or not sum(shares) > 0:
        raise ValueError(f"{len(values)} values need as many weights, none below 0")
    edges = list(accumulate(shares))
    last = max(number for number, weight in enumerate(shares) if weight)

    def at(share: float) -> Any:
        return values[min(bisect_right(edges, share * edges[-1]), last)]

    shown = ", ".join(str(value) for value in values[:6]) + (", …" if len(values) > 6 else "")
    return Distribution(f"one of {shown}", at, tuple(values))


def steps(first: float, last: float, count: int) -> Distribution:
    """`count` values at even distances, both ends among them. Raises ValueError."""
    if count < 2:
        raise ValueError("steps need a count of at least 2")
    width = (last - first) / (count - 1)
    found = choice([first + number * width for number in range(count)])
    return Distribution(f"{count} steps {first:g} to {last:g}", found.at, found.values)


def _standard(share: float) -> float:
    """Of the cut standard normal."""
    inner = _TAIL + share * (1.0 - 2.0 * _TAIL)
    return min(max(NormalDist().inv_cdf(inner), -CUT_SIGMAS), CUT_SIGMAS)


def _in_order(low: float, high: float, strict: bool = True) -> None:
    if high < low or (strict and high == low):
        raise ValueError(f"{low:g} is not below {high:g}: give the smaller one first")


def _positive(value: float, what: str) -> None:
    if not value > 0:
        raise ValueError(f"{what} has to be above 0")
