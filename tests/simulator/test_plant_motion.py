"""Motor and mechanism against closed forms."""

from math import exp, log, pi, sqrt

import pytest

from pensim.plant.parameters import Battery, Circuit, Mechanism, PenParameters, Thermal
from pensim.plant.presets import MOTORS, NO_CARTRIDGE
from tests.simulator.test_plant_oracle import driven_kernel, new_kernel, run_to

FULL = 65535
BARE_MECHANISM = Mechanism(
    moving_mass_kg=0.0,
    eccentric_inertia_kg_m2=0.0,
    membrane_retracted_n=0.0,
    membrane_extended_n=0.0,
    coulomb_friction_nm=0.0,
    viscous_friction_nm_s=0.0,
)


def bare_motor(volts=3.0, motor="003SR"):
    """A motor alone on an ideal supply, at the datasheet's temperature, drive on."""
    pen = PenParameters(
        motor=MOTORS[motor],
        mechanism=BARE_MECHANISM,
        cartridge=NO_CARTRIDGE,
        battery=Battery(resistance_ohm=0.0, quiescent_a=0.0, open_circuit_v=(volts,) * 11),
        circuit=Circuit(bridge_ohm=0.0, shunt_ohm=0.0),
        thermal=Thermal(winding_c=22.0, housing_c=22.0, ambient_c=22.0),
    )
    kernel = new_kernel(pen)
    kernel.set_load_switch(True)
    kernel.set_duty_u16(FULL)
    return kernel


@pytest.mark.parametrize(
    ("motor", "volts", "rpm", "amps"),
    [("003SR", 3.0, 10_600, 0.030), ("006SR", 6.0, 9_500, 0.013)],
)
def test_no_load_speed_and_current_are_the_datasheets(motor, volts, rpm, amps):
    kernel = bare_motor(volts, motor)
    run_to(kernel, 300_000)
    assert kernel.omega * 30.0 / pi == pytest.approx(rpm, rel=0.01)
    assert kernel.motor_current() == pytest.approx(amps, rel=0.03)


def test_held_motor_draws_the_stall_current_and_stands():
    kernel = bare_motor()
    kernel.set_extra_friction(10e-3)
    run_to(kernel, 100_000)
    assert kernel.omega == 0.0
    assert kernel.motor_current() == pytest.approx(3.0 / 1.1, rel=1e-12)
    assert kernel.shunt_a == pytest.approx(3.0 / 1.1, rel=1e-9)


def test_held_motor_starts_beyond_its_stall_torque_only():
    stall_nm = 2.67e-3 * 3.0 / 1.1
    kernel = bare_motor()
    kernel.set_extra_friction(stall_nm - 0.08e-3 + 1e-6)
    run_to(kernel, 10_000)
    assert kernel.omega == 0.0
    kernel.set_extra_friction(stall_nm - 0.08e-3 - 1e-6)
    run_to(kernel, 20_000)
    assert kernel.omega > 0.0


def test_motor_starts_with_its_mechanical_time_constant():
    kernel = bare_motor()
    tau_s = 0.53e-7 * 1.1 / 2.67e-3**2
    assert tau_s == pytest.approx(8.5e-3, rel=0.05)
    final = (3.0 - 0.03 * 1.1) / 2.67e-3
    for share in (0.5, 1.0, 2.0, 4.0):
        run_to(kernel, round(share * tau_s * 1e6))
        expected = final * (1.0 - exp(-kernel.t_us * 1e-6 / tau_s))
        assert kernel.omega == pytest.approx(expected, rel=1e-3)


def test_coasting_stops_after_inertia_times_speed_over_friction():
    kernel = bare_motor()
    kernel.set_bridge_faults(False, True)
    kernel.place(0.0, 691.0)
    expected_s = 0.53e-7 * 691.0 / 0.08e-3
    run_to(kernel, round(expected_s * 1e6) - 100)
    assert kernel.omega > 0.0
    run_to(kernel, round(expected_s * 1e6) + 100)
    assert kernel.omega == 0.0
    assert kernel.strokes == 25  # PEN.md: coasting takes 25 strokes from 110 Hz


@pytest.mark.parametrize("load_switch", [True, False])
def test_brake_stops_the_rotor_in_its_closed_form_time(load_switch):
    kernel = bare_motor()
    kernel.set_load_switch(load_switch)
    kernel.set_duty_u16(0)
    kernel.place(0.0, 691.0)
    tau_s = 0.53e-7 * 1.1 / 2.67e-3**2
    friction_speed = 0.08e-3 * 1.1 / 2.67e-3**2
    expected_us = 1e6 * tau_s * log(1.0 + 691.0 / friction_speed)
    run_to(kernel, round(expected_us * 0.998))
    assert kernel.omega > 0.0
    run_to(kernel, round(expected_us * 1.002))
    assert kernel.omega == 0.0
    assert kernel.strokes == 1  # about one turn


