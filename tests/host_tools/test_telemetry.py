"""Telemetry as a program sees it: every sample right, in order, the missing ones counted."""

import numpy as np
import pytest

from penhost import BadValue, Pen, Refused
from tests.host_tools.fake_pen import Wire


def test_recording_holds_every_sample_with_its_time(pen):
    names = ["tick", "odd", "rate", "depth", "state", "duty", "zero", "huge"]
    pen.subscribe(names, 2)
    recording = pen.record(1.0)
    samples = recording.samples
    tick = samples["tick"].astype(int)
    assert len(samples) == 500
    assert (recording.lost, recording.dropped, recording.period_us) == (0, 0, 2000)
    assert (np.diff(tick) == 2).all()
    assert (samples["time_us"] == 1000 * tick).all()
    assert (samples["odd"] == tick % 255 - 127).all()
    assert (samples["rate"] == tick * 1000 % 150000).all()
    assert (samples["depth"] == tick % 5000 - 2500).all()
    assert (samples["state"] == tick & 255).all()
    assert (samples["duty"] == tick * 7 & 65535).all()
    assert (samples["zero"] == 0).all()
    assert (samples["huge"] == 127).all(), "clamped to its type"
    assert recording.units["rate"] == "mHz"


def test_samples_come_one_by_one(pen):
    pen.subscribe(["tick"], 5)
    samples = pen.samples()
    ticks = [int(next(samples)["tick"]) for _ in range(100)]
    assert np.diff(ticks).tolist() == [5] * 99


def test_requests_while_recording_lose_no_sample(pen):
    pen.subscribe(["tick"], 2)
    ticks = []
    for block in pen.blocks():
        ticks += block.samples["tick"].tolist()
        assert block.lost == 0
        pen.get("depth")
        pen.command("count")
        if len(ticks) > 1000:
            break
    assert np.diff(ticks).tolist() == [2] * (len(ticks) - 1)


def test_dropped_samples_are_counted_and_the_gap_shows(wire, pen):
    pen.subscribe(["tick"], 1)
    pen.record(0.1)
    pen.set({"depth": 600})
    wire.deaf_ms = 50
    recording = pen.record(1)
    assert recording.lost == 50
    assert np.diff(recording.samples["time_us"]).max() == 51_000


def test_what_a_pen_does_not_take_as_it_had_announced_is_a_pause_and_no_loss(wire, pen):
    pen.subscribe(["tick"], 1)
    pen.record(0.1)
    wire.link.busy(400)
    pen.wait(0.05)
    wire.deaf_ms = 50
    recording = pen.record(0.5)
    assert (recording.lost, recording.paused) == (0, 50)
    wire.deaf_ms = 50  # this one nobody has announced
    recording = pen.record(0.5)
    assert (recording.lost, recording.paused) == (50, 0)


def test_two_pauses_are_excused_though_both_were_announced_before_their_samples(wire, pen):
    pen.subscribe(["tick"], 1)
    pen.record(0.1)
    for _ in range(2):
        wire.link.busy(400)
        pen.wait(0.1)
    wire.deaf_ms = 50
    first = pen.record(0.5)
    wire.deaf_ms = 50
    second = pen.record(0.5)
    assert (first.lost + second.lost, first.paused + second.paused) == (0, 100)


@pytest.mark.parametrize(("busy_ms", "wait_s"), [(40, 0.05), (400, 2.0)])
def test_a_gap_that_is_longer_or_later_than_announced_is_a_loss(wire, pen, busy_ms, wait_s):
    pen.subscribe(["tick"], 1)
    pen.record(0.1)
    wire.link.busy(busy_ms)
    pen.wait(wait_s)
    wire.deaf_ms = 50
    recording = pen.record(wait_s + 0.5)
    assert (recording.lost, recording.paused) == (50, 0)


def test_line_too_slow_for_the_signals_loses_what_it_says():
    wire = Wire()
    with Pen(wire) as pen:
        pen.subscribe(["tick", "rate", "zero", "depth", "duty", "state", "odd", "spare"], 1)
        recording = pen.record(3)
    ticks = recording.samples["tick"].astype(int)
    missing = (np.diff(ticks) - 1).sum()
    assert missing == recording.lost > 1000
    assert abs(recording.dropped - recording.lost) < 80, "but for what still waits"


def test_new_subscription_replaces_the_old_one(pen):
    pen.subscribe(["tick"], 10)
    blocks = pen.blocks()
    next(blocks)
    pen.subscribe(["depth"], 10)
    assert list(blocks) == []
    assert next(pen.samples()).dtype.names == ("time_us", "depth")
    pen.unsubscribe()
    with pytest.raises(BadValue, match="subscribe"):
        pen.record(1)


def test_bad_subscriptions_are_refused(pen):
    with pytest.raises(BadValue, match="no signal 'speed'"):
        pen.subscribe(["speed"])
    with pytest.raises(BadValue, match="twice"):
        pen.subscribe(["tick", "tick"])
    with pytest.raises(Refused, match="too many"):
        pen.subscribe(list(pen.signals))
    with pytest.raises(Refused, match="bad period"):
        pen.subscribe(["tick"], 0)
    with pytest.raises(BadValue, match="cannot be sent"):
        pen.subscribe(["tick"], 100_000)
