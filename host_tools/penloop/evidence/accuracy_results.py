"""What pens of the line held of the stroke rate and the depth that were set, in figures."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from penloop.campaigns.dataset import DataSet

RATE_PERCENT = 2.0  # DESIGN.md, at steady state, wherever the duty is below 95 %
DUTY_LIMIT = 0.95
DEPTH_MM = 0.05  # DESIGN.md, of the axis against its sensor
STEP_MM = 0.025  # the pen rounds the depth down to it
CONFIDENCE = 0.95
RATES_HZ = (25, 50, 75, 100, 125, 150)
DEPTHS_MM = (0.0, 0.5, 1.0, 1.5, 2.0, 2.5)

Column = NDArray[np.float64]
Chosen = NDArray[np.bool_]


@dataclass(frozen=True)
class Results:
    """Columns of all pens, in the order of the cases."""

    set_hz: Column
    held_hz: Column
    slowest_hz: Column
    fastest_hz: Column
    duty: Column
    set_mm: Column
    nose_mm: Column
    nose_least_mm: Column
    deepest_mm: Column
    reached_mm: Column
    passed: Chosen
    kind: NDArray[np.object_]
    zone: NDArray[np.object_]

    @property
    def worst_percent(self) -> Column:
        """The turn whose mean is farthest from what is set, percent."""
        return np.abs(self.turn_percent)

    @property
    def turn_percent(self) -> Column:
        """The same, with its sign."""
        slow, fast = self.slowest_hz - self.set_hz, self.fastest_hz - self.set_hz
        return 100.0 * np.where(-slow > fast, slow, fast) / self.set_hz

    @property
    def held_percent(self) -> Column:
        """The mean of the whole contact against what is set, percent."""
        return 100.0 * (self.held_hz / self.set_hz - 1.0)

    @property
    def free(self) -> Chosen:
        """Whether the cell had volts to spare."""
        return self.duty < DUTY_LIMIT

    @property
    def nose_off_mm(self) -> tuple[Column, Column]:
        """Needles beyond the nose against what is set: where they stood out least, and most."""
        return self.nose_least_mm - self.set_mm, self.nose_mm - self.set_mm

    @property
    def nose_holds(self) -> Chosen:
        """Whether the needles stood out as set, from contact until lift-off."""
        low, high = self.nose_off_mm
        return (high <= DEPTH_MM) & (-low - STEP_MM <= DEPTH_MM)

    @property
    def off_nose_mm(self) -> Column:
        """The same, where they were farthest from it."""
        low, high = self.nose_off_mm
        return np.where(-low - STEP_MM > high, low, high)


def results_of(data: DataSet, count: int) -> Results:
    """Of the first pens of a campaign on accuracy."""

    def column(end: str) -> Any:
        [name] = [name for name in data.columns.schema().names if name.endswith(end)]
        return data.column(name, count)

    with np.errstate(divide="ignore"):
        slowest, fastest = 1e6 / column(".longest_turn"), 1e6 / column(".shortest_turn")
    return Results(
        column(".stroke_rate_Hz"),
        column(".held_Hz"),
        slowest,
        fastest,
        column(".duty_u16") / 65535,
        column(".depth_mm"),
        column(".nose_mm"),
        column(".nose_least_mm"),
        column(".deepest_mm"),
        column(".reached_mm"),
        column("passed"),
        column(".kind"),
        column(".zone"),
    )


def most_outside(failed: int, pens: int) -> float:
    """Share of pens that were not drawn that may be outside, with CONFIDENCE."""
    from scipy.stats import binomtest

    return float(binomtest(failed, pens).proportion_ci(CONFIDENCE, method="exact").high)


@dataclass(frozen=True)
class Quantity:
    """Something that pens hold, a column each: what was set, what was held, and by how much that
    is off, in `off_unit`; `outside`: off by more than is allowed."""

    name: str
    unit: str
    off_unit: str
    was_set: Column
    held: Column
    off: Column
    outside: Chosen


def rates_of(found: Results) -> list[Quantity]:
    """Of pens whose cell had volts to spare."""
    free = found.free
    set_hz, turn = found.set_hz[free], found.turn_percent[free]
    turn_hz = set_hz * (1.0 + turn / 100.0)
    return [
        Quantity(name, "Hz", "%", set_hz, held_hz, off, ~(np.abs(off) <= RATE_PERCENT))
        for name, held_hz, off in (
            ("mean of the contact", found.held_hz[free], found.held_percent[free]),
            ("farthest turn", turn_hz, turn),
        )
    ]


def depths_of(found: Results) -> list[Quantity]:
    """Needles beyond the nose, both ways; in the skin, no deeper than is allowed."""
    set_mm = found.set_mm
    reached, deepest = found.reached_mm - set_mm, found.deepest_mm - set_mm
    return [
        Quantity(name, "mm", "mm", set_mm, set_mm + off, off, outside)
        for name, off, outside in (
            ("needles beyond the nose", found.off_nose_mm, ~found.nose_holds),
            ("deepest stroke, 0.5 s after contact on", reached, ~(reached <= DEPTH_MM)),
            ("deepest stroke of all", deepest, ~(deepest <= DEPTH_MM)),
        )
    ]


@dataclass(frozen=True)
class Row:
    """A quantity over a range of what was set; what is off is against what was set.

    at_most: share of such pens that are outside of what is allowed, with CONFIDENCE
    """

    quantity: str
    unit: str
    low: float
    high: float
    pens: int
    set_mean: float
    held_mean: float
    off_unit: str
    off_least: float
    off_5_percent: float
    off_median: float
    off_95_percent: float
    off_greatest: float
    outside: int
    at_most: float

    def cells(self) -> list[str]:
        """In the order of HEAD."""
        digits = 1 if self.unit == "Hz" else 3
        means = (f"{one:.{digits}f} {self.unit}" for one in (self.set_mean, self.held_mean))
        offs = (self.off_least, self.off_5_percent, self.off_median, self.off_95_percent,
                self.off_greatest)  # fmt: skip
        return [
            self.quantity, f"{self.low:g} to {self.high:g} {self.unit}", f"{self.pens:,}", *means,
            *(f"{one:+.3f} {self.off_unit}" for one in offs),
            f"{self.outside:,}", f"{self.at_most:.1%}",
        ]  # fmt: skip


HEAD = ("", "set", "pens", "set, mean", "held, mean", "off, least", "5 %", "median", "95 %",
        "greatest", "outside", "at most")  # fmt: skip


def rows_of(quantities: Sequence[Quantity], edges: Sequence[float]) -> list[Row]:
    """A row for each range of what was set that has pens, quantity by quantity."""
    return [
        _row(one, low, high, chosen)
        for one in quantities
        for low, high in pairwise(edges)
        if (chosen := _between(one.was_set, low, high, edges[-1])).any()
    ]


def _between(values: Column, low: float, high: float, last: float) -> Chosen:
    """The upper end belongs to the next range, but for the last one."""
    return (values >= low) & ((values < high) | ((values == high) & (high == last)))


def _row(one: Quantity, low: float, high: float, chosen: Chosen) -> Row:
    off, failed = one.off[chosen], int(np.count_nonzero(one.outside[chosen]))
    least, off_5, median, off_95, greatest = map(float, np.nanpercentile(off, (0, 5, 50, 95, 100)))
    return Row(
        one.name, one.unit, low, high, len(off),
        float(np.mean(one.was_set[chosen])), float(np.nanmean(one.held[chosen])),
        one.off_unit, least, off_5, median, off_95, greatest,
        failed, most_outside(failed, len(off)),
    )  # fmt: skip