def test_open_load_switch_leaves_no_drive_and_the_brake_of_the_low_share():
    kernel = bare_motor()
    kernel.set_load_switch(False)
    run_to(kernel, 50_000)
    assert kernel.omega == 0.0
    kernel.set_duty_u16(FULL // 4)
    kernel.place(0.0, 500.0)
    expected = -0.75 * 2.67e-3 * 500.0 / 1.1
    assert kernel.motor_current() == pytest.approx(expected, rel=1e-4)
    assert kernel.battery_current() == 0.0


def test_shorted_high_side_drives_fully_at_zero_duty_until_the_load_switch_opens():
    kernel = bare_motor()
    kernel.set_duty_u16(0)
    kernel.set_bridge_faults(True, False)
    run_to(kernel, 300_000)
    assert kernel.omega == pytest.approx(1111.0, rel=0.001)
    kernel.set_load_switch(False)
    run_to(kernel, 400_000)
    assert kernel.omega == 0.0


@pytest.mark.parametrize("torque_nm", [0.05e-3, 0.21e-3, 1.0e-3])
def test_load_step_costs_resistance_times_torque_over_constant_squared(torque_nm):
    kernel = bare_motor()
    run_to(kernel, 200_000)
    before = kernel.omega
    kernel.set_extra_friction(torque_nm)
    run_to(kernel, 400_000)
    expected = 1.1 * torque_nm / 2.67e-3**2
    assert before - kernel.omega == pytest.approx(expected, rel=1e-6)


def test_load_step_of_facts_costs_five_hertz():
    assert 1.1 * 0.21e-3 / 2.67e-3**2 / (2.0 * pi) == pytest.approx(5.2, abs=0.05)


def test_membrane_and_moving_mass_give_their_energy_back():
    mechanism = Mechanism(coulomb_friction_nm=0.0, viscous_friction_nm_s=0.0)
    kernel = new_kernel(PenParameters(mechanism=mechanism, cartridge=NO_CARTRIDGE))
    kernel.set_bridge_faults(False, True)
    kernel.motor_friction = 0.0
    kernel.set_extra_friction(0.0)
    kernel.place(0.0, 400.0)
    energy = kernel.energy
    slowest = fastest = kernel.omega
    for n in range(1, 1000):
        run_to(kernel, n * 1000)
        slowest, fastest = min(slowest, kernel.omega), max(fastest, kernel.omega)
    assert kernel.energy == pytest.approx(energy, rel=1e-9)
    membrane_j = 0.5 * (0.4 + 0.6) * 3e-3
    assert fastest == pytest.approx(400.0, rel=1e-3)
    at_bottom = sqrt(400.0**2 - 2.0 * membrane_j / 0.58e-7)
    assert slowest == pytest.approx(at_bottom, rel=2e-3)


def test_membrane_turns_a_weak_rotor_back_through_top_dead_centre():
    kernel = new_kernel(PenParameters(cartridge=NO_CARTRIDGE))
    kernel.set_bridge_faults(False, True)
    kernel.place(0.0, 150.0)
    reached, lowest = 0.0, 0.0
    for n in range(1, 100):
        run_to(kernel, n * 1000)
        reached, lowest = max(reached, kernel.theta), min(lowest, kernel.omega)
    stored = 0.5 * 0.58e-7 * 150.0**2
    lift = reached_lift(stored, 0.13e-3)
    assert 1.0 - kernel_cos(reached) == pytest.approx(lift, rel=0.02)
    assert lowest < -80.0
    assert kernel.strokes == 0


def reached_lift(energy_j, friction_nm):
    """1 - cos of the angle at which membrane and friction have taken `energy_j`."""
    low, high = 0.0, pi
    for _ in range(60):
        angle = 0.5 * (low + high)
        lift = 1.0 - kernel_cos(angle)
        spent = 0.4 * 1.5e-3 * lift + 0.25 * 0.2 * 1.5e-3 * lift**2 + friction_nm * angle
        low, high = (angle, high) if spent < energy_j else (low, angle)
    return 1.0 - kernel_cos(low)


def kernel_cos(angle):
    """Cosine by its series, as an independent check of nothing but arithmetic."""
    return sum((-1) ** n * angle ** (2 * n) / factorial(2 * n) for n in range(15))


def factorial(n):
    return 1 if n < 2 else n * factorial(n - 1)


def test_cell_sags_by_its_own_resistance():
    pen = PenParameters(cartridge=NO_CARTRIDGE)
    kernel = driven_kernel(pen, FULL, 0.0, 0.0, 0.0)
    kernel.set_extra_friction(10e-3)
    run_to(kernel, 20_000)
    volts = kernel.voc - 0.08 * 0.04
    ohm = 1.1 * (1.0 + 0.0039 * 3.0) + 0.05 + 0.08
    assert kernel.motor_current() == pytest.approx(volts / ohm, rel=1e-9)


def test_pwm_ripple_follows_the_exact_rl_solution_from_20_khz():
    """Variance of the current of an RL load on a PWM: V²/R² (d(1-d) - b/x), with x = T/tau
    and b = (1 - e^-dx)(1 - e^-(1-d)x) / (1 - e^-x)."""
    kernel = bare_motor()
    for hertz, low, high in ((1e3, 0.99, 2.5), (20e3, 0.99, 1.12), (100e3, 0.99, 1.01)):
        kernel.set_pwm_frequency(hertz)
        for duty in (0.03, 0.1, 0.3, 0.5, 0.9):
            kernel.set_duty_u16(round(duty * FULL))
            x = 1.1 / (22e-6 * hertz)
            rest = (1 - exp(-duty * x)) * (1 - exp(-(1 - duty) * x)) / (1 - exp(-x))
            exact = (3.0 / 1.1) ** 2 * (duty * (1 - duty) - rest / x)
            assert low < kernel.ripple_a2 / exact < high
