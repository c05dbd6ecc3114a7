"""The moment that several recordings have in common: their zero of time."""

from collections.abc import Callable, Sequence
from difflib import get_close_matches

import numpy as np

from penloop.errors import UserError
from penloop.recordings.happenings import latchings
from penloop.recordings.response import first_dip_us, start_row
from pensim.trace import Trace


def _begin(trace: Trace) -> int | None:
    return int(trace.time_us[0])


def _start(trace: Trace) -> int | None:
    row = start_row(trace)
    return None if row is None else int(trace.time_us[row])


def _contact(trace: Trace) -> int | None:
    if "plant.contact" not in trace:
        return first_dip_us(trace)
    start_us = _start(trace) or 0
    rows = np.flatnonzero((trace["plant.contact"] > 0) & (trace.time_us >= start_us))
    return int(trace.time_us[rows[0]]) if len(rows) else None


def _fault(trace: Trace) -> int | None:
    found = latchings(trace)
    return found[0][0] if found else None


def _trigger(trace: Trace) -> int | None:
    at_us = trace.header.environment.get("trigger_us")
    return int(at_us) if at_us is not None else None


# name: where its zero is (us), what it is called on the axis
MOMENTS: dict[str, tuple[Callable[[Trace], int | None], str]] = {
    "begin": (_begin, "first sample"),
    "start": (_start, "start of the run"),
    "contact": (_contact, "first contact"),
    "fault": (_fault, "first fault"),
    "trigger": (_trigger, "trigger"),
    "time": (lambda _trace: 0, "power-up"),
}


def chosen(traces: Sequence[Trace], wanted: str) -> str:
    """The name of the moment: the wanted one, or the start of the run where there are several
    traces and each has one, else the first sample. Raises UserError for an unknown name."""
    if not wanted:
        several = len(traces) > 1 and all(_start(trace) is not None for trace in traces)
        return "start" if several else "begin"
    if wanted not in MOMENTS:
        near = get_close_matches(wanted, MOMENTS) or MOMENTS
        raise UserError(f"--align {wanted}: no such moment", f"choose {', '.join(near)}")
    return wanted


def zero_us(trace: Trace, moment: str, name: str) -> int:
    """The time of that moment in a trace. Raises UserError where it has none."""
    found = MOMENTS[moment][0](trace)
    if found is None:
        raise UserError(f"{name} has no {MOMENTS[moment][1]}", "align by another moment: --align")
    return found


def axis_text(moment: str) -> str:
    """The axis of time."""
    return f"time since {'the ' if moment != 'time' else ''}{MOMENTS[moment][1]} in s"
