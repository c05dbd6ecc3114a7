"""What the pictures show, free of how they are drawn: panels of series over one axis of time."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from penloop import measures, palette
from penloop.demo import Run
from pensim.hazards import HAZARDS
from pensim.trace import Trace

Values = NDArray[np.float64]

ROWS_MAX = 3000  # of a drawn series; the envelope keeps the extremes of longer ones


@dataclass(frozen=True)
class Series:
    """One line, or dots, over time in s."""

    name: str
    colour: str
    time_s: Values
    values: Values
    dots: bool = False
    dashed: bool = False


@dataclass(frozen=True)
class Panel:
    """Series that share an axis of values."""

    title: str
    unit: str
    series: list[Series]
    floor: float | None = None  # the axis goes down to here at least
    ceiling: float | None = None


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


def treatment_story(run: Run) -> Story:
    """A whole run: rate, depth, current and temperature."""
    trace = run.trace
    panels = [_rate(trace), _depth(trace), _current(trace), _winding(trace)]
    return _story("Treatment", run, panels, 0.0, float(trace.time_s[-1]))


def stall_story(run: Run, before_s: float = 0.15, after_s: float = 0.25) -> Story:
    """The moments about the first fault, in full resolution."""
    events = measures.fault_events(run.trace)
    start_s, end_s = 0.0, float(run.trace.time_s[-1])
    if events:
        first = events[0]
        start_s = max((first.cause_s or first.latched_s) - before_s, 0.0)
        end_s = min((first.parked_s or first.latched_s + 0.6) + after_s, end_s)
    trace = between(run.trace, start_s, end_s)
    panels = [_rate(trace), _penetration(trace), _current(trace), _duty(trace)]
    return _story("Stall", run, panels, start_s, end_s)


def _story(title: str, run: Run, panels: list[Panel], start_s: float, end_s: float) -> Story:
    return Story(
        title,
        [band for band in measures.state_bands(run.trace) if band.end_s > start_s],
        [one for one in contacts(run) if one.end_s > start_s and one.start_s < end_s],
        panels,
        marks(run.trace),
        start_s,
        end_s,
    )


def between(trace: Trace, start_s: float, end_s: float) -> Trace:
    """The rows of a span of time."""
    rows = (trace.time_s >= start_s) & (trace.time_s <= end_s)
    pairs = [(column, values[rows]) for column, values in trace.columns()[1:]]
    return Trace(trace.time_us[rows], pairs, trace.header)


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


def envelope(time_s: Values, values: Values, rows_max: int = ROWS_MAX) -> tuple[Values, Values]:
    """At most `rows_max` rows that keep the least and the greatest value of each piece."""
    if len(values) <= rows_max:
        return time_s, values
    edges = np.linspace(0, len(values), rows_max // 2 + 1).astype(int)
    pieces = [values[a:b] for a, b in zip(edges, edges[1:])]
    least = np.array([a + int(piece.argmin()) for a, piece in zip(edges, pieces)])
    most = np.array([a + int(piece.argmax()) for a, piece in zip(edges, pieces)])
    kept = np.unique(np.concatenate([[0], least, most, [len(values) - 1]]))
    return time_s[kept], values[kept]


def _line(
    trace: Trace, name: str, colour: str, column: str, scale: float, dashed: bool = False
) -> Series:
    times, values = envelope(trace.time_s, trace[column] / scale)
    return Series(name, colour, times, values, dashed=dashed)


def _rate(trace: Trace) -> Panel:
    lines = [
        _line(trace, "rate aimed at", palette.SET, "pen.rate_target", 1e3, dashed=True),
        _line(trace, "rate by the tachometer", palette.PEN, "pen.rate", 1e3),
        _line(trace, "true rate", palette.TRUE, "plant.rate", 1e3),
    ]
    return Panel("Stroke rate", "Hz", lines, floor=0.0)


def _depth(trace: Trace) -> Panel:
    strokes = measures.strokes_in_skin(trace)
    times, depths = envelope(strokes.time_s, strokes.depth_mm)
    return Panel(
        "Needle depth",
        "mm",
        [
            _line(trace, "depth set", palette.SET, "pen.depth_target", 1e3, dashed=True),
            _line(trace, "depth by the sensor", palette.PEN, "pen.position", 1e3),
            Series("reached in the skin", palette.SKIN, times, depths, dots=True),
        ],
        floor=0.0,
    )


def _penetration(trace: Trace) -> Panel:
    lines = [
        _line(trace, "depth set", palette.SET, "pen.depth_target", 1e3, dashed=True),
        _line(trace, "needles in the skin", palette.SKIN, "plant.penetration", 1e3),
    ]
    return Panel("Needles in the skin", "mm", lines, floor=0.0)


def _current(trace: Trace) -> Panel:
    lines = [
        _line(trace, "current by the shunt", palette.PEN, "pen.current", 1e3),
        _line(trace, "true current, mean of 1 ms", palette.TRUE, "plant.current", 1e3),
    ]
    return Panel("Motor current", "A", lines)


def _duty(trace: Trace) -> Panel:
    line = _line(trace, "duty of the bridge", palette.PEN, "pen.duty", 655.35)
    return Panel("Drive", "%", [line], floor=0.0, ceiling=100.0)


def _winding(trace: Trace) -> Panel:
    lines = [
        _line(trace, "winding as estimated", palette.PEN, "pen.winding", 1e3),
        _line(trace, "winding, true", palette.TRUE, "plant.winding", 1e3),
    ]
    return Panel("Winding temperature", "°C", lines, floor=0.0)
