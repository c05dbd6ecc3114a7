"""Figures and choices of the main loop's modules: one look within each, one beyond it.

The firmware's own objects are asked directly on the words that the case sets, or over the link
where the host sees the answer; what is expected stands in PEN.md and the requirements.
"""

import pytest

from penfw import cartridge, faults, protocol, settings, signals, states
from penfw.button import HOLD_SERVICE
from penhost import Pen
from penhost.errors import Refused
from pensim.serial_port import SimulatedPort
from tests.system.board_line import with_changes
from tests.system.fault_scenarios import linked, started
from tests.system.story import enter_service, fault_names, latched, pen_of, state

OFF, RUN, PARK = 0, 1, 2


class Part:
    """One object of a pen that stands; its pass runs only where a test calls it."""

    def __init__(self, bench):
        bench.run(1.0)
        self.pen = pen_of(bench)
        self.control = self.pen.control
        self.set(faults=0, main_faults=0, main_asks=0)

    def set(self, **words):
        for name, value in words.items():
            assert hasattr(self.control, name), name
            setattr(self.control, name, value)

    def signal(self, name, value):
        self.control.values[signals.index(name)] = value


@pytest.fixture
def part(make_bench):
    return Part(make_bench())


@pytest.mark.parametrize(
    ("before", "now", "doubted"),
    [
        (states.PARKING, states.SELF_TEST, False), (states.PARKING, states.FAULT, True),
        (states.STANDBY, states.SELF_TEST, True),
    ],
)  # fmt: skip
def test_needles_that_were_parked_at_a_start_are_in_doubt_no_more(part, before, now, doubted):
    part.pen.top_in_doubt = True
    part.pen.seen_state = before
    part.pen._state_changed(now)
    assert part.pen.top_in_doubt == doubted


@pytest.mark.parametrize(
    ("fault", "doubted"),
    [("PARK_NOT_REACHED", True), ("TACHOMETER_IMPLAUSIBLE", True), ("STALL", False)],
)
def test_needles_are_in_doubt_after_faults_of_what_finds_them(part, fault, doubted):
    part.pen._faults_changed(1 << getattr(faults, fault))
    assert part.pen.top_in_doubt == doubted


@pytest.mark.parametrize(
    ("before", "now", "kept"),
    [
        (states.READY, states.SELF_TEST, True), (states.READY, states.STANDBY, False),
        (states.FAULT, states.SELF_TEST, False), (states.SELF_TEST, states.RUNNING, False),
    ],
)  # fmt: skip
def test_a_start_outlives_no_change_of_state_but_that_to_its_proof(part, before, now, kept):
    part.set(main_conditions=states.START | states.TESTED)
    part.pen.seen_state = before
    part.pen._state_changed(now)
    assert bool(part.control.main_conditions & states.START) == kept


# Service


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


# What the host is told


def test_the_hosts_tables_are_the_firmwares(make_bench):
    bench = make_bench()
    with linked(bench) as pen:
        told = {row.number: row for row in pen.fault_table.values()}
        assert set(told) == {row[0] for row in faults.FAULTS}
        for number, name, kind, reaction_ms, cause, remedy in (row[:6] for row in faults.FAULTS):
            reaction = "CUT" if kind == faults.CUT else "PARK"
            row = told[number]
            assert (row.name, row.reaction, row.reaction_ms) == (name, reaction, reaction_ms)
            assert (row.cause, row.remedy) == (cause, remedy)
        assert list(pen.settings) == list(settings.NAMES)
        for number, row in enumerate(pen.settings.values()):
            bounds = settings.MINIMA[number], settings.MAXIMA[number]
            assert (row.minimum, row.maximum) == bounds
            assert row.access == settings.ACCESS[settings.ACCESSES[number]]
            assert " " in row.help


