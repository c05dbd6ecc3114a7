"""The dashboard without a browser: who goes first at the pen, the phase, what a slow page gets."""

import threading
import time

import numpy as np
import pytest

from penhost import Pen
from penloop.dashboard.feed import Feed, Layout, Piece
from penloop.dashboard.jobs import NoLink, Stopped
from penloop.dashboard.live import samples_message
from penloop.dashboard.pen_owner import PenOwner
from penloop.dashboard.pen_source import SimulatedSource
from penloop.dashboard.phase import PhaseTracker
from penloop.dashboard.view import Link
from penloop.errors import UserError
from penloop.recordings.recording_file import RecordingFile, read_recording
from pensim.serial_port import SimulatedPort
from tests.system.penloop_process import until

PATIENCE_S = 60


@pytest.fixture
def owner():
    """Of a simulated pen, faster than real time; ready."""
    source = SimulatedSource("sim://?pace=10")
    one = PenOwner(source)
    one.start()
    until(lambda: one.view.link is Link.UP and one.view.state == "READY", "a pen that is ready")
    yield one
    one.close()


def running(owner):
    owner.act(lambda bench: bench.operator.click()).result(PATIENCE_S)
    until(lambda: owner.view.state == "RUNNING", "a run")


def test_a_stop_overtakes_long_work_and_drops_what_waits_behind_it(owner):
    running(owner)
    begun, asked = threading.Event(), threading.Event()
    done = []

    def long_work(pen):
        begun.set()
        asked.wait(PATIENCE_S)
        for number in range(1000):
            pen.status()
            done.append(number)

    work = owner.ask(long_work)
    behind = [owner.ask(lambda pen: done.append("behind")) for _ in range(100)]
    begun.wait(PATIENCE_S)
    stop = owner.stop()
    asked.set()
    stop.result(PATIENCE_S)
    assert done == []
    for answer in (work, *behind):
        with pytest.raises(Stopped):
            answer.result(PATIENCE_S)
    until(lambda: owner.view.state in ("PARKING", "STANDBY", "READY"), "a parked pen")


def test_a_stop_cuts_a_wait_for_samples_short(owner):
    waiting = owner.ask(lambda pen: (pen.unsubscribe(), pen.wait(1000)))
    owner.stop().result(PATIENCE_S)
    with pytest.raises(Stopped):
        waiting.result(PATIENCE_S)


def test_without_a_link_a_stop_is_answered_at_once_and_kept_until_it_is_back(owner):
    running(owner)
    owner.source.cable_in = False
    until(lambda: owner.view.link is Link.DOWN, "the loss of the link")
    with pytest.raises(NoLink, match="use the pen's button"):
        owner.stop().result(0)
    with pytest.raises(NoLink):
        owner.ask(lambda pen: pen.status()).result(0)
    assert owner.act(lambda bench: bench.signal("state")).result(PATIENCE_S) == 3  # RUNNING
    owner.source.cable_in = True
    until(lambda: owner.view.state in ("PARKING", "STANDBY", "READY"), "the stop that was owed")


def test_a_lost_pen_is_told_with_reason_and_remedy_and_numbered_when_it_is_back(owner):
    owner.source.cable_in = False
    until(lambda: owner.view.link is Link.DOWN, "the loss of the link")
    assert "cable" in owner.view.reason
    assert owner.view.remedy
    owner.source.cable_in = True
    until(lambda: owner.view.link is Link.UP, "the link")
    assert owner.view.connections == 2


def test_a_recording_goes_on_over_a_power_cycle_with_the_gap_marked(owner, tmp_path):
    goal = tmp_path / "run.parquet"
    owner.record(goal).result(PATIENCE_S)
    until(lambda: owner.view.recording.rows > 200, "samples")
    owner.act(lambda bench: bench.operator.power_cycle()).result(PATIENCE_S)
    until(lambda: owner.view.connections == 2 and owner.view.link is Link.UP, "the pen again")
    rows = owner.view.recording.rows
    until(lambda: owner.view.recording.rows > rows + 200, "more samples")
    assert owner.end_recording().result(PATIENCE_S) == goal
    trace = read_recording(goal)
    assert set(trace["link.gap"]) >= {0, 4}
    assert (np.diff(trace.time_us) > 0).all()
    assert owner.view.recording.gaps >= 1


