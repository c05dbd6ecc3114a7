"""The evidence of safety: its short forms hold, and what is wrong is seen."""

import json

import numpy as np
import pytest

from penloop.cli import run
from penloop.evidence import accuracy
from penloop.evidence.parts import PARTS
from penloop.evidence.traceability.links import APART
from tests.system.short_evidence import shown
from tests.verification import verified


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
