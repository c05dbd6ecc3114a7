"""What `penloop identify` makes of a fit: the twin's file and its picture."""

from dataclasses import replace

import numpy as np
import pytest

from penloop.commands import identify
from penloop.identification import picture, preset
from penloop.identification.fit import fit
from penloop.identification.model import NAMES, Guess
from penloop.identification.verdict import verdicts
from pensim.pen_file import load_pen
from pensim.plant.parameters import PenParameters
from pensim.plant.presets import PENS, SKINS
from tests.host_tools.test_identification import driven

BASE = Guess(PenParameters(), SKINS["cheek"])
ON, OFF = 1500, 300  # samples


@pytest.fixture(scope="module")
def stopped():
    """A fit to a run that ends with a stop."""
    return fit(driven(BASE.pen, np.concatenate([np.full(ON, 0.45), np.zeros(OFF)])), BASE, None)


def test_the_picture_has_the_twin_only_where_it_was_fitted(stopped):
    rate_hz = picture.fitted(stopped, "rate_hz")
    assert np.isnan(rate_hz[ON + 1 :]).all()
    assert np.isnan(rate_hz[:100]).all()  # before it turns fast enough
    running = rate_hz[ON - 200 : ON]
    assert running == pytest.approx(stopped.twin.rate_hz[ON - 200 : ON])


def told(found, told_names):
    return [
        one if one.parameter.name in told_names else replace(one, trouble="too short")
        for one in verdicts(found, BASE, None, NAMES)
    ]


def test_a_twin_of_which_nothing_is_told_is_said_to_be_the_base_alone(stopped, tmp_path, capsys):
    path = tmp_path / "twin.toml"
    nothing = told(stopped, ())
    preset.write(path, "worn", "cheek", stopped, nothing)
    identify._print(stopped, nothing, tmp_path / "run.parquet", path)
    assert f"nothing was told: the base alone in {path}" in capsys.readouterr().out
    assert load_pen(path).parameters == PENS["worn"]
    identify._print(stopped, told(stopped, ("torque_constant",)), tmp_path / "run.parquet", path)
    assert f"\ntwin in {path}" in capsys.readouterr().out


def test_a_twin_s_file_holds_what_was_told_and_says_what_was_not(stopped, tmp_path):
    path = tmp_path / "twin.toml"
    found = told(stopped, ("torque_constant",))
    preset.write(path, "reference", "cheek", stopped, found)
    constant = load_pen(path).parameters.motor.torque_constant_nm_per_a
    assert constant == pytest.approx(stopped.guess.pen.motor.torque_constant_nm_per_a, rel=1e-3)
    assert 'resistance = "not told: ' in path.read_text(encoding="utf-8")
