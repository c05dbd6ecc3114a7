"""A treatment on the closed loop: boot, start, rate, depth, skin, stop."""

import numpy as np
import pytest

from penloop.evidence import timing
from pensim.board.profile import PICO
from pensim.plant.parameters import Battery, PenParameters
from tests.system.story import (
    FAULT,
    PARKING,
    RUNNING,
    SELF_TEST,
    after,
    first_time,
    pen_of,
    state,
    states_of,
    window_means,
)


def settings(rate_hz, depth_um=750):
    return {"stroke_rate": round(rate_hz * 1000), "depth": depth_um}


@pytest.mark.verifies("R-511")
def test_the_pen_boots_homes_and_waits_for_a_cartridge(make_bench):
    bench = make_bench()
    bench.run(1.0)
    assert state(bench) == "STANDBY"
    assert bench.axis.nose_um == pytest.approx(500, abs=50)


@pytest.mark.verifies("R-511")
def test_homing_moves_toward_zero_depth_only(make_bench):
    bench = make_bench(start_depth_um=800.0)
    bench.run(1.0)
    trace = bench.trace()
    nose = trace["plant.protrusion"]
    home = int(np.argmax(nose <= 0))
    assert nose[0] > 700
    assert nose[home] <= 0
    assert np.all(np.diff(nose[: home + 1]) <= 0)
    assert bench.axis.nose_um == pytest.approx(500, abs=50)


@pytest.mark.verifies("R-101")
def test_a_fresh_cartridge_makes_the_pen_ready_and_only_the_proof_touches_the_motor(make_bench):
    bench = make_bench()
    bench.operator.insert_cartridge()
    bench.run(1.0)
    trace = bench.trace()
    assert state(bench) == "READY"
    assert trace["plant.angle"].max() < 5000
    assert not trace["pen.duty"][trace["pen.state"] != SELF_TEST].any()


@pytest.mark.verifies("R-213")
def test_an_uncalibrated_pen_does_not_become_ready(make_bench):
    bench = make_bench(calibrated=False)
    bench.operator.insert_cartridge()
    bench.run(2.0)
    assert state(bench) == "SELF_TEST"


@pytest.mark.verifies("R-106", "R-201", "R-202", "R-311")
def test_a_press_and_release_starts_and_a_press_stops_and_parks(make_bench):
    bench = make_bench()
    bench.operator.insert_cartridge()
    bench.run(1.0)
    bench.operator.click()
    bench.run(1.0)
    assert state(bench) == "RUNNING"
    pressed_s = bench.now_s
    bench.operator.click()
    bench.run(1.0)
    trace = bench.trace()
    assert state(bench) == "READY"
    assert states_of(trace)[-4:] == ["RUNNING", "PARKING", "STANDBY", "READY"]
    stopped_s = first_time(trace, after(trace, pressed_s) & (trace["pen.state"] == PARKING))
    assert stopped_s - pressed_s < 0.02
    parked_s = first_time(trace, after(trace, pressed_s) & (trace["pen.state"] < RUNNING))
    assert parked_s - stopped_s < 0.5
    angle = trace["plant.angle"][-1] / 1000
    assert min(angle, 360 - angle) < 15
    assert trace["plant.rate"][-1] == 0


@pytest.mark.verifies("R-201")
def test_a_press_whose_edge_was_seen_elsewhere_does_not_start(make_bench):
    bench = make_bench()
    bench.run(0.8)
    bench.operator.press()
    bench.run(0.1)
    bench.operator.insert_cartridge()
    bench.run(0.4)
    assert state(bench) == "READY"
    bench.operator.release()
    bench.run(1.0)
    assert state(bench) == "READY"


@pytest.mark.verifies("R-201")
@pytest.mark.parametrize("hold_s", [0.02, 1.0])
def test_a_press_too_short_or_too_long_does_not_start(make_bench, hold_s):
    bench = make_bench()
    bench.operator.insert_cartridge()
    bench.run(1.0)
    bench.operator.click(hold_s)
    bench.run(2.0)
    assert state(bench) == "READY"


@pytest.mark.verifies("R-513")
@pytest.mark.parametrize("rate_hz", [25, 40, 70, 110, 150])
def test_the_rate_is_held_within_two_percent_in_the_air(running, rate_hz):
    bench = running(settings=settings(rate_hz, 300))
    start_s = bench.now_s
    bench.run(1.0)
    means = window_means(bench.trace(), "plant.rate", start_s, bench.now_s) / 1000
    assert np.abs(means / rate_hz - 1).max() < 0.02
    assert state(bench) == "RUNNING"


