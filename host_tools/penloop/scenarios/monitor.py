"""Signal temporal logic over piecewise-constant signals, with margins.

A margin (robustness) is positive where a formula holds and tells by how much: 1 is the tolerance
of the predicate it comes from. Donzé and Maler, "Robust satisfaction of temporal logic over
real-valued signals" (2010), with `min` for "and" and "always", `max` for "or" and "eventually".
Time is in whole microseconds and dense: a window [a, b] takes in every value that holds at some
moment of it, its ends included.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Times = NDArray[np.int64]
Values = NDArray[np.float64]


@dataclass(frozen=True)
class Margin:
    """A piecewise-constant signal: `values[i]` holds from `times_us[i]` to the next, and on."""

    times_us: Times
    values: Values

    def at(self, time_us: int) -> float:
        """The value that holds at a time, not before the first."""
        place = int(np.searchsorted(self.times_us, time_us, side="right")) - 1
        return float(self.values[max(place, 0)])

    def resampled(self, times_us: Times) -> Values:
        """The values at several times."""
        places = np.searchsorted(self.times_us, times_us, side="right") - 1
        return self.values[np.maximum(places, 0)]


def compressed(margin: Margin) -> Margin:
    """The same signal without the rows that repeat the one before."""
    if len(margin.values) < 2:
        return margin
    keep = np.concatenate([[True], margin.values[1:] != margin.values[:-1]])
    return Margin(margin.times_us[keep], margin.values[keep])


def negation(margin: Margin) -> Margin:
    """Not."""
    return Margin(margin.times_us, -margin.values)


def conjunction(*margins: Margin) -> Margin:
    """And: the smallest of the margins."""
    return _together(margins, np.minimum.reduce)


def disjunction(*margins: Margin) -> Margin:
    """Or: the greatest of the margins."""
    return _together(margins, np.maximum.reduce)


def _together(margins: tuple[Margin, ...], reduce: Callable[..., Values]) -> Margin:
    times = np.unique(np.concatenate([margin.times_us for margin in margins]))
    values = reduce([margin.resampled(times) for margin in margins])
    return compressed(Margin(times, values))


def always(margin: Margin, start_us: int, end_us: int) -> Margin:
    """At each time the smallest margin in [time + start, time + end]."""
    return _windowed(margin, start_us, end_us, np.minimum)


def eventually(margin: Margin, start_us: int, end_us: int) -> Margin:
    """At each time the greatest margin in [time + start, time + end]."""
    return _windowed(margin, start_us, end_us, np.maximum)


def _windowed(margin: Margin, start_us: int, end_us: int, choose: np.ufunc) -> Margin:
    margin = compressed(margin)
    first = margin.times_us[0]
    moved = (margin.times_us - start_us, margin.times_us - end_us, margin.times_us[:1])
    times: Times = np.unique(np.concatenate(moved))
    times = times[times >= first]
    low = np.searchsorted(margin.times_us, times + start_us, side="right") - 1
    high = np.searchsorted(margin.times_us, times + end_us, side="right") - 1
    values = _range_extremes(margin.values, np.maximum(low, 0), np.maximum(high, 0), choose)
    return compressed(Margin(times, values))


def _range_extremes(values: Values, low: Times, high: Times, choose: np.ufunc) -> Values:
    """Extreme of values[low..high] for many ranges, by a table of powers of two."""
    table = [values]
    span = 1
    while 2 * span <= len(values):
        last = table[-1]
        table.append(choose(last[:-span], last[span:]))
        span *= 2
    levels = np.floor(np.log2(high - low + 1)).astype(np.int64)
    result = np.empty(len(low))
    for level in np.unique(levels):
        chosen = levels == level
        row = table[level]
        result[chosen] = choose(row[low[chosen]], row[high[chosen] - (1 << level) + 1])
    return result


def worst(margin: Margin, start_us: int, end_us: int) -> tuple[float, int]:
    """(smallest margin, the moment from which it holds) within [start, end]."""
    first = max(int(np.searchsorted(margin.times_us, start_us, side="right")) - 1, 0)
    last = max(int(np.searchsorted(margin.times_us, end_us, side="right")), first + 1)
    place = first + int(np.argmin(margin.values[first:last]))
    return float(margin.values[place]), max(int(margin.times_us[place]), start_us)


def best(margin: Margin, start_us: int, end_us: int) -> tuple[float, int]:
    """(greatest margin, the moment from which it holds) within [start, end]."""
    value, time_us = worst(negation(margin), start_us, end_us)
    return -value, time_us
