"""What the pictures show, free of how they are drawn: panels of series over one axis of time."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from penloop import measures, palette
from penloop.demo import Run
from pensim.hazards import HAZARDS
from pensim.trace import Trace

Values = NDArray[np.float64]
Span = tuple[float, float]

SMOOTH_ROWS = 20  # of 1 ms: about two turns, which evens out the ripple within a turn
TOLERANCE = 2.0  # percent of the held rate, by PEN.md
ROWS_MAX = 3000  # of a line in the report; the extremes of a longer one are kept


@dataclass(frozen=True)
class Series:
    """One line, or dots, over time in s."""

    name: str
    colour: str
    time_s: Values
    values: Values
    dots: bool = False
    dashed: bool = False
    wide: bool = False  # pale and broad, below a measurement that ought to cover it
    steps: bool = False  # each value holds until the next


@dataclass(frozen=True)
class Panel:
    """Series that share an axis of values."""

    title: str
    unit: str
    series: list[Series]
    floor: float | None = None  # the axis goes down to here at least
    ceiling: float | None = None
    span: tuple[float, float] | None = None  # of the axis, where a few values lie far beyond

    def limits(self) -> tuple[float, float]:
        """Of the axis of values: all series with a margin, floor and ceiling included."""
        if self.span is not None:
            return self.span
        values = np.concatenate([series.values for series in self.series])
        values = values[~np.isnan(values)]
        low, high = (float(values.min()), float(values.max())) if len(values) else (0.0, 1.0)
        low = low if self.floor is None else min(low, self.floor)
        high = high if self.ceiling is None else max(high, self.ceiling)
        margin = 0.06 * (high - low or 1.0)
        return low - margin, high + margin


@dataclass(frozen=True)
class Contact:
    """The pen on the skin of a zone."""

    zone: str
    colour: str
    start_s: float
    end_s: float


@dataclass(frozen=True)
class Mark:
    """A moment that the pictures point at."""

    time_s: float
    text: str
    colour: str


@dataclass(frozen=True)
class Story:
    """All that is drawn of one run between `start_s` and `end_s`."""

    title: str
    bands: list[measures.Band]
    contacts: list[Contact]
    panels: list[Panel]
    marks: list[Mark] = field(default_factory=list)
    start_s: float = 0.0
    end_s: float = 0.0

    def views(self) -> list[tuple[str, float, float]]:
        """Moments worth a look: name, start and end in s; the whole first."""
        found = [("all", self.start_s, self.end_s)]
        for band in self.bands:
            if band.state in ("RUNNING", "PARKING") and band.start_s > self.start_s:
                name = "start" if band.state == "RUNNING" else "stop and park"
                found.append((name, band.start_s - 0.1, band.start_s + 0.6))
        for number, one in enumerate(self.contacts):
            if one.start_s > self.start_s:
                again = "back on" if one.zone in {c.zone for c in self.contacts[:number]} else "on"
                found.append((f"{again} the {one.zone}", one.start_s - 0.1, one.start_s + 0.4))
        return sorted(found, key=lambda view: view[1])


def treatment_story(run: Run) -> Story:
    """A whole run: rate, depth, current and temperature."""
    trace = run.trace
    panels = [
        _rate(trace, smooth=True),
        _rate_off(trace),
        _depth(trace),
        _current(trace, smooth=True),
        _winding(trace),
    ]
    return _story("Treatment", run, panels, 0.0, float(trace.time_s[-1]))


def stall_story(run: Run, before_s: float = 0.15, after_s: float = 0.25) -> Story:
    """The moments about the first fault, in full resolution."""
    events = measures.fault_events(run.trace)
    start_s, end_s = 0.0, float(run.trace.time_s[-1])
    if events:
        first = events[0]
        start_s = max((first.cause_s or first.latched_s) - before_s, 0.0)
        end_s = min((first.parked_s or first.latched_s + 0.6) + after_s, end_s)
    trace = measures.between(run.trace, start_s, end_s)
    panels = [_rate(trace), _penetration(trace), _current(trace), _duty(trace)]
    story = _story("Stall", run, panels, start_s, end_s)
    lifts = [Mark(one.end_s, "hand pulls off", palette.MUTED) for one in story.contacts]
    return replace(story, marks=sorted(story.marks + lifts, key=lambda mark: mark.time_s))


def _story(title: str, run: Run, panels: list[Panel], start_s: float, end_s: float) -> Story:
    return Story(
        title,
        _clipped(measures.state_bands(run.trace), start_s, end_s),
        [one for one in contacts(run) if one.end_s > start_s and one.start_s < end_s],
        panels,
        marks(run.trace),
        start_s,
        end_s,
    )


def _clipped(bands: list[measures.Band], start_s: float, end_s: float) -> list[measures.Band]:
    return [
        measures.Band(band.state, max(band.start_s, start_s), min(band.end_s, end_s))
        for band in bands
        if band.end_s > start_s and band.start_s < end_s
    ]


def contacts(run: Run) -> list[Contact]:
    """When the pen was on the skin of which zone, by the moves of the hand."""
    found: list[Contact] = []
    down = None
    for move in run.moves:
        if down is not None and not move.touching:
            colour = palette.zone_colour(down)
            found.append(Contact(down.zone, colour, down.since_us / 1e6, move.since_us / 1e6))
        if not move.touching:
            down = None
        elif down is None:
            down = move
    return found


def marks(trace: Trace) -> list[Mark]:
    """Causes, faults and what the pen did about them."""
    found = [
        Mark(time_s, HAZARDS[name].mechanism.partition(":")[0], palette.INK)
        for time_s, name in measures.hazards(trace)
    ]
    for event in measures.fault_events(trace):
        found.append(Mark(event.latched_s, f"fault: {event.name}", palette.ALARM))
        if event.parked_s is not None:
            found.append(Mark(event.parked_s, "needles parked", palette.TRUE))
    return found


def thinned(series: Series, spans: Sequence[Span], rows_max: int = ROWS_MAX) -> Series:
    """A line of at most about `rows_max` rows, the least and the greatest value of each piece.

    Rows within the `spans` of time (start s, end s) stay all; so do dots.
    """
    time_s, values = series.time_s, series.values
    if len(values) <= rows_max or series.dots:
        return series
    edges = np.linspace(0, len(values), rows_max // 2 + 1).astype(int)
    pieces = [values[a:b] for a, b in pairwise(edges)]
    kept = np.zeros(len(values), dtype=bool)
    kept[[0, -1]] = True
    kept[[a + int(piece.argmin()) for a, piece in zip(edges, pieces)]] = True
    kept[[a + int(piece.argmax()) for a, piece in zip(edges, pieces)]] = True
    for start_s, end_s in spans:
        kept |= (time_s >= start_s) & (time_s <= end_s)
    return replace(series, time_s=time_s[kept], values=values[kept])


def _set(trace: Trace, name: str, column: str, scale: float) -> Series:
    return Series(name, palette.SET, trace.time_s, trace[column] / scale, dashed=True)


def _measured(trace: Trace, name: str, column: str, scale: float) -> Series:
    return Series(name, palette.PEN, trace.time_s, trace[column] / scale)


def _true(trace: Trace, name: str, column: str, scale: float, smooth: bool = False) -> Series:
    values = trace[column] / scale
    if smooth and len(values) > SMOOTH_ROWS:
        values = np.convolve(values, np.full(SMOOTH_ROWS, 1.0 / SMOOTH_ROWS), mode="same")
        name = f"{name}, mean of {SMOOTH_ROWS} ms"
    return Series(name, palette.TRUE, trace.time_s, values, wide=not smooth)


def _rate(trace: Trace, smooth: bool = False) -> Panel:
    lines = [
        _set(trace, "aimed at", "pen.rate_target", 1e3),
        _true(trace, "true", "plant.rate", 1e3, smooth),
        _measured(trace, "by the tachometer", "pen.rate", 1e3),
    ]
    return Panel("Stroke rate", "Hz", lines, floor=0.0)


def _rate_off(trace: Trace) -> Panel:
    """How far single turns are off their target once the rate is reached, percent."""
    targets, turns_us = trace["pen.rate_target"], trace["plant.turn_time"]
    settled = measures.running(trace) & (turns_us > 0) & (targets == targets.max())
    off = 1e11 / turns_us[settled] / targets[settled] - 100.0
    reached = int(np.argmax(np.abs(off) < TOLERANCE)) if len(off) else 0
    times, values = trace.time_s[settled][reached:], off[reached:]
    ends_s = trace.time_s[[0, -1]]
    bounds = [
        Series("", palette.SET, ends_s, np.full(2, bound), dashed=True)
        for bound in (-TOLERANCE, TOLERANCE)
    ]
    turns = Series("single turns, true", palette.TRUE, times, values)
    bounds[0] = replace(bounds[0], name="±2 %")
    return Panel("Rate off its target", "%", [*bounds, turns], floor=-3.0, ceiling=3.0)


def _depth(trace: Trace) -> Panel:
    strokes = measures.strokes_in_skin(trace)
    reached = strokes.time_s, strokes.depth_mm
    lines = [
        _set(trace, "set", "pen.depth_target", 1e3),
        _measured(trace, "by the sensor", "pen.position", 1e3),
        Series("reached in the skin, each stroke", palette.SKIN, *reached, dots=True),
    ]
    return Panel("Needle depth", "mm", lines, floor=0.0)


def _penetration(trace: Trace) -> Panel:
    inside = trace.time_s, trace["plant.penetration"] / 1e3
    lines = [
        _set(trace, "depth set", "pen.depth_target", 1e3),
        Series("needles in the skin", palette.SKIN, *inside),
    ]
    return Panel("Depth in the skin", "mm", lines, floor=0.0)


def _current(trace: Trace, smooth: bool = False) -> Panel:
    measured = _measured(trace, "by the shunt", "pen.current", 1e3)
    true = _true(trace, "true", "plant.current", 1e3, smooth)
    return Panel("Motor current", "A", [measured, true] if smooth else [true, measured])


def _duty(trace: Trace) -> Panel:
    return Panel("Drive", "%", [_measured(trace, "duty", "pen.duty", 655.35)], 0.0, 100.0)


def _winding(trace: Trace) -> Panel:
    lines = [
        _true(trace, "true", "plant.winding", 1e3),
        _measured(trace, "as the pen estimates it", "pen.winding", 1e3),
    ]
    return Panel("Winding temperature", "°C", lines, floor=0.0)
