"""What changed between two runs of a scenario: signals, margins and measures, by how much."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import inf, isfinite, isnan, nan

import numpy as np
from numpy.typing import NDArray

from penhost.units import show
from penloop.recordings.readings import TWINS
from pensim import Trace
from pensim.trace import Column

MARGIN, MEASURE, USUAL = "margin", "measure", "usual"  # kinds of figures
UNCHANGED, CHANGED, NEW, UNREADABLE = "unchanged", "changed", "new", "not compared"
NEARLY = 1e-9  # figures this close are one

TURNING, TURN = "mdeg", 360_000  # an angle's unit, and what comes to the same
TELLING_WORDS = ("pen.state", "pen.faults")  # others are bits that follow the stroke
EVEN_ROWS = 20  # of a millisecond

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Figure:
    """A margin or measure of one run; a measure that the run does not have is NaN."""

    kind: str
    name: str
    unit: str
    value: float


@dataclass(frozen=True)
class Facts:
    """A run in short. `setup` has the hash of each thing that the run was made from."""

    name: str
    seed: int
    engine: str
    duration_us: int
    passed: bool
    error: str
    digest: str
    setup: dict[str, str]
    figures: tuple[Figure, ...]

    @property
    def firmware(self) -> str:
        """SHA-256 of the firmware."""
        return self.setup.get("firmware", "")


@dataclass(frozen=True)
class FigureChange:
    """A figure before and after, NaN where it was not there."""

    kind: str
    name: str
    unit: str
    before: float
    after: float

    @property
    def difference(self) -> float:
        """After less before."""
        return self.after - self.before

    @property
    def loss(self) -> float:
        """By how much a margin fell, where all that is above the tolerance counts alike."""
        if self.kind != MARGIN or isnan(self.difference):
            return 0.0
        return max(min(self.before, 1.0) - min(self.after, 1.0), 0.0)

    def told(self) -> tuple[str, str, str]:
        """Before, after and the difference as people read them."""
        before, after = (self._told(value) for value in (self.before, self.after))
        return before, after, self._signed() if isfinite(self.difference) else ""

    def _told(self, value: float) -> str:
        if not isfinite(value):
            return "none" if isnan(value) else "no verdict"
        return f"{value:+.3f}" if self.kind == MARGIN else shown(value, self.unit)

    def _signed(self) -> str:
        if self.kind == MARGIN:
            return f"{self.difference:+.3f}"
        return signed(self.difference, self.unit)


@dataclass(frozen=True)
class SignalChange:
    """How a signal differs.

    first_us: the first moment at which it differs by a unit
    greatest, greatest_us: the difference that is greatest in amount, after less before, and when
    rms: root of the mean square of the difference over the rows
    differs: share of the rows in which it differs
    weight: how much it is worth a look: 0 for what tells the phase of the stroke only
    """

    column: Column
    first_us: int
    greatest: float
    greatest_us: int
    rms: float
    differs: float
    weight: float

    @property
    def is_word(self) -> bool:
        """A state or bits: the size of a difference says nothing."""
        return _is_word(self.column)

    def told(self) -> tuple[str, str, str, str]:
        """First moment, greatest difference, its moment, RMS as people read them."""
        first, when = show(self.first_us, "us"), show(self.greatest_us, "us")
        if self.is_word:
            return first, f"differs for {self.differs:.1%}", "", ""
        unit = self.column.unit
        return first, signed(self.greatest, unit), when, shown(self.rms, unit)


@dataclass(frozen=True)
class Comparison:
    """A run beside the stored one.

    status: UNCHANGED, CHANGED, NEW or UNREADABLE; `why` tells of the last, with the remedy
    setup: what else than the firmware is another
    signals: those that differ, the most changed first
    appeared, vanished: names of those that only the new trace has, and only the old one
    picture: SVG, where one is wanted
    """

    after: Facts
    status: str
    before: Facts | None = None
    why: str = ""
    setup: tuple[str, ...] = ()
    signals: tuple[SignalChange, ...] = ()
    figures: tuple[FigureChange, ...] = ()
    appeared: tuple[str, ...] = ()
    vanished: tuple[str, ...] = ()
    picture: str = ""

    @property
    def first_us(self) -> int | None:
        """The first moment at which any signal differs."""
        return min((signal.first_us for signal in self.signals), default=None)

    @property
    def breaks(self) -> bool:
        """It passed before and fails now."""
        return self.before is not None and self.before.passed and not self.after.passed

    @property
    def loss(self) -> float:
        """By how much the margin fell that fell most; inf where none can be told any more."""
        if self.before is not None and self.after.error and not self.before.error:
            return inf
        return max((one.loss for one in self.figures), default=0.0)

    @property
    def verdict(self) -> str:
        """What became of it."""
        words = {True: "passed", False: "FAILED"}
        after = words[self.after.passed]
        before = after if self.before is None else words[self.before.passed]
        return after if before == after else f"{before} -> {after}"


def compare(before: Facts, old: Trace, after: Facts, new: Trace) -> Comparison:
    """The change of a run whose digest is another. Both last equally long."""
    setup = sorted({*before.setup, *after.setup} - {"firmware"})
    return Comparison(
        after,
        CHANGED,
        before,
        setup=tuple(key for key in setup if before.setup.get(key) != after.setup.get(key)),
        signals=tuple(signal_changes(old, new)),
        figures=tuple(figure_changes(before.figures, after.figures)),
        appeared=_only_in(new, old),
        vanished=_only_in(old, new),
    )


def same_signals(before: Facts, after: Facts) -> Comparison:
    """The change of a run with the same digest: none, but for other sentences or measures."""
    figures = tuple(figure_changes(before.figures, after.figures))
    changed = figures or before.passed != after.passed
    return Comparison(after, CHANGED if changed else UNCHANGED, before, figures=figures)


def worst_first(comparisons: Iterable[Comparison]) -> list[Comparison]:
    """The changed ones: what fails now, then by the fall of a margin, then by signals."""
    changed = [one for one in comparisons if one.status == CHANGED]
    return sorted(changed, key=lambda one: (not one.breaks, -one.loss, -_weight(one)))


def _weight(comparison: Comparison) -> float:
    return max((signal.weight for signal in comparison.signals), default=0.0)


def _only_in(trace: Trace, other: Trace) -> tuple[str, ...]:
    return tuple(column.name for column, _values in trace.columns()[1:] if column.name not in other)


def figure_changes(before: Sequence[Figure], after: Sequence[Figure]) -> list[FigureChange]:
    """Figures whose value is another, or that only one of the runs has."""
    olds = {(one.kind, one.name): one for one in before}
    news = {(one.kind, one.name): one for one in after}
    found = []
    for key in dict.fromkeys([*news, *olds]):
        old, new = olds.get(key), news.get(key)
        known = new or old
        assert known is not None
        values = (old.value if old else nan, new.value if new else nan)
        if not _same(*values):
            found.append(FigureChange(*key, known.unit, *values))
    return found


def _same(before: float, after: float) -> bool:
    return before == after or abs(after - before) < NEARLY or (isnan(before) and isnan(after))


def signal_changes(old: Trace, new: Trace) -> list[SignalChange]:
    """Signals of both traces that differ by a unit somewhere, the most changed first."""
    last_us = min(old.time_us[-1], new.time_us[-1])
    times_us = old.time_us[old.time_us <= last_us]
    found = []
    for column, values in old.columns()[1:]:
        if column.name not in new:
            continue
        before = values[: len(times_us)].astype(np.float64)
        change = _signal_change(column, times_us, before, at_times(new, column, times_us))
        if change is not None:
            found.append(change)
    return sorted(found, key=lambda change: -change.weight)


def at_times(trace: Trace, column: Column, times_us: NDArray[np.int64]) -> Values:
    """A signal at other times than its rows': two firmwares do not tick at the same microsecond.

    What the plant does goes on between two rows; of anything that jumps, the nearest row counts.
    """
    values = trace[column.name].astype(np.float64)
    if column.name.startswith("plant.") and column.unit != "1":
        return np.interp(times_us, trace.time_us, values)
    after = np.clip(np.searchsorted(trace.time_us, times_us), 1, len(trace) - 1)
    nearer = times_us - trace.time_us[after - 1] < trace.time_us[after] - times_us
    return values[after - nearer]


def _signal_change(
    column: Column, times_us: NDArray[np.int64], before: Values, after: Values
) -> SignalChange | None:
    difference = after - before
    if column.unit == TURNING:
        difference = (difference + TURN / 2) % TURN - TURN / 2
    rows = np.flatnonzero(np.abs(difference) >= 1.0)
    if not len(rows):
        return None
    worst = int(np.argmax(np.abs(difference)))
    rms = float(np.sqrt(np.mean(difference**2)))
    return SignalChange(
        column,
        first_us=int(times_us[rows[0]]),
        greatest=float(difference[worst]),
        greatest_us=int(times_us[worst]),
        rms=rms,
        differs=len(rows) / len(times_us),
        weight=_weight_of(
            column, difference, max(before.max(), after.max()) - min(before.min(), after.min())
        ),
    )


def _weight_of(column: Column, difference: Values, range_: float) -> float:
    """The RMS as a share of the signal's range, once evened over about two turns."""
    if column.unit == TURNING:
        return 0.0
    if _is_word(column):
        return float(np.mean(difference != 0)) if column.name in TELLING_WORDS else 0.0
    evened = np.convolve(difference, np.full(EVEN_ROWS, 1.0 / EVEN_ROWS), mode="same")
    return float(np.sqrt(np.mean(evened**2))) / range_


def _is_word(column: Column) -> bool:
    return column.unit == "bits" or column.name in TELLING_WORDS


def shown(value: float, unit: str) -> str:
    """A value as people read it."""
    return show(round(value), TWINS.get(unit, unit))


def signed(value: float, unit: str) -> str:
    """A difference as people read it."""
    return ("+" if value > 0 else "") + shown(value, unit)