def test_the_fault_list_has_the_latched_ones_first_and_remembers_sixteen(make_bench):
    bench = make_bench()
    bench.run(1.0)
    firmware = pen_of(bench)
    with linked(bench) as pen:
        firmware.control.raise_faults(1 << faults.BATTERY_CRITICAL)
        pen.wait(0.3)
        [first] = pen.faults()
        assert firmware.device.faults()[0][:2] == (faults.BATTERY_CRITICAL, 1)
        assert (first.number, first.latched) == (faults.BATTERY_CRITICAL, True)
        assert 0 < first.time_us < bench.now_s * 1e6
        assert firmware.acknowledge()
        pen.wait(2.5)
        firmware.control.raise_faults(1 << faults.OVERCURRENT)
        pen.wait(0.3)
        listed = pen.faults()
        assert [(one.number, one.latched) for one in listed] == [
            (faults.OVERCURRENT, True), (faults.BATTERY_CRITICAL, False),
        ]  # fmt: skip
        assert listed[1].time_us == first.time_us
        for _ in range(20):
            firmware.device.remember(faults.STALL)
        assert len(pen.faults()) == 16


@pytest.mark.verifies("R-206")
def test_of_faults_that_are_cleared_the_newest_comes_first(part):
    for number in (faults.STALL, faults.OVERCURRENT, faults.LINK_LOST):
        part.pen.device.remember(number)
    told = [row[0] for row in part.pen.device.faults()]
    assert told == [faults.LINK_LOST, faults.OVERCURRENT, faults.STALL]


def test_a_cause_that_is_still_there_is_told_without_a_limit(make_bench):
    bench = started(make_bench)
    with linked(bench) as pen:
        bench.operator.usb_power()
        pen.wait(1.5)
        assert latched(bench) == {"USB power while running"}
        pen.events()
        assert not pen_of(bench).acknowledge()
        pen.wait(0.1)
        [told] = [one for one in pen.events() if one.kind == "notice"]
        assert (told.number, told.value) == (protocol.CAUSE_REMAINS, 0)


@pytest.mark.parametrize(
    ("fault", "on_usb", "cleared"),
    [("STALL", True, True), ("USB_POWER", True, False), ("USB_POWER", False, True)],
)
def test_usb_power_bars_the_acknowledgement_of_its_own_fault_only(part, fault, on_usb, cleared):
    part.set(faults=1 << getattr(faults, fault))
    part.signal("inputs", signals.IN_USB if on_usb else 0)
    assert part.pen.acknowledge() == cleared


def test_the_host_is_told_of_each_state_and_fault(make_bench):
    bench = make_bench()
    with linked(bench) as pen:
        bench.operator.insert_cartridge()
        pen.wait(1.0)
        pen.events()
        bench.operator.click()
        pen.wait(1.0)
        told = [(one.kind, one.number, one.value) for one in pen.events()]
        assert [row for row in told if row[0] == "state changed"] == [
            ("state changed", states.SELF_TEST, states.READY),
            ("state changed", states.RUNNING, states.SELF_TEST),
        ]
        bench.operator.remove_cartridge()
        pen.wait(1.0)
        bench.operator.click(1.5)
        pen.wait(2.0)
        events = pen.events()
    told = [(one.kind, one.number, one.value) for one in events]
    assert ("state changed", states.PARKING, states.RUNNING) in told
    assert ("state changed", states.FAULT, states.PARKING) in told
    assert ("fault latched", faults.CARTRIDGE_REMOVED, 0) in told
    assert told.count(("fault cleared", faults.CARTRIDGE_REMOVED, 0)) == 1
    assert len([row for row in told if row[0] == "fault cleared"]) == 1
    times_us = [one.time_us for one in events]
    assert times_us == sorted(times_us)


def test_a_rate_that_is_limited_for_a_second_is_told_once(make_bench):
    bench = started(make_bench)
    pen = pen_of(bench)
    told = []
    pen.link.event = lambda *fields: told.append((pen.uptime_ms - begin_ms, *fields))
    begin_ms = pen.uptime_ms
    pen.control.values[signals.index("rate")] = 77_000
    for passed_ms, limited in ((0, 0), (10, 1), (990, 2), (1_020, 1), (2_400, 1)):
        pen.control.values[signals.index("limited")] = limited
        pen.uptime_ms = begin_ms + passed_ms
        pen.treatment.in_running()
    assert told == [(1_020, protocol.NOTICE, protocol.LIMITED_RATE, 77_000)]


# The self-test


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


# Flash windows


STILL = {
    "state": states.STANDBY, "state_ms": 101, "edge_age": 200_001, "held_ms": 0, "law": OFF,
    "starting": False, "main_asks": 0, "main_conditions": 0, "main_home": 0, "off_steps": 0,
}  # fmt: skip
TURNS = {**STILL, "law": RUN, "edge_age": 100}


