"""The lines of a picture: which signals share a panel, in which colours, broken where."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from penloop import palette
from penloop.panels import Panel, Series, thinned
from penloop.recordings.gaps import gaps
from penloop.recordings.readings import is_counted, reading
from penloop.recordings.source import DRAWN_OTHERWISE, Source, is_word
from pensim.trace import Column, Trace

ROWS_MAX = 6000  # of a line; the extremes of a longer one are kept
TITLES = {  # of signals that share a panel, by their unit
    "Hz": "Rate", "mA": "Current", "mm": "Depth", "V": "Voltage", "C": "Temperature",
    "%": "Share", "mN": "Force", "s": "Time", "deg": "Angle",
}  # fmt: skip
SMALL_S = 0.1  # what takes less is shown in ms
FEW_ROWS = 50  # of which nothing is left out
USUAL_SHARE = 0.5  # percent of the values at either end that may be extremes
FLAT = 4.0  # times the span of the others: extremes beyond are left out

Floats = NDArray[np.float64]


def panels_of(sources: Sequence[Source], signals: Sequence[str]) -> list[Panel]:
    """Of one source signals of one unit share a panel; of several each signal has its own."""
    columns = {column.name: column for column, _ in sources[0].trace.columns()}
    groups: dict[str, list[Column]] = {}
    for name in signals:
        if name in DRAWN_OTHERWISE or is_word(columns[name]):
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
    breaks = np.searchsorted(source.trace.time_us, _ends_of_gaps(source.trace))
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


def _ends_of_gaps(trace: Trace) -> list[int]:
    """Of all gaps, us; where lines are thinned, of those that are wider than what is kept."""
    times = trace.time_us
    narrow_us = 2 * (times[-1] - times[0]) / ROWS_MAX if len(times) > ROWS_MAX else 0
    return [gap.end_us for gap in gaps(trace) if gap.end_us - gap.start_us > narrow_us]


def _joined(pieces: Sequence[Floats], last: bool) -> Floats:
    """One array with a row between the pieces: the time of the last row, or NaN as its value."""
    parts: list[Floats] = []
    for piece in pieces:
        parts += [piece, piece[-1:] if last else np.array([np.nan])]
    return np.concatenate(parts[:-1]) if parts else np.empty(0)
