"""One failed part in one situation: what came of it, by the signals of the plant."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from penfw import faults, states
from penloop.evidence.fault_situations import (
    DEPTH_UM,
    EXPECTED,
    Expected,
    Situation,
    document,
)
from penloop.scenarios.execution import run
from penloop.scenarios.scenario_reader import scenario_of
from pensim import Trace

PHASES = 12  # of a stroke, before the worst one is searched
SEARCHED = 10  # runs of that search
QUIET_US = 50_000  # without drive for so long is off
DRIVE_MA = 60  # drives more than bearings and brushes take
TOP_MDEG = 30_000  # retracted: the crank is this near to top dead centre
STILL_MHZ = 200
SEED = 0
PARKED_STATES = ("STANDBY", "READY")

Rows = NDArray[np.bool_]


@dataclass(frozen=True)
class Reaction:
    """What came of it.

    names: of the faults that were latched, in their order
    told_ms, off_ms, parked_ms: from the fault to the first one latched, to the end of drive, and
        to needles that stay retracted; nan where that never came
    turned_deg: how far the motor went after the fault
    excess_um: how much deeper than set the needles were in the skin
    """

    at_us: int
    names: tuple[str, ...]
    told_ms: float
    off_ms: float
    parked_ms: float
    turned_deg: float
    excess_um: int
    state: str
    error: str = ""

    @property
    def cut(self) -> bool:
        """Whether the first fault is of the class CUT."""
        first = self.names[:1]
        return any((row[1],) == first for row in faults.FAULTS if row[2] == faults.CUT)

    def end_ms(self, parks: bool) -> float:
        """To the end of its reaction; `parks`: the needles can be retracted."""
        return self.parked_ms if parks and self.names and not self.cut else self.off_ms


def reaction(
    hazards: tuple[str, ...], situation: Situation, at_us: int, found_by: str = ""
) -> Reaction:
    """Runs it once."""
    scenario = scenario_of(document(hazards, situation, at_us, found_by), situation.name)
    outcome = run(scenario, seed=SEED, digest=False)
    trace = outcome.trace
    assert trace is not None
    after = trace.time_us >= at_us
    start = int(np.argmax(after))
    word = trace["pen.faults"]
    latched = np.flatnonzero((word != 0) & after)
    told = latched[0] if len(latched) else None
    return Reaction(
        at_us,
        tuple(_names(word[start:])),
        math.nan if told is None else (int(trace.time_us[told]) - at_us) / 1000,
        _since_ms(trace, at_us, ~_drives(trace)),
        _since_ms(trace, at_us, _retracted(trace) & ~_drives(trace)),
        float(np.ptp(trace["plant.angle"][start:])) / 1000 if told is not None else 0.0,
        max(int(trace["plant.penetration"][start:].max()) - DEPTH_UM, 0),
        states.STATES[int(trace["pen.state"][-1])],
        outcome.error,
    )


def _names(word: NDArray[np.int64]) -> Iterator[str]:
    """Of all faults, as they came."""
    known = 0
    for value in word[np.flatnonzero(np.diff(word, prepend=0))]:
        fresh = int(value) & ~known
        known |= int(value)
        yield from (row[1] for row in faults.FAULTS if fresh >> row[0] & 1)


def _drives(trace: Trace) -> Rows:
    """Where current drives the motor. A brake's goes against the motion, either way."""
    return (trace["plant.current"] > DRIVE_MA) & (trace["plant.rate"] > -STILL_MHZ)


def _retracted(trace: Trace) -> Rows:
    angle = trace["plant.angle"] % 360_000
    near = np.minimum(angle, 360_000 - angle) <= TOP_MDEG
    return near & (np.abs(trace["plant.rate"]) < STILL_MHZ)


def _since_ms(trace: Trace, at_us: int, holds: Rows) -> float:
    """From the fault to where it begins to hold for good, or nan: not even at the end."""
    if not holds[-1] or trace.time_us[-1] - at_us < QUIET_US:
        return math.nan
    broken = np.flatnonzero(~holds)
    first = int(broken[-1]) + 1 if len(broken) else 0
    return max(int(trace.time_us[first]) - at_us, 0) / 1000


