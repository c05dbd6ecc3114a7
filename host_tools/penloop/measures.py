"""What a trace says about a treatment: pure functions, each with its unit and its definition.

They read the plant's columns (`plant.*`, the truth that only a simulation knows) and the
firmware's (`pen.*`, what the pen measures and decides). Actions of the person at the pen come from
the trace's header, so a trace read back from Parquet gives the same figures.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from penfw import faults, states
from pensim.hazards import HAZARDS
from pensim.trace import Trace

WINDOW_S = 0.2  # PEN.md judges the held rate on means over this span
FULL_CONTACT = 1000  # permille
PARKED_MDEG = 30_000  # the top-dead-centre sensor sees the needles retracted within this
PARK_NOT_REACHED = 1 << faults.PARK_NOT_REACHED

Rows = NDArray[np.bool_]


@dataclass(frozen=True)
class Spread:
    """Mean, least and greatest of `count` values in one unit."""

    mean: float
    low: float
    high: float
    count: int

    @classmethod
    def of(cls, values: NDArray[np.float64]) -> "Spread | None":
        """None where there are no values."""
        if not len(values):
            return None
        return cls(float(values.mean()), float(values.min()), float(values.max()), len(values))


@dataclass(frozen=True)
class Band:
    """A state of the pen from `start_s` to `end_s`."""

    state: str
    start_s: float
    end_s: float


@dataclass(frozen=True)
class FaultEvent:
    """A fault as it latched, and how the pen answered; times in seconds since the bench began.

    `cause` is the part that failed before it, at `cause_s`. `off_s` is the first row from the
    latching on without drive; `parked_s` the first with needles retracted and crank at rest in
    FAULT. Each is None where it never came.
    """

    number: int
    name: str
    reaction: str
    latched_s: float
    cause: str
    cause_s: float | None
    off_s: float | None
    parked_s: float | None

    def since_cause_ms(self, time_s: float | None) -> float | None:
        """Milliseconds from the physical cause."""
        if time_s is None or self.cause_s is None:
            return None
        return (time_s - self.cause_s) * 1e3


def between(trace: Trace, start_s: float, end_s: float) -> Trace:
    """The rows of a span of time."""
    rows = (trace.time_s >= start_s) & (trace.time_s <= end_s)
    pairs = [(column, values[rows]) for column, values in trace.columns()[1:]]
    return Trace(trace.time_us[rows], pairs, trace.header)


def running(trace: Trace) -> Rows:
    """Rows in which the firmware runs a treatment."""
    return trace["pen.state"] == states.RUNNING


def in_contact(trace: Trace) -> Rows:
    """Rows of a treatment in which all needles have skin under them."""
    return running(trace) & (trace["plant.contact"] >= FULL_CONTACT)


def state_bands(trace: Trace) -> list[Band]:
    """The firmware's states one after another, from its first row on."""
    return [
        Band(states.STATES[value], start_s, end_s)
        for value, start_s, end_s in _spans(trace, trace["pen.state"])
    ]


def _spans(trace: Trace, values: NDArray[np.int64]) -> Iterator[tuple[int, float, float]]:
    """(value, start s, end s) of each stretch of equal values."""
    times = trace.time_s
    starts = np.concatenate([[0], np.flatnonzero(np.diff(values)) + 1])
    ends = np.concatenate([times[starts[1:]], times[-1:]])
    for start, end_s in zip(starts, ends):
        yield int(values[start]), float(times[start]), float(end_s)


def rate_set_hz(trace: Trace) -> float | None:
    """Stroke rate that the treatment aimed at, Hz: the greatest target while running."""
    targets = trace["pen.rate_target"][running(trace)]
    return float(targets.max()) / 1e3 if len(targets) else None


def rate_held_hz(trace: Trace) -> Spread | None:
    """True stroke rate in skin, Hz: means over windows of 0.2 s that lie in full contact.

    Windows follow each other without overlap from each touch on; the 50 ms in which the needles
    come down are outside.
    """
    contact = in_contact(trace).astype(np.int64)
    means: list[float] = []
    for value, start_s, end_s in _spans(trace, contact):
        if value:
            means += _window_means(trace, start_s, end_s)
    return Spread.of(np.array(means))


def _window_means(trace: Trace, start_s: float, end_s: float) -> list[float]:
    times, rate_mhz = trace.time_s, trace["plant.rate"]
    edges_s = np.arange(start_s, end_s + 1e-9, WINDOW_S)
    edges = np.searchsorted(times, edges_s - 1e-9)
    return [float(rate_mhz[a:b].mean()) / 1e3 for a, b in pairwise(edges) if b > a]


def rate_of_turns_hz(trace: Trace) -> Spread | None:
    """True rate of single turns in skin, Hz, the touch-down included: the worst moments."""
    rows = running(trace) & (trace["plant.contact"] > 0)
    turns_us = trace["plant.turn_time"][rows]
    return Spread.of(1e6 / turns_us[turns_us > 0])


