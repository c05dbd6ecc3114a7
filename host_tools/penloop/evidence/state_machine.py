"""Evidence: the state machine's table, every state times every set of conditions.

The table is small enough to be looked at whole: for each state an array with the state that
follows each of the 2^n condition words. What is powered, what ends by itself and what needs a
press is shown by the control interrupt's own code, played (power.py, law_ends.py, fresh_press.py).
That the conditions mean what they say is shown by the tests of who sets them.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from penfw import states
from penloop.evidence import fresh_press, law_ends, power
from penloop.evidence.played_interrupt import Interrupt
from penloop.evidence.section import Claim, Effort, Part, Section
from penloop.evidence.state_diagram import diagram

Following = NDArray[np.int64]  # (states, condition words): the state that follows
Words = NDArray[np.int64]

NAMES = {name: number for number, name in enumerate(states.STATES)}
BIT = {name: 1 << number for number, name in enumerate(states.CONDITIONS)}
WORDS: Words = np.arange(1 << len(states.CONDITIONS))
FAULTS = BIT["CUT_FAULT"] | BIT["PARK_FAULT"]
SAFE = {"SELF_TEST", "STANDBY", "READY", "FAULT"}  # without power but for the proof's pulse
# What ends each state with power at one look, and where that may lead.
ENDS = (
    ("RUNNING", ("STOP", "PARK_FAULT", "CUT_FAULT"), {"PARKING", "FAULT"}),
    ("SERVICE", ("SERVICE_OFF", "PARK_FAULT", "CUT_FAULT"), {"PARKING", "FAULT"}),
    ("PARKING", ("PARKED", "CUT_FAULT"), SAFE),
)


def make(_effort: Effort) -> Section:
    """Looks at all of the table; it takes a second, so the short form is the whole."""
    following = table()
    claims = (
        _agrees(following),
        power.claim(power.play(Interrupt())),
        _run_needs_consent(following),
        _fault_is_left_by_acknowledgement(following),
        fresh_press.claim(fresh_press.explore(Interrupt())),
        _cut_ends_power(following),
        _park_ends_running(following),
        _stop_ends_running(following),
        _every_row_is_used(),
        _every_state_is_reached(following),
        _power_ends_whatever_else(following),
        *law_ends.claims(Interrupt()),
    )
    body = f'<section><h2>The table, drawn</h2><div class="figure">{diagram()}</div></section>'
    data = {"states": len(states.STATES), "words": len(WORDS), "rows": sum(map(len, states.ROWS))}
    return Section(claims, body, data)


def table() -> Following:
    """From the rows by array arithmetic, not by the firmware's own function."""
    following = np.empty((len(states.STATES), len(WORDS)), dtype=np.int64)
    for state, rows in enumerate(states.ROWS):
        following[state] = state
        for required, forbidden, goal in reversed(rows):  # the first match is written last
            following[state, _matches(required, forbidden)] = goal
    return following


def _matches(required: int, forbidden: int) -> NDArray[np.bool_]:
    return ((WORDS & required) == required) & ((WORDS & forbidden) == 0)


def _has(*names: str) -> NDArray[np.bool_]:
    wanted = sum(BIT[name] for name in names)
    return (WORDS & wanted) == wanted


def _agrees(following: Following) -> Claim:
    """The firmware's function against the array."""
    pairs = following.size
    wrong = sum(
        states.next_state(state, int(word)) != int(following[state, word])
        for state in range(len(states.STATES))
        for word in WORDS
    )
    return Claim(
        "The function that the interrupt calls does what the table says.",
        wrong == 0,
        f"all {pairs:,} pairs of state and condition word, {wrong} differ",
        "R-107",
    )


def _run_needs_consent(following: Following) -> Claim:
    """Every way into RUNNING."""
    running = NAMES["RUNNING"]
    ways = [
        (state, following[state] == running)
        for state in range(len(states.STATES))
        if state != running and (following[state] == running).any()
    ]
    needed = ("START", "PROVED", "CARTRIDGE")
    good = all(
        state == NAMES["SELF_TEST"]
        and (_has(*needed)[words]).all()
        and not (WORDS[words] & (BIT["STOP"] | FAULTS)).any()
        for state, words in ways
    )
    count = sum(int(words.sum()) for _state, words in ways)
    return Claim(
        "RUNNING is entered from SELF_TEST only, by a start whose stop paths have just been"
        " proved, with a cartridge, without a fault and not once a press or a host says stop.",
        bool(good and ways),
        f"{count} of {following.size:,} pairs enter it, all of them so",
        "R-102",
    )


