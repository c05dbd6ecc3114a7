"""Evidence: no way from FAULT to RUNNING but by acknowledgement, press and release in READY.

Every order of looks, presses, releases, requests, faults and ends of laws is followed from FAULT
on, with the firmware's own interrupt. The main loop is free to set any condition at any look, but
for one: START stands in SELF_TEST only if READY was left with it. A test shows that of the main
loop.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import product

from penfw import states
from penfw.states import FAULT, READY, RUNNING, SELF_TEST, START
from penloop.evidence.played_interrupt import Interrupt
from penloop.evidence.power import LAW_OFF, LAW_PARK, LAW_PROVE, LAWS, MOVED_IN
from penloop.evidence.section import Claim

MAIN = tuple(1 << bit for bit, name in enumerate(states.CONDITIONS)
             if name not in ("CUT_FAULT", "PARK_FAULT", "PARKED", "PROVED"))  # fmt: skip
FAULTS = (states.CUT_FAULT, states.PARK_FAULT)


@dataclass(frozen=True)
class Moment:
    """What the interrupt remembers between two events, and what has come since FAULT.

    started: READY was left for SELF_TEST with START
    acknowledged: FAULT was left by it
    pressed: the last press came in READY, which has not been left since
    consent: and was released there
    """

    state: int
    law: int
    own: int
    pressed_ready: int
    down: int
    started: bool = False
    acknowledged: bool = False
    pressed: bool = False
    consent: bool = False


@dataclass(frozen=True)
class Ways:
    """What was found: moments, events, entries of RUNNING, and those without the two."""

    moments: int
    events: int
    runs: int
    wrong: int


def explore(interrupt: Interrupt) -> Ways:
    """From every moment in FAULT; a way ends where RUNNING is entered."""
    waiting = [
        Moment(FAULT, LAW_OFF, _word(own), pressed, down)
        for own in _sets((*FAULTS, states.STOP)) for pressed, down in product((0, 1), (0, 1))
    ]  # fmt: skip
    known = set(waiting)
    events = runs = wrong = 0
    while waiting:
        before = waiting.pop()
        for after in _events(interrupt, before):
            events += 1
            if after.state == RUNNING:
                runs += 1
                wrong += not (before.acknowledged and before.consent)
            elif after not in known:
                known.add(after)
                waiting.append(after)
    return Ways(len(known), events, runs, wrong)


def _events(interrupt: Interrupt, now: Moment) -> Iterator[Moment]:
    yield _button(interrupt, now)
    for word in _main_words(now):
        yield _look(interrupt, now, word)
    for law, clear, fault in product(LAWS, (0, 1), (0, *FAULTS)):
        yield _request(interrupt, replace(now, own=now.own | fault), law, clear)
    for fault in FAULTS:
        law = LAW_OFF if now.law == LAW_PROVE else now.law
        yield replace(now, own=now.own | fault, law=law)
    for law, done in ((LAW_PARK, states.PARKED), (LAW_PROVE, states.PROVED)):
        if now.law == law:
            yield replace(now, own=now.own | done, law=LAW_OFF)
            yield replace(now, law=LAW_OFF)


def _main_words(now: Moment) -> Iterator[int]:
    """All sets of the main loop's conditions that the state's rows ask for, and START."""
    asked = START
    for required, forbidden, _following in states.ROWS[now.state]:
        asked |= required | forbidden
    for bits in _sets([bit for bit in MAIN if bit & asked]):
        word = _word(bits)
        if now.state != SELF_TEST or now.started or not word & START:
            yield word


def _button(interrupt: Interrupt, now: Moment) -> Moment:
    down = 1 - now.down
    after = _played(interrupt, now, {"button_looks": 1}, button=now.down)
    if down:
        return replace(after, pressed=now.state == READY, consent=False)
    return replace(after, consent=now.consent or (now.state == READY and now.pressed))


def _look(interrupt: Interrupt, now: Moment, word: int) -> Moment:
    after = _played(interrupt, now, {"main_conditions": word, "conditions": -1})
    if after.state == now.state:
        return after
    started = (now.state, after.state) == (READY, SELF_TEST) and bool(word & START)
    left = now.state == FAULT and bool(word & states.ACKNOWLEDGED)
    if after.state == FAULT:
        return replace(after, started=False, acknowledged=False, pressed=False, consent=False)
    return replace(
        after, started=started, acknowledged=now.acknowledged or left, pressed=False,
        consent=now.consent and started,
    )  # fmt: skip


def _request(interrupt: Interrupt, now: Moment, law: int, clear: int) -> Moment:
    return _played(interrupt, now, {"main_asks": 1, "main_law": law, "main_clear": clear})


def _played(
    interrupt: Interrupt, now: Moment, words: dict[str, int], button: int | None = None
) -> Moment:
    """An even tick; `button`: the level at its input, else as it is known."""
    control = interrupt.control
    gate = int((now.state, now.law) in MOVED_IN and not now.own & states.CUT_FAULT)
    interrupt.inputs["button"] = 1 - now.down if button is None else button
    interrupt.become(
        {"odd": 1, "state": now.state, "law": now.law, "gate": gate, "own_conditions": now.own,
         "pressed_ready": now.pressed_ready, "button_down": now.down, "conditions": -1,
         "main_window": 0} | words
    )  # fmt: skip
    interrupt.tick()
    return replace(
        now, state=control.state, law=control.law, own=control.own_conditions,
        pressed_ready=int(control.pressed_ready), down=int(control.button_down),
    )  # fmt: skip


def _sets(bits: Iterable[int]) -> Iterator[tuple[int, ...]]:
    chosen = tuple(bits)
    for taken in product((0, 1), repeat=len(chosen)):
        yield tuple(bit for bit, one in zip(chosen, taken, strict=True) if one)


def _word(bits: Iterable[int]) -> int:
    return sum(bits)


def claim(ways: Ways) -> Claim:
    """On one way at least RUNNING has to be reached."""
    return Claim(
        "From FAULT there is no way to RUNNING but by an acknowledgement, and then a press and its "
        "release in READY, with no press since.",
        ways.runs > 0 and not ways.wrong,
        f"the firmware's own interrupt, {ways.moments:,} moments and {ways.events:,} events in "
        f"every order; RUNNING was entered {ways.runs:,} times, {ways.wrong} of them otherwise. "
        "The main loop may set any condition at any look, but START in SELF_TEST only where READY "
        "was left with it; a test holds the main loop to that",
        "R-103",
    )
