"""What must never be, whatever a hand, a host or a clock does: judged on any trace, by the plant.

Not for a shorted bridge or load switch: these drive the motor whatever the pen does.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from penfw import faults, states
from pensim import Trace
from pensim.electronics import ONE_SHOT_US

POWERED = (states.RUNNING, states.PARKING, states.SERVICE)
# Of the proof of the stop paths in SELF_TEST: 0.12 V of 2.4 V, for two ticks.
PULSE_DRIVE, PULSE_ROWS = 3300, 2
DEADLINE_US = 2500  # between two ticks, PEN.md
PLAY_UM = 50  # of the axis against its sensor
SETTLED_ROWS = 200  # in which a move ends with the step that takes up the screw's play
JITTER_UM = 5
RETRACTED_DEG = 90.0  # from top dead centre: a quarter of a turn
PARKED_DEG, SWING_MHZ = 15.0, 1000  # of top dead centre's sensor, and of a rotor in its last swing
STEPS_AHEAD = 1  # of the strokes

Rows = NDArray[np.bool_]


def violations(trace: Trace, ceiling_um: int) -> list[str]:
    """What is wrong, with its moment; empty for a trace of a safe pen.

    ceiling_um: the greatest depth that was ever allowed in this run
    """
    checks = {
        "the motor is driven where it may not be": _driven_outside(trace),
        "a pulse of the proof is too long or too strong": _strong_pulses(trace),
        "the motor is driven after a fault that cuts": _driven_after_cut(trace),
        f"the needles reach deeper than {ceiling_um} um": _beyond(trace, ceiling_um),
        "the needles go deeper in motion": _deeper_in_motion(trace),
        "the firmware has failed": _has_fault(trace, faults.INTERNAL_ERROR),
    }
    return [
        f"{what} at {trace.time_us[np.argmax(where)] / 1e6:.4f} s"
        for what, where in checks.items()
        if where.any()
    ]


def _drive_elsewhere(trace: Trace) -> NDArray[np.int64]:
    """Of the cell on the motor, whatever the firmware believes, where no state allows it."""
    return np.where(np.isin(trace["pen.state"], POWERED), 0, trace["plant.drive"])


def _driven_outside(trace: Trace) -> Rows:
    return (_drive_elsewhere(trace) > 0) & (trace["pen.state"] != states.SELF_TEST)


def _strong_pulses(trace: Trace) -> Rows:
    """Where the processor stands in a pulse, the load switch ends it, not a tick."""
    drive = _drive_elsewhere(trace)
    gaps_us = np.diff(trace.time_us, prepend=trace.time_us[0])
    wrong: Rows = drive > PULSE_DRIVE
    for first, last in _runs(drive > 0):
        ticks = np.count_nonzero(gaps_us[first:last] < DEADLINE_US)
        lasted_us = trace.time_us[min(last, len(trace) - 1)] - trace.time_us[first]
        wrong[first] |= ticks > PULSE_ROWS or lasted_us > ONE_SHOT_US + DEADLINE_US
    return wrong


def _runs(holds: Rows) -> Iterator[tuple[int, int]]:
    """Each first row at which it holds, and the first one after at which it does not."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], holds, [False]]).astype(np.int8)))
    return zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)


def _driven_after_cut(trace: Trace) -> Rows:
    cut = (trace["pen.faults"] & faults.masks()[0]) != 0
    return np.concatenate([[False], cut[1:] & cut[:-1]]) & (trace["plant.drive"] > 0)


def _beyond(trace: Trace, ceiling_um: int) -> Rows:
    beyond: Rows = trace["plant.protrusion"] > ceiling_um + PLAY_UM
    return beyond


def _deeper_in_motion(trace: Trace) -> Rows:
    """Also in FAULT, where the axis stands. The one step that takes up the screw's play ends a
    shallower move and is none; nor is the last swing of a parked rotor within the sensor's window
    a motion."""
    protrusion, state = trace["plant.protrusion"], trace["pen.state"]
    wrong = np.zeros(len(trace), dtype=np.bool_)
    deeper = np.flatnonzero(np.diff(protrusion) > JITTER_UM) + 1
    served = _served(trace, deeper)
    top = np.abs(_from_top_deg(trace)) < PARKED_DEG
    swings = top & (np.abs(trace["plant.rate"]) < SWING_MHZ) & (trace["plant.drive"] == 0)
    for row in deeper:
        moves = (trace["plant.rate"][row] != 0 and not swings[row]) or state[row] == states.RUNNING
        before = protrusion[max(row - SETTLED_ROWS, 0) : row].max()
        allowed = before >= protrusion[row] - JITTER_UM or row in served
        wrong[row] = (moves and not allowed) or state[row] == states.FAULT
    return wrong


def _from_top_deg(trace: Trace) -> NDArray[np.float64]:
    return (trace["plant.angle"] / 1000 + 180) % 360 - 180


def _served(trace: Trace, deeper: NDArray[np.int64]) -> set[int]:
    """Rows of the steps that may be in SERVICE: one a stroke, while the needles are retracted.

    A step that is called for at one top dead centre may wait for the next one.
    """
    angle_deg = _from_top_deg(trace)
    strokes, rate = trace["plant.strokes"], trace["plant.rate"]
    rows: set[int] = set()
    last, first_stroke, steps = -1, 0, 0
    for row in deeper[trace["pen.state"][deeper] == states.SERVICE].tolist():
        if last < 0 or not rate[last:row].all():  # it stood between the two
            first_stroke, steps = strokes[row], 0
        in_time = strokes[row] - first_stroke >= steps - STEPS_AHEAD
        if in_time and abs(angle_deg[row]) < RETRACTED_DEG:
            rows.add(row)
        last, steps = row, steps + 1
    return rows


def _has_fault(trace: Trace, number: int) -> Rows:
    return (trace["pen.faults"] >> number & 1) == 1
