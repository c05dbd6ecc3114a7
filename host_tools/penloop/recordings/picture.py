"""What a picture of recordings shows, free of how it is drawn.

Each signal over time, states as bands with names, faults as marks, gaps as shades in which no line
is drawn. Of one recording, signals of one unit share a panel; of several, each signal has its own
and a colour is a recording.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from penloop import palette
from penloop.errors import UserError
from penloop.panels import Mark, Panel, Series, thinned
from penloop.recordings import words
from penloop.recordings.alignment import zero_us
from penloop.recordings.gaps import PAUSED, gaps
from penloop.recordings.happenings import latchings
from penloop.recordings.readings import is_counted, reading
from penloop.recordings.selection import span
from penloop.viewer import USUAL
from pensim.trace import Column, Trace

ROWS_MAX = 6000  # of a line; the extremes of a longer one are kept
DRAWN_OTHERWISE = ("pen.state", "pen.faults")  # as bands and marks
LOST_COLOUR, PAUSED_COLOUR = "#f6dada", "#e3e7f5"
TITLES = {  # of signals that share a panel, by their unit
    "Hz": "Rate", "mA": "Current", "mm": "Depth", "V": "Voltage", "C": "Temperature",
    "%": "Share", "mN": "Force", "s": "Time", "deg": "Angle",
}  # fmt: skip
SMALL_S = 0.1  # what takes less is shown in ms
FEW_ROWS = 50  # of which nothing is left out
USUAL_SHARE = 0.5  # percent of the values at either end that may be extremes
FLAT = 4.0  # times the span of the others: extremes beyond are left out
SAME = 0.004  # of the width: marks this close are one

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Source:
    """A recording and what it is called in the picture."""

    name: str
    trace: Trace
    zero_us: int

    def time_s(self, time_us: int) -> float:
        """A time on the picture's axis."""
        return (time_us - self.zero_us) / 1e6

    def times_s(self) -> Floats:
        """Those of all rows."""
        times: Floats = (self.trace.time_us - self.zero_us) / 1e6
        return times


@dataclass(frozen=True)
class Span:
    """A stretch of time with a name and a colour; `ink` is that of the name."""

    start_s: float
    end_s: float
    text: str
    colour: str
    ink: str = palette.INK


@dataclass(frozen=True)
class Picture:
    """`bands` are the states of each recording by its name."""

    title: str
    axis: str
    panels: list[Panel]
    bands: dict[str, list[Span]] = field(default_factory=dict)
    marks: list[Mark] = field(default_factory=list)
    shades: list[Span] = field(default_factory=list)
    start_s: float = 0.0
    end_s: float = 0.0


def sources(
    named: Sequence[tuple[str, Trace]], moment: str, start: str = "", end: str = ""
) -> list[Source]:
    """Traces with their zero at a moment of alignment.MOMENTS, each cut to a span around it.

    Raises UserError where one has no such moment, or no samples in the span.
    """
    found = []
    for name, trace in named:
        zero = zero_us(trace, moment, name)
        found.append(Source(name, span(trace, start, end, zero, name), zero))
    return found


def picture(sources: Sequence[Source], signals: Sequence[str], axis: str, title: str) -> Picture:
    """Of one recording or several; `axis` is the name of its axis of time."""
    ends = [source.times_s()[[0, -1]] for source in sources]
    start_s, end_s = float(min(end[0] for end in ends)), float(max(end[1] for end in ends))
    return Picture(
        title=title,
        axis=axis,
        panels=_panels(sources, signals),
        bands={one.name: list(_bands(one)) for one in sources if "pen.state" in one.trace},
        marks=_marks(sources, end_s - start_s),
        shades=[shade for one in sources for shade in _shades(one)],
        start_s=start_s,
        end_s=end_s,
    )


