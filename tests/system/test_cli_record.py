"""`penloop record`: what was recorded is on disk, however the recording ends."""

import json
import re
import signal
import time
from importlib.metadata import version

import pandas
import pytest

from penhost import Pen
from penloop.cli import run
from penloop.errors import UserError
from penloop.recordings.formats import PARTIAL
from penloop.recordings.gaps import gaps
from penloop.recordings.recording_file import read_recording, recover
from tests.system.penloop_process import Server, finish, start, until

EIGHT = "rate,current,position,battery,faults,duty,depth,winding"  # more than the line takes


def record(goal, *more):
    return run(["record", str(goal), "--port", "sim://?seed=5", "--rate", "100", *more])


def samples_on_disk(goal):
    partial = goal.with_name(goal.name + PARTIAL)
    return partial.exists() and partial.stat().st_size > 5000


def test_a_recording_is_parquet_that_pandas_and_our_readers_open(tmp_path, capsys):
    goal = tmp_path / "run.parquet"
    assert record(goal, "--for", "2s", "--signals", "battery,state") == 0
    assert "200 samples" in capsys.readouterr().out
    assert [path.name for path in tmp_path.iterdir()] == ["run.parquet"]
    frame = pandas.read_parquet(goal)
    assert list(frame.columns) == [
        "time", "pen.battery", "pen.state",
        "link.boot_session", "link.time_offset", "link.gap", "link.missing",
    ]  # fmt: skip
    assert frame["link.boot_session"].eq(1).all()
    assert frame["time"].diff().dropna().eq(10_000).all()
    trace = read_recording(goal)
    environment = trace.header.environment
    assert environment["pen"]["product"] == "penloop"
    assert environment["settings"]["depth"] == 500
    assert "wall_time_at_connect" in environment
    assert environment["states"][3] == "RUNNING"
    assert environment["tool"]["penloop"] == version("penloop")
    assert environment["link"]["gaps"] == []


def test_a_recording_is_mcap_where_its_name_ends_so(tmp_path):
    goal = tmp_path / "run.mcap"
    assert record(goal, "--for", "1s", "--signals", "battery,state") == 0
    assert [path.name for path in tmp_path.iterdir()] == ["run.mcap"]
    trace = read_recording(goal)
    assert len(trace) == 100
    assert trace.header.environment["pen"]["product"] == "penloop"


def test_a_rate_that_fits_the_line_loses_nothing_at_the_start_either(tmp_path, capsys):
    assert record(tmp_path / "run.parquet", "--for", "1s", "--rate", "500") == 0
    assert capsys.readouterr().out.startswith("500 samples in")


def test_samples_that_did_not_come_are_told_and_marked(tmp_path, capsys):
    goal = tmp_path / "run.parquet"
    assert record(goal, "--for", "1s", "--rate", "500", "--signals", EIGHT) == 0
    told = int(re.search(r"\((\d+) missing: samples lost\)", capsys.readouterr().out)[1])
    trace = read_recording(goal)
    found = gaps(trace)
    assert sum(gap.missing for gap in found) == told > 0
    for gap in found:
        assert gap.end_us - gap.start_us == pytest.approx((gap.missing + 1) * 2000, abs=1500)


def test_scripts_get_the_outcome_as_one_json_document(tmp_path, capsys):
    goal = tmp_path / "run.parquet"
    assert record(goal, "--for", "500ms", "--signals", "battery", "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert document == {"file": str(goal), "samples": 50, "missing": {}}
    many = tmp_path / "many.parquet"
    assert record(many, "--for", "1s", "--rate", "500", "--signals", EIGHT, "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert list(document["missing"]) == ["samples lost"]
    whole = document["samples"] + document["missing"]["samples lost"]
    assert whole == pytest.approx(500, abs=2)


def test_the_period_is_the_one_that_the_pen_grants(tmp_path, capsys):
    goal = tmp_path / "run.parquet"
    assert record(goal, "--for", "1s", "--rate", "200") == 0
    err = capsys.readouterr().err
    assert err == "penloop: the pen sends 250 samples a second, 200 were asked\n"
    assert read_recording(goal).header.environment["period_us"] == 4000
    assert record(tmp_path / "other.parquet", "--for", "1s", "--rate", "250") == 0
    assert capsys.readouterr().err == ""


def test_a_name_without_a_known_suffix_is_told_before_the_pen_is_asked(tmp_path, capsys):
    assert record(tmp_path / "run.txt") == 2
    assert "let it end in .parquet, .mcap" in capsys.readouterr().err


def test_nothing_that_exists_is_overwritten(tmp_path, capsys):
    goal = tmp_path / "run.parquet"
    goal.write_bytes(b"dear to somebody")
    assert record(goal, "--for", "1s") == 2
    assert "exists: choose another name" in capsys.readouterr().err
    assert goal.read_bytes() == b"dear to somebody"
    other = tmp_path / "other.parquet"
    other.with_name(other.name + PARTIAL).write_bytes(b"cut off")
    assert record(other, "--for", "1s") == 2
    assert "--recover" in capsys.readouterr().err


def test_ctrl_c_ends_a_recording_cleanly(tmp_path):
    goal = tmp_path / "run.parquet"
    recorder = start("record", str(goal), "--port", "sim://?pace=10")
    until(lambda: samples_on_disk(goal), "the first samples")
    recorder.send_signal(signal.SIGINT)
    code, out, err = finish(recorder)
    assert code == 130
    assert "the pen was told to stop" in err
    assert "run.parquet" in out
    assert len(read_recording(goal)) > 10
    assert [path.name for path in tmp_path.iterdir()] == ["run.parquet"]


@pytest.mark.parametrize(("life_s", "name"), [(0.83, "run.parquet"), (1.61, "run.mcap")])
def test_a_killed_recording_loses_at_most_a_second_and_is_recovered(tmp_path, life_s, name):
    goal = tmp_path / name
    partial = goal.with_name(goal.name + PARTIAL)
    server = Server(tmp_path, "--pty")
    try:
        server.wait_for("READY")
        recorder = start("record", str(goal), "--port", server.port)
        until(lambda: samples_on_disk(goal), "the first samples")
        time.sleep(life_s)
        killed_us = killed_at_us(recorder, server.port)
    finally:
        server.close()
    assert not goal.exists()
    kept_us = read_recording(partial).time_us
    assert killed_us - kept_us[-1] < 1_000_000
    assert len(kept_us) > 20  # a hundred a second, on a machine with nothing else to do
    assert recover(goal) == goal
    assert (read_recording(goal).time_us == kept_us).all()
    assert not partial.exists()


def killed_at_us(recorder, port):
    """Kills the recorder; device time at that moment, by asking the pen right after."""
    killed_s = time.monotonic()
    recorder.kill()
    finish(recorder)
    with Pen(port) as pen:
        return pen.info.time_us - (time.monotonic() - killed_s) * 1e6


def test_a_recording_without_samples_is_told(tmp_path):
    goal = tmp_path / "run.parquet"
    goal.with_name(goal.name + PARTIAL).write_bytes(b"")
    with pytest.raises(UserError, match="no samples"):
        recover(goal)
