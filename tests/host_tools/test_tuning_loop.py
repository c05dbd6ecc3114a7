"""The loop of the rate law: margins and closed forms against independent computation."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import signal

from penloop.tuning import loop
from penloop.tuning.design import (
    GAIN,
    PHASE_DEG,
    candidates,
    dead_time_s,
    design,
    integral_gain,
    largest_kp,
    stable,
)
from penloop.tuning.loop import Gains
from penloop.tuning.response import MotorResponse

NOMINAL = MotorResponse(
    emf_v_per_hz=0.01678, resistance_ohm=1.15, inertia_as_per_hz=1.39e-4, friction_a=0.048,
    friction_as=5e-5, swing_a=0.0, delay_s=7e-3, errors=(0.0,) * 7, winding_c=25.0,
    rate_residual_hz=0.3, current_residual_a=0.007,
)  # fmt: skip
SHIPPED = Gains(10, 300, 500, 1100)
BOUNDS = {"rate_kp": (0, 30), "rate_ki": (0, 5000)}


def closed_loop_radius(gains, rate_hz):
    """Largest pole of the loop as a sampled system in state space, by its eigenvalues.

    Independent of loop.py: the motor is discretised exactly at 1 ms, the turn's mean, the median
    and all ages are shift registers of 1 ms, the law runs in every fourth.
    """
    step_s = 1e-3
    one = NOMINAL
    stiffness = one.emf_v_per_hz / one.resistance_ohm + one.friction_as
    motor = [[-stiffness / one.inertia_as_per_hz]]
    drive = [[1.0 / (one.resistance_ohm * one.inertia_as_per_hz)]]
    plant = tuple(map(np.array, (motor, drive, [[1.0]], [[0.0]])))
    motor, drive, *_rest = signal.cont2discrete(plant, step_s)
    turn = round(1.0 / (rate_hz * step_s))
    behind = round(loop.delay_s(one, rate_hz) / step_s)
    size = turn + behind + 1
    # State: rates of the last ms, newest first; voltage; integral; current 2 ms ago and now.
    count = size + 5
    volts, integral = size, size + 1
    first = np.eye(count)
    first[0, 0], first[0, volts] = motor[0, 0], drive[0, 0]
    first[1:size, :size] = np.eye(size - 1, size)
    current = np.zeros(count)
    current[0], current[volts] = -one.emf_v_per_hz / one.resistance_ohm, 1 / one.resistance_ohm
    first[size + 2 : size + 5] = 0.0
    first[size + 2] = current
    first[size + 3, size + 2] = first[size + 4, size + 3] = 1.0
    law = np.eye(count)
    measured = np.zeros(count)
    measured[behind : behind + turn] = 1.0 / turn
    law[volts] = -1e-3 * gains.rate_kp * measured
    law[volts, integral] = 1.0
    law[volts, size + 3] += gains.feedback_ohm
    law[integral] = -1e-3 * gains.rate_ki * loop.LAW_S * measured
    law[integral, integral] = 1.0
    return np.abs(np.linalg.eigvals(law @ np.linalg.matrix_power(first, 4))).max()


@pytest.mark.parametrize("rate_hz", [50.0, 100.0])
@pytest.mark.parametrize("gains", [SHIPPED, Gains(13, 225, 300, 1100), Gains(8, 400, 600, 1100)])
def test_the_gain_margin_is_where_a_sampled_model_begins_to_swing(gains, rate_hz):
    margin = loop.margins(NOMINAL, gains, rate_hz).gain

    def scaled(factor):
        return Gains(gains.rate_kp * factor, gains.rate_ki * factor, *loop_tail(gains))

    assert closed_loop_radius(scaled(0.9 * margin), rate_hz) < 1.0
    assert closed_loop_radius(scaled(1.15 * margin), rate_hz) > 1.0


def loop_tail(gains):
    return gains.ir_compensation, gains.motor_resistance


def test_without_delays_the_loop_is_that_of_a_first_order_motor():
    slow = np.array([0.5, 1.0, 2.0])  # rad/s: all delays are nothing
    time_s = NOMINAL.time_constant_s
    motor = signal.TransferFunction([1 / NOMINAL.emf_v_per_hz], [time_s, 1.0])
    _omega, expected = signal.freqresp(motor, slow)
    ideal = replace(NOMINAL, friction_as=0.0)
    found = loop.loop_gain(ideal, Gains(10, 0, 0, 1100), 100.0, slow)
    assert np.abs(found) == pytest.approx(np.abs(0.01 * expected), rel=0.01)


def test_the_closed_form_gives_its_phase_margin_to_an_integrator_behind_the_dead_time():
    phase_deg, rate_hz = 60.0, 100.0
    ki = integral_gain(NOMINAL, rate_hz, phase_deg)
    omega = ki * 1e-3 / NOMINAL.emf_v_per_hz  # crossover of ki / (k s)
    left_deg = 90.0 - np.degrees(omega * dead_time_s(NOMINAL, rate_hz))
    assert left_deg == pytest.approx(phase_deg, abs=0.2)


def test_every_candidate_keeps_the_margins_and_the_bounds_of_the_settings():
    found = list(candidates(NOMINAL, 1100, BOUNDS))
    assert len(found) > 8
    for gains in found:
        one = design(NOMINAL, gains)
        assert one.phase_deg >= PHASE_DEG
        assert one.gain >= GAIN
        assert 0 < gains.rate_kp <= 30
        assert 0 < gains.rate_ki <= 5000
        assert gains.ir_compensation <= 900


def test_candidates_keep_the_bounds_of_the_pen_that_is_tuned():
    narrow = {"rate_kp": (0, 6), "rate_ki": (0, 150)}
    found = list(candidates(NOMINAL, 1100, narrow))
    assert max(gains.rate_kp for gains in found) == 6
    assert max(gains.rate_ki for gains in found) == 150


def test_a_larger_proportional_gain_than_the_largest_leaves_too_little_margin():
    gains = Gains(0, 225, 300, 1100)
    most = largest_kp(NOMINAL, gains, 30)
    assert stable(NOMINAL, replace(gains, rate_kp=most))
    assert not stable(NOMINAL, replace(gains, rate_kp=most + 1))


def test_more_compensation_leaves_less_gain_margin():
    margins = [
        loop.margins(NOMINAL, replace(SHIPPED, ir_compensation=share), 100.0).gain
        for share in (0, 400, 800)
    ]
    assert margins == sorted(margins, reverse=True)


def test_margins_that_no_proposal_may_have_are_told():
    assert design(NOMINAL, SHIPPED).warning == ""
    assert "their margins are small" in design(NOMINAL, Gains(13, 300, 500, 1100)).warning
