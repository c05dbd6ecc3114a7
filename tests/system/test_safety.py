"""What must not happen: sensors that lie, depth that grows, a motor that starts by itself."""

import re

import numpy as np
import pytest

from penfw import faults, protocol, settings, states
from pensim.board.board import WDT_RESET
from pensim.cartridge import SimulatedCartridge
from tests.system.story import (
    after,
    control_of,
    enter_service,
    first_time,
    last_time,
    latched,
    pen_of,
    state,
    states_of,
)

DEPTH = settings.index("depth")
LAW_PARK = 2


def from_top_deg(trace, row=-1):
    """Degrees between the crank and top dead centre."""
    angle = trace["plant.angle"][row] / 1000
    return min(angle, 360 - angle)


def at_rest(bench):
    """Whether the motor is not driven and stands."""
    return bench.signal("duty") == 0 and abs(bench.trace()["plant.rate"][-1]) < 500


def ready(make_bench, **options):
    bench = make_bench(**options)
    bench.operator.insert_cartridge()
    bench.run(1.0)
    assert state(bench) == "READY"
    return bench


@pytest.fixture
def in_service(make_bench):
    """Makes a bench whose pen is in SERVICE, without a cartridge."""

    def make(**options):
        bench = make_bench(**options)
        enter_service(bench)
        return bench

    return make


# Sensors


@pytest.mark.verifies("R-413")
@pytest.mark.parametrize("rate_hz", [40, 100, 150])
def test_a_tachometer_that_was_dead_before_the_start_is_found(make_bench, rate_hz):
    bench = ready(make_bench, settings={"stroke_rate": rate_hz * 1000, "depth": 300})
    bench.operator.hazard("tachometer_open")
    bench.operator.click()
    bench.run(1.5)
    trace = bench.trace()
    assert latched(bench) == {"tachometer loss"}
    started_s = first_time(trace, trace["pen.state"] == states.RUNNING)
    assert first_time(trace, trace["pen.faults"] != 0) - started_s < 0.3
    assert from_top_deg(trace) < 15


@pytest.mark.verifies("R-312", "R-457")
@pytest.mark.parametrize("hazard", ["top_dead_centre_open", "top_dead_centre_shorted"])
def test_a_top_sensor_that_fails_at_the_stop_does_not_pass_for_parked_needles(running, hazard):
    bench = running("cheek", settings={"stroke_rate": 60000})
    bench.operator.hazard(hazard)
    bench.operator.click()
    bench.run(1.5)
    assert latched(bench) & {"park not reached", "implausible tachometer"}
    assert state(bench) == "FAULT"


@pytest.mark.verifies("R-411", "R-457")
@pytest.mark.parametrize("hazard", ["top_dead_centre_open", "top_dead_centre_shorted"])
def test_a_pen_whose_top_sensor_is_still_broken_does_not_become_ready(running, hazard):
    bench = running("cheek")
    bench.operator.hazard(hazard)
    bench.run(1.0)
    bench.operator.lift()
    bench.operator.click(1.5)
    bench.run(3.0)
    assert state(bench) == "SELF_TEST"  # needles out: it asks for a press
    bench.operator.click()
    bench.run(2.0)
    assert latched(bench) == {"park not reached"}


@pytest.mark.verifies("R-209", "R-457")
def test_an_open_top_sensor_at_power_up_moves_nothing(make_bench):
    bench = make_bench()
    bench.operator.hazard("top_dead_centre_open")
    bench.operator.insert_cartridge()
    bench.run(2.0)
    assert state(bench) == "SELF_TEST"
    assert bench.trace()["pen.duty"].max() == 0


@pytest.mark.verifies("R-419", "R-902")
def test_an_open_battery_wire_neither_races_the_motor_nor_stays_unnoticed(running):
    bench = running("cheek", settings={"stroke_rate": 60000})
    start_s = bench.now_s
    bench.operator.hazard("battery_open")
    bench.run(1.0)
    trace = bench.trace()
    assert latched(bench) == {"battery critical"}
    assert first_time(trace, trace["pen.faults"] != 0) - start_s < 0.1
    assert trace["plant.rate"][after(trace, start_s)].max() < 70_000
    assert np.abs(trace["plant.current"][after(trace, start_s)]).max() < 1_800
    assert from_top_deg(trace) < 15


@pytest.mark.verifies("R-420", "R-901")
def test_an_open_thermistor_ends_the_treatment_and_refuses_the_next(running):
    bench = running("cheek")
    start_s = bench.now_s
    bench.operator.hazard("temperature_open")
    bench.run(1.0)
    trace = bench.trace()
    assert latched(bench) == {"over-temperature"}
    assert first_time(trace, trace["pen.faults"] != 0) - start_s < 0.06
    bench.operator.click(1.5)
    bench.run(3.0)
    assert state(bench) == "FAULT"


