"""Measures of a run: one figure each, as a person asks for it.

mean stroke rate from 0.4 s after contact until lift-off
greatest needle depth
time from motor jammed to fault stall
count of press
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from math import isnan, nan
from typing import Any

import numpy as np

from penhost.units import show
from penloop.scenarios import monitor, vocabulary
from penloop.scenarios.condition_reader import ConditionReader, quantity_of
from penloop.scenarios.expectation import Condition, Timing, spans
from penloop.scenarios.grammar import MEASURE, understood
from penloop.scenarios.monitor import Margin
from penloop.scenarios.timing_reader import TimingReader
from penloop.scenarios.vocabulary import Log, Quantity
from pensim import Trace

Figure = Callable[[Trace, Log], float]

_ADVICE = (
    "write such as `greatest needle depth`, `mean stroke rate from contact until lift-off`, "
    "`time from press to parked` or `count of press`"
)


@dataclass(frozen=True)
class Measure:
    """A figure by its name: how it is asked for, its unit, and what gives it."""

    name: str
    text: str
    unit: str  # empty for a count
    figure: Figure

    def of(self, trace: Trace, log: Log) -> float:
        """Its value on a run, in its unit; NaN where the run does not have it."""
        return self.figure(trace, log)

    def told(self, value: float) -> str:
        """A value of it as people read it."""
        return "none" if isnan(value) else show(round(value), self.unit)

    def __reduce__(self) -> tuple[Any, ...]:
        """By its sentence: what gives the figure goes into no other process."""
        return read_measure, (self.name, self.text)


class _Reader(ConditionReader, TimingReader):
    """From the parse tree to a measure."""

    def __init__(self, name: str, text: str) -> None:
        super().__init__()
        self._name, self._text = name, text

    def statistic(self, parts: list[Any]) -> Measure:
        quantity, _name = quantity_of(parts[1])
        timing = parts[2] if len(parts) > 2 else Timing("span")
        return self._measure(quantity.unit, _statistic(str(parts[0]), quantity, timing))

    def delay(self, parts: list[Any]) -> Measure:
        return self._measure("us", _delay(*parts))

    def count(self, parts: list[str]) -> Measure:
        event = parts[0]
        return self._measure("", lambda trace, log: float(len(_occurrences(trace, log, event))))

    def event_after(self, parts: list[str]) -> str:
        return parts[0]

    def _measure(self, unit: str, figure: Figure) -> Measure:
        return Measure(self._name, self._text, unit, figure)


def _statistic(kind: str, quantity: Quantity, timing: Timing) -> Figure:
    """Over all spans of the timing, of a signal that holds each value until the next."""

    def figure(trace: Trace, log: Log) -> float:
        if quantity.column not in trace:
            return nan
        signal = vocabulary.margin_of(trace, vocabulary.signal(trace, quantity))
        pieces = [_piece(signal, start, end) for start, end in spans(timing, trace, log)]
        return _STATISTICS[kind](pieces) if pieces else nan

    return figure


Piece = tuple[monitor.Values, monitor.Values]  # values, and for how long each holds, us


def _piece(signal: Margin, start_us: int, end_us: int) -> Piece:
    """The signal from the start to the end, both included."""
    inside = signal.times_us[(signal.times_us > start_us) & (signal.times_us <= end_us)]
    times = np.concatenate([[start_us], inside, [end_us]])
    return signal.resampled(times[:-1]), np.diff(times).astype(np.float64)


def _mean(pieces: list[Piece]) -> float:
    values, spans_us = (np.concatenate(parts) for parts in zip(*pieces, strict=True))
    if not spans_us.any():  # moments only
        return float(values.mean())
    return float(np.average(values, weights=spans_us))


_STATISTICS: dict[str, Callable[[list[Piece]], float]] = {
    "greatest": lambda pieces: max(float(values.max()) for values, _spans in pieces),
    "least": lambda pieces: min(float(values.min()) for values, _spans in pieces),
    "mean": _mean,
    "final": lambda pieces: float(pieces[-1][0][-1]),
}


def _delay(start: str, goal: str | Condition) -> Figure:
    """From the first time of an event to the next of another, or until a condition holds."""

    def figure(trace: Trace, log: Log) -> float:
        starts = _occurrences(trace, log, start)
        if not starts:
            return nan
        if isinstance(goal, str):
            ends = [end for end in _occurrences(trace, log, goal) if end >= starts[0]]
        else:
            ends = _holding(goal.evaluate(trace), starts[0])
        return float(ends[0] - starts[0]) if ends else nan

    return figure


def _holding(margin: Margin, start_us: int) -> list[int]:
    """The first moment from the start on at which it holds; empty when it never does."""
    if margin.at(start_us) > 0:
        return [start_us]
    places = np.flatnonzero((margin.times_us > start_us) & (margin.values > 0))
    return [int(margin.times_us[place]) for place in places[:1]]


def _occurrences(trace: Trace, log: Log, event: str) -> list[int]:
    """Those that the trace can show."""
    last_us = int(trace.time_us[-1])
    return [time for time in vocabulary.occurrences(trace, log, event) if time <= last_us]


@lru_cache(maxsize=4096)
def read_measure(name: str, text: str) -> Measure:
    """Reads one measure. Raises UserError that shows where it stops being understood."""
    found: Measure = understood(text, MEASURE, _Reader(name, text), _ADVICE)
    return found
