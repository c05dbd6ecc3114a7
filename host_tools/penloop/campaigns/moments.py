"""Moments at which something changed in a run: next to them, races happen."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from penloop.scenarios.vocabulary import Log
from pensim import Trace


def moments_of(trace: Trace, log: Log) -> tuple[int, ...]:
    """Times in microseconds, in order, each once.

    The person does something; state, faults or the axis' goal change; the drive goes on or off.
    """
    found = {time_us for time_us, _text in log}
    for levels in _levels(trace):
        places = np.flatnonzero(np.diff(levels)) + 1
        found.update(int(time_us) for time_us in trace.time_us[places])
    return tuple(sorted(found))


def _levels(trace: Trace) -> Iterator[NDArray[np.int64]]:
    """Columns of which every change counts."""
    for name in ("pen.state", "pen.faults", "pen.depth_target"):
        if name in trace:
            yield trace[name]
    if "pen.duty" in trace:
        yield (trace["pen.duty"] > 0).astype(np.int64)
