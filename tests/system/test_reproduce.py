"""`penloop reproduce`: from a fault in the field to a failing test."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from penloop.cli import run
from penloop.reproduction import fault_record
from penloop.reproduction.likeness import NO_FAULT, OTHER_FAULT, compare, likeness_of, run_of
from penloop.reproduction.search import Search
from penloop.scenarios.scenario_reader import load
from tests.system.field_recording import HIDDEN, record, resting, treated

BUDGET = 104
FIELD = {
    "motor jammed": treated("motor_jammed"),
    "bridge shorted": treated("bridge_shorted", hidden=HIDDEN[1]),
    "battery empty": treated("battery_empty", hidden=HIDDEN[1]),
    "the cartridge is removed": treated(do="remove_cartridge", hidden=HIDDEN[2]),
    "USB power is connected": treated(do="usb_power", hidden=HIDDEN[2]),
    "the shaft is turned": resting(do="turn_shaft", turns=3),
    "a damaged cartridge": resting(at_s=0.9, do="insert_cartridge", damaged=True),
    "axis jammed": resting("axis_jammed", 0.0),
    "position open": resting("position_open"),
    "timer stalled": treated("timer_stalled"),
}
FIELD["a damaged cartridge"]["step"].pop(0)


@pytest.fixture(scope="module")
def jammed(tmp_path_factory):
    """A recording of a motor that was jammed in the skin."""
    return record(FIELD["motor jammed"], tmp_path_factory.mktemp("jammed") / "field.parquet")


@pytest.fixture
def field(jammed, tmp_path):
    """A copy, to spoil."""
    return Path(shutil.copy(jammed, tmp_path))


@pytest.fixture(scope="module")
def found_jammed(jammed):
    """The search for what is behind that recording."""
    return search_of(jammed, 240)


def search_of(path, budget=BUDGET):
    told = fault_record.read(path)
    found = Search(told, "field", lambda tasks: [likeness_of(*task, told) for task in tasks])
    assert list(found.go(budget))[-1] == budget
    return found


CHARGE = 0.06  # of a full cell: how near the hidden one is found
OPEN_N = 0.1  # by how much the skin's force of matching runs differs, at least
PENS = {
    "motor jammed": 0, "bridge shorted": 1, "battery empty": 1, "the cartridge is removed": 2,
    "USB power is connected": 2,
}  # fmt: skip


def check_unknowns(found, hidden):
    """The charge is found; of the skin it is told that the record leaves it open."""
    names = [name for name, _value, _text in found.nearest.values]
    nearest = dict(zip(names, found.nearest.case.values, strict=True))
    assert nearest["battery.charge_fraction"] == pytest.approx(hidden.charge, abs=CHARGE)
    spans = {name: span for name, _text, span in found.told}
    low, high = (float(end) for end in spans["skin.patient.full_force_n"].split(" to "))
    assert low <= nearest["skin.patient.full_force_n"] <= high
    assert high - low > OPEN_N


@pytest.mark.parametrize("cause", [cause for cause in FIELD if cause != "motor jammed"])
def test_the_hidden_cause_of_a_field_fault_is_found_with_matching_signals(tmp_path, cause):
    found = search_of(record(FIELD[cause], tmp_path / "field.parquet"))
    nearest = found.nearest
    assert nearest.matches, nearest.likeness
    assert nearest.cause.name == cause
    if cause in PENS:
        check_unknowns(found, HIDDEN[PENS[cause]])


def test_the_hidden_cause_and_the_hidden_pen_of_a_jammed_motor_are_found(found_jammed):
    nearest = found_jammed.nearest
    assert nearest.matches, nearest.likeness
    assert nearest.cause.name == "motor jammed"
    check_unknowns(found_jammed, HIDDEN[0])


def test_causes_that_the_record_does_not_tell_apart_are_told(tmp_path, capsys):
    path = record(treated("tachometer_open"), tmp_path / "field.parquet")
    out = tmp_path / "out"
    assert run(["reproduce", str(path), "--out", str(out), "--budget", "48", "-j", "1"]) == 0
    told = capsys.readouterr().out
    assert "tachometer open" in told
    assert "tachometer shorted" in told


def test_it_leaves_a_scenario_and_a_test_that_fail_and_a_picture(field, tmp_path, capsys):
    out = tmp_path / "out"
    options = ["--out", str(out), "--budget", str(BUDGET), "-j", "2"]
    assert run(["reproduce", str(field), *options]) == 0
    told = capsys.readouterr().out
    assert "reproduced after 104 runs: motor jammed" in told
    assert re.search(r"full_force_n = 0\.\d+  \(0\.\d+ to 0\.\d+\)", told)
    scenario = load(out / "field.pen.toml")
    assert [fault.part for fault in scenario.faults] == ["motor_jammed"]
    assert run(["run", str(out / "field.pen.toml")]) == 1
    assert "FAILS  no fault" in capsys.readouterr().out
    test = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_field.py"]
    outcome = subprocess.run(test, cwd=out, capture_output=True, text=True, check=False)
    assert outcome.returncode == 1
    assert "test_the_pen_has_no_stall" in outcome.stdout
    assert "FAILS  no fault" in outcome.stdout
    assert (out / "field.png").read_bytes().startswith(b"\x89PNG")
    assert run(["reproduce", str(field), *options]) == 2
    assert "is there already" in capsys.readouterr().err


def test_the_same_is_found_whoever_runs_it(field, tmp_path):
    for jobs in "1", "2":
        run(["reproduce", str(field), "--out", str(tmp_path / jobs), "--budget", "64", "-j", jobs])
    one, two = ((tmp_path / jobs / "field.pen.toml").read_bytes() for jobs in "12")
    assert one == two


def test_what_was_nearest_is_kept_when_it_is_stopped(field, tmp_path, capsys, monkeypatch):
    looks = iter(range(10))

    def stops_later():
        if next(looks) == 8:
            raise KeyboardInterrupt

    looks_of = SimpleNamespace(check=stops_later)  # not those of each run
    monkeypatch.setattr("penloop.commands.reproduce.interruption", looks_of)
    out = tmp_path / "out"
    assert run(["reproduce", str(field), "--out", str(out), "-j", "1"]) == 130
    assert "stopped; what was nearest by then" in capsys.readouterr().out
    assert load(out / "field.pen.toml").faults


def test_one_that_is_stopped_before_its_first_run_leaves_nothing(
    field, tmp_path, capsys, monkeypatch
):
    def ctrl_c():
        raise KeyboardInterrupt

    monkeypatch.setattr("penloop.interruption.check", ctrl_c)
    out = tmp_path / "out"
    assert run(["reproduce", str(field), "--out", str(out), "-j", "1"]) == 130
    assert "stopped" not in capsys.readouterr().out
    assert not out.exists()


def test_signals_that_no_pen_has_are_not_reproduced(field, tmp_path, capsys):
    table = pq.read_table(field)
    rates = pa.array([rate // 2 for rate in table["pen.rate"].to_pylist()], pa.int64())
    other = table.set_column(table.column_names.index("pen.rate"), "pen.rate", rates)
    pq.write_table(other, tmp_path / "other.parquet")
    arguments = ["reproduce", str(tmp_path / "other.parquet"), "--out", str(tmp_path / "out")]
    assert run([*arguments, "--budget", "64", "-j", "2"]) == 1
    assert "the same fault, but other signals" in capsys.readouterr().out


def test_a_run_is_nearest_to_its_own_record(jammed, found_jammed):
    told = fault_record.read(jammed)
    nearest = found_jammed.nearest
    trace = run_of(nearest.template, nearest.case).trace
    near = compare(trace, told)
    assert near == nearest.likeness
    other = fault_record.FaultRecord(**{**vars(told), "number": 1})
    assert compare(trace, other).distance > near.distance + OTHER_FAULT - 0.01
    before = trace["pen.faults"].argmax()
    assert trace["pen.faults"][before:].any()
    trace["pen.faults"][:] = 0
    assert compare(trace, told).distance >= NO_FAULT


# Bad input


def changed(path, **told):
    """The record with other words in its head."""
    table = pq.read_table(path)
    environment = json.loads(table.schema.metadata[b"environment"])
    environment["blackbox"].update(told)
    metadata = {**table.schema.metadata, b"environment": json.dumps(environment).encode()}
    pq.write_table(table.replace_schema_metadata(metadata), path)


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda path: path.unlink(), "there is no file"),
        (lambda path: path.write_bytes(path.read_bytes()[:900]), "is not Parquet"),
        (lambda path: pq.write_table(pa.table({"time": [1]}), path), "is no black box record"),
        (lambda path: changed(path, faults=["melted"]), "the fault 'melted', which this firmware"),
        (lambda path: changed(path, number=31), "does not know"),
    ],
)
def test_a_file_that_is_no_record_is_refused_in_a_line(field, tmp_path, capsys, spoil, told):
    spoil(field)
    assert run(["reproduce", str(field), "--out", str(tmp_path / "out")]) == 2
    assert told in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_fault_behind_another_one_points_to_that_one(tmp_path, capsys):
    path = record(treated("shunt_high"), tmp_path / "field.parquet")
    assert run(["reproduce", str(path), "--out", str(tmp_path / "out")]) == 2
    assert "reproduce the record of that one" in capsys.readouterr().err


def test_a_budget_that_does_not_reach_says_what_does(field, tmp_path, capsys):
    arguments = ["reproduce", str(field), "--out", str(tmp_path / "out"), "--budget", "10"]
    assert run(arguments) == 2
    assert "give --budget 64 or more" in capsys.readouterr().err
