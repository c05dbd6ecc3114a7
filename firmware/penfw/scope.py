"""The scope: chosen signals of every control tick, kept in memory around a trigger.

It is in memory while it is armed or holds a capture, see tables.py. The control interrupt copies
all signals of two ticks into one of `PAIRS` lists, which form a ring: in an odd tick, what the even
one has left, and at its end its own. The main loop looks for the trigger in them and keeps the
chosen ones. A sample is never made up: what the ring or a flash window has lost is a gap in time.
"""

import struct
from array import array

from penfw.signals import index as signal
from penfw.telemetry import HALF, TICKS_MASK, limits_of

PAIRS = 24  # 48 ms, as telemetry has; the main loop comes by every 10 ms
BUFFER = 12288  # bytes of samples
STAMP_SHIFT = 4  # a sample's time is in steps of 16 us
_STAMP_MASK = 0xFFFF
_STAMP_CODE = "H"
_STAMP_XOR = 0x5555

ARMED = 1
TRIGGERED = 2
COMPLETE = 3

# Triggers, by their number in protocol.SCOPE_TRIGGERS.
NOW = 0
ABOVE = 1
BELOW = 2
RISING = 3
FALLING = 4
SET = 5
CLEAR = 6
EQUAL = 7

_CURRENT = signal("current")

# Of a pair: signals, time and shunt of the even tick, the same of the odd one, the next pair.
_ODD = 3
_NEXT = 6


class Scope:
    """One capture: `step` once a main-loop pass, `stop` before it is forgotten."""

    def __init__(self, device, indices, codes, samples, before_permille, trigger):
        """`trigger` is (kind, signal, level). Raises MemoryError."""
        control = device.control
        self._control = control
        self._ring = device.ring
        self._clock = device.clock
        self.indices = indices
        self._columns = [(i,) + limits_of(code) for i, code in zip(indices, codes)]
        self._format = "<" + _STAMP_CODE + "".join(codes)
        self._size = struct.calcsize(self._format)
        self.samples = min(samples, BUFFER // self._size)  # as granted
        self.held = 0
        # Samples before the trigger, at most: when it comes early, there are more behind it.
        self.before = min(self.samples * before_permille // 1000, self.samples - 1)
        self.state = ARMED
        self.time = None  # of the trigger: seconds, microseconds
        self._left = 0  # samples to come behind the trigger
        self._trigger = trigger
        self._previous = None  # value of its signal one sample before
        self._data = bytearray(self.samples * self._size)
        self._at = 0  # number of the next sample in `_data`
        self._values = [0] * (1 + len(indices))
        self._last_us = control.last_us
        self._pair = _pairs(len(control.values), self._last_us)
        control.pair = self._pair

    def complete(self):
        """Whether the capture can be read."""
        return self.state == COMPLETE

    def step(self):
        """Takes what the interrupt has left since the last pass."""
        if self._pair is None:
            return
        self._drain()
        if self.state == COMPLETE:
            self.stop()

    def stop(self):
        """Gives the pairs back. What the interrupt had left is telemetry's first."""
        if self._pair is None:
            return
        self._drain()
        self._control.pair = None  # the next tick that pushes is more than a millisecond away
        self._drain()
        self._pair = None

    def data(self, first, most):
        """Samples from number `first` on, the oldest is 0: as many as `most` bytes hold, or one."""
        count = min(max(self.held - first, 0), max(most // self._size, 1))
        parts = []
        for number in range(first, first + count):
            slot = (self._at - self.held + number) % self.samples * self._size
            parts.append(self._data[slot : slot + self._size])
        return b"".join(parts)

    def _drain(self):
        pair = self._pair
        while 0 < (pair[_ODD + 1] - self._last_us) & TICKS_MASK < HALF:
            self._last_us = pair[_ODD + 1]
            self._ring.push(pair[_ODD], self._last_us)
            self._take(*pair[:_ODD])
            self._take(*pair[_ODD:_NEXT])
            pair = self._pair = pair[_NEXT]

    def _take(self, row, at_us, raw):
        """One sample: is it the trigger, and does it belong to the capture?"""
        if self.state == COMPLETE:
            return
        control = self._control
        row[_CURRENT] = (raw - control.shunt_zero) * control.shunt_q12 >> 12  # of this very tick
        self._keep(row, at_us)
        if self.state == TRIGGERED:
            self._left -= 1
        elif self._is_trigger(row[self._trigger[1]]):
            self.state = TRIGGERED
            self.time = self._clock.at(at_us)
            self.before = min(self.held - 1, self.before)
            self.held = self.before + 1
            self._left = self.samples - self.held
        if self.state == TRIGGERED and not self._left:
            self.state = COMPLETE

    def _is_trigger(self, value):
        kind, _signal, level = self._trigger
        previous = value if self._previous is None else self._previous
        self._previous = value
        if kind == ABOVE:
            return value > level
        if kind == BELOW:
            return value < level
        if kind == RISING:
            return previous < level <= value
        if kind == FALLING:
            return previous > level >= value
        if kind == SET:
            return value & level
        if kind == CLEAR:
            return not value & level
        return kind == NOW or value == level

    def _keep(self, row, at_us):
        values = self._values
        values[0] = (at_us >> STAMP_SHIFT & _STAMP_MASK) ^ _STAMP_XOR
        column = 1
        for index, low, high, mask in self._columns:
            values[column] = min(max(row[index], low), high) ^ mask
            column += 1
        struct.pack_into(self._format, self._data, self._at * self._size, *values)
        self._at = (self._at + 1) % self.samples
        self.held = min(self.held + 1, self.samples)


def _pairs(signals, now_us):
    """The ring of pairs: its first one. None of them holds a sample yet."""
    first = last = _pair(signals, now_us)
    for _ in range(PAIRS - 1):
        following = _pair(signals, now_us)
        last.append(following)
        last = following
    last.append(first)
    return first


def _pair(signals, now_us):
    return [array("i", [0] * signals), now_us, 0, array("i", [0] * signals), now_us, 0]
