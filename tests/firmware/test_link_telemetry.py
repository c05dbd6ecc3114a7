"""Telemetry on the pen: the ring between interrupt and main loop, its stamps and its frames."""

import struct
from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penfw import protocol
from penfw.telemetry import TICKS_MASK, DeviceClock, TelemetryRing
from tests.firmware.interpreters import INTERPRETERS, run
from tests.firmware.test_link import Bench

MASKS = {row[0]: row[4] for row in protocol.CODES}


def taken(ring, codes, most=1000):
    """Samples of one `take`, unmasked."""
    buffer = bytearray(8000)
    count = ring.take(buffer, 5, most)
    layout = "<" + "".join(codes)
    size = struct.calcsize(layout)
    return [
        tuple(
            value ^ MASKS[code]
            for value, code in zip(
                struct.unpack_from(layout, buffer, 5 + size * n), codes, strict=True
            )
        )
        for n in range(count)
    ]


def filled(ring, ticks, start_us=0, first=0):
    values = array("i", [0, 0, 0])
    for tick in range(ticks):
        values[0], values[1], values[2] = first + tick, -tick, 7
        ring.push(values, (start_us + 1000 * tick) & TICKS_MASK)


def test_samples_come_out_as_they_went_in():
    ring = TelemetryRing(3)
    ring.configure((1, 0), ("h", "i"), 1)
    filled(ring, 5)
    assert taken(ring, "hi") == [(0, 0), (-1, 1), (-2, 2), (-3, 3), (-4, 4)]


def test_period_thins_the_samples_out():
    ring = TelemetryRing(3)
    ring.configure((0,), ("i",), 4)
    filled(ring, 20)
    assert taken(ring, "i") == [(0,), (4,), (8,), (12,), (16,)]


def test_nothing_is_kept_without_a_subscription():
    ring = TelemetryRing(3)
    filled(ring, 10)
    assert ring.ready() == 0
    ring.configure((0,), ("i",), 1)
    filled(ring, 3)
    ring.configure((), (), 0)
    filled(ring, 3)
    assert ring.ready() == 0
    assert ring.sample_size == 0


def test_interrupt_in_the_middle_of_configure_leaves_no_sample_of_neither():
    ring = TelemetryRing(3)

    class Interrupted(tuple):
        def __iter__(self):
            filled(ring, 3)
            return super().__iter__()

    ring.configure((0,), ("i",), 1)
    filled(ring, 3)
    ring.configure(Interrupted((1,)), ("b",), 1)
    assert ring.ready() == 0


@pytest.mark.verifies("R-709")
def test_full_ring_drops_and_counts():
    ring = TelemetryRing(3, samples=8)
    ring.configure((0,), ("i",), 1)
    filled(ring, 20)
    assert ring.dropped == 13
    assert taken(ring, "i") == [(n,) for n in range(7)]


def test_samples_behind_a_gap_wait_for_the_next_frame():
    ring = TelemetryRing(3)
    ring.configure((0,), ("i",), 2)
    filled(ring, 4, start_us=TICKS_MASK - 2500)
    filled(ring, 4, start_us=10_000, first=100)
    assert taken(ring, "i") == [(0,), (2,)]
    assert ring.ticks_us == TICKS_MASK - 2500
    assert taken(ring, "i") == [(100,), (102,)]
    assert ring.ticks_us == 10_000


def test_a_late_tick_is_no_gap():
    ring = TelemetryRing(3)
    ring.configure((0,), ("i",), 1)
    values = array("i", [0, 0, 0])
    for now_us in (0, 1000, 2400, 3000):
        ring.push(values, now_us)
    assert len(taken(ring, "i")) == 4


def test_behind_a_flash_write_each_time_is_right_within_half_a_period_and_they_grow():
    ring = TelemetryRing(3)
    ring.configure((0,), ("i",), 1)
    values = array("i", [0, 0, 0])
    # The third tick waited for a flash write, and those that it held back came in a bunch.
    for now_us in (0, 1000, 7660, 7700, 7740, 7780, 8000, 9000, 10_000):
        values[0] = now_us
        ring.push(values, now_us)
    told = []
    while ring.ready():
        samples = taken(ring, "i")
        told += [(ring.ticks_us + n * 1000, value) for n, (value,) in enumerate(samples)]
    assert [value for _us, value in told] == [0, 1000, 7660, 9000, 10_000]
    assert all(abs(told_us - value) <= 500 for told_us, value in told)


