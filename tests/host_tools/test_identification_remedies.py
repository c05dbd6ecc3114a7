"""Each lack of a recording says how much is needed; who records that much is told the parameter."""

import re
from dataclasses import replace

import numpy as np
import pytest

from penloop.identification.excitation import FEWEST_STEPS, SKIN_S, STEADY_S, Excitation
from penloop.identification.experiment import STEPS_MHZ
from penloop.identification.fit import fit
from penloop.identification.model import NAMES, Guess
from penloop.identification.verdict import verdicts
from pensim.plant.parameters import PenParameters
from pensim.plant.presets import SKINS
from tests.host_tools.test_identification import PERIOD_S, driven

BASE = Guess(PenParameters(), SKINS["cheek"])
ENOUGH = Excitation(
    steps=24, slowest_hz=70.0, fastest_hz=130.0, steady_s=8.0, skin_s=20.0, skin_a=0.05
)
RUN_UP_S = 1.0


def verdict(name, duty):
    found = fit(driven(BASE.pen, duty), BASE, None)
    return verdicts(found, BASE, None, [name])[0]


def steady(seconds):
    return np.full(int((RUN_UP_S + seconds) / PERIOD_S), 0.45)


def steps(count):
    return np.repeat([0.45, *([0.55, 0.36] * count)[:count]], 200)


def test_a_motor_that_ran_too_shortly_is_told_once_it_ran_as_long_as_is_needed():
    short = verdict("torque_constant", steady(0.8))
    had_s, needed_s = map(float, re.findall(r"([\d.]+) s", short.trouble))
    assert had_s < needed_s
    assert "run longer off the skin: penloop identify --record" in short.remedy
    assert verdict("torque_constant", steady(needed_s + PERIOD_S)).told


def test_an_inertia_that_has_too_few_steps_is_told_once_the_rate_steps_as_the_remedy_does():
    few = verdict("inertia", steps(3))
    had, needed = map(int, re.findall(r"(\d+) (?:step|are)", few.trouble))
    assert had < needed
    assert "penloop identify --record" in few.remedy
    assert len(STEPS_MHZ) > needed
    assert verdict("inertia", steps(len(STEPS_MHZ))).told


@pytest.mark.parametrize("name", NAMES)
def test_where_there_is_enough_nothing_lacks(name):
    assert ENOUGH.lack(name) is None


@pytest.mark.parametrize(
    ("name", "less", "told", "to_do"),
    [
        ("inertia", {"steps": 1}, f"1 step of the rate off the skin, {FEWEST_STEPS} are", "pen"),
        ("resistance", {"steps": 2, "skin_a": 0.004}, "6 steps or 20 mA are needed", "penloop"),
        ("resistance", {"steps": 2, "skin_a": 0.004}, "4 mA more on skin", "penloop"),
        ("torque_constant", {"steady_s": 1.2}, "1.2 s of steady running", "run longer"),
        ("torque_constant", {"steady_s": 1.2}, f"{STEADY_S:g} s are needed", "run longer"),
        ("friction", {"steady_s": 0.0}, f"off the skin, {STEADY_S:g} s are", "run"),
        ("friction", {"fastest_hz": 80.0}, "70 to 80 Hz: two rates 25% apart", "penloop"),
        ("puncture_force", {"skin_s": 2.2}, f"2.2 s in skin, {SKIN_S:g} s are", "stay longer"),
        ("full_force", {"skin_s": 2.2}, f"2.2 s in skin, {SKIN_S:g} s are", "stay longer"),
    ],
)  # fmt: skip
def test_each_lack_says_what_is_needed_and_brings_its_own_remedy(name, less, told, to_do):
    lack = replace(ENOUGH, **less).lack(name)
    assert told in lack.trouble
    assert lack.remedy.startswith(to_do)
    assert "penloop identify --record" in lack.remedy