# Depth


@pytest.mark.verifies("R-510")
def test_a_cartridge_contact_that_opens_while_running_does_not_let_the_needles_deeper(make_bench):
    bench = make_bench(settings={"depth": 1500, "stroke_rate": 100000})
    bench.operator.insert_cartridge(SimulatedCartridge(max_depth_um=500))
    bench.run(1.0)
    bench.operator.click()
    bench.run(1.0)
    bench.operator.touch("cheek")
    bench.run(0.3)
    bench.electronics.insert_cartridge(False)
    bench.run(0.06)
    bench.electronics.insert_cartridge(True)
    bench.run(1.0)
    assert latched(bench) == {"cartridge removed"}
    trace = bench.trace()
    assert trace["plant.protrusion"][after(trace, 1.0)].max() <= 550


@pytest.mark.verifies("R-505", "R-507")
def test_deeper_while_parking_waits_until_the_needles_are_parked(running):
    bench = running("cheek", settings={"depth": 500})
    bench.operator.click()
    bench.run(0.02)
    assert state(bench) == "PARKING"
    pen = pen_of(bench)
    assert pen.device.apply([(DEPTH, 1500)])[0][0] == protocol.PENDING
    control_of(bench).main_depth = 60  # whatever the main loop does
    bench.run(0.9)
    trace = bench.trace()
    parking = trace["pen.state"] == states.PARKING
    assert trace["plant.protrusion"][parking].max() <= 550


@pytest.mark.verifies("R-458")
def test_no_fault_moves_the_depth_axis_before_it_is_acknowledged(running):
    bench = running("cheek", settings={"depth": 500})
    bench.kernel.set_code_fault(0, 46000, 0)
    bench.run(0.3)
    assert state(bench) == "FAULT"
    for steps in (60, 4):
        control_of(bench).main_depth = steps
        bench.run(0.3)
        assert bench.trace()["plant.protrusion"][-1] == pytest.approx(500, abs=30)


@pytest.mark.verifies("R-501")
def test_whatever_the_main_loop_asks_for_the_axis_stops_at_the_hard_limit(make_bench):
    bench = make_bench()
    bench.run(1.0)
    control_of(bench).main_depth = 1000
    bench.run(1.0)
    assert bench.trace()["plant.protrusion"].max() <= 2550


@pytest.mark.verifies("R-601")
def test_a_cartridge_without_a_greatest_depth_or_of_an_unknown_kind_is_refused(make_bench):
    bench = make_bench()
    bench.run(0.5)
    bench.operator.insert_cartridge(SimulatedCartridge(max_depth_um=0))
    bench.run(0.5)
    assert latched(bench) == {"cartridge invalid"}


# Starts and stops


@pytest.mark.verifies("R-210")
def test_a_run_limit_stop_does_not_stop_the_next_treatment(make_bench):
    bench = ready(make_bench, settings={"run_limit": 5})
    bench.operator.click()
    bench.run(7.0)
    assert state(bench) == "READY"
    bench.operator.click()
    bench.run(2.0)
    assert state(bench) == "RUNNING"


@pytest.mark.verifies("R-803")
@pytest.mark.parametrize("offset_ms", range(0, 12, 2))
def test_flash_is_never_written_with_a_start_on_its_way(make_bench, offset_ms):
    bench = ready(make_bench)
    control = control_of(bench)
    writes = []
    hold = bench.board.processor.hold

    def note(duration_us):
        writes.append(control.main_conditions & states.START or control.state == states.RUNNING)
        hold(duration_us)

    bench.board.processor.hold = note
    pen_of(bench).settings_changed()
    bench.run(0.280 + offset_ms / 1000)
    bench.operator.click(0.1)
    bench.run(2.0)
    assert not any(writes)


@pytest.mark.verifies("R-203")
def test_a_press_while_the_depth_is_still_being_reached_calls_the_start_off(make_bench):
    bench = ready(make_bench)
    pen_of(bench).treatment.pending = {DEPTH: 1500}
    bench.operator.click(0.1)
    bench.run(0.13)
    assert bench.signal("depth") < 1500
    bench.operator.press()
    bench.run(1.0)
    assert "RUNNING" not in states_of(bench.trace())


@pytest.mark.verifies("R-203")
@pytest.mark.parametrize("after_ms", range(1, 24))
def test_a_press_while_the_cartridge_is_marked_used_calls_the_start_off(make_bench, after_ms):
    bench = ready(make_bench)
    bench.operator.click(0.1)
    bench.run(0.1 + after_ms / 1000)
    bench.operator.press()
    bench.run(0.02)
    assert state(bench) != "RUNNING"
    bench.run(0.4)
    assert state(bench) != "RUNNING"


