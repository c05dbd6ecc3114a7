"""Pens of the line that a campaign has found something with: each is played again."""

import pytest

from penloop.evidence import accuracy
from penloop.reproduction import likeness


@pytest.mark.verifies("R-453")
def test_needles_that_friction_holds_just_behind_the_top_are_parked() -> None:
    """Little friction and a weak brake: 13.3 degrees behind the top, the sensor ends at 13.1."""
    pens = accuracy.campaign(accuracy.CASES)
    outcome = likeness.run_of(pens.template, accuracy.possible(pens, 1172))
    assert not outcome.error
    assert outcome.passed
