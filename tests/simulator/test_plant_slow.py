"""Temperatures, charge and the recorded row."""

import pytest

from pensim.plant.kernel import PLANT_SIGNALS
from pensim.plant.parameters import Battery, PenParameters, Thermal
from pensim.plant.presets import NO_CARTRIDGE
from tests.simulator.test_plant_oracle import driven_kernel, new_kernel, run_to

ENDLESS = Battery(capacity_c=1e6, charge_fraction=0.5)
COLUMNS = {name: place for place, (name, _) in enumerate(PLANT_SIGNALS)}


def held_motor(battery=ENDLESS, duty_u16=10_000):
    """A motor that cannot turn, as a heater."""
    kernel = driven_kernel(PenParameters(battery=battery), duty_u16, 0.0, 0.0, 0.0)
    kernel.set_extra_friction(20e-3)
    return kernel


def heat(kernel, seconds, step_us):
    end_us = kernel.now_us + round(seconds * 1e6)
    while kernel.now_us < end_us:
        kernel.settle(kernel.advance(kernel.now_us + step_us))


def test_thermal_steady_state_is_power_times_resistances():
    kernel = held_motor()
    heat(kernel, 3000.0, 200_000)
    current2 = kernel.motor_current() ** 2 + kernel.ripple_a2
    watts = current2 * kernel.resistance
    assert kernel.housing_c == pytest.approx(25.0 + 29.0 * watts, abs=0.01)
    assert kernel.winding_c == pytest.approx(25.0 + 39.0 * watts, abs=0.01)
    assert kernel.resistance == pytest.approx(1.1 * (1 + 0.0039 * (kernel.winding_c - 22.0)))


def test_winding_warms_with_its_time_constant_above_the_housing():
    kernel = held_motor()
    heat(kernel, 5.6, 10_000)
    watts = (kernel.motor_current() ** 2 + kernel.ripple_a2) * kernel.resistance
    rise = kernel.winding_c - kernel.housing_c
    assert rise == pytest.approx(0.632 * 10.0 * watts, rel=0.03)


def test_irregular_settling_gives_the_same_temperatures():
    regular, irregular = held_motor(), held_motor()
    heat(regular, 20.0, 1_000)
    for n in range(400):
        irregular.settle(irregular.advance(irregular.now_us + (1_000, 99_000)[n % 2]))
    assert irregular.now_us == regular.now_us
    assert irregular.winding_c == pytest.approx(regular.winding_c, abs=0.05)
    assert irregular.housing_c == pytest.approx(regular.housing_c, abs=0.01)


def test_friction_of_a_running_motor_warms_its_housing():
    kernel = driven_kernel(PenParameters(cartridge=NO_CARTRIDGE), 32_000, 0.0, 0.0, 690.0)
    kernel.flush()
    run_to(kernel, 1_000_000)
    kernel.flush()
    coulomb = 0.13e-3 * 2.0 * 3.141592653589793 * kernel.strokes
    assert kernel.friction_heat_j == pytest.approx(coulomb, rel=0.12)  # and a little viscous
    before = kernel.housing_c
    kernel.settle(1_000_000)
    assert kernel.housing_c > before


def test_cell_gives_its_charge_and_its_voltage_falls():
    cell = Battery(capacity_c=10.0, charge_fraction=1.0, quiescent_a=0.0)
    kernel = held_motor(cell)
    volts = kernel.voc
    assert volts == 4.20
    heat(kernel, 10.0, 1_000)
    assert 10.0 - kernel.charge_left_c == pytest.approx(kernel.battery_charge_c, rel=1e-6)
    assert 3.5 < kernel.voc < volts
    heat(kernel, 600.0, 200_000)
    assert kernel.voc == 3.00


def test_board_draws_its_current_while_the_motor_rests():
    kernel = new_kernel(PenParameters())
    heat(kernel, 10.0, 10_000)
    assert kernel.battery_charge_c == pytest.approx(0.04 * 10.0, rel=1e-9)


def test_temperatures_and_charge_can_be_preset():
    kernel = new_kernel(PenParameters(thermal=Thermal(winding_c=80.0)))
    assert kernel.resistance == pytest.approx(1.1 * (1 + 0.0039 * 58.0))
    kernel.set_temperatures(22.0, 30.0, 20.0)
    assert kernel.resistance == 1.1
    kernel.set_battery_charge(1.0)
    assert kernel.voc == 4.20
    with pytest.raises(ValueError, match="not a share"):
        kernel.set_battery_charge(1.2)


def test_row_tells_mean_and_peak_current_and_depth_since_the_last_row():
    kernel = driven_kernel(PenParameters(), 32_000, 0.75e-3, 0.0, 690.0)
    run_to(kernel, 100_000)
    kernel.record(100_000)
    charge = kernel.motor_charge_c
    run_to(kernel, 110_000)
    kernel.record(110_000)
    row = {name: kernel.row[place] for name, place in COLUMNS.items()}
    assert row["current"] == pytest.approx((kernel.motor_charge_c - charge) / 0.01 * 1000, abs=1)
    assert row["current_peak"] > row["current"] > 0
    assert 600 < row["penetration"] < 750
    assert row["protrusion"] == 750
    assert row["contact"] == 1000
    assert row["turn_time"] == pytest.approx(1e9 / row["rate"], rel=0.05)
    assert 0 <= row["angle"] < 360_000
    assert row["strokes"] == kernel.strokes
    assert row["winding"] == 25_000


def test_row_holds_int32_whatever_happens():
    kernel = held_motor(Battery(capacity_c=1e6, charge_fraction=1.0, resistance_ohm=0.0), 65_535)
    kernel.battery_charge_c = 1e9
    kernel.turn_us = 1e300
    kernel.record(1)
    assert max(kernel.row) == 2**31 - 1


def test_row_of_a_resting_pen_is_quiet():
    kernel = new_kernel(PenParameters())
    kernel.advance(10_000)
    kernel.record(10_000)
    row = {name: kernel.row[place] for name, place in COLUMNS.items()}
    quiet = ("rate", "angle", "current", "needle_force", "strokes", "punctures", "penetration")
    assert [row[name] for name in quiet] == [0] * len(quiet)
    assert row["battery"] == pytest.approx(4017, abs=1)