@dataclass(frozen=True)
class Pair:
    """A part and a situation, over the phases of the stroke."""

    hazard: str
    situation: Situation
    reactions: tuple[Reaction, ...]  # by their time
    found: Reaction | None  # where nothing had to show it: what then did

    @property
    def unseen(self) -> bool:
        """Whether nothing can show it here."""
        return self.situation.name in EXPECTED[self.hazard].unseen_in

    @property
    def worst(self) -> Reaction:
        """The latest."""
        return max(self.reactions, key=partial(_lateness, EXPECTED[self.hazard].parks))

    def verdict(self) -> str:
        """What is wrong; empty when it is as it has to be."""
        expected = EXPECTED[self.hazard]
        for one in self.reactions:
            wrong = _wrong(one, expected, self.unseen)
            if wrong:
                return wrong
        if self.situation.name == "parking" and any(
            one.state in PARKED_STATES and math.isnan(one.parked_ms) for one in self.reactions
        ):
            return "says that it is parked, and is not"
        if self.unseen and self.found is not None:
            return _not_found(self.found, expected.told)
        return ""


def _lateness(parks: bool, one: Reaction) -> float:
    end = one.end_ms(parks)
    return math.inf if math.isnan(end) else end


def _wrong(one: Reaction, expected: Expected, unseen: bool) -> str:
    told, parks = expected.told, expected.parks
    if one.error:
        return one.error
    if one.excess_um > 50:
        return f"needles {one.excess_um} um deeper than set"
    if unseen:
        return f"told as {one.names[0]} though nothing shows it" if one.names and not _ours(
            one, told) else ""  # fmt: skip
    if not one.names:
        return "not detected"
    if not _ours(one, told):
        return f"told as {one.names[0]}"
    end_ms = one.end_ms(parks)
    if math.isnan(end_ms):
        return "never parked" if parks else "never off"
    limit_ms = expected.limit_ms(one.cut)
    if end_ms > limit_ms:
        return f"{end_ms:.0f} ms, {limit_ms} allowed"
    return "" if one.state == "FAULT" else f"ends in {one.state}"


def _ours(one: Reaction, told: tuple[int, ...]) -> bool:
    return any(faults.row(number)[1] in one.names for number in told)


def _not_found(one: Reaction, told: tuple[int, ...]) -> str:
    if one.error:
        return one.error
    if not one.names:
        return f"not found afterwards: {one.state}"
    if not _ours(one, told):
        return f"found as {one.names[0]}"
    return "" if one.state == "FAULT" else f"found, but ends in {one.state}"


def pair(hazard: str, situation: Situation, short: bool) -> Pair:
    """All phases of one pair, and the search for the worst."""
    expected = EXPECTED[hazard]
    once: Callable[[int], Reaction] = partial(reaction, (hazard,), situation)
    if not situation.turns:
        times = [situation.fault_us]
    else:
        period_us = 1_000_000 / situation.rate_hz
        count = 2 if short else PHASES
        times = [situation.fault_us + round(n * period_us / count) for n in range(count)]
    found = {at_us: once(at_us) for at_us in times}
    unseen = situation.name in expected.unseen_in
    if len(times) == PHASES and not unseen:
        _search(found, once, expected.parks)
    later = reaction((hazard,), situation, times[0], expected.found_by) if unseen else None
    return Pair(hazard, situation, tuple(found[at_us] for at_us in sorted(found)), later)


def _search(found: dict[int, Reaction], once: Callable[[int], Reaction], parks: bool) -> None:
    """Looks for a later reaction next to the latest phase; all runs are kept."""
    from scipy.optimize import minimize_scalar

    times = sorted(found)
    step_us = times[1] - times[0]
    worst_us = max(times, key=lambda at_us: _lateness(parks, found[at_us]))

    def earliness(at_us: float) -> float:
        key = round(at_us)
        found.setdefault(key, once(key))
        return -min(_lateness(parks, found[key]), 1e6)

    minimize_scalar(
        earliness, bounds=(worst_us - step_us, worst_us + step_us), method="bounded",
        options={"maxiter": SEARCHED, "xatol": 50.0},
    )  # fmt: skip
