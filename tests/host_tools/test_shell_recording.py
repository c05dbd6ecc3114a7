"""A recording behind a shell's prompt: beside the samples of a command, over losses, to its end."""

from types import SimpleNamespace

import numpy as np
import pytest

from penhost import Pen, Reconnection, Refused
from penhost.errors import PenSilent
from penloop.recordings.gaps import ASIDE, RESTARTED
from penloop.recordings.recording_file import RecordingFile, read_recording
from penloop.shell.link import Link
from penloop.shell.recording import RecordedPen, ShellRecording

RECORDED = ["rate", "state"]
PERIOD_MS = 10


@pytest.fixture
def recording(pen, tmp_path):
    """Of two signals every 10 ms, subscribed."""
    pen.subscribe(RECORDED, PERIOD_MS)
    rows = [pen.signals[name] for name in RECORDED]
    return ShellRecording(RecordingFile(tmp_path / "run.parquet", rows, {}), pen, RECORDED, None)


def finished(recording, tmp_path):
    """The trace on disk."""
    recording.finish()
    return read_recording(tmp_path / "run.parquet")


@pytest.mark.parametrize(("wanted_ms", "recorded_ms"), [(30, 10), (33, 10), (10, 10), (4, 4)])
def test_a_command_gets_its_rate_and_the_recording_the_faster_one(
    pen, recording, tmp_path, wanted_ms, recorded_ms
):
    lent = RecordedPen(pen, recording)
    lent.subscribe(["duty"], wanted_ms)
    times = lent.record(1.0).samples["time_us"]
    lent.give_back()
    assert np.median(np.diff(times)) == pytest.approx(wanted_ms * 1000, abs=10_000)
    assert len(times) == pytest.approx(1000 / wanted_ms, abs=2)
    trace = finished(recording, tmp_path)
    assert np.median(np.diff(trace.time_us)) == recorded_ms * 1000
    assert "pen.state" in trace
    assert "pen.duty" not in trace


def test_what_comes_while_a_command_waits_is_recorded(pen, recording, tmp_path):
    RecordedPen(pen, recording).wait(1.0)
    assert len(finished(recording, tmp_path)) == pytest.approx(100, abs=4)


def test_the_recording_stands_aside_for_a_command_with_too_many_signals_and_marks_the_gap(
    pen, recording, tmp_path
):
    recording.signals += ["tick", "odd", "zero", "huge", "spare"]
    lent = RecordedPen(pen, recording)
    assert lent.fitting(["duty", "depth", "rate"]) == ["duty", "rate"]
    lent.wait(0.2)
    lent.subscribe(["duty", "depth"], PERIOD_MS)
    assert len(lent.record(0.5).samples) == 50
    lent.give_back()
    lent.wait(0.5)
    trace = finished(recording, tmp_path)
    assert (np.diff(trace.time_us) > 0).all()
    assert list(trace["link.gap"][trace["link.gap"] > 0]) == [ASIDE]
    assert sum(trace["link.missing"]) == pytest.approx(50, abs=5)


def test_a_pen_that_is_reset_while_a_command_reads_leaves_its_gap(wire, pen, recording, tmp_path):
    steady = Reconnection(lambda: RecordedPen(pen, recording), reopens=False)
    steady.subscribe(["duty"], PERIOD_MS)
    gap = None
    for number, block in enumerate(steady.blocks()):
        gap = gap or block.gap
        if number == 20:
            wire.restart()
        if gap and number > 60:
            break
    assert gap.restarted
    trace = finished(recording, tmp_path)
    assert (np.diff(trace.time_us) > 0).all()
    assert list(trace["link.gap"][trace["link.gap"] > 0]).count(RESTARTED) == 1


def test_another_pen_ends_it(recording, pen):
    other = SimpleNamespace(info=SimpleNamespace(pen_id="another"))
    assert recording.came_back(pen)
    assert not recording.came_back(other)
    assert recording.ended


def test_a_goal_that_is_taken_meanwhile_is_told_and_nothing_is_lost(pen, recording, tmp_path):
    RecordedPen(pen, recording).wait(0.5)
    (tmp_path / "run.parquet").write_text("somebody's")
    assert "penloop record --recover" in recording.finish()
    assert (tmp_path / "run.parquet").read_text() == "somebody's"
    assert [path.name for path in tmp_path.iterdir() if "partial" in path.name]


def test_the_samples_of_a_pen_that_is_watched_alone_are_all_recorded(wire, tmp_path):
    with Pen(wire) as pen:
        pen.subscribe(RECORDED, PERIOD_MS)
        rows = [pen.signals[name] for name in RECORDED]
        file = RecordingFile(tmp_path / "run.parquet", rows, {})
        recording = ShellRecording(file, pen, RECORDED, 0.5)
        while not recording.ended:
            for block in pen.take_blocks(0.1):
                recording.take(block, wire.now_us())
    assert len(finished(recording, tmp_path)) == 50


# A stop that is owed


@pytest.fixture
def owing(monkeypatch):
    """A shell's link that was lost, and owes a stop; `answers` are what the next stops raise."""
    link = Link("sim://")
    link.lost, link._owed, link.answers = "the cable", True, []

    def stop():
        if link.answers:
            raise link.answers.pop(0)

    monkeypatch.setattr(link.pen, "stop", stop)
    yield link
    link.close()


def test_a_stop_stays_owed_while_the_link_is_lost_again(owing):
    owing.answers = [PenSilent("the pen does not answer", "look at the cable")]
    with pytest.raises(PenSilent):
        owing._restore()
    assert owing.lost
    assert owing._restore()[-1] == "the pen was told to stop"
    assert owing._restore() == []


def test_a_stop_that_the_pen_refuses_is_told_and_not_asked_again(owing):
    owing.answers = [Refused("it is shared, read-only", "stop it where it is held", 0)]
    assert owing._restore()[-1].startswith("NOT STOPPED, it is shared")
    assert not owing.lost
    assert owing._restore() == []