@pytest.mark.verifies("R-803")
@pytest.mark.parametrize(
    ("words", "still"),
    [
        (STILL, True), ({**STILL, "state_ms": 99}, False), ({**STILL, "edge_age": 199_999}, False),
        ({**STILL, "held_ms": 1}, False), ({**STILL, "held_ms": 2_999}, False),
        ({**STILL, "held_ms": 3_001}, True), ({**STILL, "law": PARK}, False),
        ({**STILL, "starting": True}, False), ({**STILL, "main_asks": 1}, False),
        ({**STILL, "main_conditions": states.START}, False),
        ({**STILL, "main_conditions": states.PARK_WANTED}, False),
        ({**STILL, "main_conditions": states.TESTED}, True), ({**STILL, "main_home": 1}, False),
        ({**STILL, "off_steps": 1}, False), ({**STILL, "state": states.RUNNING}, False),
        ({**STILL, "state": states.PARKING}, False),
        ({**TURNS, "state": states.FAULT, "state_ms": 2_002}, True),
        ({**TURNS, "state": states.FAULT, "state_ms": 1_998}, False),
        ({**TURNS, "state": states.READY, "state_ms": 9_000}, False),
    ],
)  # fmt: skip
def test_a_window_waits_until_nothing_can_turn(part, words, still):
    words = dict(words)
    part.signal("edge_age", words.pop("edge_age"))
    held_ms = words.pop("held_ms")
    part.pen.button.held_ms = lambda _now_ms: held_ms
    part.pen.treatment.starting = words.pop("starting")
    part.set(main_depth=part.control.steps - words.pop("off_steps"), **words)
    assert part.pen.flash_window._still() == still


@pytest.mark.parametrize(
    "due", ["", "settings_due", "serials_due", "version_due", "hand_over_due", "log", "blackbox"]
)
def test_a_window_is_due_for_each_of_its_items(part, due):
    window = part.pen.flash_window
    if due.endswith("_due"):
        setattr(window, due, True)
    elif due == "log":
        part.pen.treatment.log = object()
    elif due:
        part.pen.blackbox.due = lambda: True
    assert bool(window._due()) == bool(due)


def test_a_window_is_announced_once_and_waits_a_second_for_a_host_that_takes_nothing(part):
    pen, window = part.pen, part.pen.flash_window
    told, opened = [], []
    window._open = lambda: opened.append(pen.uptime_ms)
    window._still = lambda: True
    pen.link.busy = told.append
    pen.link.idle = lambda: False
    window.step()
    assert not told  # nothing is due
    window.settings_due = True
    begin_ms = pen.uptime_ms
    for waited_ms in (0, 500, 999, 1_001):
        pen.uptime_ms = begin_ms + waited_ms
        window.step()
    assert told == [400]
    assert opened == [begin_ms + 1_001]
    window._announced_ms = -1
    pen.link.idle = lambda: True
    window.step()
    assert len(opened) == 2
    window._still = lambda: False  # it turns again: announced anew
    window.step()
    window._still = lambda: True
    window.step()
    assert told == [400] * 3


@pytest.mark.verifies("R-803")
def test_a_window_that_finds_a_parking_just_begun_is_given_up(part):
    part.pen.motor_on = lambda: True
    part.pen.flash_window._open()
    assert part.control.main_window == 0


def test_after_a_window_the_deadline_holds_again_and_a_full_flash_is_told(make_bench):
    save = 'pen.saved = tables.read("store", "save")(files, values, pen.saved)'
    bench = make_bench(firmware=with_changes({"flash_item": (save, "raise OSError(28)")}))
    bench.run(1.0)
    with linked(bench) as host:
        host.set({"stroke_rate": 90_000})
        host.wait(1.0)
        notices = [one for one in host.events() if one.kind == "notice"]
    assert [(one.number, one.value) for one in notices] == [(protocol.STORE_FAILED, 0)]
    assert pen_of(bench).control.main_window == 0
    assert pen_of(bench).flash_window._announced_ms < 0  # the next one is announced anew


# Settings