@pytest.mark.verifies("R-709")
@given(
    st.lists(
        st.tuples(
            st.sampled_from([row[0] for row in protocol.CODES]), st.integers(-(2**30), 2**30 - 1)
        ),
        min_size=1,
        max_size=8,
    )
)
def test_value_is_exact_or_clamped_to_its_type_never_another(signals):
    codes = [code for code, _value in signals]
    ring = TelemetryRing(len(signals))
    ring.configure(range(len(signals)), codes, 1)
    ring.push(array("i", [value for _code, value in signals]), 0)
    limits = {row[0]: row[2:4] for row in protocol.CODES}
    expected = tuple(min(max(value, limits[code][0]), limits[code][1]) for code, value in signals)
    assert taken(ring, codes) == [expected]


@pytest.mark.verifies("R-904")
@given(st.lists(st.integers(1, 2**29), max_size=30), st.integers(0, TICKS_MASK))
def test_device_time_only_grows_through_the_wrap_of_its_ticks(steps, start):
    clock = DeviceClock(start)
    now = 0
    for step in steps:
        now += step
        clock.advance((start + now) & TICKS_MASK)
        assert clock.seconds * 1_000_000 + clock.micros == now
        assert 0 <= clock.micros < 1_000_000


@given(st.integers(2**28, 2**29), st.integers(-(2**28), 2**28))
def test_a_reading_before_or_after_the_last_is_dated_right(now, offset):
    clock = DeviceClock(TICKS_MASK - 5)
    clock.advance((TICKS_MASK - 5 + now) & TICKS_MASK)
    seconds, micros = clock.at((TICKS_MASK - 5 + now + offset) & TICKS_MASK)
    assert seconds * 1_000_000 + micros == now + offset


# Frames


def telemetry(bench):
    return [fields for number, _sequence, fields in bench.frames() if number == protocol.TELEMETRY]


def test_frames_hold_about_ten_samples_of_eight_signals_at_500_hz():
    bench = Bench()
    bench.ask(protocol.SUBSCRIBE, 2, 2, [(3,)] * 8)
    bench.run(1000)
    counts = [fields[1] for fields in telemetry(bench)]
    assert 490 <= sum(counts) <= 500
    assert 9 <= sum(counts) / len(counts) <= 11


def test_a_slow_sample_is_not_held_back():
    bench = Bench()
    bench.ask(protocol.SUBSCRIBE, 2, 100, [(0,)])
    bench.run(30)
    assert len(telemetry(bench)) == 1


def test_frames_are_dated_and_numbered_without_a_break():
    bench = Bench()
    bench.ask(protocol.SUBSCRIBE, 2, 1, [(0,)])
    bench.run(700)
    expected = None
    for number, (stream, count, boot, seconds, micros, period, dropped, packed) in enumerate(
        telemetry(bench)
    ):
        first_us = seconds * 1_000_000 + micros
        assert expected in (None, first_us), number
        assert (stream, boot, period, dropped) == (1, 7, 1, 0)
        assert len(packed) == 4 * count
        value = struct.unpack_from("<i", packed)[0] ^ MASKS["i"]
        assert first_us == 1000 * value
        expected = first_us + 1000 * count


def test_a_status_counts_the_samples_that_were_sent():
    bench = Bench()
    bench.ask(protocol.SUBSCRIBE, 2, 1, [(0,)])
    bench.run(300)
    bench.send(protocol.STATUS, 3)
    bench.poll(2)
    frames = bench.frames()
    *_, status = (one for one in frames if one[0] == protocol.STATUS | protocol.REPLY)
    before = frames[: frames.index(status)]
    sent = sum(fields[1] for number, _sequence, fields in before if number == protocol.TELEMETRY)
    names = [name for name, _code in protocol.message(protocol.STATUS)[3]]
    assert status[2][names.index("samples")] == sent > 200


@pytest.mark.verifies("R-709")
def test_what_does_not_fit_the_line_is_dropped_and_counted():
    bench = Bench(capacity=256)
    bench.ask(protocol.SUBSCRIBE, 2, 1, [(0,)] * 8)
    bench.run(1000, stuck=True)
    bench.read()
    bench.run(400)
    assert telemetry(bench)[-1][6] > 500


