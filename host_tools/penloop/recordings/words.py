"""The names of what a trace has as numbers: states, faults, and the bits of words.

A recording carries its pen's own names; others are this version's.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from penfw import faults, states
from penloop.recordings.gaps import gaps
from pensim.trace import Trace

BITS = 62  # of a word that is looked at
INPUTS = ("button", "cartridge", "usb_power", "top_dead_centre")
LIMITS = ("current_limit", "rate_limit")
WORDS = {"pen.inputs": INPUTS, "pen.limited": LIMITS, "pen.conditions": states.CONDITIONS}

Values = NDArray[np.int64]


def state_name(trace: Trace, number: int) -> str:
    """Of a state of this trace's pen."""
    names = trace.header.environment.get("states") or states.STATES
    return str(names[number]) if 0 <= number < len(names) else f"state {number}"


def fault_name(trace: Trace, number: int) -> str:
    """Of a fault of this trace's pen."""
    names = trace.header.environment.get("faults")
    if names:
        return str(names.get(str(number), f"fault {number}"))
    row = faults.row(number)
    return str(row[1]) if row else f"fault {number}"


def faults_text(trace: Trace, word: int) -> str:
    """The latched faults by name, joined by `+`; empty for none."""
    return "+".join(fault_name(trace, bit) for bit in bits_of(word))


def bits_of(word: int) -> Iterator[int]:
    """The numbers of a word's bits that are set."""
    return (bit for bit in range(BITS) if word >> bit & 1)


def bit_names(trace: Trace, column: str, values: Values) -> dict[int, str]:
    """The bits of a word that are ever set, with a name each, as a variable may have it."""
    used = int(np.bitwise_or.reduce(values)) if len(values) else 0
    return {bit: _bit_name(trace, column, bit) for bit in bits_of(used)}


def _bit_name(trace: Trace, column: str, bit: int) -> str:
    if column == "pen.faults":
        return fault_name(trace, bit).replace(" ", "_")
    if column.startswith("board."):
        return f"GP{bit}"
    names = WORDS.get(column, ())
    return names[bit] if bit < len(names) else f"bit{bit}"


def spans(trace: Trace, values: Values) -> Iterator[tuple[int, int, int]]:
    """(value, start us, end us) of each stretch of equal values; none reaches over a gap."""
    if not len(values):
        return
    times = trace.time_us
    behind = np.searchsorted(times, [gap.end_us for gap in gaps(trace)]).astype(np.int64)
    starts = np.unique(np.concatenate([[0], np.flatnonzero(np.diff(values)) + 1, behind]))
    last = np.append(starts[1:], len(times) - 1)
    ends = times[last - np.isin(last, behind)]
    for start, end_us in zip(starts, ends):
        yield int(values[start]), int(times[start]), int(end_us)
