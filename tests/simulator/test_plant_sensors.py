"""Digital sensors and ADC channels of the plant."""

from math import pi

import pytest

from pensim.plant.constants import TACHOMETER, TOP_DEAD_CENTRE
from pensim.plant.kernel import BATTERY, FREE, POSITION, SHUNT, TEMPERATURE
from pensim.plant.parameters import PenParameters, Sensors, Thermal
from pensim.plant.presets import NO_CARTRIDGE
from tests.simulator.test_plant_oracle import driven_kernel, new_kernel

AIR = PenParameters(cartridge=NO_CARTRIDGE)
QUIET = Sensors(
    shunt_noise_rms_a=0.0, position_noise_rms_m=0.0, ntc_noise_rms_lsb=0.0, battery_noise_rms_v=0.0
)
TWELVE_BITS = 65535 / 4095


def spinning(omega=691.0, theta=0.0, pen=AIR, duty_u16=32_000):
    return driven_kernel(pen, duty_u16, 0.0, theta, omega)


def edges(kernel, until_us):
    """[(returned time, changed bits, crank angle in degrees)] up to `until_us`."""
    found = []
    while True:
        reached = kernel.advance(until_us)
        if kernel.changed:
            found.append((reached, kernel.changed, kernel.theta * 180.0 / pi))
        elif reached >= until_us:
            return found


def test_turn_has_six_tachometer_edges_and_two_of_top_dead_centre():
    kernel = spinning()
    found = edges(kernel, 500_000)
    turns = kernel.turns
    tachometer = [edge for edge in found if edge[1] == TACHOMETER]
    centre = [edge for edge in found if edge[1] == TOP_DEAD_CENTRE]
    assert len(tachometer) == pytest.approx(6 * turns, abs=6)
    assert len(centre) == pytest.approx(2 * turns, abs=2)


def test_tachometer_edges_stand_at_fixed_angles_within_their_tolerance():
    found = edges(spinning(), 200_000)
    angles = {round(angle, 6) for _, changed, angle in found if changed == TACHOMETER}
    assert len(angles) == 6
    errors = [angle - nominal for angle, nominal in zip(sorted(angles), range(-150, 180, 60))]
    assert all(abs(error) <= 0.7 for error in errors)
    assert max(errors) - min(errors) > 0.1


def test_seed_sets_the_tachometer_errors_and_no_tolerance_means_none():
    assert new_kernel(seed=1).bound == new_kernel(seed=1).bound
    assert new_kernel(seed=1).bound != new_kernel(seed=2).bound
    exact = new_kernel(PenParameters(sensors=Sensors(tachometer_tolerance_deg=0.0)))
    degrees = [angle * 180.0 / pi for angle in exact.bound]
    wanted = [-180, -150, -90, -30, -15, 15, 30, 90, 150, 180]
    assert degrees == [pytest.approx(angle, abs=1e-9) for angle in wanted]


def test_top_dead_centre_is_high_within_its_window_only():
    kernel = new_kernel()
    for degrees in range(-179, 180):
        kernel.place(degrees * pi / 180.0, 0.0)
        assert bool(kernel.levels & TOP_DEAD_CENTRE) == (-15 <= degrees < 15)


def test_levels_after_edges_are_those_of_the_angle():
    kernel, placed = spinning(), new_kernel(AIR)
    for _ in range(100):
        kernel.advance(kernel.now_us + 100_000)
        assert kernel.changed
        placed.place(kernel.theta, 0.0)
        assert kernel.levels == placed.levels


def test_edges_in_reverse_come_at_the_same_angles():
    forward = {round(angle, 6) for _, _, angle in edges(spinning(), 30_000)}
    kernel = spinning(omega=-691.0, duty_u16=0)
    kernel.set_bridge_faults(False, True)
    backward = {round(angle, 6) for _, _, angle in edges(kernel, 30_000)}
    assert kernel.turns < -2
    assert kernel.strokes == 0
    assert backward == forward


def test_edge_is_reported_at_its_time_rounded_up():
    kernel = spinning()
    for _ in range(200):
        reached = kernel.advance(kernel.now_us + 100_000)
        assert kernel.changed
        assert 0.0 <= reached - kernel.t_us < 1.0


def test_stuck_sensors_hold_their_level_and_lose_their_edges():
    kernel = spinning()
    kernel.set_stuck_sensors(TACHOMETER, TACHOMETER)
    found = edges(kernel, 100_000)
    assert {changed for _, changed, _ in found} == {TOP_DEAD_CENTRE}
    assert kernel.levels & TACHOMETER
    kernel.set_stuck_sensors(TACHOMETER | TOP_DEAD_CENTRE, 0)
    assert kernel.levels == 0
    assert edges(kernel, 200_000) == []
    kernel.set_stuck_sensors(0, 0)
    assert {changed for _, changed, _ in edges(kernel, 300_000)} == {TACHOMETER, TOP_DEAD_CENTRE}


