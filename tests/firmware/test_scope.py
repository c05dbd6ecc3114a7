"""The pen's scope: what triggers it, what it keeps, and what it does when the main loop is late."""

import struct
from array import array
from itertools import pairwise

import pytest

from penfw import protocol, scope, signals
from penfw.telemetry import DeviceClock, TelemetryRing

CURRENT, RATE, FAULTS = (signals.index(name) for name in ("current", "rate", "faults"))
MASK = 0x3FFFFFFF
KINDS = protocol.SCOPE_TRIGGERS


class Interrupt:
    """The control interrupt's half, as control.py has it; `last_us` is about to wrap."""

    shunt_zero, shunt_q12 = 1000, 4096 * 2

    def __init__(self, push):
        self.push = push
        self.values = array("i", [0] * len(signals.NAMES))
        self.pair = None
        self.last_us = MASK - 20_000
        self.even_raw = 0

    def tick_pair(self, first, second, raw=1000):
        """Two ticks, each leaving its values: {signal: value}."""
        even_us = self.last_us = self.last_us + 1000 & MASK
        self._leave(first)
        pair = self.pair
        if pair is not None:
            pair[0][:] = self.values
            pair[1:3] = even_us, raw
        self.last_us = self.last_us + 1000 & MASK
        self._leave(second)
        if pair is not None:
            pair[3][:] = self.values
            pair[4:6] = self.last_us, raw
            self.pair = pair[6]
        else:
            self.push(self.values, self.last_us)

    def _leave(self, values):
        for index, value in values.items():
            self.values[index] = value


class Device:
    """What the scope uses of the pen."""

    def __init__(self):
        self.ring = TelemetryRing(len(signals.NAMES), push_ms=2)
        self.control = Interrupt(self.ring.push)
        self.clock = DeviceClock(self.control.last_us)


@pytest.fixture
def device():
    return Device()


def armed(device, kind, level=0, watched=RATE, before_permille=0, samples=8):
    return scope.Scope(
        device, [RATE], ["i"], samples, before_permille, (KINDS.index(kind), watched, level)
    )


def feed(device, one, values, watched=RATE):
    """A value a tick, a pass of the main loop every ten ticks."""
    for number in range(0, len(values), 2):
        device.control.tick_pair({watched: values[number]}, {watched: values[number + 1]})
        if number % 10 == 8:
            one.step()
    one.step()


def kept(one):
    """(times in steps of 16 us, values) of what it holds."""
    rows = [(stamp ^ 0x5555, value ^ 0x15555555)
            for stamp, value in struct.iter_unpack("<Hi", one.data(0, 65535))]  # fmt: skip
    return [row[0] for row in rows], [row[1] for row in rows]


RAMP = list(range(60))
PEAK = [*range(30), *range(30, 0, -1)]


@pytest.mark.parametrize(
    ("kind", "level", "values", "found"),
    [
        ("now", 0, RAMP, 0),
        ("above", 20, RAMP, 21),
        ("below", 20, [50, 40, 30, 20, 19, *RAMP], 19),
        ("rising", 20, RAMP, 20),
        ("rising", 20, [25, 24, 21, *RAMP, 0, 0, 0], 20),  # it lies above at first
        ("falling", 20, PEAK, 20),
        ("equal", 7, RAMP, 7),
        ("set", 12, RAMP, 4),
        ("clear", 3, [1, 2, 3, 7, 8, *RAMP, 0], 8),
    ],
)
def test_each_trigger_finds_its_very_sample(device, kind, level, values, found):
    one = armed(device, kind, level)
    feed(device, one, [*values, *[99] * (len(values) % 2 + 10)])
    assert one.complete()
    assert kept(one)[1][one.before] == found
    at_us = one.time[0] * 1_000_000 + one.time[1]
    assert at_us % 1000 == 0


@pytest.mark.parametrize(("permille", "before"), [(0, 0), (250, 2), (500, 4), (1000, 7)])
def test_so_much_is_kept_before_the_trigger(device, permille, before):
    one = armed(device, "rising", 30, before_permille=permille)
    feed(device, one, RAMP)
    assert (one.complete(), one.before, one.held) == (True, before, 8)
    assert kept(one)[1] == RAMP[30 - before : 38 - before]


