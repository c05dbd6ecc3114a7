"""The evidence of safety: its short forms hold, and what is wrong is seen."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest

from penfw import faults
from penloop.cli import run
from penloop.evidence import accuracy
from penloop.evidence.fault_runs import Pair, Reaction, reaction
from penloop.evidence.fault_situations import EXPECTED, SITUATIONS
from penloop.evidence.parts import PARTS
from penloop.evidence.traceability.links import APART
from tests.system.short_evidence import shown
from tests.verification import verified

AIR = next(one for one in SITUATIONS if one.name == "air")
READY = next(one for one in SITUATIONS if one.name == "ready")
GOOD = Reaction(2_100_000, ("stall", "park not reached"), 60.0, 500.0, math.nan, 40.0, 0, "FAULT")


@pytest.mark.timeout(600)  # half a minute each on a machine with nothing else to do
@pytest.mark.parametrize(
    "part",
    [
        pytest.param(part, id=part.name, marks=verified(evidence=part.name))
        for part in PARTS
        if part.name not in APART
    ],
)
def test_the_short_form_of_each_part_shows_every_claim(part, tmp_path):
    shown(part, tmp_path)


@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        ({}, ""),
        ({"off_ms": 900.0}, "900 ms, 700 allowed"),
        ({"off_ms": math.nan}, "never off"),
        ({"names": ()}, "not detected"),
        ({"names": ("overspeed",)}, "told as overspeed"),
        ({"excess_um": 60}, "needles 60 um deeper than set"),
        ({"state": "RUNNING"}, "ends in RUNNING"),
        ({"error": "the host lost it"}, "the host lost it"),
    ],
)
def test_a_reaction_that_is_late_wrong_or_missing_is_told(change, verdict):
    one = Pair("motor_jammed", AIR, (GOOD, replace(GOOD, **change)), None)
    assert one.verdict() == verdict


def test_what_nothing_shows_has_to_be_found_afterwards():
    quiet = replace(GOOD, names=(), state="READY")
    assert Pair("motor_jammed", READY, (quiet,), GOOD).verdict() == ""
    unfound = Pair("motor_jammed", READY, (quiet,), quiet)
    assert unfound.verdict() == "not found afterwards: READY"


def test_needles_that_are_out_while_the_pen_says_parked_are_told():
    parking = next(one for one in SITUATIONS if one.name == "parking")
    liar = replace(GOOD, names=(), state="READY", parked_ms=math.nan)
    assert "is not" in Pair("tachometer_open", parking, (liar,), GOOD).verdict()


def test_drive_ends_by_the_plants_current_not_by_the_firmwares_word():
    """A shorted bridge drives on though the PWM is at zero, until the load switch opens."""
    found = reaction(("bridge_shorted",), AIR, AIR.fault_us)
    assert found.names[0] == "overspeed"
    assert 25.0 < found.off_ms - found.told_ms < 40.0


def test_every_part_that_can_fail_is_expected_to_be_some_fault_of_the_table():
    for expected in EXPECTED.values():
        assert expected.told
        assert all(faults.row(number) for number in expected.told)


def test_a_pen_is_only_asked_for_rates_that_it_allows():
    pens = accuracy.campaign(50)
    rates = [accuracy.possible(pens, number).values[0] for number in range(50)]
    assert np.min(rates) >= 25.0
    assert np.max(rates) <= 150.0


def test_the_command_makes_pages_an_index_and_json(tmp_path, capsys):
    assert run(["evidence", "accuracy", "--short", "-j", "1", "--out", str(tmp_path)]) == 0
    told = json.loads((tmp_path / "accuracy.json").read_text())
    assert told["holds"]
    assert "not clinical validation" in (tmp_path / "accuracy.html").read_text()
    assert "accuracy.html" in (tmp_path / "index.html").read_text()
    assert "shown" in capsys.readouterr().out


def test_a_part_that_is_not_there_is_told_with_those_that_are(capsys):
    assert run(["evidence", "beauty"]) == 2
    assert "choose state-machine" in capsys.readouterr().err