def depth_set_mm(trace: Trace) -> float | None:
    """Depth that the treatment aimed at, mm: the greatest target while running."""
    targets = trace["pen.depth_target"][running(trace)]
    return float(targets.max()) / 1e3 if len(targets) else None


@dataclass(frozen=True)
class Strokes:
    """Strokes that went into skin: when each left it (s) and how deep it had been (mm)."""

    time_s: NDArray[np.float64]
    depth_mm: NDArray[np.float64]

    def between(self, start_s: float, end_s: float) -> "Strokes":
        """Those of a span of time."""
        rows = (self.time_s >= start_s) & (self.time_s < end_s)
        return Strokes(self.time_s[rows], self.depth_mm[rows])

    def percentile_mm(self, share: float) -> float:
        """Depth below which `share` percent of the strokes stayed, mm."""
        return float(np.percentile(self.depth_mm, share))


def strokes_in_skin(trace: Trace) -> Strokes:
    """Every stroke that punctured, from the columns `plant.punctures` and `plant.penetration`.

    A stroke is counted in the row in which its needles have left; its depth is the deepest
    penetration since the count before.
    """
    count = trace["plant.punctures"]
    ends = np.flatnonzero(np.diff(count) > 0) + 1
    if not len(ends):
        return Strokes(np.empty(0), np.empty(0))
    starts = np.concatenate([[0], ends[:-1] + 1])
    deepest_um = np.maximum.reduceat(trace["plant.penetration"][: ends[-1] + 1], starts)
    return Strokes(trace.time_s[ends], deepest_um / 1e3)


def strokes_made(trace: Trace) -> int:
    """Passages of bottom dead centre, in air and in skin."""
    return int(trace["plant.strokes"][-1] - trace["plant.strokes"][0])


def battery_used_mah(trace: Trace) -> float:
    """Charge taken from the cell, mAh, the board's own current included."""
    return float(trace["plant.charge_used"][-1] - trace["plant.charge_used"][0]) / 1e3


@dataclass(frozen=True)
class Winding:
    """Greatest winding temperatures, °C: the plant's, the firmware's estimate of it, and by how
    much the estimate was ever below the plant."""

    plant_c: float
    estimate_c: float
    underestimate_c: float


def winding(trace: Trace) -> Winding:
    """Winding temperatures while the firmware had an estimate (its first second begins at 0)."""
    rows = trace["pen.winding"] > 0
    plant_c, estimate_c = trace["plant.winding"][rows] / 1e3, trace["pen.winding"][rows] / 1e3
    return Winding(
        float(plant_c.max()), float(estimate_c.max()), float((plant_c - estimate_c).max())
    )


def contact_time_s(trace: Trace) -> float:
    """Seconds of a treatment with any needle on skin."""
    rows = running(trace) & (trace["plant.contact"] > 0)
    return float(np.diff(trace.time_s)[rows[1:]].sum())


def hazards(trace: Trace) -> list[tuple[float, str]]:
    """Parts that failed, by the operator's log: time in s, name of the hazard."""
    found = []
    for time_us, text in trace.header.reproduce.get("operator", []):
        name, _, switch = text.rpartition(" ")
        if name in HAZARDS and switch == "on":
            found.append((time_us / 1e6, name))
    return found


def fault_events(trace: Trace) -> list[FaultEvent]:
    """Every fault that latched, in the order of time."""
    word = trace["pen.faults"]
    rising = np.diff(word, prepend=0) != 0
    events = []
    for at in np.flatnonzero(rising):
        fresh = int(word[at]) & ~int(word[at - 1] if at else 0)
        rows = [row for row in faults.FAULTS if fresh >> row[0] & 1]
        events += [_fault_event(trace, row, int(at)) for row in rows]
    return events


def _fault_event(trace: Trace, row: Any, at: int) -> FaultEvent:
    number, name, reaction = row[:3]
    latched_s = float(trace.time_s[at])
    before = [hazard for hazard in hazards(trace) if hazard[0] <= latched_s]
    cause_s, cause = before[-1] if before else (None, "")
    retracted = _from_top_mdeg(trace) <= PARKED_MDEG
    parked = retracted & (trace["plant.rate"] == 0) & (trace["pen.state"] == states.FAULT)
    parked &= (trace["pen.faults"] & PARK_NOT_REACHED) == 0
    return FaultEvent(
        number=number,
        name=name,
        reaction="CUT" if reaction == faults.CUT else "PARK",
        latched_s=latched_s,
        cause=cause,
        cause_s=cause_s,
        off_s=_first_s(trace, trace["pen.duty"] == 0, at),
        parked_s=_first_s(trace, parked, at),
    )


def _from_top_mdeg(trace: Trace) -> NDArray[np.int64]:
    angle = trace["plant.angle"] % 360_000
    return np.minimum(angle, 360_000 - angle)


def _first_s(trace: Trace, rows: Rows, start: int) -> float | None:
    found = np.flatnonzero(rows[start:])
    return float(trace.time_s[start + found[0]]) if len(found) else None
