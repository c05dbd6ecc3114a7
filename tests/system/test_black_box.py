"""The black box and the records of treatments: written in flash, read over the link."""

import json
import re
from itertools import count

import numpy as np
import pytest

from penfw import states
from penhost import Pen
from penloop.cli import run
from penloop.recordings.recording_file import read_recording
from pensim.serial_port import SimulatedPort
from tests.system.board_line import with_changes
from tests.system.fault_scenarios import SCENARIOS, linked, started
from tests.system.story import after, latched, state

SIGNALS = {"state", "rate", "duty", "current", "battery", "depth", "position", "winding"}
INCIDENTS = [name for name in SCENARIOS if name not in ("settings corrupt", "internal error")]


def black_box(bench):
    with linked(bench) as pen:
        return pen.blackbox()


def treatments(bench):
    with linked(bench) as pen:
        return pen.sessions()


def jammed(make_bench, zone="cheek"):
    """A pen that has stalled in the skin, and has written what there is to write."""
    bench = started(make_bench, zone, settings={"stroke_rate": 110000, "depth": 750})
    bench.run(0.6)
    bench.operator.hazard("motor_jammed")
    bench.run(3.0)
    assert state(bench) == "FAULT"
    return bench


@pytest.mark.verifies("R-803", "R-813")
@pytest.mark.parametrize("name", INCIDENTS)
def test_every_fault_is_recorded_once_the_motor_stands(make_bench, name):
    provoke, found = SCENARIOS[name]
    bench = provoke(make_bench)
    bench.run(3.0)
    newest = black_box(bench)[0]
    assert found & set(newest.faults)
    assert newest.name in newest.faults
    if newest.name not in ("watchdog reset", "power lost"):
        assert not newest.signals_missing
        assert set(newest.rows.dtype.names) > SIGNALS


@pytest.mark.verifies("R-813")
def test_the_rows_are_the_signals_before_the_fault_and_a_little_after(make_bench):
    bench = jammed(make_bench)
    [record] = black_box(bench)
    trace = bench.trace()
    assert record.name == "stall"
    rows, fault_us = record.rows, record.time_us
    assert fault_us - rows["time_us"][0] > 400_000
    assert 80_000 < rows["time_us"][-1] - fault_us < 150_000
    assert np.all(np.diff(rows["time_us"]) > 0)
    before = rows[rows["time_us"] < fault_us - 20_000]
    assert np.all(before["state"] == states.RUNNING)
    latched_us = trace.time_us[np.argmax(trace["pen.faults"] != 0)]
    offset_us = latched_us - fault_us  # device time begins with the boot
    for name in ("rate", "current", "battery", "depth"):
        then = np.searchsorted(trace.time_us, before["time_us"] + offset_us).clip(0, len(trace) - 1)
        told = trace[f"pen.{name}"][then]
        assert np.median(np.abs(told - before[name])) <= 0.02 * np.abs(told).max(), name


@pytest.mark.verifies("R-813")
def test_a_record_has_what_is_needed_to_reproduce_it(make_bench):
    [record] = black_box(jammed(make_bench))
    assert record.settings["stroke_rate"].value == 110_000
    assert record.settings["depth"].value == 750
    assert record.cartridge.needles == 12
    assert record.cartridge.serial
    assert record.cartridge.strokes_used > 50
    assert set(record.faults) == {"stall", "park not reached"}
    assert (record.boot_session, record.firmware_hash) == (1, "source")


@pytest.mark.verifies("R-814")
def test_it_survives_a_loss_of_power(make_bench):
    bench = jammed(make_bench)
    before = black_box(bench)
    bench.operator.power_cycle()
    bench.run(1.0)
    after = black_box(bench)
    assert [one.sequence for one in after] == [one.sequence for one in before]
    assert np.array_equal(after[0].rows, before[0].rows)


