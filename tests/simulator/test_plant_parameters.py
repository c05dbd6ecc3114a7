"""Parameters refuse the impossible in one line that says what to do; presets are complete."""

import re
from dataclasses import fields, replace

import pytest

from pensim.plant.parameters import (
    Battery,
    Cartridge,
    Circuit,
    Mechanism,
    Motor,
    PenParameters,
    Sensors,
    Skin,
    Thermal,
)
from pensim.plant.presets import CARTRIDGES, MOTORS, PENS, SKINS
from tests.simulator.test_plant_oracle import new_kernel, run_to

PARTS = (Motor, Mechanism, Skin, Cartridge, Battery, Circuit, Thermal, Sensors)
QUANTITIES = [
    (part, item.name, item.metadata["low"], item.metadata["high"])
    for part in PARTS
    for item in fields(part)
    if "low" in item.metadata
]


@pytest.mark.parametrize(("part", "name", "low", "high"), QUANTITIES)
def test_value_out_of_bounds_is_named_with_a_remedy(part, name, low, high):
    for value in (low - 1.0, high * 2.0 + 1.0, float("nan"), float("inf"), "1.0", None, True):
        with pytest.raises(ValueError, match=f"{part.__name__}.{name} = ") as caught:
            part(**{name: value})
        text = str(caught.value)
        assert repr(value) in text
        assert re.search(r": \w.{8,}$", text)
        assert "\n" not in text


def test_needle_force_must_rise_with_depth():
    with pytest.raises(ValueError, match="raise full_force_n"):
        Skin(puncture_force_n=0.2, full_force_n=0.1)


def test_needles_are_whole():
    with pytest.raises(ValueError, match="not a whole number"):
        Cartridge(needle_count=6.5)


@pytest.mark.parametrize("volts", [(3.0, 4.0), (4.0,) * 10 + (3.0,), (-1.0,) * 11])
def test_cell_needs_eleven_rising_voltages(volts):
    with pytest.raises(ValueError, match="11 rising voltages"):
        Battery(open_circuit_v=volts)


def test_wrong_part_is_refused():
    with pytest.raises(ValueError, match=r"PenParameters.motor = .* is not a Motor"):
        PenParameters(motor=Skin())


def test_parameters_cannot_change_under_a_running_pen():
    with pytest.raises(AttributeError):
        PenParameters().motor.resistance_ohm = 2.0


def test_motors_are_those_of_facts():
    assert MOTORS["003SR"].resistance_ohm == 1.1
    assert MOTORS["006SR"].torque_constant_nm_per_a == 6.0e-3
    assert MOTORS["1331"].rotor_inertia_kg_m2 == 0.71e-7


def test_skin_forces_lie_in_the_assumed_range():
    for name, skin in SKINS.items():
        if name != "none":
            assert 0.05 <= skin.full_force_n <= 0.3
            assert 0.01 <= skin.puncture_force_n <= 0.03


def test_reference_disturbance_is_that_of_the_pen():
    """PEN.md: 12 needles x 0.15 N, 0.75 mm."""
    assert SKINS["reference"].full_force_n == 0.15
    assert SKINS["reference"].full_depth_m == 0.75e-3
    assert PenParameters().cartridge == CARTRIDGES["12 needles"]


@pytest.mark.parametrize("name", sorted(set(PENS) - {"dummy load"}))
@pytest.mark.parametrize("zone", ["cheek", "none"])
def test_every_pen_runs(name, zone):
    assert driven(replace(PENS[name], skin=SKINS[zone])).strokes > 10


def test_the_dummy_load_draws_its_current_and_does_not_turn():
    kernel = driven(PENS["dummy load"])
    assert kernel.strokes == 0
    assert kernel.motor_current() == pytest.approx(4.02 * 60_000 / 65_535 / 10.13, rel=0.02)


def driven(pen):
    """A pen after half a second of nearly full drive on its skin."""
    kernel = new_kernel(pen)
    kernel.set_load_switch(True)
    kernel.set_standoff(0.0)
    kernel.set_contact(1.0, 20.0)
    kernel.set_protrusion(0.5e-3)
    kernel.set_duty_u16(60_000)
    run_to(kernel, 500_000)
    return kernel
