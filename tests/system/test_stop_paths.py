"""The proof of both stop paths: at every start and before each run, by a pulse of 0.1 A."""

import numpy as np
import pytest

from penfw import states
from pensim.electronics import Wiring
from pensim.plant.parameters import PenParameters, Sensors
from pensim.plant.presets import PENS
from tests.system.story import RUNNING, SELF_TEST, first_time, latched, state, states_of

PULSES = 4  # of a proof
PULSE_ROWS = 2  # of 1 ms
STARTS_WITHIN_S = 0.15


def ready(make_bench, **options):
    """A pen with a cartridge, at rest in READY."""
    bench = make_bench(**options)
    bench.operator.insert_cartridge()
    bench.run(0.9)
    assert state(bench) == "READY"
    return bench


def pulses_of(trace, start_s=0.0):
    """Row numbers of each pulse in SELF_TEST from a time on."""
    driven = (trace["pen.state"] == SELF_TEST) & (trace["pen.duty"] > 0)
    rows = np.flatnonzero(driven & (trace.time_s >= start_s))
    return np.split(rows, np.flatnonzero(np.diff(rows) > 1) + 1) if len(rows) else []


@pytest.mark.verifies("R-304", "R-305")
def test_both_paths_are_proved_before_a_pen_becomes_ready(make_bench):
    trace = ready(make_bench).trace()
    pulses = pulses_of(trace)
    assert [len(rows) for rows in pulses] == [PULSE_ROWS] * PULSES
    proved_s = trace.time_s[pulses[-1][-1]]
    assert proved_s < first_time(trace, trace["pen.state"] == states.STANDBY)
    assert trace["plant.protrusion"][pulses[0][0]] <= 25  # at depth zero


@pytest.mark.verifies("R-304")
def test_both_paths_are_proved_again_before_each_run(make_bench):
    bench = ready(make_bench)
    for _ in range(2):
        start_s = bench.now_s
        bench.operator.click()
        bench.run(0.5)
        assert state(bench) == "RUNNING"
        assert len(pulses_of(bench.trace(), start_s)) == PULSES
        bench.operator.click()
        bench.run(1.0)
    assert states_of(bench.trace())[-6:] == ["READY", "SELF_TEST", "RUNNING", "PARKING", "STANDBY",
                                             "READY"]  # fmt: skip


@pytest.mark.verifies("R-315")
def test_a_run_begins_within_a_seventh_of_a_second_of_the_release(make_bench):
    bench = ready(make_bench)
    bench.operator.click(0.1)
    released_s = bench.now_s + 0.1
    bench.run(0.6)
    trace = bench.trace()
    assert first_time(trace, trace["pen.state"] == RUNNING) - released_s < STARTS_WITHIN_S


@pytest.mark.verifies("R-305")
def test_current_flows_with_both_paths_on_only(make_bench):
    trace = ready(make_bench).trace()
    current = trace["plant.current"]
    charges_uC = [int(current[rows + 1].sum()) for rows in pulses_of(trace)]
    assert charges_uC[:2] == [0, 0]
    assert all(140 <= charge <= 260 for charge in charges_uC[2:])


WHEN = ("at the start", "before a run")
FOUND = {
    "load_switch_shorted": {"stop path: load switch"},
    "load_switch_open": {"stop path: test current"},
    "bridge_shorted": {"stop path: bridge", "overspeed"},
    "bridge_open": {"stop path: test current"},
}


@pytest.mark.verifies("R-306", "R-424", "R-425", "R-426")
@pytest.mark.parametrize("when", WHEN)
@pytest.mark.parametrize("hazard", FOUND)
def test_a_path_that_does_not_work_is_found(make_bench, hazard, when):
    bench = make_bench() if when == WHEN[0] else ready(make_bench)
    bench.operator.hazard(hazard)
    bench.operator.click()
    bench.run(0.6)
    assert latched(bench) == FOUND[hazard]
    assert "RUNNING" not in states_of(bench.trace())
    assert bench.trace()["plant.rate"][-1] == 0


@pytest.mark.verifies("R-305", "R-425")
def test_a_load_switch_that_stays_closed_is_found_without_turning_the_motor(make_bench):
    bench = ready(make_bench)
    bench.operator.hazard("load_switch_shorted")
    bench.operator.click()
    bench.run(0.6)
    assert bench.trace()["plant.angle"].max() < 5000


