"""What a picture of recordings shows, free of how it is drawn.

Each signal over time, states as bands with names, faults as marks, gaps as shades in which no line
is drawn. Of one recording, signals of one unit share a panel; of several, each signal has its own
and a colour is a recording.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from penloop import palette
from penloop.panels import Mark, Panel
from penloop.recordings import words
from penloop.recordings.gaps import WANTED, gaps
from penloop.recordings.happenings import latchings
from penloop.recordings.lines import panels_of
from penloop.recordings.source import Source, is_word
from pensim.trace import Column

LOST_COLOUR, WANTED_COLOUR = "#f6dada", "#e3e7f5"
BIT_COLOUR = "#c9d1db"
SAME = 0.004  # of the width: marks this close are one
APART = 0.002  # of the width: gaps closer than this are shown as one
SPANS = 500  # of a bit that are shown one by one

Table = tuple[str, Sequence[str], Sequence[Sequence[str]]]  # title, heads, rows of cells


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
    """`bands` are by their name: the states of each recording, and each bit of a word.

    `several` is whether it is of more than one recording.
    """

    title: str
    axis: str
    panels: list[Panel]
    bands: dict[str, list[Span]] = field(default_factory=dict)
    marks: list[Mark] = field(default_factory=list)
    shades: list[Span] = field(default_factory=list)
    start_s: float = 0.0
    end_s: float = 0.0
    several: bool = False


def picture(sources: Sequence[Source], signals: Sequence[str], axis: str, title: str) -> Picture:
    """Of one recording or several; `axis` is the name of its axis of time."""
    ends = [source.times_s()[[0, -1]] for source in sources]
    start_s, end_s = float(min(end[0] for end in ends)), float(max(end[1] for end in ends))
    return Picture(
        title=title,
        axis=axis,
        panels=panels_of(sources, signals),
        bands=dict(_bands(sources, signals)),
        several=len(sources) > 1,
        marks=_marks(sources, end_s - start_s),
        shades=[shade for one in sources for shade in _shades(one, end_s - start_s)],
        start_s=start_s,
        end_s=end_s,
    )


def _bands(sources: Sequence[Source], signals: Sequence[str]) -> Iterator[tuple[str, list[Span]]]:
    several = len(sources) > 1
    for source in sources:
        if "pen.state" in source.trace:
            width_s = float(np.ptp(source.times_s()))
            states = list(_joined(list(_states(source)), APART * width_s))
            yield source.name if several else "state", states
    for source in sources:
        for column in map(source.column, signals):
            if is_word(column):
                whose = f", {source.name}" if several else ""
                yield from _bits(source, column, whose)


def _bits(source: Source, column: Column, whose: str) -> Iterator[tuple[str, list[Span]]]:
    """A band for each bit that is ever set, over the time for which it is."""
    values = source.trace[column.name]
    for bit, bit_name in words.bit_names(source.trace, column.name, values).items():
        name = f"{bit_name}{whose}"
        found = words.spans(source.trace, values >> bit & 1)
        spans = [
            Span(source.time_s(start_us), source.time_s(end_us), name, BIT_COLOUR)
            for value, start_us, end_us in found
            if value
        ]
        width_s = float(np.ptp(source.times_s()))
        yield name, spans if len(spans) <= SPANS else list(_joined(spans, APART * width_s))


def _states(source: Source) -> Iterator[Span]:
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
        text = trace.header.environment.get("trigger", "trigger")
        yield Mark(source.time_s(int(trigger_us)), str(text), palette.INK)


def _whose(names: Sequence[str], sources: Sequence[Source]) -> str:
    return f" ({', '.join(names)})" if len(names) < len(sources) else ""


def _shades(source: Source, width_s: float) -> Iterator[Span]:
    """A span a gap; those that a picture would not show apart are one."""
    found = [
        Span(
            source.time_s(gap.start_us), source.time_s(gap.end_us), gap.text,
            WANTED_COLOUR if gap.reason in WANTED else LOST_COLOUR,
        )
        for gap in gaps(source.trace)
    ]  # fmt: skip
    return _joined(found, APART * width_s)


def _joined(spans: Sequence[Span], apart_s: float) -> Iterator[Span]:
    """Spans that follow each other with one text, closer than `apart_s`, become one."""
    last: Span | None = None
    for fresh in spans:
        if last is None:
            last = fresh
        elif last.text == fresh.text and fresh.start_s - last.end_s < apart_s:
            last = replace(last, end_s=fresh.end_s)
        else:
            yield last
            last = fresh
    if last is not None:
        yield last
