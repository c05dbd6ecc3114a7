"""An expectation: a condition, when it has to hold, and the verdict on a trace.

Each is a formula of signal temporal logic; its margin is judged by the monitor. A condition
without a time holds always, that is from the first row to the last.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from penhost.units import show
from penloop.scenarios import monitor, vocabulary
from penloop.scenarios.vocabulary import Log
from pensim import Trace

SHORT_US = 100_000  # what the last row may lack of a run's length
Evaluate = Callable[[Trace], monitor.Margin]


@dataclass(frozen=True)
class Verdict:
    """An expectation, judged: its formula, its margin, and the moment that decides."""

    text: str
    formula: str
    margin: float  # not positive: it does not hold
    time_us: int
    explanation: str
    columns: tuple[str, ...]  # of the trace that it looks at

    @property
    def holds(self) -> bool:
        """Whether the expectation is met."""
        return self.margin > 0


@dataclass(frozen=True)
class Condition:
    """Something that holds or not at each moment."""

    formula: str
    evaluate: Evaluate
    columns: tuple[str, ...]
    graded: bool = True  # its margin tells more than yes and no
    past_us: int = 0  # how far it looks back


@dataclass(frozen=True)
class Place:
    """A point of time: an event and an offset; no event counts from power-up."""

    event: str
    offset_us: int = 0
    end: bool = False

    def __str__(self) -> str:
        if self.end:
            return "end"
        if not self.event:
            return show(self.offset_us, "us")
        if not self.offset_us:
            return self.event
        sign = "+" if self.offset_us > 0 else "-"
        return f"{self.event} {sign} {show(abs(self.offset_us), 'us')}"


@dataclass(frozen=True)
class Timing:
    """When a condition has to hold."""

    kind: str  # "span", "once", "prompt"
    start: Place = Place("")
    end: Place = Place("", end=True)
    limit_us: int = 0
    hold_us: int = 0


@dataclass(frozen=True)
class Expectation:
    """One expectation; `judge` tells whether a trace meets it."""

    text: str
    condition: Condition
    timing: Timing

    @property
    def formula(self) -> str:
        """As signal temporal logic."""
        timing, inner = self.timing, self.condition.formula
        if timing.kind == "prompt":
            held = f"always[0, {show(timing.hold_us, 'us')}] " if timing.hold_us else ""
            return f"{timing.start} -> eventually[0, {show(timing.limit_us, 'us')}] {held}({inner})"
        operator = "eventually" if timing.kind == "once" else "always"
        return f"{operator}[{timing.start}, {timing.end}] ({inner})"

    def judge(self, trace: Trace, log: Log) -> Verdict:
        """Its margin on a run; `log` is the operator's."""
        columns = self.condition.columns
        missing = [column for column in columns if column not in trace]
        if missing:
            value, time_us = -1.0, int(trace.time_us[-1])
            explanation = f"the firmware told no signal {missing[0]!r} in this run"
        else:
            judge = self._prompt if self.timing.kind == "prompt" else self._span
            value, time_us, explanation = judge(trace, log, self.condition.evaluate(trace))
        return Verdict(self.text, self.formula, value, time_us, explanation, columns)

    def _span(self, trace: Trace, log: Log, margin: monitor.Margin) -> tuple[float, int, str]:
        places = spans(self.timing, trace, log)
        if not places:
            return -1.0, int(trace.time_us[-1]), f"{self.timing.start} never came"
        judge = monitor.best if self.timing.kind == "once" else monitor.worst
        value, time_us = min(judge(margin, start, end) for start, end in places)
        unseen = _unseen_end(self.timing, trace, log)
        if value > 0 and unseen:
            return -1.0, int(trace.time_us[-1]), unseen
        return value, time_us, f"at {time_us / 1e6:.4f} s"

    def _prompt(self, trace: Trace, log: Log, margin: monitor.Margin) -> tuple[float, int, str]:
        timing = self.timing
        starts = vocabulary.occurrences(trace, log, timing.start.event)
        if not starts:
            return -1.0, int(trace.time_us[-1]), f"{timing.start} never came"
        if timing.hold_us:
            margin = monitor.always(margin, 0, timing.hold_us)
        return min(self._after(trace, margin, start_us) for start_us in starts)

    def _after(self, trace: Trace, margin: monitor.Margin, start_us: int) -> tuple[float, int, str]:
        """How soon after an event it holds; the margin is the share of the limit that is left."""
        limit_us, last_us = self.timing.limit_us, int(trace.time_us[-1])
        if start_us + limit_us + self.timing.hold_us > last_us:
            text = f"the run ends {show(last_us - start_us, 'us')} after {self.timing.start}"
            return -1.0, last_us, f"{text}: too soon to tell"
        best, _time_us = monitor.best(margin, start_us, start_us + limit_us)
        places = np.flatnonzero((margin.times_us >= start_us) & (margin.values > 0))
        if margin.at(start_us) > 0:
            reached_us = start_us
        elif len(places):
            reached_us = int(margin.times_us[places[0]])
        else:
            return min(best, -1e-9), start_us + limit_us, f"never after {start_us / 1e6:.4f} s"
        delay_us = reached_us - start_us
        share = (limit_us - delay_us) / limit_us
        value = min(best, share) if best > 0 else max(min(best, -1e-9), -1.0)
        return value, reached_us, f"{delay_us / 1000:.1f} ms after {self.timing.start}"


def spans(timing: Timing, trace: Trace, log: Log) -> list[tuple[int, int]]:
    """The spans of time in which it has to hold, one for each occurrence of the start."""
    last_us = int(trace.time_us[-1])
    found = []
    for start_us in _times(timing.start, trace, log):
        ends = [end for end in _times(timing.end, trace, log) if end >= start_us]
        if start_us <= last_us:
            found.append((start_us, min([*ends, last_us])))
    return found


def _unseen_end(timing: Timing, trace: Trace, log: Log) -> str:
    """Why no span's end is in the run; empty when one is. A last one may be open: `until contact`
    after the last lift-off."""
    last_us = int(trace.time_us[-1])
    starts = [start for start in _times(timing.start, trace, log) if start <= last_us]
    later = [end for end in _times(timing.end, trace, log) if end >= starts[0]]
    if not later:
        return f"{timing.end} never came after {starts[0] / 1e6:.4f} s"
    if min(later) > last_us + SHORT_US:
        return f"the run ends before {timing.end}: too soon to tell"
    return ""


def _times(place: Place, trace: Trace, log: Log) -> list[int]:
    if place.end:
        return [int(trace.time_us[-1])]
    if not place.event:
        return [max(place.offset_us, int(trace.time_us[0]))]
    found = vocabulary.occurrences(trace, log, place.event)
    return [time_us + place.offset_us for time_us in found]