@pytest.mark.verifies("R-814")
def test_cutting_the_power_in_any_flash_operation_loses_the_newest_record_at_most(make_bench):
    """Of a pen that has a record already. Ends with the cut behind the last operation."""
    for operation in count():
        bench = jammed(make_bench)
        flash = dict(bench.board.flash.files)
        bench.close()
        bench = make_bench(settings={"stroke_rate": 110000, "depth": 750})
        bench.board.flash.files.update(flash)
        bench.board.power_on()
        bench.run(0.6)
        bench.board.files.cut_power(operation, kept_bytes=100)
        bench.operator.hazard("temperature_open")
        bench.run(3.0)
        survived = bench.board.powered
        bench.board.files.cut_power(1000)
        bench.board.power_on()
        bench.run(0.8)
        names = [record.name for record in black_box(bench)]
        assert names[-1] == "stall"
        bench.close()
        if survived:
            break
    assert operation > 4
    assert "over-temperature" in names


@pytest.mark.verifies("R-410", "R-815")
def test_a_watchdog_reset_says_that_signals_are_missing_and_what_was_stored_last(make_bench):
    bench = started(make_bench, "cheek")
    bench.board.timers.reset()
    bench.run(4.0)
    [record] = black_box(bench)
    assert (record.name, record.boot_session) == ("watchdog reset", 2)
    assert record.signals_missing
    assert len(record.rows) == 0
    assert record.stored_state == "RUNNING"
    assert record.reset_cause == 3


@pytest.mark.verifies("R-427", "R-815", "R-905")
def test_a_brown_out_is_recorded_and_nothing_restarts_the_motor(make_bench):
    bench = SCENARIOS["power lost"][0](make_bench)
    resets_s = bench.now_s - 0.8
    bench.run(2.0)
    [record] = black_box(bench)
    assert (record.name, record.stored_state) == ("power lost", "RUNNING")
    assert record.signals_missing
    assert record.reset_cause == 1  # the port cannot tell it from a power-up
    assert record.cartridge.serial
    bench.operator.click(1.5)  # acknowledge
    bench.run(3.0)
    bench.operator.click()
    bench.run(2.0)
    trace = bench.trace()
    late = trace.time_s > resets_s + 0.3
    assert not np.any(trace["pen.duty"][late] > 0) or np.max(trace["plant.rate"][late]) < 30_000
    assert "RUNNING" not in [states.STATES[n] for n in set(trace["pen.state"][late].tolist())]


@pytest.mark.verifies("R-204", "R-905")
@pytest.mark.parametrize("held_s", [0.3, 1.0, 2.5])
@pytest.mark.parametrize("early_ms", [0, 3, 40])
def test_a_press_held_through_a_brown_out_starts_nothing(make_bench, held_s, early_ms):
    bench = started(make_bench, "scar", settings={"stroke_rate": 110000, "depth": 1500})
    bench.operator.hazard("cell_contact")
    while not bench.electronics.brown_outs:
        bench.run(0.001)
    bench.run(early_ms / 1000)
    resets_s = bench.now_s
    bench.operator.hazard("cell_contact", False)  # the contact is good again
    bench.operator.click(held_s)
    bench.run(held_s + 3.0)
    trace = bench.trace()
    late = trace.time_s > resets_s + 0.05
    assert "RUNNING" not in [states.STATES[n] for n in set(trace["pen.state"][late].tolist())]
    assert np.abs(trace["plant.rate"][trace.time_s > resets_s + 0.2]).max() == 0


DIES = (
    "        now_ms = self.pass_time()\n",
    "        now_ms = self.pass_time()\n"
    "        if self.boot_session == 1 and now_ms > 2000:\n"
    "            raise DEATH\n",
)


def died(make_bench, error):
    """A pen whose main loop ends by an exception in a treatment, after the next power-up."""
    firmware = with_changes({"pen": (DIES[0], DIES[1].replace("DEATH", error))})
    bench = started(make_bench, "cheek", firmware=firmware)
    bench.run(2.0)
    assert np.abs(bench.trace()["plant.rate"][-100:]).max() == 0
    bench.operator.power_cycle()
    bench.run(1.5)
    return bench


@pytest.mark.verifies("R-410", "R-813")
def test_an_exception_that_ends_the_main_loop_is_recorded_with_its_signals(make_bench):
    bench = died(make_bench, "MemoryError")
    _used, record = black_box(bench)
    assert (record.name, record.error_site) == ("internal error", 32)
    assert not record.signals_missing
    assert np.all(record.rows["state"][-20:] == states.RUNNING)
    assert record.rows["rate"][-1] > 50_000


