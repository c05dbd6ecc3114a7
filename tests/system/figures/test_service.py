"""The main loop's figures of SERVICE and of the commands in it."""

import pytest

from penfw import faults, protocol, states
from penfw.button import HOLD_SERVICE
from tests.system.fault_scenarios import linked
from tests.system.figures.part import OFF, PARK, RUN
from tests.system.story import enter_service, pen_of, state


@pytest.mark.parametrize(
    ("now", "offered"),
    [
        (states.STANDBY, True), (states.READY, True), (states.RUNNING, False),
        (states.PARKING, False), (states.FAULT, False),
    ],
)  # fmt: skip
def test_a_long_hold_leads_to_service_where_it_is_offered_only(part, now, offered):
    part.set(state=now, main_conditions=0)
    part.pen._gesture(HOLD_SERVICE, now)
    assert bool(part.control.main_conditions & states.SERVICE_ON) == offered


def test_the_buzzer_offers_service_once_a_hold(part):
    played = []
    part.set(state=states.STANDBY)
    part.pen.indicator.play = lambda melody, now_ms: played.append(now_ms)
    start_ms = part.pen.uptime_ms
    part.pen.button.step(1, start_ms, states.STANDBY)
    for now_ms in range(start_ms, start_ms + 5_000, 10):
        part.pen.service.tell_offer(now_ms)
    assert played == [start_ms + 3_000]


@pytest.mark.verifies("R-703")
@pytest.mark.parametrize(
    ("law", "idle_s", "silent_s", "connected", "ends"),
    [
        (OFF, 601, 0, False, True), (OFF, 599, 599, False, False), (OFF, 10, 31, True, True),
        (OFF, 10, 29, True, False), (OFF, 10, 31, False, False), (PARK, 700, 700, True, False),
    ],
)  # fmt: skip
def test_service_ends_after_ten_idle_minutes_or_half_a_minute_without_its_host(
    part, law, idle_s, silent_s, connected, ends
):
    pen, service = part.pen, part.pen.service
    part.set(law=law, main_conditions=0)
    pen.uptime_ms = 2_000_000
    service._touched_ms = pen.uptime_ms - idle_s * 1000
    service.heartbeat_ms = pen.uptime_ms - silent_s * 1000
    pen.link.connected = lambda: connected
    service.step()
    assert bool(part.control.main_conditions & states.SERVICE_OFF) == ends
    assert part.control.main_faults == 0


@pytest.mark.verifies("R-214")
@pytest.mark.parametrize(
    ("now", "law", "wish", "asked"),
    [
        (states.SERVICE, OFF, OFF, False), (states.SERVICE, RUN, OFF, True),
        (states.SERVICE, OFF, RUN, True), (states.RUNNING, RUN, OFF, False),
    ],
)  # fmt: skip
def test_a_stop_moves_nothing_that_does_not_run(part, now, law, wish, asked):
    part.set(state=now, law=law, main_law=wish, main_conditions=0)
    part.pen.stop()
    assert bool(part.control.main_asks) == asked
    assert part.control.main_law == (PARK if asked else wish)
    assert part.control.main_conditions == (states.STOP if now == states.RUNNING else 0)


@pytest.mark.verifies("R-423")
@pytest.mark.parametrize(
    ("law", "silent_ms", "lost"), [(RUN, 510, True), (RUN, 490, False), (PARK, 900, False)]
)
def test_a_run_in_service_needs_a_sign_of_the_host_every_half_second(part, law, silent_ms, lost):
    part.set(law=law)
    part.pen.service.heartbeat_ms = part.pen.uptime_ms - silent_ms
    part.pen.service.step()
    assert (part.control.main_faults == 1 << faults.LINK_LOST) == lost
    assert part.control.main_law == OFF


def test_each_command_does_its_own(make_bench):
    bench = make_bench()
    enter_service(bench)
    control = pen_of(bench).control
    with linked(bench) as pen, pen.presence():
        pen.command("run", 50_000)
        pen.wait(0.6)
        assert bench.signal("rate") == pytest.approx(50_000, rel=0.05)
        assert not pen.command("park").pending
        assert PARK in (control.main_law, control.law)
        pen.wait(0.6)
        assert (state(bench), control.law) == ("SERVICE", OFF)
        pen.command("run", 60_000)
        pen.wait(0.5)
        pen.command("stop")
        assert PARK in (control.main_law, control.law)
        pen.wait(0.6)
        pen.command("end_service")
        pen.wait(0.6)
        assert state(bench) == "STANDBY"
        assert not pen_of(bench).flash_window.hand_over_due


@pytest.mark.parametrize("rate_mHz", [24_999, 150_001, -1])
def test_a_run_in_service_has_the_settings_bounds_of_the_rate(make_bench, rate_mHz):
    bench = make_bench()
    enter_service(bench)
    device = pen_of(bench).device
    assert device.command(1, rate_mHz) == (protocol.REFUSED, protocol.BAD_ARGUMENT)
    for good_mHz in (25_000, 150_000):
        assert device.command(1, good_mHz) == (protocol.APPLIED, good_mHz)


def test_a_stop_is_answered_with_nothing_but_that_it_is_done(part):
    assert part.pen.device.command(0, 0) == (protocol.APPLIED, 0)


@pytest.mark.parametrize(
    ("on_usb", "argument", "taken"),
    [(True, 0, True), (False, 0, False), (False, 1, True), (False, 2, False)],
)
def test_a_hand_over_is_refused_where_the_prompt_is_elsewhere(part, on_usb, argument, taken):
    part.pen.board.on_usb = on_usb
    refused = (protocol.REFUSED, protocol.PROMPT_ELSEWHERE)
    assert part.pen.device.command(4, argument) == (
        (protocol.APPLIED, argument) if taken else refused
    )
    assert part.pen.flash_window.hand_over_due == taken