def test_a_recording_waits_for_an_experiment_says_so_and_marks_the_gap(owner, tmp_path):
    def watch_others(pen):
        pen.subscribe(["duty"], 10)
        blocks = pen.blocks()
        told.append([next(blocks) and owner.view.recording.note for _ in range(60)][-1])

    told, goal = [], tmp_path / "run.parquet"
    owner.record(goal).result(PATIENCE_S)
    until(lambda: owner.view.recording.rows > 200, "samples")
    owner.seen_s = time.monotonic()
    owner.experiment(watch_others).result(PATIENCE_S)
    assert told == ["waits for the experiment; the gap will be marked"]
    rows = owner.view.recording.rows
    until(lambda: owner.view.recording.rows > rows + 200, "more samples")
    assert owner.view.recording.note == ""
    owner.end_recording().result(PATIENCE_S)
    trace = read_recording(goal)
    assert set(trace["link.gap"]) == {0, 6}
    assert sum(trace["link.missing"][trace["link.gap"] == 6]) > 50


def test_a_stop_does_not_wait_while_a_recording_is_written(owner, tmp_path, monkeypatch):
    goal, go_on = tmp_path / "run.parquet", threading.Event()
    whole = RecordingFile.close

    def close(file):
        assert go_on.wait(PATIENCE_S)
        return whole(file)

    monkeypatch.setattr(RecordingFile, "close", close)
    running(owner)
    owner.record(goal).result(PATIENCE_S)
    until(lambda: owner.view.recording.rows > 200, "samples")
    ended = owner.end_recording()
    until(lambda: not owner.view.recording.going_on, "the recording's end")
    owner.stop().result(PATIENCE_S)
    until(lambda: owner.view.state in ("PARKING", "STANDBY", "READY"), "a parked pen")
    assert owner.view.recording.note == "is being written"
    assert not ended.done()
    go_on.set()
    assert ended.result(PATIENCE_S) == goal
    assert owner.view.recording.note == ""
    assert len(read_recording(goal)) == owner.view.recording.rows


def test_a_recording_that_cannot_be_written_says_so_and_how_to_recover_it(owner, tmp_path):
    goal = tmp_path / "run.parquet"
    owner.record(goal).result(PATIENCE_S)
    until(lambda: owner.view.recording.rows > 200, "samples")
    goal.write_text("dear")  # meanwhile, by another
    with pytest.raises(UserError, match="exists"):
        owner.end_recording().result(PATIENCE_S)
    assert "--recover" in owner.view.recording.note
    assert goal.read_text() == "dear"
    assert owner.view.link is Link.UP


def test_a_choice_of_other_signals_ends_a_recording_and_says_so(owner, tmp_path):
    goal = tmp_path / "run.parquet"
    owner.record(goal).result(PATIENCE_S)
    until(lambda: owner.view.recording.rows > 200, "samples")
    owner.subscribe(["rate", "battery"], 10).result(PATIENCE_S)
    until(lambda: goal.exists(), "the file")
    until(lambda: "other signals were chosen" in owner.view.recording.note, "what has ended it")


# The phase, against the crank of the plant.


