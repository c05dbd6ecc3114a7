"""The evidence that both stop paths are proved, in its short form."""

from penloop.evidence.report import write_part
from penloop.evidence.section import Effort
from penloop.evidence.stop_path_pens import run, tolerated
from penloop.evidence.stop_paths import PART, STUCK
from penloop.scenarios.pages import NOTICE

GREATEST_TURN_DEG = 5.0


def test_every_claim_is_shown_on_some_pens(tmp_path):
    section = PART.make(Effort(short=True, jobs=2, folder=tmp_path))
    assert [claim.text for claim in section.claims if not claim.holds] == []
    assert len(section.data["corners"]) == 4 * len(STUCK) * 2
    page = write_part(PART, section, tmp_path).read_text()
    assert NOTICE in page
    assert "<svg" in page


def test_a_pen_has_three_proofs_and_the_same_outcome_each_time():
    first, second = run(tolerated(7, 60)), run(tolerated(7, 60))
    assert first == second
    assert (first.state, len(first.proofs)) == ("RUNNING", 3)


def test_the_pulse_turns_no_pen_of_two_hundred_by_five_degrees_and_makes_no_edge():
    """An edge would end the proof without PROVED, and the pen would not run."""
    for number in range(0, 1000, 5):
        outcome = run(tolerated(number, 1000), again=False)
        assert outcome.state == "RUNNING", number
        assert all(proof.turned_deg < GREATEST_TURN_DEG for proof in outcome.proofs)