@pytest.mark.verifies("R-705")
@pytest.mark.parametrize("index", range(len(settings.NAMES)))
def test_each_setting_has_its_bounds_and_some_are_changed_in_service_only(part, index):
    low, high = settings.MINIMA[index], settings.MAXIMA[index]
    apply = part.pen.device.apply
    part.set(state=states.SERVICE, law=OFF)
    assert apply([[index, low - 1]])[0][::2] == (protocol.REFUSED, protocol.BELOW_MINIMUM)
    assert apply([[index, high + 1]])[0][2:] == (protocol.ABOVE_MAXIMUM, high)
    closed = settings.ACCESSES[index] != settings.OPEN
    value = part.pen.settings[index]
    part.set(law=RUN)
    assert apply([[index, value]])[0][2:] == ((protocol.MOTOR_ON if closed else 0), 0)
    part.set(state=states.READY, law=OFF)
    assert apply([[index, value]])[0][2:] == ((protocol.SERVICE_ONLY if closed else 0), 0)
    assert part.pen.settings[index] == value


@pytest.mark.parametrize(
    ("now", "value", "held_ms", "allowed"),
    [
        (states.FAULT, 0, 2_900, False), (states.FAULT, 0, 3_000, True),
        (states.FAULT, 0, 8_000, True), (states.FAULT, 0, 8_100, False),
        (states.FAULT, 1, 4_000, False), (states.READY, 0, 4_000, False),
    ],
)  # fmt: skip
def test_a_pen_is_declared_uncalibrated_in_fault_by_a_hand_at_its_button(
    part, now, value, held_ms, allowed
):
    pen = part.pen
    part.set(state=now, law=OFF)
    pen.button.step(1, pen.uptime_ms, now)
    pen.uptime_ms += held_ms
    [result] = pen.device.apply([[settings.index("calibrated"), value]])
    assert result[0] == (protocol.APPLIED if allowed else protocol.REFUSED)
    assert allowed or result[2:] == (protocol.SERVICE_ONLY, 0)


@pytest.mark.parametrize(("law", "used"), [(OFF, True), (RUN, False)])
def test_gains_are_used_once_the_motor_is_off(part, law, used):
    part.set(state=states.SERVICE, law=law)
    before = part.control.ki_q16
    part.pen.settings[settings.index("rate_ki")] *= 2
    part.pen.settings_changed()
    assert (part.control.ki_q16 > before) == used


def test_one_refusal_refuses_the_others_of_its_transaction(part):
    rate, depth = settings.index("stroke_rate"), settings.index("depth")
    before = list(part.pen.settings)
    results = part.pen.device.apply([[rate, 90_000], [depth, 9_999]])
    assert results[0] == (protocol.REFUSED, before[rate], protocol.OTHERS_REFUSED, 0)
    assert results[1][:3] == (protocol.REFUSED, before[depth], protocol.ABOVE_MAXIMUM)
    beyond_um = part.pen.get("depth_ceiling") + 100
    results = part.pen.device.apply([[rate, 90_000], [depth, beyond_um]])
    assert results[0] == (protocol.REFUSED, before[rate], protocol.OTHERS_REFUSED, 0)
    assert results[1][2] == protocol.ABOVE_CEILING
    assert part.pen.settings == before


@pytest.mark.verifies("R-502", "R-503", "R-504")
def test_depth_and_rate_are_judged_together_with_ceiling_and_cartridge(make_bench):
    bench = make_bench()
    bench.operator.insert_cartridge()
    bench.run(1.0)
    pen = pen_of(bench)
    apply, cartridge = pen.device.apply, pen.cartridge
    rate, depth = settings.index("stroke_rate"), settings.index("depth")
    assert apply([[depth, 1_525]])[0][2:] == (protocol.ABOVE_CEILING, 1_500)
    assert apply([[depth, 1_010], [rate, 150_000]])[0][:2] == (protocol.APPLIED, 1_000)
    cartridge.max_depth_um = 800
    assert apply([[depth, 825]])[0][2:] == (protocol.ABOVE_CARTRIDGE, 800)
    assert apply([[depth, 800]])[0][0] == protocol.APPLIED
    cartridge.max_depth_um = 0
    assert apply([[depth, 1_200]])[0][0] == protocol.APPLIED
    refused = apply([[rate, 25_000]])[0]
    assert refused[2] == protocol.RATE_TOO_LOW
    assert apply([[rate, refused[3] - 1]])[0][2:] == refused[2:]
    assert apply([[rate, refused[3]]])[0][0] == protocol.APPLIED


