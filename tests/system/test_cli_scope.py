"""`penloop scope` as its user runs it."""

import json

import pytest

from penhost import Pen
from penloop import cli
from penloop.recordings import formats
from penloop.recordings.alignment import MOMENTS
from penloop.scope_trigger import already_there
from pensim.serial_port import SimulatedPort


def scope(*arguments):
    """Runs it on a simulated pen; returns its exit code."""
    return cli.run(["scope", "--port", "sim://?seed=5", *arguments])


def test_a_capture_is_shown_written_and_drawn(tmp_path, capsys):
    goal, picture = tmp_path / "capture.parquet", tmp_path / "capture.png"
    code = scope("-s", "battery,state", "--samples", "40", "-o", str(goal), "--plot", str(picture))
    assert code == 0
    told = capsys.readouterr().out
    assert "40 samples, 1 ms apart, 0 of them before" in told
    assert told.count("READY") == 1  # at the trigger: no state is less than another
    trace = formats.read(goal)
    assert len(trace) == 40
    assert trace["pen.battery"].min() > 3900
    environment = trace.header.environment
    assert environment["trigger"] == "now"
    assert MOMENTS["trigger"][0](trace) == trace.time_us[0]
    assert environment["pen"]["product"] == "penloop"
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_scripts_get_one_json_document(capsys):
    assert scope("-s", "battery,position", "--samples", "5", "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert document["units"] == {"battery": "mV", "position": "um"}
    assert set(document["samples"]) == {"time_us", "battery", "position"}
    assert [len(column) for column in document["samples"].values()] == [5, 5, 5]
    assert (document["trigger_row"], document["missing"]) == (0, 0)
    assert document["samples"]["time_us"][0] == document["trigger_us"]


@pytest.mark.parametrize(
    ("arguments", "told", "code"),
    [
        (("--trigger", "rate > 100Hz", "--wait", "1s"), "no trigger within 1 s: wait longer", 1),
        (("--trigger", "rate > 100"), "'100' has no unit: give a number in mHz, Hz", 2),
        (("--signals", "curent"), "did you mean current?", 2),
        (("--signals", ","), "name some, such as", 2),
        (("--before", "20"), "give a number in permille, %", 2),
        (("--before", "120%"), "give 0% to 100%", 2),
        (("--samples", "many"), "see `penloop scope --help`", 2),
        (("--out", "capture.xls"), "let it end in .parquet, .mcap", 2),
        (("--plot", "capture.gif"), "let it end in .png", 2),
        (("--wait", "0s"), "give more than 0 ms", 2),
    ],
)
def test_what_is_typed_wrong_is_one_line_with_its_remedy(arguments, told, code, capsys):
    assert scope(*arguments) == code
    error = capsys.readouterr().err
    assert told in error
    assert error.count("\n") == 1


def test_a_file_that_exists_is_not_replaced(tmp_path, capsys):
    goal = tmp_path / "capture.parquet"
    goal.write_text("mine")
    assert scope("-o", str(goal)) == 2
    assert "exists" in capsys.readouterr().err
    assert goal.read_text() == "mine"


def test_a_trigger_on_a_fault_that_is_latched_already_is_told(running):
    bench = running("cheek")
    with Pen(SimulatedPort.on_bench(bench)) as pen:
        assert already_there(pen, "fault cartridge removed") == ""
        bench.operator.remove_cartridge()
        pen.wait(0.5)
        told = already_there(pen, "fault cartridge removed")
        assert told.startswith("the fault cartridge removed is latched already")
        assert "`penloop faults --clear`" in told
        assert already_there(pen, "fault stall") == ""
        assert already_there(pen, "rate > 100Hz") == ""
