"""From 9,600 baud to USB: nothing is done twice, telemetry yields to requests, loss is counted."""

import numpy as np
import pytest

from penhost import Pen
from tests.host_tools import fake_pen
from tests.host_tools.fake_pen import Noise, Wire

EIGHT = ["tick", "odd", "rate", "depth", "state", "duty", "huge", "zero"]
BYTE_US = {9600: 1042, 19200: 521, 38400: 260, 57600: 174, 115200: 87, 921600: 11, "USB": 1}
OS_BUFFER = 4096  # bytes that a system keeps for a program that does not read


@pytest.fixture(params=BYTE_US, ids=str)
def wire(request, monkeypatch):
    """A line of each rate."""
    monkeypatch.setattr(fake_pen, "BYTE_US", BYTE_US[request.param])
    return Wire()


def test_tables_and_commands_get_through(wire):
    with Pen(wire) as pen:
        assert len(pen.settings) == 64
        assert [pen.command("count").value for _ in range(20)] == list(range(1, 21))
    assert len(wire.device.commands) == 20


def test_telemetry_that_fills_the_line_leaves_room_for_commands(wire):
    """Eight signals every 2 ms are more than the slow lines carry: the pen drops, and says so."""
    with Pen(wire) as pen:
        pen.subscribe(EIGHT, 2)
        for count in range(1, 11):
            before_us = wire.now_us()
            assert pen.command("count").value == count
            assert wire.now_us() - before_us < 1_000_000
        recording = pen.record(3)
        status = pen.status()
    ticks = recording.samples["tick"].astype(int)
    assert (recording.samples["rate"] == ticks * 1000 % 150_000).all()
    assert (np.diff(ticks) // 2 - 1).sum() == recording.lost
    assert status.samples_dropped >= recording.dropped >= recording.lost - 1
    assert status.host_bad_frames == 0
    assert len(wire.device.commands) == 10


def test_a_noisy_line_of_any_rate_executes_each_command_once(wire):
    wire.noise.lost = wire.noise.doubled = wire.noise.damaged = 0.001
    with Pen(wire) as pen:
        assert [pen.command("count").value for _ in range(100)] == list(range(1, 101))


def test_a_line_with_half_a_second_of_delay_mixes_nothing_up():
    """As a radio link or a busy network has it."""
    wire = Wire(Noise(stalled=0.02, stall_ms=500, seed=7))
    with Pen(wire) as pen:
        for count in range(1, 51):
            assert pen.command("count").value == count
            assert pen.get("run_limit").value == 1800
    assert len(wire.device.commands) == 50


def test_a_host_that_slept_for_a_minute_goes_on_and_knows_what_it_has_missed():
    """Meanwhile the system keeps what fits its buffer, and the pen goes on."""
    wire = Wire()
    with Pen(wire) as pen:
        pen.subscribe(["tick"], 10)
        first = next(pen.blocks()).samples["tick"][-1]
        wire.sleep_us(60_000_000)
        del wire._inbox[OS_BUFFER:]
        blocks = [next(pen.blocks()) for _ in range(400)]
        assert pen.command("count").value == 1
    ticks = np.concatenate([block.samples["tick"] for block in blocks])
    lost = sum(block.lost for block in blocks)
    assert ticks[-1] - first == 10 * (len(ticks) + lost)
    assert lost > 5000


def test_a_host_that_slept_beyond_its_heartbeats_does_not_start_the_motor_again(wire):
    with Pen(wire) as pen, pen.presence():
        pen.wait(0.5)
        beats = len(wire.device.heartbeats)
        wire.sleep_us(60_000_000)
        pen.wait(0.5)
    assert beats >= 3
    assert wire.device.commands == []
    gaps_ms = np.diff(wire.device.heartbeats)
    assert (gaps_ms > 50_000).sum() == 1
