"""What the experiments tell of a motor is what the motor is."""

from dataclasses import astuple, replace
from functools import cache

import numpy as np
import pytest

from penhost import Pen
from penloop.tuning import response, session, twin
from penloop.tuning.capture import Capture
from penloop.tuning.experiment import ExperimentEnded, Experiments
from penloop.tuning.relay import relay_point
from pensim.plant.parameters import PenParameters
from pensim.serial_port import SimulatedPort

TWO_PI = 2.0 * np.pi
# Shares of resistance, torque constant, inertia, friction: motors that answer in 3 to 20 ms.
MOTORS = {
    "reference": (1.0, 1.0, 1.0, 1.0),
    "quick": (0.75, 1.28, 0.75, 1.1),
    "slow": (1.3, 0.8, 1.3, 0.9),
    "strong": (0.9, 1.25, 1.0, 0.8),
}
NAMES = ("resistance_ohm", "torque_constant_nm_per_a", "rotor_inertia_kg_m2", "friction_nm")


@cache
def identified(name):
    """(parameters, response, captures) of a motor."""
    pen = PenParameters()
    values = {one: getattr(pen.motor, one) * share for one, share in zip(NAMES, MOTORS[name])}
    parameters = replace(pen, motor=replace(pen.motor, **values))
    with (
        twin.in_service(parameters, {}, seed=7) as bench,
        Pen(SimulatedPort.on_bench(bench)) as connected,
    ):
        experiments = Experiments(connected)
        winding_c = experiments.cool()
        captures = experiments.staircase(), experiments.relay()
    return parameters, response.fit(captures, winding_c), captures


@pytest.mark.parametrize("name", MOTORS)
def test_resistance_and_inertia_are_within_five_percent_and_the_constant_within_half_a_percent(
    name,
):
    parameters, found, _captures = identified(name)
    motor, told = parameters.motor, twin.twin_of(found, 3.8).motor
    assert told.resistance_ohm == pytest.approx(motor.resistance_ohm, rel=0.05)
    assert told.rotor_inertia_kg_m2 == pytest.approx(motor.rotor_inertia_kg_m2, rel=0.05)
    constant = motor.torque_constant_nm_per_a
    assert told.torque_constant_nm_per_a == pytest.approx(constant, rel=0.005)


@pytest.mark.parametrize("name", MOTORS)
def test_the_true_values_are_within_three_of_the_errors_that_are_told(name):
    parameters, found, _captures = identified(name)
    motor, mechanism = parameters.motor, parameters.mechanism
    needles = 0.5 * mechanism.moving_mass_kg * (0.5 * mechanism.stroke_m) ** 2
    inertia = motor.rotor_inertia_kg_m2 + mechanism.eccentric_inertia_kg_m2 + needles
    constant = motor.torque_constant_nm_per_a
    warm = 1.0 + response.COPPER_PER_K * (found.winding_c - motor.rated_at_c)
    true = (
        TWO_PI * constant,
        motor.resistance_ohm * warm + response.CIRCUIT_OHM,
        TWO_PI * inertia / constant,
    )
    for name, value, share in zip(response.NAMES, true, found.shares()):
        assert getattr(found, name) == pytest.approx(value, rel=3.0 * share), name


@pytest.mark.parametrize("name", MOTORS)
def test_the_delay_is_that_of_the_firmware_s_order(name):
    """Median of three 4 ms apart: 4; law behind measurement: 2; row behind law: 1 on average."""
    _parameters, found, _captures = identified(name)
    assert found.delay_s == pytest.approx(7e-3, abs=0.3e-3)


@pytest.mark.parametrize("name", MOTORS)
def test_the_relay_s_answer_is_the_model_s(name):
    _parameters, found, captures = identified(name)
    point = relay_point(captures[1], found)
    assert point.agrees
    assert point.gain == pytest.approx(point.model_gain, rel=0.1)
    assert point.phase_deg == pytest.approx(point.model_phase_deg, abs=12.0)


