"""The figures of a run, against closed forms."""

from dataclasses import replace

import numpy as np
import pytest

from penloop.tuning import judgement
from penloop.tuning.judgement import GOALS, Figures

TIME_S = np.arange(0.0, 2.0, 1e-3)
GOOD = Figures(*(goal.good for goal in GOALS.values()))


def step(answer, start_s=0.5):
    """From 70 to 110 Hz; `answer` is the unit step response."""
    since_s = np.maximum(TIME_S - start_s, 0.0)
    return judgement.step_figures(TIME_S, 70.0 + 40.0 * answer(since_s), start_s, 70.0, 110.0)


def test_a_first_order_step_rises_in_2_2_time_constants_and_never_overshoots():
    rise_ms, overshoot, settling_ms = step(lambda t: 1.0 - np.exp(-t / 0.05))
    assert rise_ms == pytest.approx(50 * np.log(9.0), abs=2)
    assert overshoot == pytest.approx(0.0, abs=1e-6)
    assert settling_ms == pytest.approx(50 * np.log(40.0 / 2.2), abs=2)


def test_a_second_order_step_overshoots_as_its_damping_says():
    damping, omega = 0.5, 40.0
    damped = omega * np.sqrt(1.0 - damping**2)

    def answer(t):
        swing = np.cos(damped * t) + damping * omega / damped * np.sin(damped * t)
        return 1.0 - np.exp(-damping * omega * t) * swing

    _rise, overshoot, _settling = step(answer)
    expected = 100.0 * np.exp(-np.pi * damping / np.sqrt(1.0 - damping**2))
    assert overshoot == pytest.approx(expected, abs=0.1)


def test_a_rate_that_never_settles_counts_the_whole_time():
    _rise, _overshoot, settling_ms = step(lambda t: 0.9 * (t > 0))
    assert settling_ms == pytest.approx(1500, abs=2)


def test_the_mean_over_a_turn_evens_out_what_swings_once_a_turn():
    rate = 100.0 + 10.0 * np.sin(2 * np.pi * 100.0 * TIME_S)
    means = judgement.one_turn_means(TIME_S, rate)[100:]
    assert means == pytest.approx(100.0, abs=0.6)


def test_time_outside_counts_what_is_further_than_one_percent():
    rates = np.full_like(TIME_S, 100.0)
    rates[500:560] = 97.0
    rates[900:930] = 99.5
    assert judgement.time_outside_ms(TIME_S, rates, 100.0) == pytest.approx(60, abs=1)


def test_a_figure_within_its_goal_is_never_worse():
    before = replace(GOOD, rise_ms=20.0)
    assert not GOOD.worse_than(before)
    assert not GOOD.at_least_as_good_as(before)  # but the whole is


@pytest.mark.parametrize("name", list(GOALS))
def test_a_figure_beyond_its_goal_may_get_worse_by_a_tenth(name):
    before = replace(GOOD, **{name: 2.0 * GOALS[name].good})
    assert not replace(GOOD, **{name: 2.19 * GOALS[name].good}).worse_than(before)
    assert replace(GOOD, **{name: 2.21 * GOALS[name].good}).worse_than(before) == [name]


def test_the_score_is_one_where_every_goal_is_just_met():
    assert GOOD.score() == pytest.approx(1.0)
    assert judgement.mean_of([GOOD, GOOD]) == GOOD
