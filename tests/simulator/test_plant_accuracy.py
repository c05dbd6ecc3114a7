"""How close the kernel comes to solve_ivp: the requirements on speed, period and points."""

from dataclasses import replace
from itertools import pairwise

import pytest

from pensim.plant.constants import flatten
from pensim.plant.kernel import Kernel
from pensim.plant.parameters import PenParameters
from pensim.plant.presets import NO_CARTRIDGE, SKINS
from tests.simulator.test_plant_oracle import Oracle, driven_kernel, follow, run_to, state_at


def compare(case, milliseconds, kernel_class=Kernel):
    """Relative errors of the kernel against the oracle over one run.

    `case` is (pen, duty_u16, protrusion_m, first speed in rad/s). Returns the true rate in Hz
    and the largest errors of mean speed over all turns, of any period between two passages of
    the same sensor edge, and of the speed at any of two points a millisecond.
    """
    pen, duty_u16, protrusion_m, omega = case
    kernel = driven_kernel(pen, duty_u16, protrusion_m, 0.3, omega, kernel_class)
    oracle = Oracle(pen, kernel.voc, duty_u16 / 65535.0, protrusion_m)
    points, edges = follow(kernel, milliseconds)
    marks = {angle: sector for sector, angle in enumerate(flatten(pen, 1).bound[1:9], 1)}
    pieces, passed = oracle.run(0.3, omega, milliseconds * 1e-3 + 1e-4, marks)
    mine, true = by_sector(edges), by_sector([(t, marks[mark]) for t, mark in passed])
    turns = min(len(mine[1]), len(true[1])) - 1
    periods = [
        (after - before, after_true - before_true)
        for sector in mine
        for (before, after), (before_true, after_true) in zip(
            pairwise(mine[sector]), pairwise(true[sector])
        )
    ]
    turn_s = (true[1][turns] - true[1][0]) / turns
    return {
        "rate": 1.0 / turn_s,
        "mean": abs((mine[1][turns] - mine[1][0]) / turns / turn_s - 1.0),
        "period": max(abs(mine_s / true_s - 1.0) for mine_s, true_s in periods),
        "point": max(abs(speed / state_at(pieces, t)[1] - 1.0) for t, speed in points),
    }


def by_sector(edges):
    """{sector: [times]} of upward edges."""
    return {sector: [t for t, entered in edges if entered == sector] for sector in range(1, 9)}


AIR = PenParameters(cartridge=NO_CARTRIDGE)
SKIN = PenParameters()
REFERENCE = PenParameters(skin=SKINS["reference"])

CASES = {  # name: (pen, duty_u16, protrusion_m, first speed in rad/s)
    "air, 20 Hz": (AIR, 7350, 0.75e-3, 126.0),
    "air, 51 Hz": (AIR, 15000, 0.75e-3, 320.0),
    "air, 117 Hz": (AIR, 33000, 0.75e-3, 735.0),
    "air, 150 Hz": (AIR, 42100, 0.75e-3, 942.0),
    "skin 0.75 mm, 37 Hz": (SKIN, 12000, 0.75e-3, 230.0),
    "skin 0.75 mm, 111 Hz": (SKIN, 32000, 0.75e-3, 697.0),
    "skin 0.75 mm, 132 Hz": (SKIN, 38000, 0.75e-3, 829.0),
    "skin 1.5 mm, 62 Hz": (SKIN, 20000, 1.5e-3, 390.0),
    "skin 1.5 mm, 150 Hz": (SKIN, 44000, 1.5e-3, 940.0),
    "reference, 66 Hz": (REFERENCE, 20000, 0.75e-3, 415.0),
    "reference, 132 Hz": (REFERENCE, 38000, 0.75e-3, 829.0),
}


@pytest.mark.parametrize("name", CASES)
def test_mean_speed_and_tachometer_period_agree_within_a_thousandth(name):
    errors = compare(CASES[name], 150)
    assert errors["mean"] < 1e-3
    assert errors["period"] < 1e-3


@pytest.mark.parametrize("name", [name for name in CASES if "132 Hz" in name])
def test_speed_agrees_point_by_point_within_a_thousandth_at_132_hz(name):
    errors = compare(CASES[name], 150)
    assert errors["rate"] == pytest.approx(132.0, abs=1.0)
    assert errors["point"] < 1e-3


def test_speed_agrees_point_by_point_within_a_hundredth_near_stall():
    errors = compare(CASES["air, 20 Hz"], 250)
    assert errors["rate"] == pytest.approx(20.0, abs=1.0)
    assert errors["point"] < 1e-2


def test_velocity_dependent_needle_force_agrees():
    skin = replace(SKINS["reference"], velocity_s_per_m=0.5)
    errors = compare((PenParameters(skin=skin), 30000, 0.75e-3, 600.0), 100)
    assert errors["mean"] < 1e-3
    assert errors["point"] < 1e-3


def test_stall_in_tough_skin_happens_at_the_same_angle():
    pen = PenParameters(skin=SKINS["scar"])
    kernel = driven_kernel(pen, 9000, 1.5e-3, 0.3, 157.0)
    pieces, _ = Oracle(pen, kernel.voc, 9000 / 65535.0, 1.5e-3).run(0.3, 157.0, 0.08)
    run_to(kernel, 60_000)
    angle, _, deflection = state_at(pieces, 0.06)
    assert abs(kernel.omega) < 0.5
    assert kernel.theta == pytest.approx(angle, abs=2e-3)
    assert kernel.deflection == pytest.approx(deflection, abs=2e-6)


def test_kick_back_at_stall_agrees():
    kernel = driven_kernel(AIR, 0, 0.0, 0.3, 100.0)  # braked: the membrane turns it round
    pieces, _ = Oracle(AIR, kernel.voc, 0.0, 0.0).run(0.3, 100.0, 0.05)
    signs = set()
    for n in range(1, 45):
        run_to(kernel, n * 1000)
        angle, omega, _ = state_at(pieces, kernel.t_us * 1e-6)
        signs.add(omega > 0.0)
        assert kernel.theta == pytest.approx(angle, abs=5e-4)
        assert kernel.omega == pytest.approx(omega, abs=0.1)
    assert signs == {True, False}
    run_to(kernel, 60_000)
    assert kernel.omega == 0.0
    assert kernel.theta == pytest.approx(pieces[-1][2](pieces[-1][1])[0], abs=5e-4)
