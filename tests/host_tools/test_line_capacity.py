"""What is said before samples are lost on a line that cannot carry them."""

import re
from types import SimpleNamespace

import pytest

from penloop import line_capacity
from penloop.cli import run
from penloop.line_capacity import is_uart
from penloop.recordings.recording_file import read_recording

EIGHT = "rate,faults,rate_target,state,current,position,battery,strokes"


def record(goal, port, rate):
    more = ["--for", "4s", "--rate", rate, "--signals", EIGHT]
    assert run(["record", str(goal), "--port", port, *more]) == 0
    return read_recording(goal)


def test_as_many_samples_come_as_were_said_to_fit(tmp_path, capsys):
    trace = record(tmp_path / "run.parquet", "sim://", "500")
    told = capsys.readouterr().err
    fit = int(re.search(r"(\d+) samples a second of these signals fit the line", told)[1])
    late = trace.time_us > trace.time_us[-1] - 2_000_000
    assert late.sum() / 2 == pytest.approx(fit, rel=0.05)


@pytest.mark.parametrize(("port", "rate"), [("sim://", "250"), ("sim://?port=usb", "500")])
def test_nothing_is_said_where_all_samples_fit(port, rate, tmp_path, capsys):
    record(tmp_path / "run.parquet", port, rate)
    assert capsys.readouterr().err == ""


def test_a_baud_rate_bounds_an_adapter_and_not_the_board_s_own_usb(monkeypatch):
    ports = [SimpleNamespace(device=name, vid=vid) for name, vid in (("A", 0x0403), ("B", 0x2E8A))]
    monkeypatch.setattr(line_capacity.list_ports, "comports", lambda: ports)
    assert [is_uart(name) for name in ("A", "B", "socket://there:1")] == [True, False, False]