def usual_signals(sources: Sequence[Source]) -> list[str]:
    """What is shown where no signals are named: of a simulated trace those that people know, of
    a recording all that it has but words of bits. All of them are in every trace."""
    common = [
        column
        for column, _ in sources[0].trace.columns()[1:]
        if all(column.name in source.trace for source in sources)
    ]
    names = [column.name for column in common]
    if any(name.startswith("plant.") for name in names):
        return [name for name in USUAL if name in names]
    return [c.name for c in common if c.name.startswith("pen.") and _is_worth_a_line(c)]


def _is_worth_a_line(column: Column) -> bool:
    return column.unit != "bits" and column.name not in DRAWN_OTHERWISE


def check_units(sources: Sequence[Source], signals: Sequence[str]) -> None:
    """Raises UserError where a signal is missing in a file, or has another unit there."""
    for signal in signals:
        units = {source.name: _unit(source.trace, signal) for source in sources}
        for name, unit in units.items():
            if unit is None:
                raise UserError(f"{name} has no signal {signal}", "choose others by --signals")
        if len(set(units.values())) > 1:
            told = ", ".join(f"{unit or 'none'} in {name}" for name, unit in units.items())
            raise UserError(f"{signal} has different units: {told}", "compare it by itself")


def _unit(trace: Trace, signal: str) -> str | None:
    return next((column.unit for column, _ in trace.columns() if column.name == signal), None)


def _panels(sources: Sequence[Source], signals: Sequence[str]) -> list[Panel]:
    columns = {column.name: column for column, _ in sources[0].trace.columns()}
    groups: dict[str, list[Column]] = {}
    for name in signals:
        if name in DRAWN_OTHERWISE:
            continue
        alone = len(sources) > 1 or is_counted(columns[name])
        groups.setdefault(name if alone else reading(columns[name]).unit, []).append(columns[name])
    return [_panel(sources, group) for group in groups.values()]


def _panel(sources: Sequence[Source], group: Sequence[Column]) -> Panel:
    """Of several recordings a line each, of one a line a signal."""
    one = reading(group[0])
    if len(sources) > 1:
        lines = [
            _line(source, group[0], source.name, palette.RUNS[place % len(palette.RUNS)])
            for place, source in enumerate(sources)
        ]
    else:
        lines = [_line(sources[0], column, *look) for column, look in zip(group, _looks(group))]
        if len({column.name.partition(".")[0] for column in group}) > 1:
            lines = [replace(line, wide=line.colour == palette.TRUE) for line in lines]
        # What was asked for lies below, and what is so below what was measured of it.
        lines.sort(key=lambda line: (not line.dashed, not line.wide))
    title = _said(group[0].name) if len(group) == 1 else TITLES.get(one.unit, _names(group))
    return _readable(Panel(title, one.symbol if not is_counted(group[0]) else "", lines))


def _names(group: Sequence[Column]) -> str:
    return ", ".join(_said(column.name) for column in group)


def _said(name: str) -> str:
    """A signal's name in words: `pen.rate_target` is `rate target`."""
    family, _, rest = name.partition(".")
    return rest.replace("_", " ") + ("" if family == "pen" else f" ({family})")


def _looks(group: Sequence[Column]) -> Iterator[tuple[str, str]]:
    """Name and colour of each line: as in all pictures where there is a convention."""
    others = [colour for colour in palette.LINES if colour not in (palette.PEN, palette.TRUE)]
    free = {"pen": [palette.PEN, *others], "plant": [palette.TRUE, *others]}
    taken: set[str] = set()
    for column in group:
        if _is_target(column):
            yield _said(column.name), palette.SET
            continue
        family = column.name.partition(".")[0]
        colours = free.get(family, others)
        colour = next((one for one in colours if one not in taken), others[-1])
        taken.add(colour)
        yield _said(column.name), colour


def _is_target(column: Column) -> bool:
    return column.name.endswith("_target")


