"""One cause of a fault in one situation: what came of it, by the signals of the plant."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from penfw import faults, states
from penloop.evidence.fault_situations import DEPTH_UM, Situation, document
from penloop.scenarios.execution import run
from penloop.scenarios.scenario_reader import scenario_of
from penloop.scenarios.vocabulary import FULL_U16
from pensim import Trace

QUIET_US = 50_000  # without drive for so long is off
TOP_MDEG = 30_000  # retracted: the crank is this near to top dead centre
STILL_MHZ = 200
SEED = 0

Rows = NDArray[np.bool_]


@dataclass(frozen=True)
class Reaction:
    """What came of it. Times are from the cause; nan: that never came.

    was: the state in which it came
    names: of the faults that were latched, in their order
    told_ms: to the first of them
    off_ms: to where the cell drives the motor no more, by the true switches, until the end
    parked_ms: to needles that stay retracted, without drive
    unbraked_ms: how long the motor turned without drive and without the brake, once it was noticed
    turned_deg: how far the motor went
    excess_um: how much further than set the needles stood out; negative: not as far
    """

    at_us: int
    was: str
    names: tuple[str, ...]
    told_ms: float
    off_ms: float
    parked_ms: float
    unbraked_ms: float
    turned_deg: float
    excess_um: int
    state: str
    error: str = ""


def reaction(
    causes: tuple[str, ...], situation: Situation, at_us: int, found_by: str = ""
) -> Reaction:
    """Runs it once."""
    scenario = scenario_of(document(causes, situation, at_us, found_by), situation.name)
    outcome = run(scenario, seed=SEED, digest=False)
    assert outcome.trace is not None
    return measured(outcome.trace, at_us, outcome.error)


def measured(trace: Trace, at_us: int, error: str = "") -> Reaction:
    """What a run's signals tell of what came at that time."""
    start = int(np.argmax(trace.time_us >= at_us))
    word = trace["pen.faults"]
    fresh = word[start:] & ~word[max(start - 1, 0)]
    latched = np.flatnonzero(fresh)
    drives = trace["plant.drive"] > 0
    told_ms = (int(trace.time_us[start + latched[0]]) - at_us) / 1000 if len(latched) else math.nan
    off_ms = _since_ms(trace, at_us, ~drives)
    travel_deg = np.unwrap(trace["plant.angle"][start:], period=360_000) / 1000
    return Reaction(
        at_us,
        states.STATES[int(trace["pen.state"][max(start - 1, 0)])],
        tuple(_names(fresh)),
        told_ms,
        off_ms,
        _since_ms(trace, at_us, _retracted(trace) & ~drives),
        _unbraked_ms(trace, at_us, max(off_ms, told_ms)),
        float(travel_deg[-1] - travel_deg[0]),
        int(trace["plant.protrusion"][start:].max()) - DEPTH_UM,
        states.STATES[int(trace["pen.state"][-1])],
        error,
    )


def _names(word: NDArray[np.int64]) -> Iterator[str]:
    """Of all faults, as they came."""
    known = 0
    for value in word[np.flatnonzero(np.diff(word, prepend=0))]:
        fresh = int(value) & ~known
        known |= int(value)
        yield from (row[1] for row in faults.FAULTS if fresh >> row[0] & 1)


def _retracted(trace: Trace) -> Rows:
    angle = trace["plant.angle"] % 360_000
    near = np.minimum(angle, 360_000 - angle) <= TOP_MDEG
    return near & _stands(trace)


def _stands(trace: Trace) -> Rows:
    stands: Rows = np.abs(trace["plant.rate"]) < STILL_MHZ
    return stands


def _since_ms(trace: Trace, at_us: int, holds: Rows) -> float:
    """From the cause to where it begins to hold for good, or nan: not even at the end."""
    if not holds[-1] or trace.time_us[-1] - at_us < QUIET_US:
        return math.nan
    broken = np.flatnonzero(~holds)
    first = int(broken[-1]) + 1 if len(broken) else 0
    return max(int(trace.time_us[first]) - at_us, 0) / 1000


def _unbraked_ms(trace: Trace, at_us: int, since_ms: float) -> float:
    """Of the time from then until the motor stands; nan: it has no beginning."""
    if math.isnan(since_ms):
        return math.nan
    after = trace.time_us >= at_us + since_ms * 1000
    standing = np.flatnonzero(after & _stands(trace))
    end_us = trace.time_us[standing[0]] if len(standing) else trace.time_us[-1]
    coasts = after & (trace.time_us < end_us) & (trace["plant.brake"] < FULL_U16)
    steps_us = np.diff(trace.time_us, append=trace.time_us[-1])
    return float(steps_us[coasts].sum()) / 1000
