"""Reading a trace in tests: states as words, times from an event."""

import gc
from typing import Any

import numpy as np

from penfw import faults, states
from pensim import Bench, Trace

SELF_TEST, RUNNING, PARKING = states.SELF_TEST, states.RUNNING, states.PARKING
FAULT = states.FAULT


def state(bench: Bench) -> str:
    """The pen's state now."""
    return states.STATES[bench.signal("state")]


def enter_service(bench: Bench) -> None:
    """From power-up: holds the button of a pen that stands, until it is in SERVICE."""
    bench.run(1.0)
    bench.operator.click(3.5)
    bench.run(4.0)
    assert state(bench) == "SERVICE", latched(bench)


def fault_names(word: int) -> set[str]:
    """Names of the faults in a fault word."""
    return {row[1] for row in faults.FAULTS if word >> row[0] & 1}


def latched(bench: Bench) -> set[str]:
    """The faults that are latched now."""
    return fault_names(bench.signal("faults"))


def states_of(trace: Trace) -> list[str]:
    """The states one after another."""
    values = trace["pen.state"]
    changes = np.flatnonzero(np.diff(values)) + 1
    return [states.STATES[values[at]] for at in (0, *changes)]


def after(trace: Trace, start_s: float) -> np.ndarray:
    """Mask of the rows from `start_s` on."""
    return trace.time_s >= start_s


def first_time(trace: Trace, mask: np.ndarray) -> float:
    """Seconds of the first row of a mask; fails when it is empty."""
    assert mask.any(), "it never happened"
    return float(trace.time_s[np.argmax(mask)])


def last_time(trace: Trace, mask: np.ndarray) -> float:
    """Seconds of the last row of a mask; fails when it is empty."""
    assert mask.any(), "it never happened"
    return float(trace.time_s[len(mask) - 1 - np.argmax(mask[::-1])])


def window_means(trace: Trace, name: str, start_s: float, end_s: float, span_s: float = 0.2):
    """Means of a signal over windows of `span_s`, one beginning every 50 ms."""
    times, values = trace.time_s, trace[name]
    starts = np.arange(start_s, end_s - span_s + 1e-9, 0.05)
    return np.array(
        [values[(times >= start) & (times < start + span_s)].mean() for start in starts]
    )


def control_of(bench: Bench) -> Any:
    """The firmware's Control object, as a debugger would find it."""
    values = bench.board.processor.engine.probe().obj
    named = (found for found in gc.get_objects() if type(found).__name__ == "Control")
    return next(found for found in named if found.values is values)


def pen_of(bench: Bench) -> Any:
    """The firmware's Pen object."""
    control = control_of(bench)
    named = (found for found in gc.get_objects() if type(found).__name__ == "Pen")
    return next(found for found in named if getattr(found, "control", None) is control)