@pytest.mark.verifies("R-505")
@pytest.mark.parametrize("now", [states.RUNNING, states.PARKING])
def test_in_a_treatment_deeper_and_slower_wait_and_the_rest_does_not(make_bench, now):
    bench = started(make_bench, settings={"stroke_rate": 100_000, "depth": 500})
    pen = pen_of(bench)
    pen.control.state = now
    rate, depth = settings.index("stroke_rate"), settings.index("depth")
    apply = pen.device.apply
    assert apply([[depth, 600]])[0] == (protocol.PENDING, 500, 0, 0)
    assert apply([[rate, 90_000]])[0] == (protocol.PENDING, 100_000, 0, 0)
    assert pen.treatment.pending == {depth: 600, rate: 90_000}
    assert apply([[depth, 400]])[0] == (protocol.APPLIED, 400, 0, 0)
    assert apply([[rate, 110_000]])[0] == (protocol.APPLIED, 110_000, 0, 0)
    assert pen.treatment.pending == {}
    assert (pen.get("depth"), pen.get("stroke_rate")) == (400, 110_000)
    if now == states.RUNNING:
        assert pen.control.main_rate_mHz == 110_000


def test_what_waited_for_the_end_of_a_treatment_is_stored_then(make_bench):
    bench = started(make_bench, settings={"stroke_rate": 100_000, "depth": 500})
    pen = pen_of(bench)
    pen.device.apply([[settings.index("depth"), 600]])
    pen.flash_window.settings_due = False
    pen.treatment._take_pending()
    assert (pen.get("depth"), pen.treatment.pending) == (600, {})
    assert pen.flash_window.settings_due


def test_a_version_on_trial_treats_nobody(part):
    part.pen.treatment.on_trial = True
    assert part.pen.treatment._refusal() == (protocol.ON_TRIAL, 0)
    part.pen.treatment.on_trial = False
    assert part.pen.treatment._refusal() == (0, 0)


# The cartridge


@pytest.mark.verifies("R-204")
def test_a_button_that_is_down_since_power_up_is_no_press(make_bench):
    bench = make_bench()
    bench.operator.click(12.5)
    bench.run(9.0)  # beyond the 8 s of the rescue
    pen = pen_of(bench)
    assert pen.control.button_down
    assert pen.button.held_ms(pen.uptime_ms) == 0
    bench.run(4.0)  # let go after 4 s of the firmware's own count
    assert not pen.control.button_down
    assert (state(bench), latched(bench)) == ("STANDBY", set())


@pytest.mark.parametrize("kind", [cartridge.TREATMENT, cartridge.TEST])
@pytest.mark.parametrize(
    ("found", "fault"),
    [
        (cartridge.INVALID, "cartridge invalid"), (cartridge.USED, "cartridge used"),
        (cartridge.EXPIRED, "cartridge expired"), (cartridge.FRESH, ""), (cartridge.SAME, ""),
        (cartridge.ABSENT, ""),
    ],
)  # fmt: skip
def test_a_treatment_needs_a_good_cartridge_that_is_for_treatment(part, found, fault, kind):
    pen = part.pen
    part.set(main_conditions=0)
    pen.cartridge.state, pen.cartridge.kind = found, kind
    pen.judge_cartridge()
    assert fault_names(part.control.main_faults) == ({fault} if fault else set())
    good = found in (cartridge.FRESH, cartridge.SAME) and kind == cartridge.TREATMENT
    assert bool(part.control.main_conditions & states.CARTRIDGE) == good


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize(("seated_ms", "read"), [(40, False), (80, True)])
def test_a_cartridge_is_read_once_it_has_sat_for_50_ms(make_bench, seated_ms, read, times):
    bench = make_bench()
    bench.run(1.0)
    bench.operator.insert_cartridge()
    if times == 2:
        bench.run(0.3)
        bench.operator.remove_cartridge()
        bench.run(0.3)
        bench.operator.insert_cartridge()
    pen = pen_of(bench)
    assert not pen.cartridge.serial
    while pen._inserted_ms < 0:
        bench.run(0.001)
    bench.run(seated_ms / 1000)
    assert bool(pen.cartridge.serial) == read


def test_a_host_that_is_refused_is_told_why(make_bench):
    bench = make_bench()
    bench.run(1.0)
    with Pen(SimulatedPort.on_bench(bench)) as pen, pytest.raises(Refused, match="SERVICE"):
        pen.command("park")