def _fault_is_left_by_acknowledgement(following: Following) -> Claim:
    left = following[NAMES["FAULT"]] != NAMES["FAULT"]
    good = (WORDS[left] & BIT["ACKNOWLEDGED"] != 0).all() and not (WORDS[left] & FAULTS).any()
    goals = {states.STATES[number] for number in np.unique(following[NAMES["FAULT"]][left])}
    return Claim(
        "FAULT is left by an acknowledgement alone, once no fault is latched, and to SELF_TEST.",
        bool(good) and goals == {"SELF_TEST"},
        f"{int(left.sum())} of {len(WORDS)} words leave it, to {', '.join(sorted(goals))}",
        "R-103",
    )


def _cut_ends_power(following: Following) -> Claim:
    cut = _has("CUT_FAULT")
    goals = np.unique(following[:, cut])
    return Claim(
        "A fault that cuts leads from every state to FAULT at the next look, whatever else is so.",
        goals.tolist() == [NAMES["FAULT"]],
        f"{len(states.STATES) * int(cut.sum()):,} pairs",
        "R-104",
    )


def _park_ends_running(following: Following) -> Claim:
    park = _has("PARK_FAULT")
    goals = {
        name: {states.STATES[number] for number in np.unique(following[NAMES[name], park])}
        for name in ("RUNNING", "SERVICE")
    }
    good = all(found <= {"PARKING", "FAULT"} for found in goals.values())
    return Claim(
        "A fault that parks ends a run and a service run at the next look.", good,
        f"{int(park.sum())} words from each; to {', '.join(sorted(goals['RUNNING']))}",
        "R-105",
    )  # fmt: skip


def _stop_ends_running(following: Following) -> Claim:
    stop = _has("STOP")
    goals = {states.STATES[number] for number in np.unique(following[NAMES["RUNNING"], stop])}
    return Claim(
        "A stop ends RUNNING at the next look, whatever else is so.",
        goals <= {"PARKING", "FAULT"},
        f"{int(stop.sum())} words, to {', '.join(sorted(goals))}",
        "R-106",
    )


def _every_row_is_used() -> Claim:
    dead = list(_dead_rows())
    return Claim(
        "No row is dead: each is the first match of some condition word.", not dead,
        f"{sum(map(len, states.ROWS))} rows, dead: {', '.join(dead) or 'none'}",
        "R-107",
    )  # fmt: skip


def _dead_rows() -> Iterator[str]:
    for state, rows in enumerate(states.ROWS):
        taken = np.zeros(len(WORDS), dtype=bool)
        for number, (required, forbidden, _goal) in enumerate(rows, 1):
            fresh = _matches(required, forbidden) & ~taken
            if not fresh.any():
                yield f"{states.STATES[state]} row {number}"
            taken |= fresh


def _every_state_is_reached(following: Following) -> Claim:
    reached = _closure({NAMES["SELF_TEST"]}, following)
    return Claim(
        "Every state can be reached from power-up.",
        len(reached) == len(states.STATES),
        f"{len(reached)} of {len(states.STATES)} states",
        "R-107",
    )


def _power_ends_whatever_else(following: Following) -> Claim:
    """Each end with every set of the other conditions."""
    wrong = [f"{state} by {end}" for state, ends, goals in ENDS for end in ends
             if not _goals(following, state, end) <= goals]  # fmt: skip
    pairs = sum(int(_has(end).sum()) for _state, ends, _goals in ENDS for end in ends)
    named = {state for state, _ends, _goals in ENDS}
    unnamed = set(states.STATES) - SAFE - named
    return Claim(
        "Whatever else is set, one look at the table leads out of RUNNING by a stop or a latched "
        "fault, and out of SERVICE by its end or a latched fault, to PARKING or FAULT; and out of "
        "PARKING by its end or a fault that cuts, to a state without power.",
        not wrong and not unnamed,
        f"{pairs:,} pairs of state and condition word, each end with every set of the other "
        f"conditions; not so: {', '.join([*wrong, *sorted(unnamed)]) or 'none'}. A look into "
        "PARKING waits for an open flash window; none is open under a motor with a law (part "
        "interplay)",
        "R-108",
    )


def _goals(following: Following, state: str, condition: str) -> set[str]:
    """Where a state leads with this condition and any others."""
    goals = np.unique(following[NAMES[state], _has(condition)])
    return {states.STATES[number] for number in goals.tolist()}


def _closure(start: set[int], following: Following) -> set[int]:
    known: set[int] = set()
    waiting = set(start)
    while waiting:
        known |= waiting
        waiting = {int(goal) for state in waiting for goal in np.unique(following[state])} - known
    return known


PART = Part("state-machine", "The state machine, explored whole", make)