@pytest.mark.parametrize("period_ms", [2, 4, 6])
@pytest.mark.parametrize("rate_hz", [50, 83, 117, 150])
def test_the_phase_is_that_of_the_crank(make_bench, rate_hz, period_ms):
    bench = make_bench(seed=3, settings={"stroke_rate": rate_hz * 1000, "depth": 300})
    bench.operator.at(0.3, bench.operator.insert_cartridge)
    bench.run(1.0)
    pen = Pen(SimulatedPort.on_bench(bench))
    pen.subscribe(["rate", "strokes", "edge_age"], period_ms)
    bench.operator.click()
    pen.wait(1.2)
    samples = pen.record(2.5).samples
    tracker, off_deg = PhaseTracker(period_ms * 1000), []
    about_us = bench.board.now_us - pen.status().time_us
    true_turns = turns_at(bench.trace(), samples, about_us)
    for start in range(0, len(samples), 4):
        phase = tracker.take(samples[start : start + 4])
        last = min(start + 3, len(samples) - 1)
        if phase.known and start * period_ms > 1500:
            off_deg.append(((phase.turns - true_turns[last] + 0.5) % 1 - 0.5) * 360)
    assert len(off_deg) > 20
    assert abs(np.mean(off_deg)) < 8
    assert np.max(np.abs(off_deg)) < 25


def turns_at(trace, samples, about_us):
    """The plant's crank at each sample: rows are 1 ms apart, and its own has the same readings.

    `about_us` is the bench's time less the device's, up to the time of a request and its reply.
    """
    times = np.asarray(trace.time_us)
    for shift_us in range(about_us - 60_000, about_us + 10_000, 250):
        rows = np.searchsorted(times, samples["time_us"] + shift_us).clip(0, len(times) - 1)
        same = trace["pen.edge_age"][rows] == samples["edge_age"]
        if (same & (trace["pen.strokes"][rows] == samples["strokes"])).all():
            return trace["plant.angle"][rows] / 360_000
    raise AssertionError("no rows are those of the samples")


def test_a_motor_that_stands_has_no_phase(make_bench):
    bench = make_bench()
    bench.run(1.0)
    pen = Pen(SimulatedPort.on_bench(bench))
    pen.subscribe(["rate", "strokes", "edge_age"], 6)
    phase = PhaseTracker(6000).take(pen.record(0.5).samples)
    assert not phase.known


@pytest.mark.parametrize(
    ("names", "period_us"), [(["rate", "strokes"], 6000), (["rate", "strokes", "edge_age"], 20000)]
)
def test_without_enough_to_tell_there_is_no_phase(names, period_us):
    samples = np.zeros(3, [("time_us", "i8"), *((name, "i4") for name in names)])
    assert PhaseTracker(period_us).take(samples) is None


# What waits for a page


def pieces(count, layout):
    kind = [("time_us", "<i8"), ("rate", "<i4")]
    return [Piece(layout, np.array([(n, 10 * n)], kind), None, 0) for n in range(count)]


def test_a_slow_page_gets_one_batch_of_all_that_waits():
    feed, layout = Feed(), Layout(1, (), 1000)
    for piece in pieces(50, layout):
        feed.add(piece)
    waiting, seen = feed.since(0)
    message = samples_message(waiting, 7)
    assert seen == 50
    assert message["columns"] == [list(range(50)), [10 * n for n in range(50)]]
    assert feed.since(seen) == ([], 50)


def test_what_a_page_has_missed_for_minutes_is_dropped(monkeypatch):
    monkeypatch.setattr("penloop.dashboard.feed.KEPT_BLOCKS", 10)
    feed = Feed()
    for piece in pieces(50, Layout(1, (), 1000)):
        feed.add(piece)
    waiting, seen = feed.since(0)
    assert [int(piece.samples["time_us"][0]) for piece in waiting] == list(range(40, 50))
    assert seen == 50


# A recording


def test_a_full_disk_ends_a_recording_and_nothing_else(owner, tmp_path, monkeypatch):
    def full(_file, _block, _samples):
        raise OSError(28, "No space left on device")

    owner.record(tmp_path / "run.parquet").result(PATIENCE_S)
    monkeypatch.setattr("penloop.recordings.recording_file.RecordingFile.add", full)
    until(lambda: not owner.view.recording.going_on, "the end of the recording")
    assert "No space left on device: free some space" in owner.view.recording.note
    assert owner.view.link is Link.UP