@pytest.mark.verifies("R-306")
def test_exchanged_pins_of_pwm_and_load_switch_are_found_at_the_start(make_bench):
    bench = make_bench(wiring=Wiring().swapped(Wiring.motor_pwm, Wiring.load_switch))
    bench.run(0.6)
    assert latched(bench) == {"stop path: bridge"}
    assert state(bench) == "FAULT"


@pytest.mark.verifies("R-103", "R-304")
def test_a_part_that_was_repaired_passes_after_the_acknowledgement(make_bench):
    bench = ready(make_bench)
    bench.operator.hazard("load_switch_shorted")
    bench.operator.click()
    bench.run(0.6)
    bench.operator.click(1.5)
    bench.run(2.5)
    assert latched(bench) == {"stop path: load switch"}  # still the same
    bench.operator.hazard("load_switch_shorted", False)
    bench.operator.click(1.5)
    bench.run(2.5)
    assert (state(bench), latched(bench)) == ("READY", set())


@pytest.mark.verifies("R-203", "R-308")
@pytest.mark.parametrize("after_ms", range(60, 220, 7))
def test_a_press_at_any_moment_of_the_proof_calls_the_run_off(make_bench, after_ms):
    bench = ready(make_bench)
    bench.operator.click(0.06)
    bench.operator.at(bench.now_s + after_ms / 1000, bench.operator.press)
    bench.operator.at(bench.now_s + after_ms / 1000 + 1.0, bench.operator.release)
    bench.run(0.6)
    assert state(bench) in ("READY", "STANDBY")
    trace = bench.trace()
    pressed_s = 0.9 + after_ms / 1000
    driven = (trace["pen.duty"] > 0) & (trace.time_s > pressed_s + 0.008)
    running = trace["pen.state"] == RUNNING
    assert not driven[~running & (trace["pen.state"] == SELF_TEST)].any()
    if running.any():  # it had begun when the press came
        assert first_time(trace, running) < pressed_s + 0.008


@pytest.mark.verifies("R-203")
def test_a_tap_shorter_than_a_look_of_the_main_loop_calls_the_run_off_too(make_bench):
    bench = ready(make_bench)
    bench.operator.click(0.06)
    bench.run(0.12)
    assert state(bench) == "SELF_TEST"
    bench.operator.click(0.006)
    bench.run(0.3)
    assert state(bench) == "READY"
    assert "RUNNING" not in states_of(bench.trace())


@pytest.mark.verifies("R-308", "R-605")
def test_a_cartridge_taken_off_in_the_proof_does_not_run(make_bench):
    bench = ready(make_bench)
    bench.operator.click(0.06)
    bench.run(0.12)
    assert state(bench) == "SELF_TEST"
    bench.operator.remove_cartridge()
    bench.run(0.5)
    assert state(bench) == "STANDBY"
    assert "RUNNING" not in states_of(bench.trace())


@pytest.mark.verifies("R-308")
def test_a_knock_in_the_proof_parks_the_needles_anew_in_place_of_a_run(make_bench):
    bench = ready(make_bench)
    bench.operator.click(0.06)
    bench.run(0.12)
    assert state(bench) == "SELF_TEST"
    bench.kernel.place(0.02, 120.0)  # a knock, in rad and rad/s
    bench.run(0.8)
    assert (state(bench), latched(bench)) == ("READY", set())
    assert states_of(bench.trace())[-4:] == ["SELF_TEST", "PARKING", "STANDBY", "READY"]
    bench.operator.click()
    bench.run(0.5)
    assert state(bench) == "RUNNING"


@pytest.mark.verifies("R-213")
def test_an_uncalibrated_pen_gets_no_pulse(make_bench):
    bench = make_bench(calibrated=False)
    bench.run(1.5)
    assert pulses_of(bench.trace()) == []


@pytest.mark.verifies("R-426")
def test_a_motor_that_is_not_the_setting_s_is_refused(make_bench):
    for name in ("dummy load", "006SR"):
        bench = make_bench(parameters=PENS[name])
        bench.run(0.6)
        assert latched(bench) == {"stop path: test current"}
    bench = ready(make_bench, parameters=PENS["006SR"], settings={"motor_resistance": 5100})


@pytest.mark.verifies("R-307")
def test_an_amplifier_of_10_mA_of_noise_is_good_enough(make_bench):
    noisy = PenParameters(sensors=Sensors(shunt_noise_rms_a=0.01))
    for seed in range(12):
        bench = ready(make_bench, parameters=noisy, seed=seed)
        bench.operator.click()
        bench.run(0.4)
        assert state(bench) == "RUNNING"
