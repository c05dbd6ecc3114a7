"""Depth, rate and temperature tables against the formulas they come from."""

import math

import pytest

from penfw import limits, thermistor

ROTOR_INERTIA_KG_M2 = 0.53e-7
NEEDLE_FORCE_N = 0.15


def formula_mHz(needles, depth_um):
    """f = sqrt(4 E / J) / 2 pi, E = n F d / 2."""
    energy_j = needles * NEEDLE_FORCE_N * depth_um * 1e-6 / 2
    return 1000 * math.sqrt(4 * energy_j / ROTOR_INERTIA_KG_M2) / (2 * math.pi)


@pytest.mark.verifies("R-514")
@pytest.mark.parametrize("needles", [1, 6, 12, 14, 36, 42])
@pytest.mark.parametrize("depth_um", range(25, 2501, 225))
def test_the_lowest_rate_is_never_below_the_formula_and_at_most_a_quarter_above(needles, depth_um):
    rate = limits.lowest_rate_mHz(needles, depth_um)
    wanted = max(formula_mHz(needles, depth_um), 25000)
    assert wanted <= rate <= 1.25 * wanted + 100


@pytest.mark.verifies("R-514")
def test_twelve_needles_at_one_and_a_half_millimetres_need_51_hz():
    assert limits.lowest_rate_mHz(12, 1500) == pytest.approx(51000, rel=0.01)


@pytest.mark.verifies("R-501", "R-503")
def test_nothing_goes_deeper_than_hard_limit_ceiling_and_cartridge():
    assert limits.greatest_depth_um(1500, 1000) == 1000
    assert limits.greatest_depth_um(1500, 2500) == 1500
    assert limits.greatest_depth_um(9999, 0) == 2500


@pytest.mark.verifies("R-504")
def test_a_depth_between_two_steps_becomes_the_shallower_one():
    assert [limits.to_step_um(depth) for depth in (0, 24, 25, 760)] == [0, 0, 25, 750]


@pytest.mark.verifies("R-901")
@pytest.mark.parametrize("celsius", range(0, 101, 1))
def test_the_thermistor_table_is_within_a_third_of_a_kelvin(celsius):
    ohm = 10000 * math.exp(3950 * (1 / (celsius + 273.15) - 1 / 298.15))
    counts = round(65535 * ohm / (ohm + 10000))
    assert thermistor.temperature_mC(counts) == pytest.approx(celsius * 1000, abs=350)


def test_readings_beyond_the_table_are_clipped():
    assert thermistor.temperature_mC(65535) == 0
    assert thermistor.temperature_mC(0) == 100000