@pytest.mark.verifies("R-201", "R-203")
def test_a_start_that_the_main_loop_left_behind_does_not_start_in_ready(make_bench):
    def treated(until_s):
        bench = ready(make_bench)
        bench.operator.at(1.1, bench.operator.click)
        bench.operator.at(2.1, bench.operator.click)
        bench.run(until_s - bench.now_s)
        return bench

    trace = treated(3.0).trace()
    bench = treated(last_time(trace, trace["pen.state"] == states.PARKING))
    assert state(bench) == "PARKING"
    control_of(bench).main_conditions |= states.START  # by a loop that was busy for long
    bench.run(1.0)
    assert state(bench) == "READY"
    assert states_of(bench.trace())[-3:] == ["PARKING", "STANDBY", "READY"]  # not even a proof


@pytest.mark.verifies("R-202", "R-207")
@pytest.mark.parametrize("ahead_ms", range(0, 9, 2))
def test_a_press_that_the_main_loop_has_not_seen_forbids_a_service_run(in_service, ahead_ms):
    bench = in_service()
    bench.operator.press()
    bench.run(ahead_ms / 1000)
    pen_of(bench).service.run(60_000)
    bench.run(0.45)
    assert at_rest(bench)


@pytest.mark.verifies("R-214")
def test_a_stop_right_behind_a_service_run_is_not_lost(in_service):
    bench = in_service()
    pen = pen_of(bench)
    pen.service.run(60_000)
    pen.stop()
    bench.run(0.45)
    assert at_rest(bench)


@pytest.mark.verifies("R-214")
def test_a_stop_just_before_a_proof_ends_in_a_run_is_not_lost(make_bench):
    bench = make_bench()
    bench.operator.insert_cartridge()
    bench.run(1.0)
    bench.operator.click()
    pen, control = pen_of(bench), control_of(bench)
    while not control.own_conditions & states.PROVED:
        bench.run(0.001)
    assert control.state == states.SELF_TEST
    call_off = pen.treatment.call_off

    def interrupted():
        """As if the interrupt came before the start is called off, wherever that is done."""
        for _ in range(3):
            control.tick(None)
        call_off()

    pen.treatment.call_off = interrupted
    pen.stop()
    pen.treatment.call_off = call_off
    bench.run(1.0)
    assert state(bench) in ("PARKING", "READY")
    assert bench.signal("duty") == 0


@pytest.mark.verifies("R-803")
def test_no_parking_begins_while_a_flash_window_is_open(in_service):
    bench = in_service()
    control = control_of(bench)
    control.main_window = 1
    control.raise_faults(1 << faults.BATTERY_CRITICAL)
    bench.run(0.008)  # the loop itself closes the window soon
    assert control.law == 0
    assert state(bench) == "SERVICE"
    control.main_window = 0
    bench.run(1.0)
    assert states_of(bench.trace())[-2:] == ["PARKING", "FAULT"]


@pytest.mark.verifies("R-803")
def test_a_parking_that_began_just_before_the_window_is_not_written_over(in_service):
    bench = in_service()
    pen = pen_of(bench)
    window = pen.flash_window
    writes = []
    bench.board.processor.hold = lambda _duration_us: writes.append(pen.motor_on())
    pen.settings_changed()
    still = window._still

    def parks_behind_the_look():
        found = still()
        if found:
            pen.control.law = LAW_PARK  # as the interrupt does at a fault
        return found

    window._still = parks_behind_the_look
    bench.run(0.5)
    assert not any(writes)


@pytest.mark.verifies("R-212")
def test_usb_power_refuses_a_start_and_leaves_the_cartridge_unused(make_bench):
    bench = ready(make_bench)
    bench.operator.usb_power()
    bench.run(0.2)
    bench.operator.click()
    bench.run(1.0)
    assert state(bench) == "READY"
    assert bench.operator.cartridge.eeprom.content[32] == 0xFF


@pytest.mark.verifies("R-206", "R-418")
def test_usb_power_is_not_acknowledged_while_it_is_connected(running):
    bench = running("cheek")
    bench.operator.usb_power()
    bench.run(1.0)
    bench.operator.click(1.5)
    bench.run(2.0)
    assert latched(bench) == {"USB power while running"}


@pytest.mark.verifies("R-205")
def test_a_press_that_began_before_the_fault_does_not_acknowledge_it(running):
    bench = running("cheek")
    bench.operator.press()
    bench.run(0.02)
    bench.kernel.set_code_fault(0, 46000, 0)
    bench.run(0.1)
    bench.kernel.set_code_fault(0, -1, 0)
    assert state(bench) == "FAULT"
    bench.run(1.2)
    bench.operator.release()
    bench.run(2.0)
    assert state(bench) == "FAULT"


