"""The client on a bad line: no wrong value, nothing done twice, and an end to every wait."""

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penhost import Pen
from penhost.errors import LineNoisy, PenError
from tests.host_tools.fake_pen import FakeDevice, Noise, Wire

shares = st.sampled_from([0, 0.001, 0.0035])
noises = st.builds(
    Noise,
    lost=shares,
    doubled=shares,
    damaged=shares,
    stalled=st.sampled_from([0, 0.02]),
    stall_ms=st.sampled_from([20, 400]),
    seed=st.integers(0, 2**32),
)


@pytest.mark.verifies("R-708")
@settings(deadline=None, max_examples=60)
@given(noises, st.integers(0, 2**32))
def test_each_command_is_executed_once_and_each_answer_is_its_own(noise, seed):
    generator = random.Random(seed)
    wire = Wire(noise)
    with Pen(wire) as pen:
        assert len(pen.commands) == 4
        for count in range(1, 31):
            argument = generator.randint(-(2**31), 2**31 - 1)
            assert pen.command("turn", argument).value == count
            assert wire.device.commands[-1] == (2, argument)
    assert len(wire.device.commands) == 30


@pytest.mark.verifies("R-706", "R-708")
@settings(deadline=None, max_examples=30)
@given(noises, st.integers(0, 2**32))
def test_settings_survive_the_line(noise, seed):
    generator = random.Random(seed)
    wire = Wire(noise)
    with Pen(wire) as pen:
        names = [name for name in pen.settings if name.startswith("gain")]
        for _ in range(5):
            wanted = {name: generator.randint(-(10**6), 10**6) for name in names}
            pen.set(wanted)
            assert wire.device.settings[4:] == list(wanted.values())
            read = pen.get_all(names)
            assert {name: quantity.value for name, quantity in read.items()} == wanted
    assert len(wire.device.transactions) == 5


@pytest.mark.verifies("R-709")
@settings(deadline=None, max_examples=30)
@given(noises)
def test_samples_are_right_or_missing_and_the_missing_are_counted(noise):
    wire = Wire(noise)
    with Pen(wire) as pen:
        pen.subscribe(["tick", "odd", "rate", "depth", "state", "duty", "huge", "zero"], 4)
        recording = pen.record(3)
    tick = recording.samples["tick"].astype(int)
    assert (recording.samples["time_us"] == tick * 1000).all()
    assert (recording.samples["rate"] == tick * 1000 % 150000).all()
    assert (recording.samples["depth"] == tick % 5000 - 2500).all()
    assert ((np.diff(tick) // 4) - 1).sum() == recording.lost
    assert (np.diff(tick) % 4 == 0).all()


def test_a_pen_whose_first_nine_replies_are_damaged_in_four_seconds_is_greeted():
    spoiled = Noise(
        lost=0.0035, doubled=0.001, damaged=0.0035, stalled=0.02, stall_ms=400, seed=431
    )
    with Pen(Wire(spoiled)) as pen:
        assert pen.info.protocol


def test_a_pen_none_of_whose_replies_comes_whole_is_a_noisy_line_and_no_other_device():
    with pytest.raises(LineNoisy, match="damaged"):
        Pen(Wire(Noise(damaged=0.08, seed=3)))


def test_one_percent_of_bytes_wrong_is_slow_but_sure():
    wire = Wire(Noise(lost=0.003, doubled=0.003, damaged=0.004, seed=5))
    with Pen(wire) as pen:
        assert len(pen.settings) == 64
        assert len(pen.fault_table) == 2
        for count in range(1, 1001):
            assert pen.command("count").value == count
        status = pen.status()
    assert len(wire.device.commands) == 1000
    assert status.repeats > 100
    assert status.host_bad_frames > 50


def test_pen_that_is_reset_in_the_middle_does_not_take_up_the_old_sequence():
    wire = Wire()
    with Pen(wire) as pen:
        pen.command("count")
        wire.restart()
        for _ in range(3):
            with pytest.raises(PenError, match="restarted"):
                pen.command("count")
    assert wire.device.commands == []


def test_line_where_nothing_gets_through_ends_in_an_error():
    wire = Wire()
    with Pen(wire) as pen:
        wire.noise.damaged = 0.5
        pen_pushes(wire)
        before = wire.now_us()
        with pytest.raises(LineNoisy, match="shorter cable"):
            pen.get("depth")
    assert wire.now_us() - before < 60e6


def pen_pushes(wire):
    """So that something arrives: the pen streams."""
    wire.device.ring.configure((0,), ("i",), 10)


def test_delay_beyond_every_time_out_does_not_mix_up_answers():
    """Each reply comes after its request was repeated; late ones are passed over."""
    wire = Wire(Noise(stalled=0.01, stall_ms=900, seed=1))
    with Pen(wire) as pen:
        for count in range(1, 51):
            assert pen.command("count").value == count
            assert pen.get("depth").value == 500
        assert pen.status().repeats > 5
    assert len(wire.device.commands) == 50


def test_bytes_of_a_client_before_do_not_reach_the_next():
    wire = Wire()
    first = Pen(wire)
    first.subscribe(["tick"], 1)
    first.wait(0.1)
    first._transport.send(first._transport.encode(0x26, 0x2030, (1, 0)))
    with Pen(wire) as second:
        assert second.command("count").value == len(wire.device.commands)
        second.subscribe(["tick"], 10)
        assert second.record(0.5).lost == 0


def test_greeting_of_a_client_before_is_not_taken_for_ones_own():
    before = Wire(device=FakeDevice(boot_session=99))
    carried = bytearray()
    before.port.write = lambda data: (carried.extend(data), len(data))[1]
    with pytest.raises(PenError):
        Pen(before, entropy=lambda _size: b"\x20\x20\x20\x20")
    wire = Wire()
    wire._inbox += carried
    with Pen(wire, entropy=lambda _size: b"\x21\x20\x20\x20") as pen:
        assert pen.info.boot_session == 7


def test_noise_that_waits_in_the_pen_does_not_damage_the_greeting():
    wire = Wire()
    wire.port.received += b"noise without an end"
    with Pen(wire) as pen:
        assert pen.status().repeats == 0


def test_telemetry_that_nobody_reads_does_not_pile_up(monkeypatch):
    wire = Wire()
    with Pen(wire) as pen:
        pen.subscribe(["tick"], 1)
        pen.wait(100)
        assert len(pen._session.telemetry) <= 4096
        assert len(next(pen.blocks()).samples) > 5
