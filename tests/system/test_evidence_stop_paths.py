"""The evidence that both stop paths are proved, in its short form."""

import pytest

from penloop.evidence.stop_path_pens import run, tolerated

GREATEST_TURN_DEG = 5.0


def test_a_pen_has_three_proofs_and_the_same_outcome_each_time():
    first, second = run(tolerated(7, 60)), run(tolerated(7, 60))
    assert first == second
    assert (first.state, len(first.proofs)) == ("RUNNING", 3)


@pytest.mark.verifies("R-305", "R-307")
def test_the_pulse_turns_no_pen_of_two_hundred_by_five_degrees_and_makes_no_edge():
    """An edge would end the proof without PROVED, and the pen would not run."""
    for number in range(0, 1000, 5):
        outcome = run(tolerated(number, 1000), again=False)
        assert outcome.state == "RUNNING", number
        assert all(proof.turned_deg < GREATEST_TURN_DEG for proof in outcome.proofs)