@pytest.mark.verifies("R-603", "R-604")
def test_a_removed_cartridge_stays_refused_after_a_restart_even_without_its_mark(running):
    bench = running()
    bench.operator.click()
    bench.run(1.0)
    used = bench.operator.remove_cartridge()
    bench.run(1.0)
    bench.board.power_on()
    bench.run(1.0)
    used.eeprom.content[32:] = b"\xff" * (256 - 32)
    bench.operator.insert_cartridge(used)
    bench.run(0.5)
    assert latched(bench) == {"cartridge used"}


# Service, calibration, hand-over


@pytest.mark.verifies("R-213", "R-701")
def test_an_uncalibrated_pen_says_so_and_can_be_serviced(make_bench):
    bench = make_bench(calibrated=False)
    bench.run(1.0)
    assert state(bench) == "SELF_TEST"
    red, green, blue = bench.electronics.light()
    bench.run(0.8)
    assert (red, green, blue) != bench.electronics.light()
    bench.operator.click(3.5)
    bench.run(4.0)
    assert state(bench) == "SERVICE"


@pytest.mark.verifies("R-701")
def test_the_buzzer_tells_at_three_seconds_that_service_will_be_entered(make_bench):
    bench = make_bench()
    bench.run(1.0)
    duties = []
    bench.board.gpio.listen_duty(21, lambda duty: duties.append((bench.now_s, duty)))
    bench.operator.press()
    bench.run(3.4)
    sounded = [time_s for time_s, duty in duties if duty]
    assert any(4.0 <= time_s < 4.1 for time_s in sounded)
    assert state(bench) == "STANDBY"


@pytest.mark.verifies("R-903")
@pytest.mark.parametrize(
    ("hazard", "longs", "shorts", "sound_s"),
    [("temperature_open", 2, 0, 0.3), ("position_open", 0, 4, 1.2)],
)
def test_a_person_sees_which_fault_it_was_and_hears_of_which_class(
    running, hazard, longs, shorts, sound_s
):
    bench = running("cheek")
    duties, lit = [], []
    bench.board.gpio.listen_duty(21, lambda duty: duties.append((bench.now_s, duty)))
    bench.operator.hazard(hazard)
    bench.run(1.7)
    for _ in range(200):
        bench.run(0.05)
        lit.append("red" in bench.electronics.to_be_noticed())
    text = "".join("x" if one else "." for one in lit)
    cycle = re.search(r"\.{22,}(x[x.]*?)\.{22,}", text)[1]
    lengths = [len(run) for run in cycle.split(".") if run]
    assert (sum(one > 7 for one in lengths), sum(one < 7 for one in lengths)) == (longs, shorts)
    starts = [time_s for time_s, duty in duties if duty]
    ends = [time_s for time_s, duty in duties if not duty]
    assert max(ends) - max(starts) == pytest.approx(sound_s, abs=0.05)


@pytest.mark.verifies("R-310")
def test_ctrl_c_stops_the_motor_and_ends_in_the_repl(running):
    bench = running("cheek")
    start_s = bench.now_s
    bench.board.serial.usb.deliver(b"\x03", bench.board.now_us, 1000)
    bench.run(3.0)
    trace = bench.trace()
    assert bench.board.boots == 2
    assert bench.board.exit_code == 0
    assert "/handover" not in bench.board.flash.files
    moving = trace.time_s[trace["plant.rate"] != 0]
    assert moving[-1] - start_s < 0.2
    assert bench.board.gpio.level(2) == bench.board.gpio.level(3) == 0


@pytest.mark.verifies("R-310")
def test_more_ctrl_c_does_not_break_the_hand_over_off(running):
    bench = running("cheek")
    for _ in range(10):
        bench.board.serial.usb.deliver(b"\x03", bench.board.now_us, 1000)
        bench.run(0.005)
    assert bench.board.boots == 1
    bench.run(2.0)
    assert bench.board.boots == 2
    assert "/intended" in bench.board.flash.files
    assert bench.board.gpio.level(2) == bench.board.gpio.level(3) == 0


@pytest.mark.verifies("R-410")
def test_the_reset_of_a_hand_over_is_not_taken_for_the_watchdog(running):
    bench = running()
    bench.board.serial.usb.deliver(b"\x03", bench.board.now_us, 1000)
    bench.run(2.0)
    bench.operator.remove_cartridge()
    bench.board._boot(WDT_RESET)
    bench.run(1.0)
    assert latched(bench) == set()
    bench.board._boot(WDT_RESET)
    bench.run(1.0)
    assert latched(bench) == {"watchdog reset"}


@pytest.mark.verifies("R-310", "R-408")
def test_an_exception_in_the_main_loop_ends_with_the_outputs_off(running):
    bench = running("cheek")
    start_s = bench.now_s
    control_of(bench).housing_raw = None
    bench.run(2.0)
    trace = bench.trace()
    assert bench.board.boots == 2
    assert trace.time_s[trace["pen.duty"] > 0][-1] - start_s < 0.05
    assert trace["plant.rate"][-1] == 0