@pytest.mark.verifies("R-815")
@pytest.mark.parametrize("error", ["ValueError", "KeyboardInterrupt"])
def test_what_ran_when_the_main_loop_ended_is_accounted_for(make_bench, error):
    bench = died(make_bench, error)
    [treatment] = treatments(bench)
    assert treatment.strokes > 50
    assert latched(bench) == {"cartridge used"}  # no loss of power


def test_ctrl_c_in_a_treatment_is_no_internal_error(make_bench):
    records = black_box(died(make_bench, "KeyboardInterrupt"))
    assert [record.name for record in records] == ["cartridge used"]


def test_what_cannot_be_written_keeps_no_dying_main_loop_from_its_reset(make_bench):
    dies = {"pen": (DIES[0], DIES[1].replace("DEATH", "ValueError"))}
    full = {"flash_last": ("        pen.board.feed()\n", "        raise OSError(28)\n")}
    bench = started(make_bench, firmware=with_changes({**dies, **full}))
    bench.run(3.0)
    assert bench.board.boots == 2
    assert np.abs(bench.trace()["plant.rate"][-100:]).max() == 0


@pytest.mark.verifies("R-427")
def test_a_full_flash_does_not_keep_the_account_open(make_bench):
    bench = started(make_bench)
    bench.board.flash.files["/full"] = bytes(bench.board.flash.size_bytes)
    bench.operator.click()
    bench.run(1.0)
    del bench.board.flash.files["/full"]
    bench.operator.power_cycle()
    bench.run(1.5)
    assert latched(bench) == {"cartridge used"}  # and no loss of power


@pytest.mark.verifies("R-813")
def test_a_fault_between_the_windows_of_a_record_is_in_it(make_bench):
    bench = jammed(make_bench)
    bench.close()
    late = (
        "        box.head = tables",
        "        pen.control.raise_faults(1 << 3 if box.head is None else 0)\n"
        "        box.head = tables",
    )
    bench = started(make_bench, "cheek", firmware=with_changes({"flash_item": late}))
    bench.operator.hazard("temperature_open")
    bench.run(3.0)
    [record] = black_box(bench)
    assert set(record.faults) == {"over-temperature", "motor moves when stopped"}


@pytest.mark.verifies("R-427")
def test_a_loss_of_power_is_told_once(make_bench):
    bench = SCENARIOS["power lost"][0](make_bench)
    bench.run(2.0)
    bench.operator.hazard("cell_contact", False)
    bench.operator.power_cycle()
    bench.run(1.0)
    assert "power lost" not in latched(bench)
    bench.operator.lift()
    bench.operator.click()  # parks the needles, if they have stayed out
    bench.run(1.5)
    assert latched(bench) == {"cartridge used"}


# Treatments


@pytest.mark.verifies("R-816")
def test_a_treatment_is_recorded_with_its_time_at_each_depth_and_rate(make_bench):
    bench = started(make_bench, "cheek", settings={"stroke_rate": 110000, "depth": 750})
    bench.run(0.5)
    with linked(bench) as pen:
        pen.set({"depth": 500})
        pen.wait(0.6)
    strokes = bench.signal("strokes")
    bench.operator.click()
    bench.run(1.0)
    [record] = treatments(bench)
    assert record.strokes == pytest.approx(strokes, abs=15)
    spent = {(row.depth_um, row.rate_mHz): row.time_ms for row in record.spent}
    assert spent[(750, 110_000)] > 500
    assert spent[(500, 110_000)] > 500
    assert sum(spent.values()) == pytest.approx(record.duration_ms, abs=40)
    assert record.faults == ()


@pytest.mark.verifies("R-816")
def test_the_step_below_zero_that_takes_up_backlash_is_recorded_as_depth_zero(make_bench):
    for from_um in range(250, 500, 25):  # the depth is told in every tenth look: from one of these
        bench = started(make_bench, settings={"depth": from_um})
        begin_s = bench.now_s
        with linked(bench) as pen:
            pen.set({"depth": 0})
            pen.wait(0.2)
        trace = bench.trace()
        if trace["pen.depth"][after(trace, begin_s)].min() < 0:
            break
    else:
        pytest.fail("the step is not seen")
    bench.operator.click()
    bench.run(1.0)
    [record] = treatments(bench)
    assert {row.depth_um for row in record.spent} >= {0, from_um}


