"""How the stroke rate answers, from the pen's own signals: rise, overshoot, hold, dips.

All from `pen.rate` while RUNNING, of one run: the first one whose start is recorded. Its target is
the greatest `pen.rate_target`, or the setting `stroke_rate` where that signal is not recorded.
A rate is settled from the first moment on at which it stays within SETTLED of its final target for
HELD_US. It is in a dip from where it leaves SETTLED downwards to where it is back.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from penfw import states
from pensim.trace import Trace

SETTLED = 0.02  # of the target
HELD_US = 100_000
OVERSHOOT_US = 500_000  # after the target was first reached
NEEDED = ("pen.state", "pen.rate")

Floats = NDArray[np.float64]
Rows = NDArray[np.bool_]


@dataclass(frozen=True)
class Dip:
    """The rate fell to `depth` below its target (share of it), and was back after `length_us`;
    None where the run or the recording ended before."""

    at_us: int
    depth: float
    length_us: int | None


@dataclass(frozen=True)
class Response:
    """Of a run; times in us, None where it never came to that, or the start is not recorded."""

    target_mHz: float
    rise_us: float | None  # from 10 % to 90 % of the target
    settling_us: int | None  # from the start of the run
    settled_mHz: float | None  # mean while settled, outside of dips
    ripple: float | None  # standard deviation then, share of the target
    lowest: float | None  # below the target once settled, dips included; share of the target
    overshoot: float | None  # share of the target
    dips: list[Dip]


def response(trace: Trace) -> Response | None:
    """None where the signals are not recorded, or nothing ran."""
    run = _run(trace)
    if run is None:
        return None
    times, rate, target_mHz, begun = run
    share = rate / target_mHz
    settled = _settled_row(times, share)
    dips: list[Dip] = []
    held = np.zeros(len(times), dtype=bool)
    if settled is not None:
        dips, held = _dips(times, share, settled)
    return Response(
        target_mHz=target_mHz,
        rise_us=_rise_us(times, share) if begun else None,
        settling_us=int(times[settled] - times[0]) if begun and settled is not None else None,
        settled_mHz=float(rate[held].mean()) if held.any() else None,
        ripple=float(share[held].std()) if held.any() else None,
        lowest=1.0 - float(share[settled:].min()) if settled is not None else None,
        overshoot=_overshoot(times, share) if begun else None,
        dips=dips,
    )


def start_row(trace: Trace) -> int | None:
    """The first row of the first run whose start is recorded; None where none is."""
    if "pen.state" not in trace:
        return None
    running = trace["pen.state"] == states.RUNNING
    starts = np.flatnonzero(running[1:] & ~running[:-1])
    return int(starts[0]) + 1 if len(starts) else None


def first_dip_us(trace: Trace) -> int | None:
    """When the rate first dips: as a rule the needles' contact with skin."""
    found = response(trace)
    return found.dips[0].at_us if found and found.dips else None


def _run(trace: Trace) -> tuple[NDArray[np.int64], Floats, float, bool] | None:
    """Times, rates, final target, and whether its start is recorded, of the first run that
    has one, else of what is recorded of the first; None where nothing ran."""
    if any(name not in trace for name in NEEDED):
        return None
    start = start_row(trace)
    running = trace["pen.state"] == states.RUNNING
    runs = [run for run in _stretches(running) if start is None or run[0] == start]
    if not runs:
        return None
    rows = slice(*runs[0])
    target = _target_mHz(trace, rows)
    rates = trace["pen.rate"][rows].astype(np.float64)
    if target <= 0 or len(rates) < 2:
        return None
    return trace.time_us[rows], rates, target, start is not None


def _target_mHz(trace: Trace, rows: slice) -> float:
    """0 where none is known."""
    if "pen.rate_target" in trace:
        return float(trace["pen.rate_target"][rows].max())
    return float(trace.header.environment.get("settings", {}).get("stroke_rate", 0))


def _rise_us(times: NDArray[np.int64], share: Floats) -> float | None:
    moments = [_crossing_us(times, share, level) for level in (0.1, 0.9)]
    low, high = moments
    return high - low if low is not None and high is not None else None


def _crossing_us(times: NDArray[np.int64], share: Floats, level: float) -> float | None:
    """When it first reaches a level, between two rows in proportion."""
    above = np.flatnonzero(share >= level)
    if not len(above):
        return None
    row = int(above[0])
    if row == 0:
        return float(times[0])
    part = (level - share[row - 1]) / (share[row] - share[row - 1])
    return float(times[row - 1] + part * (times[row] - times[row - 1]))


def _settled_row(times: NDArray[np.int64], share: Floats) -> int | None:
    for start, end in _stretches(np.abs(share - 1) <= SETTLED):
        last = min(end, len(times) - 1)
        if times[last] - times[start] >= HELD_US:
            return start
    return None


def _overshoot(times: NDArray[np.int64], share: Floats) -> float | None:
    reached = np.flatnonzero(share >= 1 - SETTLED)
    if not len(reached):
        return None
    soon = (times >= times[reached[0]]) & (times <= times[reached[0]] + OVERSHOOT_US)
    return max(float(share[soon].max()) - 1.0, 0.0)


def _dips(times: NDArray[np.int64], share: Floats, settled: int) -> tuple[list[Dip], Rows]:
    """The dips from a row on, and the rows that are in none."""
    held = np.arange(len(times)) >= settled
    dips = []
    for start, end in _stretches((share < 1 - SETTLED) & held):
        held[start:end] = False
        back = int(times[end] - times[start]) if end < len(times) else None
        dips.append(Dip(int(times[start]), 1.0 - float(share[start:end].min()), back))
    return dips, held


def _stretches(rows: Rows) -> Iterator[tuple[int, int]]:
    """First row, and the first behind it, of each stretch that holds."""
    edges = np.flatnonzero(np.diff(rows.astype(np.int8), prepend=0, append=0))
    yield from zip(edges[::2].tolist(), edges[1::2].tolist())