def _readable(panel: Panel) -> Panel:
    """A panel of short times in ms; one in which a few values would flatten all others without
    them, which its title then tells."""
    values = np.concatenate([one.values for one in panel.series])
    values = values[~np.isnan(values)]
    if panel.unit == "s" and len(values) and np.abs(values).max() < SMALL_S:
        short = [replace(one, values=one.values * 1e3) for one in panel.series]
        return replace(panel, unit="ms", series=short)
    if len(values) < FEW_ROWS or not panel.unit:
        return panel
    low, high = (float(value) for value in np.percentile(values, (USUAL_SHARE, 100 - USUAL_SHARE)))
    room = FLAT * (high - low)
    if not high > low or (values.max() <= high + room and values.min() >= low - room):
        return panel
    beyond = values.max() if values.max() > high + room else values.min()
    title = f"{panel.title} ({beyond:.4g} {panel.unit} lies beyond the axis)"
    margin = 0.3 * (high - low)
    return replace(panel, title=title, span=(low - margin, high + margin))


def _line(source: Source, column: Column, name: str, colour: str) -> Series:
    """A signal, broken by NaN where samples are missing."""
    times = source.times_s()
    values = reading(column).of(source.trace[column.name])
    breaks = np.searchsorted(source.trace.time_us, [gap.end_us for gap in gaps(source.trace)])
    pieces = [
        thinned(Series(name, colour, *piece), (), max(ROWS_MAX * len(piece[0]) // len(times), 2))
        for piece in zip(np.split(times, breaks), np.split(values, breaks))
        if len(piece[0])
    ]
    dashed = _is_target(column) and colour == palette.SET
    return Series(
        name, colour, _joined([piece.time_s for piece in pieces], last=True),
        _joined([piece.values for piece in pieces], last=False),
        dashed=dashed, steps=is_counted(column),
    )  # fmt: skip


def _joined(pieces: Sequence[Floats], last: bool) -> Floats:
    """One array with a row between the pieces: the time of the last row, or NaN as its value."""
    parts: list[Floats] = []
    for piece in pieces:
        parts += [piece, piece[-1:] if last else np.array([np.nan])]
    return np.concatenate(parts[:-1]) if parts else np.empty(0)


def _bands(source: Source) -> Iterator[Span]:
    trace = source.trace
    for value, start_us, end_us in words.spans(trace, trace["pen.state"]):
        name = words.state_name(trace, value)
        colour = palette.STATES.get(name, palette.SET)
        ink = palette.PAPER if name in palette.DARK_STATES else palette.INK
        start_s, end_s = source.time_s(start_us), source.time_s(end_us)
        yield Span(start_s, end_s, name, colour, ink)


def _marks(sources: Sequence[Source], width_s: float) -> list[Mark]:
    """Faults as they latched, and triggers; one mark for what several have at the same time."""
    found: list[tuple[Mark, list[str]]] = []
    for source in sources:
        for mark in _moments(source):
            near = [
                names
                for other, names in found
                if other.text == mark.text and abs(other.time_s - mark.time_s) < SAME * width_s
            ]
            if near:
                near[0].append(source.name)
            else:
                found.append((mark, [source.name]))
    marks = [replace(mark, text=mark.text + _whose(names, sources)) for mark, names in found]
    return sorted(marks, key=lambda mark: mark.time_s)


def _moments(source: Source) -> Iterator[Mark]:
    trace = source.trace
    for time_us, number in latchings(trace):
        text = f"fault: {words.fault_name(trace, number)}"
        yield Mark(source.time_s(time_us), text, palette.ALARM)
    trigger_us = trace.header.environment.get("trigger_us")
    if trigger_us is not None and trace.time_us[0] <= trigger_us <= trace.time_us[-1]:
        yield Mark(source.time_s(int(trigger_us)), "trigger", palette.INK)


def _whose(names: Sequence[str], sources: Sequence[Source]) -> str:
    return f" ({', '.join(names)})" if len(names) < len(sources) else ""


def _shades(source: Source) -> Iterator[Span]:
    for gap in gaps(source.trace):
        colour = PAUSED_COLOUR if gap.reason == PAUSED else LOST_COLOUR
        start_s, end_s = source.time_s(gap.start_us), source.time_s(gap.end_us)
        yield Span(start_s, end_s, gap.text, colour)
