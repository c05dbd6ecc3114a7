"""Recordings as pictures and comparisons take them: a name, a trace, and where its zero is."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from penloop.errors import UserError
from penloop.recordings.alignment import zero_us
from penloop.recordings.selection import span
from penloop.viewer import USUAL
from pensim.trace import Column, Trace

DRAWN_OTHERWISE = ("pen.state", "pen.faults")  # as bands and marks

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Source:
    """A recording and what it is called in the picture."""

    name: str
    trace: Trace
    zero_us: int

    def column(self, name: str) -> Column:
        """The column of a signal that is there."""
        return next(column for column, _ in self.trace.columns() if column.name == name)

    def time_s(self, time_us: int) -> float:
        """A time on the picture's axis."""
        return (time_us - self.zero_us) / 1e6

    def times_s(self) -> Floats:
        """Those of all rows."""
        times: Floats = (self.trace.time_us - self.zero_us) / 1e6
        return times


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


def is_word(column: Column) -> bool:
    """A word of bits that is shown bit by bit."""
    return column.unit == "bits" and column.name not in DRAWN_OTHERWISE
