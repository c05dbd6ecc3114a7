"""A trace as VCD, for GTKWave and PulseView.

A scope a family of signals. Physical quantities and counts are reals in the unit that their name
carries. Words of bits become a wire for each bit that is ever set, by its name, and states a wire
each, as readers like PulseView's show nothing but wires and know no scopes; the state's name is
a string too. `link.in_gap` is high where samples are missing.
"""

import heapq
from collections.abc import Callable, Iterator
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from vcd import VCDWriter

from penloop.recordings import words
from penloop.recordings.gaps import gaps
from penloop.recordings.readings import is_counted, reading
from pensim.trace import Column, Trace

SCALES = (  # us, coarsest first
    (10_000, "10 ms"), (1000, "1 ms"), (100, "100 us"), (10, "10 us"), (1, "1 us"),
)  # fmt: skip
IN_GAP = "in_gap"
PART_ROWS = 5000  # of a variable that are objects at a time

Values = NDArray[np.int64]


class Change(NamedTuple):
    """A variable's new value at a time."""

    time_us: int
    variable: Any
    value: Any


def write_vcd(trace: Trace, path: Path) -> None:
    """Writes the trace. The scale of time is the coarsest in which every time is whole."""
    step_us, scale = _scale(trace)
    start, end = int(trace.time_us[0]) // step_us, int(trace.time_us[-1]) // step_us
    made = f"penloop {version('penloop')}"
    with (
        path.open("w", encoding="utf-8") as file,
        VCDWriter(file, scale, date="", version=made, init_timestamp=start) as writer,
    ):
        # The string comes first: sigrok's reader passes over the value and takes what follows,
        # the variable's identifier, for a value of its own unless it is the first one, `!`.
        streams = [*_state_name(writer, trace)]
        streams += [
            one for column in trace.columns()[1:] for one in _column(writer, trace, *column)
        ]
        streams.append(_gap_changes(writer, trace, step_us))
        for change in heapq.merge(*streams, key=lambda one: one.time_us):
            writer.change(change.variable, change.time_us // step_us, change.value)
        writer.close(end)


def _scale(trace: Trace) -> tuple[int, str]:
    return next((us, name) for us, name in SCALES if not (trace.time_us % us).any())


def _state_name(writer: VCDWriter, trace: Trace) -> Iterator[Iterator[Change]]:
    if "pen.state" in trace:
        said = writer.register_var("pen", "state_name", "string", init="")
        yield _changes(trace, said, trace["pen.state"], partial(words.state_name, trace))


def _column(
    writer: VCDWriter, trace: Trace, column: Column, values: Values
) -> Iterator[Iterator[Change]]:
    """A stream of changes for each variable that a column becomes."""
    scope, _, name = column.name.rpartition(".")
    place = scope or "trace"
    if column.unit == "bits":
        for bit, bit_name in words.bit_names(trace, column.name, values).items():
            wire = writer.register_var(place, f"{name}_{bit_name}", "wire", 1)
            yield _changes(trace, wire, values >> bit & 1, int)
    elif column.name == "pen.state":
        for state in np.unique(values).tolist():
            wire = writer.register_var(place, f"{name}_{words.state_name(trace, state)}", "wire", 1)
            yield _changes(trace, wire, (values == state).astype(np.int64), int)
    else:
        real = writer.register_var(place, reading(column).named(name), "real")
        divisor = 1.0 if is_counted(column) else reading(column).divisor
        yield _changes(trace, real, values, partial(_quotient, divisor))


def _quotient(divisor: float, value: int) -> float:
    return value / divisor


def _changes(
    trace: Trace, variable: Any, values: Values, shown: Callable[[int], Any]
) -> Iterator[Change]:
    rows = np.concatenate([[0], np.flatnonzero(np.diff(values)) + 1])
    for part in np.split(rows, range(PART_ROWS, len(rows), PART_ROWS)):
        for time_us, value in zip(trace.time_us[part].tolist(), values[part].tolist()):
            yield Change(time_us, variable, shown(value))


def _gap_changes(writer: VCDWriter, trace: Trace, step_us: int) -> Iterator[Change]:
    """High from right after the last row before a gap to the first one behind it."""
    found = gaps(trace)
    wire = writer.register_var("link", IN_GAP, "wire", 1, init=0) if found else None
    moments = [(gap.start_us + step_us, gap.end_us) for gap in found]
    return iter([Change(us, wire, level) for pair in moments for us, level in zip(pair, (1, 0))])
