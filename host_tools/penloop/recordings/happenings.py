"""What happened in a trace, in words: changes of state, faults, gaps, the person's acts."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from penloop.recordings import words
from penloop.recordings.gaps import gaps
from pensim.trace import Trace


@dataclass(frozen=True)
class Happening:
    """`level` is "info", "warning" or "error"."""

    time_us: int
    level: str
    text: str


def happenings(trace: Trace) -> list[Happening]:
    """All of them in the order of time."""
    found = [*_states(trace), *_faults(trace), *_gaps(trace), *_acts(trace)]
    return sorted(found, key=lambda one: one.time_us)


def _states(trace: Trace) -> Iterator[Happening]:
    if "pen.state" in trace:
        known = None
        for value, start_us, _ in words.spans(trace, trace["pen.state"]):
            if value != known:  # behind a gap it may be the same
                yield Happening(start_us, "info", f"state {words.state_name(trace, value)}")
            known = value


def _faults(trace: Trace) -> Iterator[Happening]:
    for time_us, number in latchings(trace):
        yield Happening(time_us, "error", f"fault {words.fault_name(trace, number)}")


def latchings(trace: Trace) -> list[tuple[int, int]]:
    """(time us, number) of each fault as it latched; one that was latched at the begin counts."""
    if "pen.faults" not in trace:
        return []
    word = trace["pen.faults"]
    fresh = word & ~np.concatenate([[0], word[:-1]])
    rows = np.flatnonzero(fresh)
    return [(int(trace.time_us[row]), bit) for row in rows for bit in words.bits_of(fresh[row])]


def _gaps(trace: Trace) -> Iterator[Happening]:
    for gap in gaps(trace):
        yield Happening(gap.end_us, "warning", f"{gap.missing} samples missing: {gap.text}")


def _acts(trace: Trace) -> Iterator[Happening]:
    for time_us, text in trace.header.reproduce.get("operator", []):
        yield Happening(int(time_us), "info", f"person: {text}")