def test_self_test_pulse_of_two_milliseconds_moves_no_sensor():
    """PEN.md: 100 mA for 2 ms at parked top dead centre turns the crank by less than 5°."""
    kernel = new_kernel(AIR)
    kernel.set_load_switch(True)
    ohm = kernel.resistance + kernel.circuit_ohm
    kernel.set_duty_u16(round(65535 * 0.1 * ohm / kernel.voc))
    assert kernel.advance(2_000) == 2_000
    assert kernel.motor_current() == pytest.approx(0.1, rel=0.3)
    assert kernel.shunt_a == pytest.approx(0.1, rel=0.3)
    kernel.set_duty_u16(0)
    assert edges(kernel, 50_000) == []
    assert abs(kernel.theta) * 180.0 / pi < 5.0


def codes_of(kernel, now_us=0):
    kernel.sense(now_us)
    return [code / TWELVE_BITS for code in kernel.codes]


def test_shunt_code_covers_minus_one_and_a_half_to_five_amperes():
    kernel = new_kernel(PenParameters(sensors=QUIET))
    for amperes, code in ((-1.5, 0.0), (0.0, 930.9), (1.0, 1551.5), (5.0, 4034.0), (9.0, 4095.0)):
        kernel.shunt_a = amperes
        assert codes_of(kernel)[SHUNT] == pytest.approx(code, abs=1.0)


def test_shunt_filter_takes_half_a_millisecond():
    kernel = driven_kernel(PenParameters(sensors=QUIET), 20_000, 0.0, 0.0, 0.0)
    kernel.set_extra_friction(20e-3)
    final = kernel.motor_current()
    for until_us, share in ((500, 0.632), (1_000, 0.865), (2_000, 0.982), (5_000, 1.0)):
        kernel.advance(until_us)
        assert kernel.shunt_a == pytest.approx(share * final, rel=0.002)


def test_shunt_noise_has_its_stated_deviation():
    kernel = new_kernel(PenParameters())
    codes = [codes_of(kernel, now_us)[SHUNT] for now_us in range(0, 4_000_000, 1000)]
    mean = sum(codes) / len(codes)
    deviation = (sum((code - mean) ** 2 for code in codes) / len(codes)) ** 0.5
    assert mean == pytest.approx(930.9, abs=0.3)
    assert deviation * 3.3 / 4096 / 0.5 == pytest.approx(5e-3, rel=0.1)


def test_position_code_is_linear_in_protrusion():
    kernel = new_kernel(PenParameters(sensors=QUIET))
    for depth_mm in (0.0, 0.5, 1.5, 2.5):
        kernel.set_protrusion(depth_mm * 1e-3)
        volts = 0.4 + depth_mm
        assert codes_of(kernel)[POSITION] == pytest.approx(volts / 3.3 * 4096, abs=1.0)


@pytest.mark.parametrize(("celsius", "ohm"), [(0.0, 33620.6), (25.0, 10_000.0), (60.0, 2486.2)])
def test_ntc_code_is_that_of_its_divider(celsius, ohm):
    thermal = Thermal(ambient_c=celsius, winding_c=celsius, housing_c=celsius)
    kernel = new_kernel(PenParameters(sensors=QUIET, thermal=thermal))
    expected = 4096 * ohm / (ohm + 10_000.0)
    assert codes_of(kernel)[TEMPERATURE] == pytest.approx(expected, abs=1.0)


def test_battery_code_sags_with_the_current():
    kernel = driven_kernel(PenParameters(sensors=QUIET), 65_535, 0.0, 0.0, 0.0)
    idle = codes_of(kernel)[BATTERY]
    assert idle == pytest.approx((kernel.voc - 0.04 * 0.08) / 2 / 3.3 * 4096, abs=1.0)
    kernel.set_extra_friction(20e-3)
    kernel.advance(20_000)
    sag = kernel.motor_current() * 0.08 / 2 / 3.3 * 4096
    assert codes_of(kernel)[BATTERY] == pytest.approx(idle - sag, abs=1.5)


def test_open_wire_lies_at_a_rail_and_an_offset_shifts():
    kernel = new_kernel(PenParameters(sensors=QUIET))
    good = list(codes_of(kernel))
    kernel.set_code_fault(POSITION, 65535, 0)
    kernel.set_code_fault(SHUNT, FREE, 800)
    codes_of(kernel)
    assert kernel.codes[POSITION] == 65535
    assert kernel.codes[SHUNT] == pytest.approx(good[SHUNT] * TWELVE_BITS + 800, abs=1.0)
    kernel.set_code_fault(POSITION, FREE, 0)
    kernel.set_code_fault(SHUNT, FREE, 0)
    assert codes_of(kernel) == good


@pytest.mark.parametrize(("channel", "forced"), [(4, 0), (-1, 0), (0, 65536), (0, -2)])
def test_impossible_channel_fault_is_refused(channel, forced):
    with pytest.raises(ValueError, match="channels are 0"):
        new_kernel().set_code_fault(channel, forced, 0)


def test_codes_are_twelve_bits_spread_to_sixteen():
    kernel = new_kernel()
    for now_us in range(200):
        kernel.sense(now_us)
        assert all(code == (code >> 4) << 4 | code >> 12 for code in kernel.codes)