@pytest.mark.verifies("R-816")
def test_the_record_of_a_treatment_that_a_fault_has_ended_names_it(make_bench):
    [record] = treatments(jammed(make_bench))
    assert "stall" in record.faults
    assert record.cartridge_serial


def test_a_treatment_that_is_taken_up_again_at_once_goes_on_in_its_record(make_bench):
    bench = started(make_bench, "cheek")
    bench.run(0.6)
    for _ in range(2):
        bench.operator.click(0.06)
        while state(bench) != "READY":
            bench.run(0.005)
        bench.operator.click(0.1)  # the last run is not written yet
        bench.run(1.0)
        assert state(bench) == "RUNNING"
    strokes = bench.signal("strokes")
    bench.operator.click()
    bench.run(1.0)
    [record] = treatments(bench)
    assert record.strokes == pytest.approx(strokes, abs=15)
    assert sum(row.time_ms for row in record.spent) == pytest.approx(record.duration_ms, abs=80)
    bench.operator.hazard("temperature_open")
    bench.run(1.0)
    [fault] = black_box(bench)
    assert fault.cartridge.strokes_used == record.strokes


@pytest.mark.parametrize("wait_ms", range(0, 420, 20))
def test_a_press_behind_a_treatment_is_never_ignored(make_bench, wait_ms):
    """Also where it comes before, in or between the flash windows of the record."""
    bench = started(make_bench)
    bench.operator.click(0.06)
    while state(bench) != "READY":
        bench.run(0.005)
    bench.run(wait_ms / 1000)
    bench.operator.click(0.15)
    bench.run(0.6)
    assert state(bench) == "RUNNING"


def test_a_button_that_stays_down_does_not_keep_the_flash_from_being_written(make_bench):
    bench = started(make_bench)
    bench.operator.click(6.0)  # stops
    bench.run(4.0)
    assert len(treatments(bench)) == 1


def test_a_start_that_is_called_off_is_no_treatment(make_bench):
    bench = make_bench()
    bench.operator.insert_cartridge()
    bench.run(0.8)
    bench.operator.click(0.1)
    bench.operator.at(0.95, bench.operator.click)
    bench.run(1.5)
    assert treatments(bench) == []
    assert state(bench) == "READY"
    bench.operator.click()
    bench.run(1.0)
    assert state(bench) == "RUNNING"


# The command


def test_the_command_shows_the_records_and_writes_parquet(
    make_bench, monkeypatch, tmp_path, capsys
):
    bench = jammed(make_bench)
    monkeypatch.setattr("penloop.connection.Pen", lambda _port: Pen(SimulatedPort.on_bench(bench)))
    monkeypatch.setattr("penloop.connection.open_pen_port", lambda port: port)
    path = tmp_path / "blackbox.parquet"
    assert run(["blackbox", "--port", "here", "-o", str(path)]) == 0
    told = capsys.readouterr().out
    assert "record 1: stall" in told
    assert "latched: park not reached, stall" in told
    line = re.search(r"at -(\d+) ms: RUNNING, rate ([\d.]+) Hz, duty (\d+)", told)
    assert 0 < int(line[1]) < 25
    assert float(line[2]) == pytest.approx(110, rel=0.05)
    assert int(line[3]) > 0  # not braked yet
    trace = read_recording(path)
    assert trace["pen.rate"].max() > 100_000
    environment = trace.header.environment
    assert environment["blackbox"]["name"] == "stall"
    assert environment["trigger"] == "fault: stall"
    assert trace.time_us[0] < environment["trigger_us"] < trace.time_us[-1]
    assert environment["settings"]["depth"] == 750
    assert environment["blackbox"]["cartridge"]["needles"] == 12
    assert run(["blackbox", "--port", "here", "-o", str(path)]) == 2
    assert run(["blackbox", "--port", "here", "-o", str(tmp_path / "b"), "--record", "9"]) == 2
    assert run(["blackbox", "--port", "here", "--record", "77"]) == 2
    assert "no record 77: it has 1" in capsys.readouterr().err
    assert run(["blackbox", "--port", "here", "--record", "1"]) == 0
    capsys.readouterr()
    assert run(["blackbox", "--port", "here", "--json"]) == 0
    [document] = json.loads(capsys.readouterr().out)
    assert document["name"] == "stall"
    assert len(document["rows"]["rate"]) > 40