@pytest.mark.verifies("R-513", "R-516")
@pytest.mark.parametrize("charge", [0.15, 0.95])
@pytest.mark.parametrize("rate_hz", [70, 110, 150])
def test_the_rate_stays_within_ten_percent_through_the_reference_disturbance(
    running, rate_hz, charge
):
    parameters = PenParameters(battery=Battery(charge_fraction=charge))
    bench = running(settings=settings(rate_hz), parameters=parameters)
    touch_s = bench.now_s
    bench.operator.touch("reference")
    bench.run(1.2)
    lift_s = bench.now_s
    bench.operator.lift()
    bench.run(0.5)
    trace = bench.trace()
    turns_us = trace["plant.turn_time"][after(trace, touch_s)]
    one_turn = 1e6 / turns_us[turns_us > 0] / rate_hz
    assert one_turn.min() > 0.9
    assert one_turn.max() < 1.1
    means = window_means(trace, "plant.rate", touch_s + 0.4, lift_s) / 1000
    assert np.abs(means / rate_hz - 1).max() < 0.02
    assert not bench.signal("faults")


@pytest.mark.verifies("R-508")
def test_the_depth_axis_reaches_its_setting_within_five_hundredths(make_bench):
    for depth_um in (0, 250, 1000, 1500):
        bench = make_bench(settings={"depth": depth_um})
        bench.run(1.2)
        assert bench.axis.nose_um == pytest.approx(depth_um, abs=50)
        assert bench.signal("position") == pytest.approx(depth_um, abs=50)


def test_needles_reach_less_deep_than_they_protrude(running):
    bench = running("cheek", settings=settings(110, 1000))
    bench.run(1.0)
    depths = np.array([depth for _, depth in bench.punctures[10:]])
    assert len(depths) > 100
    assert 400 < depths.mean() < 1000


@pytest.mark.verifies("R-210")
def test_a_treatment_ends_by_itself_at_the_run_limit(running):
    bench = running(settings={"run_limit": 5})
    bench.run(6.0)
    assert state(bench) == "READY"
    assert bench.signal("run_time") == pytest.approx(5000, abs=30)


@pytest.mark.verifies("R-903")
def test_the_light_tells_the_state(make_bench):
    bench = make_bench()
    bench.operator.insert_cartridge()
    bench.run(1.0)
    assert bench.electronics.light() == (0, 1, 0)


@pytest.mark.verifies("R-209")
def test_needles_out_at_boot_wait_for_a_fresh_press_and_are_parked(make_bench):
    bench = make_bench(crank_deg=175.0)
    bench.run(1.0)
    assert state(bench) == "SELF_TEST"
    assert bench.trace()["plant.rate"].max() == 0
    bench.operator.click()
    bench.run(1.5)
    assert state(bench) == "STANDBY"
    assert PARKING in bench.trace()["pen.state"]
    assert FAULT not in bench.trace()["pen.state"]


@pytest.mark.verifies("R-420")
def test_the_winding_estimate_is_the_two_node_models_closed_form(running):
    bench = running("scar", settings={"stroke_rate": 150_000, "depth": 1500})
    bench.run(10.0)
    trace = bench.trace()
    driven = np.flatnonzero(trace["pen.state"] == RUNNING)
    first, last = driven[300], driven[-1]  # up to its rate: five measurements in 20 ms
    excess_K = (trace["pen.winding"] - trace["pen.housing"]) / 1000
    time_s = trace.time_s[first:last]
    resistance_ohm = pen_of(bench).get("motor_resistance") / 1000
    square_A2 = (trace["pen.current"][first:last] / 1000.0) ** 2 + 0.0147  # and of the ripple
    decay = np.exp(-(time_s[-1] - time_s) / 5.6)
    heated_K = np.sum(10.0 * resistance_ohm * square_A2 * decay) * 0.001 / 5.6
    expected_K = excess_K[first] * decay[0] + heated_K
    assert heated_K > 0.5
    assert excess_K[last] == pytest.approx(expected_K, abs=0.06)


@pytest.mark.verifies("R-819")
def test_wherever_the_clock_wraps_the_treatment_is_the_same_to_the_bit():
    undisturbed = timing.digest_with_wrap(PICO.first_wrap_us)
    for moment_us in timing.wrap_moments_us(12):
        assert timing.digest_with_wrap(moment_us) == undisturbed, moment_us
