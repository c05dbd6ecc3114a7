"""What the results of a campaign say, in numbers: how many fail, how near, and what it hangs on."""

from dataclasses import dataclass
from math import isnan, nan
from typing import Any

import numpy as np
from numpy.typing import NDArray

from penloop.campaigns.dataset import DataSet

Column = NDArray[Any]
CONFIDENCE = 0.95
WORST = 10  # cases that are shown
RANGES, IN_A_RANGE = 8, 10  # of a variable, to see what a rank correlation cannot
BEND = 1.5  # by so much more these have to tell than it does


@dataclass(frozen=True)
class Failures:
    """How many cases failed, and the share of all such cases with its confidence interval.

    The interval is Clopper and Pearson's (1934), exact for a binomial count; it means something
    for cases that were drawn one by one: of others it is nan.
    """

    cases: int
    failed: int
    errors: int
    low: float = nan
    high: float = nan

    @property
    def share(self) -> float:
        """Of the cases."""
        return self.failed / self.cases


@dataclass(frozen=True)
class Spread:
    """The distribution of a column, not counting what is not a number."""

    count: int
    least: float
    low: float  # 5 % are below
    median: float
    high: float  # 5 % are above
    greatest: float


@dataclass(frozen=True)
class Influence:
    """How far a result hangs on a variable.

    rank: Spearman's rank correlation, -1..1; of a variable whose values are words nan
    share: of the variance of the result's ranks that goes with the variable, 0..1
    chance: that a variable without influence gives as much (p value)
    bends: more of it neither raises nor lowers the result all the way
    """

    variable: str
    rank: float
    share: float
    chance: float
    bends: bool = False

    @property
    def has_sign(self) -> bool:
        """Whether more of the variable is more, or less, of the result."""
        return not self.bends and not isnan(self.rank)


def failures(data: DataSet, count: int, drawn: bool) -> Failures:
    """Of the cases below `count`; `drawn`: one by one, independently."""
    from scipy.stats import binomtest

    table = data.read(["passed", "error"], count)
    passed = table["passed"].to_numpy()
    failed = int(np.count_nonzero(~passed))
    errors = sum(1 for text in table["error"].to_pylist() if text)
    if not drawn:
        return Failures(len(passed), failed, errors)
    interval = binomtest(failed, len(passed)).proportion_ci(CONFIDENCE, method="exact")
    return Failures(len(passed), failed, errors, float(interval.low), float(interval.high))


def spread(values: Column) -> Spread | None:
    """Of one column; None without a number in it."""
    known = values[np.isfinite(values)]
    if not len(known):
        return None
    least, low, median, high, greatest = np.percentile(known, (0, 5, 50, 95, 100))
    return Spread(len(known), *map(float, (least, low, median, high, greatest)))


def worst_cases(data: DataSet, count: int, most: int = WORST) -> list[dict[str, Any]]:
    """The rows with the smallest margins, smallest first."""
    margins = data.column("margin", count)
    places = np.argsort(margins, kind="stable")[:most]
    return data.rows(data.column("case", count)[places].tolist())


def influences(data: DataSet, count: int, result: str) -> list[Influence]:
    """Of every variable on a result's column, the strongest first."""
    values = data.column(result, count)
    found = []
    for name in data.columns.variables:
        column = data.column(name, count)
        words = name in data.columns.words
        one = _of_words(name, column, values) if words else _of_numbers(name, column, values)
        if one is not None:
            found.append(one)
    return sorted(found, key=lambda one: -one.share)


def _of_numbers(name: str, column: Column, values: Column) -> Influence | None:
    from scipy.stats import spearmanr

    known = ~np.isnan(values) & np.isfinite(column)  # what could not be run ranks lowest
    if _constant(column[known]) or _constant(values[known]):
        return None
    rank, chance = spearmanr(column[known], values[known])
    share, bend_chance = _over_ranges(column[known], values[known])
    bends = bend_chance < chance and share > BEND * rank**2
    if bends:
        return Influence(name, float(rank), share, min(2.0 * bend_chance, 1.0), bends=True)
    return Influence(name, float(rank), float(rank) ** 2, min(2.0 * float(chance), 1.0))


def _over_ranges(column: Column, values: Column) -> tuple[float, float]:
    """(share, chance) with the variable's range cut into pieces of as many cases: Kruskal and
    Wallis, the share less what chance alone gives (epsilon squared, Tomczak 2014)."""
    from scipy.stats import kruskal

    count = min(RANGES, len(values) // IN_A_RANGE)
    edges = np.unique(np.quantile(column, np.linspace(0.0, 1.0, count + 1)[1:-1]))
    piece = np.searchsorted(edges, column, side="right")
    groups = [values[piece == number] for number in range(len(edges) + 1)]
    groups = [group for group in groups if len(group)]
    if count < 2 or len(groups) < 2:
        return 0.0, 1.0
    statistic, chance = kruskal(*groups)
    share = (statistic - len(groups) + 1) / (len(values) - len(groups))
    return min(max(float(share), 0.0), 1.0), float(chance)


def _of_words(name: str, column: Column, values: Column) -> Influence | None:
    """Kruskal and Wallis: the share of the ranks' variance between the groups."""
    from scipy.stats import kruskal

    known = ~np.isnan(values)
    groups = [values[known & (column == word)] for word in np.unique(column)]
    groups = [group for group in groups if len(group)]
    if len(groups) < 2 or _constant(values[known]):
        return None
    statistic, chance = kruskal(*groups)
    share = float(statistic) / max(int(np.count_nonzero(known)) - 1, 1)
    return Influence(name, float("nan"), min(share, 1.0), float(chance))


def _constant(values: Column) -> bool:
    return len(values) < 3 or bool(np.all(values == values[0]))
