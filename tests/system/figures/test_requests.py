"""What the main loop may ask of the interrupt, and which press counts."""

import pytest

from penfw import faults, states
from tests.system.figures.looks import OFF, PARK, PROVE, RUN


@pytest.mark.parametrize("state", range(len(states.STATES)))
@pytest.mark.parametrize("law", [RUN, PARK, PROVE])
def test_the_main_loop_may_ask_for_a_proof_in_self_test_and_to_move_in_service(looks, state, law):
    looks.set(state=state, law=OFF, main_law=law, button_down=0, own_conditions=0, faults=0)
    looks.control._obey()
    allowed = state == (states.SELF_TEST if law == PROVE else states.SERVICE)
    assert looks.control.law == (law if allowed else OFF)


@pytest.mark.parametrize(
    ("start", "law"), [(states.START, PROVE), (0, OFF)], ids=["a start", "no start"]
)
def test_a_self_test_proves_by_itself_before_a_run_only(looks, start, law):
    looks.set(state=states.READY if start else states.FAULT, own_conditions=0)
    conditions = start | states.CARTRIDGE if start else states.ACKNOWLEDGED
    looks.control._transition(conditions)
    assert (looks.control.state, looks.control.law) == (states.SELF_TEST, law)


@pytest.mark.verifies("R-101")
def test_a_press_from_before_ready_allows_no_start_there(looks):
    looks.set(state=states.STANDBY, own_conditions=0, pressed_ready=1)
    looks.control._transition(states.TESTED | states.CARTRIDGE)
    assert looks.control.state == states.READY
    looks.control._button(0)
    assert looks.control.own_conditions & states.STOP
    looks.control._button(1)
    looks.control._button(0)
    assert not looks.control.own_conditions & states.STOP


@pytest.mark.parametrize(("law", "kept"), [(PROVE, OFF), (PARK, PARK)])
def test_a_fault_ends_a_proof_at_once_and_no_parking(looks, law, kept):
    looks.set(state=states.PARKING, law=law, faults=1 << faults.CARTRIDGE_REMOVED)
    looks.control._latch()
    assert looks.control.law == kept


@pytest.mark.parametrize(
    ("fault", "bits"),
    [
        (faults.OVERCURRENT, states.CUT_FAULT),
        (faults.CARTRIDGE_REMOVED, states.PARK_FAULT),
    ],
)
def test_a_fault_s_class_alone_decides_what_the_interrupt_does(looks, fault, bits):
    both = states.CUT_FAULT | states.PARK_FAULT
    looks.set(own_conditions=0, faults=1 << fault)
    looks.control._latch()
    assert looks.control.own_conditions & both == bits


def test_a_run_begins_with_nothing_of_the_one_before(looks):
    looks.set(state=states.SELF_TEST, own_conditions=states.PROVED, state_ms=900)
    looks.set(integral=77 << 16, ramp_mHz=90_000, odd_turns=1)
    looks.signal("run_time", 5_000)
    looks.control._transition(states.PROVED | states.START | states.CARTRIDGE | states.TESTED)
    control = looks.control
    assert (control.state, control.law) == (states.RUNNING, RUN)
    assert (control.integral, control.ramp_mHz, control.odd_turns, control.duty) == (0, 0, 0, 0)
    assert (control.state_ms, looks.signal("run_time")) == (0, 0)


def test_an_acknowledgement_leaves_no_fault(looks):
    looks.set(state=states.FAULT, main_asks=1, main_clear=1, main_faults=0, main_law=OFF)
    looks.set(faults=1 << faults.STALL, latched=1 << faults.STALL)
    looks.control._obey()
    assert (looks.control.faults, looks.control.latched, looks.signal("faults")) == (0, 0, 0)


def test_a_fault_that_comes_right_behind_a_change_of_state_is_seen(looks):
    looks.set(state=states.PARKING, own_conditions=states.PARKED, main_conditions=0, main_asks=0)
    looks.control._transition(states.PARKED)
    assert looks.control.state == states.SELF_TEST
    looks.set(own_conditions=states.CUT_FAULT, button_down=0, read_button=lambda: 1)
    looks.control._look()
    assert looks.control.state == states.FAULT
