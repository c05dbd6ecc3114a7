"""A recording tells which pen it is of, simulated ones too, and `compare` finds the difference."""

import json
from pathlib import Path

import pytest
from serial.tools import list_ports

from penhost import Pen
from penloop import connection, port_name
from penloop.cli import run
from penloop.dashboard.mirrored_pen import MirroredPen
from penloop.dashboard.pen_owner import PenOwner
from penloop.dashboard.pen_source import SimulatedSource
from penloop.dashboard.view import Link
from penloop.recordings.recording_file import read_recording
from penloop.shell.recording import RecordedPen
from pensim.serial_port import SimulatedPort
from tests.system.penloop_process import until

SAME = "pen, firmware and settings are the same"


@pytest.fixture
def recorded(tmp_path):
    """Records a pen on a port for a moment."""

    def record(name, url):
        goal = tmp_path / f"{name}.parquet"
        assert run(["record", str(goal), "--port", url, "--for", "0.3s"]) == 0
        return str(goal)

    return record


@pytest.mark.parametrize(
    ("url", "row"),
    [("sim://?seed=5", "simulated seed"), ("sim://?zone=cheek", "simulated zone"),
     ("sim://?cartridge=42 needles", "simulated cartridge")],
)  # fmt: skip
def test_two_simulated_pens_are_told_apart(recorded, capsys, url, row):
    files = [recorded("one", "sim://"), recorded("other", url)]
    capsys.readouterr()
    assert run(["compare", *files]) == 0
    told = capsys.readouterr().out
    assert SAME not in told
    assert row in told
    assert run(["compare", *files, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["differences"]["port"] == ["sim://", url]


def test_two_recordings_of_the_same_pen_are_the_same(recorded, capsys):
    files = [recorded("one", "sim://?seed=5"), recorded("other", "sim://?seed=5")]
    assert run(["compare", *files]) == 0
    assert SAME in capsys.readouterr().out


def test_a_recording_holds_port_and_what_the_pen_was_made_from(recorded):
    environment = read_recording(
        Path(recorded("one", "sim://?seed=5&pen=reference"))
    ).header.environment
    assert environment["port"] == "sim://?seed=5&pen=reference"
    made_from = environment["simulated"]
    assert (made_from["seed"], made_from["pen"], made_from["engine"]) == (5, "reference", "cpython")


def test_a_port_that_was_found_by_itself_is_kept_by_its_name(monkeypatch, make_bench):
    bench = make_bench()
    bench.run(1.0)
    monkeypatch.setattr(list_ports, "comports", list)
    monkeypatch.setattr(connection, "only_pen", lambda: "/dev/ttyFOUND")
    monkeypatch.setattr(connection, "open_port", lambda _name: SimulatedPort.on_bench(bench))
    with connection.open_pen("") as pen:
        assert port_name.of(pen) == "/dev/ttyFOUND"
        assert port_name.of(MirroredPen(pen, list, list)) == "/dev/ttyFOUND"
        assert port_name.of(RecordedPen(pen, None)) == "/dev/ttyFOUND"


def test_of_a_pen_of_a_program_nothing_is_told():
    with Pen("sim://") as pen:
        assert port_name.of(pen) == ""


def test_a_recording_of_the_dashboard_holds_the_port(tmp_path):
    owner = PenOwner(SimulatedSource("sim://?pace=10&seed=4"))
    owner.start()
    try:
        until(lambda: owner.view.link is Link.UP, "the link")
        owner.record(tmp_path / "run.parquet").result(60)
        until(lambda: owner.view.recording.rows > 20, "samples")
        environment = read_recording(owner.end_recording().result(60)).header.environment
    finally:
        owner.close()
    assert environment["port"] == "sim://?pace=10&seed=4"
    assert environment["simulated"]["seed"] == 4