def test_reply_overtakes_waiting_samples():
    """With the port's buffer as deep as can be, at most 350 bytes stand before a reply."""
    bench = Bench(capacity=4096)
    bench.ask(protocol.SUBSCRIBE, 2, 1, [(0,)] * 8)
    bench.run(500, stuck=True)
    queued = len(bench.port.sent)
    assert queued < 350
    bench.send(protocol.COMMAND, 3, 1, 0)
    bench.run(10, stuck=True)
    numbers = [number for number, _sequence, _fields in bench.frames()]
    assert numbers[-1] == protocol.COMMAND | protocol.REPLY


@pytest.mark.parametrize(
    ("period", "indices", "reason"),
    [
        (0, [0], protocol.BAD_PERIOD),
        (10001, [0], protocol.BAD_PERIOD),
        (10, [0] * 9, protocol.TOO_MANY),
        (10, [77], protocol.UNKNOWN_SIGNAL),
    ],
)
def test_bad_subscription_is_refused_and_the_old_one_stands(period, indices, reason):
    bench = Bench()
    bench.ask(protocol.SUBSCRIBE, 2, 10, [(0,)])
    assert bench.refused(protocol.SUBSCRIBE, 3, period, [(n,) for n in indices])[0] == reason
    bench.run(100)
    assert telemetry(bench)


@pytest.mark.parametrize("period_ms", [2, 10_000])
def test_a_period_is_up_to_ten_seconds(period_ms):
    assert Bench().ask(protocol.SUBSCRIBE, 2, period_ms, [(0,)])[1] == period_ms
    assert Bench().refused(protocol.SUBSCRIBE, 2, 10_001, [(0,)])[0] == protocol.BAD_PERIOD


def test_each_subscription_has_its_own_number():
    bench = Bench()
    assert bench.ask(protocol.SUBSCRIBE, 2, 10, [(0,)]) == [1, 10]
    assert bench.ask(protocol.SUBSCRIBE, 3, 20, [(0,)]) == [2, 20]
    assert bench.ask(protocol.SUBSCRIBE, 4, 0, []) == [3, 0]
    bench.run(100)
    assert telemetry(bench) == []


# On the interpreters that the firmware meets

IN_THE_INTERRUPT = """
import micropython
from array import array
from penfw.telemetry import TelemetryRing
values = array("i", [(1 << 30) - 1, -(1 << 30), 5, -5] * 5)
ring = TelemetryRing(20, samples=8)
push = ring.push
def ticks(count):
    now = 0x3FFFFFFD
    while count:
        push(values, now)
        now = now - 0x3FFFFC17 if now > 0x3FFFFC17 else now + 1000
        count -= 1
def locked(name):
    micropython.heap_lock()
    try:
        ticks(20)
        done = True
    except MemoryError:
        done = False
    micropython.heap_unlock()
    print(name, done, ring.ready(), ring.dropped)
locked("idle")
ring.configure((0, 1, 2, 3, 4, 5, 6, 7), ("i", "i", "h", "b", "H", "B", "i", "i"), 1)
locked("every tick, beyond the end")
buffer = bytearray(300)
print(ring.take(buffer, 0, 100), "".join(["%02x" % b for b in buffer[:24]]))
ring.configure((2,), ("b",), 3)
locked("every third")
print(ring.take(buffer, 0, 3))
locked("wrapped")
"""


@pytest.mark.verifies("R-805")
@pytest.mark.parametrize("interpreter", INTERPRETERS)
def test_push_allocates_nothing_in_the_interrupt(interpreter, tmp_path):
    modules = ["tables", "frames", "protocol", "sample_ring", "telemetry"]
    printed = run(interpreter, modules, IN_THE_INTERRUPT, tmp_path).strip().split("\n")
    assert [line for line in printed if "True" in line or "False" in line] == [
        "idle True 0 0",
        "every tick, beyond the end True 7 13",
        "every third True 7 0",
        "wrapped True 7 4",
    ]
    ring = TelemetryRing(20, samples=8)
    ring.configure(range(8), "iihbHBii", 1)
    for tick in range(20):
        ring.push(array("i", [2**30 - 1, -(2**30), 5, -5] * 5), tick * 1000)
    buffer = bytearray(300)
    assert printed[2] == f"{ring.take(buffer, 0, 100)} {bytes(buffer[:24]).hex()}"
