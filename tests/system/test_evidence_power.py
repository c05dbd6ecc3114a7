"""What the evidence says of power, ends and fresh presses is told wrong of a firmware that is."""

from itertools import product

import pytest

from penfw import states
from penloop.evidence import fresh_press, law_ends, power, state_machine
from penloop.evidence.played_interrupt import Interrupt
from tests.system.story import pen_of


def planted(*changes):
    """The interrupt of a firmware with lines of its own."""
    left = list(changes)

    def change(module, text):
        for one in changes:
            where, old, new = one
            if where == module:
                assert text.count(old) == 1, old
                text = text.replace(old, new)
                left.remove(one)
        return text

    interrupt = Interrupt(change)
    assert not left
    return interrupt


def table(state, row):
    """A row more, the first one of a state."""
    return ("states", f"    (  # {state}\n", f"    (  # {state}\n        {row},\n")


GATE = "self.gate = 1 if law & _MOVES and not self.own_conditions & _CUT_FAULT else 0"


@pytest.mark.parametrize(
    "change",
    [
        ("control", GATE, "self.gate = 1"),
        ("control", "        law = _LAW_OFF\n        if following",
         "        law = 1\n        if following"),
        ("control", "law = _LAW_PARK\n        elif", "law = _LAW_RUN\n        elif"),
        ("control", "where = _SELF_TEST if law == _LAW_PROVE else _SERVICE", "where = self.state"),
        ("control", "elif following == _SELF_TEST and conditions", "elif conditions"),
        ("control", "            else:\n                self.write_motor(0)",
         "            else:\n                self.write_motor(self.duty)"),
        ("control", "        self.law = _LAW_OFF\n        self.error", "        self.error"),
        ("proof", "self.law = _LAW_OFF\n        self.gate = 0", "self.law = _LAW_OFF"),
        ("parking", "self.law = _LAW_OFF\n            self.gate = 0", "self.law = _LAW_OFF"),
        ("control_setup", "self.gate = 0  #", "self.gate = 1  #"),
    ],
)  # fmt: skip
def test_a_motor_that_is_driven_elsewhere_is_told(change):
    assert not power.claim(power.play(planted(change))).holds


def test_the_motor_is_driven_where_the_tables_note_says_and_by_the_proof():
    played = power.play(Interrupt())
    assert power.claim(played).holds
    driven = {state for state, _law in played.driven}
    noted = {state for state in range(len(states.STATES)) if states.POWERED >> state & 1}
    assert driven == noted | {states.SELF_TEST}


def test_a_function_that_writes_the_law_and_is_never_reached_is_told(monkeypatch):
    monkeypatch.setattr(power, "KINDS", power.KINDS[:-2])  # neither proof nor parking
    found = power.claim(power.play(Interrupt()))
    assert not found.holds
    assert "not reached: _end" in found.shown_by


@pytest.mark.parametrize(
    ("change", "law"),
    [
        (("parking", "if self.park_tries < _PARK_TRIES:", "if True:"), "parking"),
        (("parking", " and passed_ms <= _CREEP_MS and", " and"), "parking"),
        (("parking", " or passed_ms > _BRAKE_LIMIT_MS", ""), "parking"),
        (("parking", "passed_ms > _SETTLE_LIMIT_MS or ", ""), "parking"),
        (("parking", "        self.park_ms = passed_ms\n", ""), "parking"),
        (("proof", "        self.proof_step = step\n", ""), "proving"),
        (("proof", "            self.proof_step = _LAST\n            self._end()",
          "            self.proof_step = _SWITCH"), "proving"),
    ],
)  # fmt: skip
def test_a_law_that_may_go_on_for_ever_is_told(change, law):
    assert getattr(law_ends, law)(Interrupt()) > 0
    assert getattr(law_ends, law)(planted(change)) == law_ends.FOREVER


@pytest.mark.parametrize(
    "change",
    [
        ("control", "self.own_conditions |= _STOP\n            self.pressed_ready = 0", "pass"),
        ("control", "            if self.pressed_ready:\n", "            if True:\n"),
        ("states", "(START, STOP, SELF_TEST)", "(START, 0, SELF_TEST)"),
        ("states", "CARTRIDGE, STOP, RUNNING", "CARTRIDGE, 0, RUNNING"),
        ("states", "(ACKNOWLEDGED, CUT", "(0, CUT"),
        table("FAULT", "(START | ACKNOWLEDGED, 0, RUNNING)"),
        table("STANDBY", "(START, 0, RUNNING)"),
        table("READY", "(CARTRIDGE, 0, FAULT)"),  # RUNNING is never reached: nothing is shown
    ],
)  # fmt: skip
def test_a_way_to_a_run_without_acknowledgement_or_fresh_press_is_told(change):
    assert not fresh_press.claim(fresh_press.explore(planted(change))).holds


def test_the_way_from_fault_to_a_run_is_by_acknowledgement_and_a_fresh_press():
    assert fresh_press.claim(fresh_press.explore(Interrupt())).holds


@pytest.mark.verifies("R-103")
def test_the_main_loop_leaves_a_start_in_the_self_test_only_behind_ready(make_bench):
    """What the exploration takes for granted."""
    bench = make_bench()
    bench.run(1.0)
    pen = pen_of(bench)
    kept = set()
    for before, after in product(range(len(states.STATES)), repeat=2):
        pen.seen_state = before
        pen.control.main_conditions = sum(1 << bit for bit in range(len(states.CONDITIONS)))
        pen._state_changed(after)
        if pen.control.main_conditions & states.START:
            kept.add((before, after))
    assert kept == {(states.READY, states.SELF_TEST)}


@pytest.mark.parametrize(
    ("state", "end", "goal"),
    [("RUNNING", "STOP", "READY"), ("SERVICE", "SERVICE_OFF", "SERVICE"),
     ("PARKING", "PARKED", "RUNNING"), ("RUNNING", "PARK_FAULT", "STANDBY")],
)  # fmt: skip
def test_an_end_that_another_condition_keeps_from_ending_is_told(state, end, goal):
    following = state_machine.table()
    assert state_machine._power_ends_whatever_else(following).holds
    word = state_machine.BIT[end] | state_machine.BIT["PARK_WANTED"]  # one word of 2,048
    following[state_machine.NAMES[state], word] = state_machine.NAMES[goal]
    found = state_machine._power_ends_whatever_else(following)
    assert not found.holds
    assert f"{state} by {end}" in found.shown_by


def test_a_state_that_is_neither_safe_nor_ended_is_told(monkeypatch):
    monkeypatch.setattr(state_machine, "ENDS", state_machine.ENDS[:-1])
    assert not state_machine._power_ends_whatever_else(state_machine.table()).holds
