"""`penloop record` and `monitor` go on when the pen's port vanishes and returns."""

import json
from itertools import pairwise

import pytest

from penloop.cli import run
from penloop.recordings import gaps
from penloop.recordings.formats import PARTIAL
from penloop.recordings.recording_file import read_recording
from tests.system.penloop_process import Server, finish, start, until


def grown(path, size):
    return lambda: path.exists() and path.stat().st_size > size


@pytest.mark.parametrize("where", ["pty", "tcp"])
def test_a_recording_goes_on_when_the_pen_is_unplugged_and_plugged_in_again(tmp_path, where):
    goal, link = tmp_path / "run.parquet", tmp_path / "pen"
    partial = goal.with_name(goal.name + PARTIAL)
    place = ["--link", str(link)] if where == "pty" else ["--tcp", "127.0.0.1:0"]
    server = Server(tmp_path, *place)
    server.wait_for("READY")
    port = str(link) if where == "pty" else server.port
    recorder = start("record", str(goal), "--port", port, "--for", "12s")
    until(grown(partial, 5000), "the first samples")
    server.close()
    until(lambda: not server.control.exists(), "the end of the server")
    place = place if where == "pty" else ["--tcp", port.removeprefix("socket://")]
    server = Server(tmp_path, *place)
    try:
        code, out, err = finish(recorder)
    finally:
        server.close()
    assert code == 0, err
    assert "waiting 60s at most" in err
    assert "pen restarted" in out
    trace = read_recording(goal)
    [gap] = [one for one in gaps.gaps(trace) if one.reason == gaps.RESTARTED]
    assert gap.end_us > gap.start_us
    assert gap.missing > 0
    assert (trace.time_us[1:] > trace.time_us[:-1]).all()


def test_a_pen_that_does_not_return_ends_the_recording_with_what_there_is(tmp_path):
    goal = tmp_path / "run.parquet"
    server = Server(tmp_path, "--link", str(tmp_path / "pen"))
    server.wait_for("READY")
    recorder = start("record", str(goal), "--port", str(tmp_path / "pen"), "--wait", "1s")
    until(grown(goal.with_name(goal.name + PARTIAL), 5000), "the first samples")
    server.close()
    code, out, err = finish(recorder)
    assert code == 1
    assert "penloop ports" in err
    assert "samples in" in out
    assert len(read_recording(goal)) > 10


def test_a_simulated_pen_that_is_reset_is_watched_on(tmp_path, capsys):
    script = tmp_path / "reset.toml"
    script.write_text('[[step]]\nat = "1 s"\ndo = "hazard"\nname = "timer_stalled"\n')
    line = f"monitor --signals battery --rate 50 --for 6s --json --port sim://?operator={script}"
    assert run(line.split()) == 0
    told = capsys.readouterr()
    times = [json.loads(text)["time_us"] for text in told.out.splitlines()]
    steps = [after - before for before, after in pairwise(times)]
    assert max(steps) > 1_000_000
    assert min(steps) > -20_000  # a tick that a flash write has delayed is stamped late
    assert "the pen was restarted meanwhile" in told.err


def test_a_wait_that_is_no_time_is_told(capsys):
    assert run(["monitor", "--wait", "long", "--port", "sim://"]) == 2
    assert "ms" in capsys.readouterr().err
    assert run(["monitor", "--wait", "-5s", "--port", "sim://"]) == 2
    assert "0s or more" in capsys.readouterr().err


def test_on_a_clean_line_nothing_is_lost_and_another_rate_than_asked_is_told(capsys):
    assert run(["monitor", "--rate", "200", "--for", "1s", "--port", "sim://"]) == 0
    told = capsys.readouterr()
    assert told.err == "penloop: the pen sends 250 samples a second, 200 were asked\n"
    assert len(told.out.splitlines()) == 251