def test_an_early_trigger_leaves_more_behind_it(device):
    one = armed(device, "equal", 1, before_permille=500)
    feed(device, one, RAMP)
    assert (one.before, kept(one)[1]) == (1, RAMP[:8])


def test_the_current_is_that_of_each_tick(device):
    one = scope.Scope(device, [CURRENT], ["h"], 4, 0, (0, 0, 0))
    device.control.tick_pair({CURRENT: 7}, {}, raw=1500)
    device.control.tick_pair({}, {}, raw=900)
    one.step()
    values = [value ^ 0x5555 for _stamp, value in struct.iter_unpack("<Hh", one.data(0, 99))]
    assert values == [1000, 1000, -200, -200]


def test_values_beyond_their_type_are_clamped_as_in_telemetry(device):
    one = scope.Scope(device, [RATE], ["h"], 2, 0, (0, 0, 0))
    device.control.tick_pair({RATE: 40_000}, {RATE: -40_000})
    one.step()
    values = [value ^ 0x5555 for _stamp, value in struct.iter_unpack("<Hh", one.data(0, 99))]
    assert values == [32767, -32768]


def test_what_a_late_main_loop_loses_is_a_gap_and_nothing_is_invented(device):
    one = armed(device, "above", 1000, samples=40, before_permille=500)
    feed(device, one, [1, 2])
    late = range(10, 10 + 2 * (3 * scope.PAIRS + 5))
    for number in late[::2]:
        device.control.tick_pair({RATE: number}, {RATE: number + 1})
    one.step()
    feed(device, one, [5000] * 60)
    stamps, values = kept(one)
    assert values[:12] == [1, 2, *late[-10:]]  # those that the ring still had
    assert set(values[12:]) == {5000}
    steps = [round((b - a & 0xFFFF) * 16 / 1000) for a, b in pairwise(stamps)]
    assert steps == [1, len(late) - 10 + 1, *[1] * 37]


@pytest.mark.verifies("R-720")
def test_ticks_that_did_not_come_are_a_gap_in_time(device):
    one = armed(device, "now", samples=8)
    device.control.tick_pair({}, {})
    device.control.last_us = device.control.last_us + 50_000 & MASK  # flash is erased
    device.control.tick_pair({}, {})
    feed(device, one, [0] * 10)
    stamps, _values = kept(one)
    steps = [round((b - a & 0xFFFF) * 16 / 1000) for a, b in pairwise(stamps)]
    assert steps == [1, 51, 1, 1, 1, 1, 1]


def test_telemetry_goes_on_while_it_is_armed_and_behind_it(device):
    device.ring.configure([RATE], ["i"], 2)
    one = armed(device, "rising", 6, samples=4)
    feed(device, one, RAMP[:20])
    assert one.complete()
    assert device.control.pair is None
    assert device.ring.ready() == 10  # every odd tick
    buffer = bytearray(100)
    assert device.ring.take(buffer, 0, 24) == 10  # without a gap
    values = [value ^ 0x15555555 for (value,) in struct.iter_unpack("<i", buffer[:40])]
    assert values == list(range(1, 20, 2))


def test_no_more_is_granted_than_memory_is_set_aside_for(device):
    one = armed(device, "now", samples=65535)
    assert one.samples == scope.BUFFER // 6
    wide = scope.Scope(device, list(range(8)), ["i"] * 8, 65535, 0, (0, 0, 0))
    assert wide.samples == scope.BUFFER // 34


def test_data_comes_in_whole_samples_and_at_least_one(device):
    one = armed(device, "now", samples=8)
    feed(device, one, RAMP[:20])
    assert len(one.data(0, 20)) == 18
    assert len(one.data(7, 255)) == 6
    assert len(one.data(0, 1)) == 6
    assert one.data(8, 255) == b""


def test_every_trigger_of_the_table_has_its_number():
    assert KINDS[scope.NOW] == "now"
    for number, name in enumerate(KINDS):
        assert getattr(scope, name.upper()) == number
    assert protocol.SCOPE_STATES == ("none", "armed", "triggered", "complete")
    assert (scope.ARMED, scope.TRIGGERED, scope.COMPLETE) == (1, 2, 3)
