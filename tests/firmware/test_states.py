"""The state machine's table, every row and every state times every condition set."""

import pytest

from penfw import faults, states

TRANSITIONS = [(state, *row) for state, rows in enumerate(states.ROWS) for row in rows]
ALL = (1 << len(states.CONDITIONS)) - 1


def reference(state, conditions):
    """First matching row, read from the table as a person reads it."""
    for from_state, required, forbidden, following in TRANSITIONS:
        met = (conditions & required) == required and not conditions & forbidden
        if from_state == state and met:
            return following
    return state


@pytest.mark.verifies("R-107")
def test_every_state_and_condition_set_follows_the_first_matching_row():
    for state in range(len(states.STATES)):
        for conditions in range(ALL + 1):
            assert states.next_state(state, conditions) == reference(state, conditions)


@pytest.mark.verifies("R-104")
def test_a_cut_fault_leads_from_every_state_to_fault():
    for state in range(len(states.STATES)):
        for conditions in range(ALL + 1):
            if conditions & states.CUT_FAULT:
                assert states.next_state(state, conditions) == states.FAULT


@pytest.mark.verifies("R-101")
def test_the_motor_is_powered_in_running_parking_and_service_only():
    powered = {s for s in range(len(states.STATES)) if states.POWERED >> s & 1}
    assert powered == {states.RUNNING, states.PARKING, states.SERVICE}


@pytest.mark.verifies("R-102", "R-304")
def test_a_treatment_starts_by_a_start_once_both_stop_paths_are_proved():
    for state in range(len(states.STATES)):
        for conditions in range(ALL + 1):
            starts = states.next_state(state, conditions) == states.RUNNING
            if starts and state != states.RUNNING:
                assert state == states.SELF_TEST
                needed = states.START | states.PROVED | states.CARTRIDGE
                assert conditions & needed == needed
                assert not conditions & (states.STOP | states.CUT_FAULT | states.PARK_FAULT)


@pytest.mark.verifies("R-304")
def test_a_start_leads_from_ready_to_the_proof():
    start = states.START | states.CARTRIDGE | states.TESTED
    assert states.next_state(states.READY, start) == states.SELF_TEST
    assert states.next_state(states.READY, start | states.STOP) == states.READY


@pytest.mark.verifies("R-203", "R-308")
def test_a_proof_that_is_called_off_leads_back_to_ready():
    after = states.CARTRIDGE | states.TESTED | states.STOP
    for proved in (0, states.PROVED):
        assert states.next_state(states.SELF_TEST, after | states.START | proved) == 0
        assert states.next_state(states.SELF_TEST, after | proved) == states.STANDBY


@pytest.mark.verifies("R-103", "R-452")
def test_fault_is_left_by_acknowledgement_only_and_leads_to_the_self_test():
    for conditions in range(ALL + 1):
        following = states.next_state(states.FAULT, conditions)
        if following != states.FAULT:
            assert following == states.SELF_TEST
            assert conditions & states.ACKNOWLEDGED


@pytest.mark.verifies("R-807")
def test_no_state_has_more_than_six_rows():
    assert max(len(rows) for rows in states.ROWS) <= 6


@pytest.mark.verifies("R-107")
def test_every_row_can_match_and_every_state_is_reached():
    matched = set()
    for state in range(len(states.STATES)):
        rows = [row for row in TRANSITIONS if row[0] == state]
        for conditions in range(ALL + 1):
            for row in rows:
                if conditions & row[1] == row[1] and not conditions & row[2]:
                    matched.add(row)
                    break
    assert matched == set(TRANSITIONS)
    assert {row[3] for row in TRANSITIONS} == set(range(len(states.STATES)))


@pytest.mark.verifies("R-450")
def test_fault_numbers_are_unique_bits_of_a_small_int():
    numbers = [row[0] for row in faults.FAULTS]
    assert len(set(numbers)) == len(numbers)
    assert all(1 <= number <= 29 for number in numbers)
    cut, park = faults.masks()
    assert cut & park == 0


@pytest.mark.verifies("R-450")
def test_every_fault_has_a_cause_and_a_remedy_of_one_line():
    for _number, name, kind, _reaction_ms, cause, remedy in faults.FAULTS:
        assert kind in (faults.CUT, faults.PARK)
        assert all((name, cause, remedy))
        assert "\n" not in cause + remedy