@pytest.mark.parametrize("rows", [1, 10, 50])
def test_samples_that_the_line_has_lost_move_nothing(rows):
    """One in ten, single ones or in a row; the motor answers in 4 ms."""
    _parameters, whole, captures = identified("quick")
    chance = np.random.default_rng(rows)
    found = response.fit([without(one, rows, chance) for one in captures], whole.winding_c)
    for name, value, share in zip(response.NAMES, astuple(found), found.shares()):
        assert value == pytest.approx(getattr(whole, name), rel=2.0 * share), name


def without(capture, rows, chance):
    """The capture without a tenth of its rows, so many at once."""
    kept = np.ones(len(capture.time_s), bool)
    for start in chance.integers(rows, len(kept) - 2 * rows, len(kept) // (10 * rows)):
        kept[start : start + rows] = False
    return Capture(*(values[kept] for values in astuple(capture)))


def test_the_lost_share_of_a_capture_counts_what_is_missing():
    _parameters, _found, captures = identified("quick")
    assert captures[0].lost_share == pytest.approx(0.0, abs=1e-9)
    few = without(captures[0], 10, np.random.default_rng(1))
    missing = 1.0 - len(few.time_s) / len(captures[0].time_s)
    assert few.lost_share == pytest.approx(missing, abs=1e-3)
    assert missing > 0.05


@pytest.mark.parametrize(("rows", "share"), [(1, 0.5), (3, 0.12)])
def test_experiments_of_which_too_much_was_lost_are_refused(rows, share):
    """Every other row, or so many gaps that hardly a turn is whole."""
    _parameters, _found, captures = identified("quick")
    numbers = np.arange(len(captures[0].time_s))
    kept = numbers % round(rows / share) >= rows
    few = Capture(*(values[kept] for values in astuple(captures[0])))
    with pytest.raises(ExperimentEnded, match=f"{share:.0%} of the samples were lost") as told:
        session.whole(few)
    assert "`penloop doctor` looks at the line" in str(told.value)


def test_a_response_that_comes_later_than_the_firmware_can_is_refused():
    _parameters, found, captures = identified("reference")
    point = relay_point(captures[1], found)
    assert session.checked(found, point) is point
    for delay_s in (5e-3, 9e-3):
        with pytest.raises(ExperimentEnded, match="late, the firmware's order makes 7"):
            session.checked(replace(found, delay_s=delay_s), point)


def test_a_relay_is_read_where_it_swings_although_its_first_toggles_were_slow():
    time_s = np.arange(0.0, 3.0, 2e-3)
    swings = np.where(time_s < 0.5, 8.0 * time_s, 4.0 + 20.0 * (time_s - 0.5))  # turns of it
    target_hz = np.where(np.sin(TWO_PI * swings) > 0, 104.0, 96.0)
    volts = 2.0 + 0.3 * np.sin(TWO_PI * swings) * np.minimum(time_s, 1.0)
    rate_hz = 100.0 + 12.0 * np.sin(TWO_PI * swings - 2.5) * np.minimum(time_s, 1.0)
    still = np.zeros_like(time_s)
    _parameters, found, _captures = identified("reference")
    point = relay_point(Capture(time_s, rate_hz, target_hz, volts, still, still + 3.8), found)
    assert point.frequency_hz == pytest.approx(20.0, abs=0.3)
    assert point.gain == pytest.approx(40.0, rel=0.05)
    assert point.phase_deg == pytest.approx(np.degrees(-2.5), abs=5.0)


def test_a_relay_that_has_not_swung_tells_nothing():
    time_s = np.arange(0.0, 1.0, 2e-3)
    flat = np.full_like(time_s, 100.0)
    _parameters, found, _captures = identified("reference")
    assert relay_point(Capture(time_s, flat, flat, flat, flat, flat), found) is None
