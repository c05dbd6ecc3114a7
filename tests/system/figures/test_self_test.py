"""The limits of the self-test."""

import pytest

from penfw import settings, signals, states
from tests.system.figures.part import OFF
from tests.system.story import fault_names, pen_of


@pytest.mark.parametrize(
    ("current_mA", "housing_C", "found"),
    [
        (149, 25.0, set()), (-149, 25.0, set()), (151, 25.0, {"overcurrent"}),
        (-151, 25.0, {"overcurrent"}), (0, -4.9, set()), (0, -5.1, {"over-temperature"}),
        (0, 89.9, set()), (0, 90.1, {"over-temperature"}),
        (200, 95.0, {"overcurrent", "over-temperature"}),
    ],
)  # fmt: skip
def test_the_self_test_has_limits_for_its_sensors(make_bench, current_mA, housing_C, found):
    bench = make_bench()
    bench.run(0.11)
    pen = pen_of(bench)
    pen.control.values[signals.index("current")] = current_mA
    pen.control.values[signals.index("housing")] = round(housing_C * 1000)
    assert fault_names(pen.selftest._sensor_faults()) == found


def test_the_self_test_lets_the_sensors_settle_whenever_it_begins(make_bench):
    bench = make_bench()
    bench.run(0.11)
    pen = pen_of(bench)
    pen.uptime_ms = 50_000
    test = type(pen.selftest)(pen)
    assert not test.needles_out  # so a press parks nothing
    assert not test.uncalibrated  # and a hold does not lead to SERVICE
    test.step(50_000 + 90)
    assert test._phase == test._settle
    test.step(50_000 + 100)
    assert test._phase != test._settle


@pytest.mark.parametrize("moved", [True, False])
def test_needles_that_have_moved_in_the_proof_are_in_doubt(make_bench, moved):
    bench = make_bench()
    bench.run(0.11)
    pen = pen_of(bench)
    pen.control.moved_in_proof = lambda: moved
    pen.control.law, pen.control.main_asks, pen.control.own_conditions = OFF, 0, 0
    pen.selftest._phase = pen.selftest._prove
    pen.selftest._prove(pen.uptime_ms)
    assert pen.top_in_doubt == moved
    assert (pen.selftest._phase == pen.selftest._look_for_needles) == moved


@pytest.mark.parametrize(("current_mA", "found"), [(390, set()), (410, {"overcurrent"})])
def test_the_self_test_allows_more_before_the_shunts_zero_is_known(make_bench, current_mA, found):
    bench = make_bench()
    bench.run(0.11)
    pen = pen_of(bench)
    pen.settings[settings.index("calibrated")] = 0
    pen.control.values[signals.index("current")] = current_mA
    pen.control.values[signals.index("housing")] = 25_000
    assert fault_names(pen.selftest._sensor_faults()) == found


@pytest.mark.parametrize(
    ("steps", "passed_ms", "tested"), [(40, 99, False), (40, 100, True), (39, 900, False)]
)
def test_an_axis_at_its_depth_is_given_time_to_settle(make_bench, steps, passed_ms, tested):
    bench = make_bench()
    bench.run(0.11)
    pen = pen_of(bench)
    control, test = pen.control, pen.selftest
    control.steps, control.main_depth, control.main_conditions = steps, 40, 0
    test._since_ms, test._phase = 50_000, test._reach_depth
    test.step(50_000 + passed_ms)
    assert bool(control.main_conditions & states.TESTED) == tested


@pytest.mark.parametrize(
    ("asked", "homed", "goes_on"), [(1, 0, False), (1, 1, False), (0, 0, False), (0, 1, True)]
)
def test_the_self_test_goes_on_once_the_axis_is_at_home(make_bench, asked, homed, goes_on):
    bench = make_bench()
    bench.run(0.11)
    pen = pen_of(bench)
    pen.control.main_home, pen.control.homed = asked, homed
    test = pen.selftest
    test._phase = test._home
    test.step(pen.uptime_ms)
    assert (test._phase != test._home) == goes_on
