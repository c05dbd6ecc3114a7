"""What the pen tells its host, and when."""

import pytest

from penfw import faults, protocol, settings, signals, states
from penhost import Pen
from penhost.errors import Refused
from pensim.serial_port import SimulatedPort
from tests.system.fault_scenarios import linked, started
from tests.system.story import latched, pen_of


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


def test_a_host_that_is_refused_is_told_why(make_bench):
    bench = make_bench()
    bench.run(1.0)
    with Pen(SimulatedPort.on_bench(bench)) as pen, pytest.raises(Refused, match="SERVICE"):
        pen.command("park")


def test_the_light_tells_the_first_fault_until_all_are_cleared(part):
    told = []
    for word in ((faults.STALL,), (faults.STALL, faults.OVERCURRENT), (), (faults.OVERCURRENT,)):
        part.pen._faults_changed(sum(1 << number for number in word))
        told.append(part.pen.indicator.fault)
    assert told == [faults.STALL, faults.STALL, 0, faults.OVERCURRENT]
