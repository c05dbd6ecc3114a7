"""Samples on their way from the control interrupt to the link, and the time that stamps them.

Costs are us of bytecode on the chip at 125 MHz by the weights of FACTS.md.
"""

import struct

from penfw.protocol import CODES
from penfw.sample_ring import SAMPLES, TICKS_MASK, SampleRing

HALF = 0x20000000
_SECOND_US = 1000000


class DeviceClock:
    """Time since boot as seconds and microseconds: both small ints, and they only grow."""

    def __init__(self, ticks_us):
        self.seconds = 0
        self.micros = 0
        self._ticks = ticks_us

    def advance(self, ticks_us):
        """Takes a reading of ticks_us. To be called at least every 500 s, in the main loop."""
        micros = self.micros + ((ticks_us - self._ticks) & TICKS_MASK)
        self._ticks = ticks_us
        self.seconds += micros // _SECOND_US
        self.micros = micros % _SECOND_US

    def at(self, ticks_us):
        """(seconds, microseconds) of a reading taken within 500 s of the last `advance`."""
        age_us = ((self._ticks - ticks_us + HALF) & TICKS_MASK) - HALF
        micros = self.micros - age_us
        return self.seconds + micros // _SECOND_US, micros % _SECOND_US


class TelemetryRing(SampleRing):
    """The main loop's half: chooses signals, and packs samples into frames."""

    def __init__(self, signals, samples=SAMPLES, push_ms=1):
        """`push_ms`: milliseconds from one push to the next."""
        super().__init__(signals, samples)
        self.ticks_us = 0  # time of the first sample of the last `take`
        self.sample_size = 0  # bytes of a packed sample; 0: nothing is subscribed
        self.period_ms = 0  # from each sample to the next, as granted
        self._push_ms = push_ms
        self._half_us = 0  # of a period
        self._columns = ()
        self._format = "<"
        self._values = []

    def configure(self, indices, codes, period_ms):
        """Starts a subscription; no indices stop it. `period_ms` becomes whole pushes.

        Main loop only.
        """
        self._left = 0  # first, as the interrupt may come between any two of these lines
        self._tail = self._head
        self.dropped = 0
        self._columns = tuple([(i,) + limits_of(code) for i, code in zip(indices, codes)])
        self._format = "<" + "".join(codes)
        self._values = [0] * len(codes)
        self.sample_size = struct.calcsize(self._format)
        self._period = max(period_ms // self._push_ms, 1)
        self.period_ms = self._period * self._push_ms if indices else 0
        self._half_us = self.period_ms * 500
        if indices:
            self._left = 1

    def ready(self):
        """Samples that wait."""
        return (self._head - self._tail) % self._size

    def take(self, buffer, at, most):
        """Packs waiting samples at offset `at`: at most `most`, and none behind a gap in time.

        Returns their number; the first was taken at `ticks_us`, each other one within half a
        period of its time. What comes sooner, in the bunch of ticks that a flash write has held
        back, is passed over. Of 8 signals, a sample costs 150 us with its share of a frame of ten.
        """
        head = self._head
        tail = self._tail
        times = self._times
        half_us = self._half_us
        due_us = self.ticks_us = times[tail]
        count = 0
        while tail != head and count < most:
            late_us = (times[tail] - due_us + half_us) & TICKS_MASK
            if late_us <= half_us * 2:
                self._pack(self._rows[tail], buffer, at)
                at += self.sample_size
                count += 1
                due_us += half_us * 2
            elif late_us < HALF:
                break
            tail += 1
            if tail == self._size:
                tail = 0
        self._tail = tail
        return count

    def _pack(self, row, buffer, at):
        values = self._values
        column = 0
        for index, low, high, mask in self._columns:
            value = row[index]
            if value < low:
                value = low
            elif value > high:
                value = high
            values[column] = value ^ mask
            column += 1
        struct.pack_into(self._format, buffer, at, *values)


def limits_of(code):
    """(lowest, highest, mask) of a type code."""
    for row in CODES:
        if row[0] == code:
            return row[2:]
    raise ValueError("type code")
