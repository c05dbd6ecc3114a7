"""A line that damages a share of its bytes, both ways, in front of any port with a clock."""

import math
import random
from collections import deque

DELAY_MAX_US = 400_000  # a delayed byte, and all behind it, waits up to so long: longer than a try
BYTES = range(256)


class Damage:
    """One way of the line: errors come at random, a seeded share of the bytes.

    A byte in error is, with equal chance, lost, flipped, doubled, joined by a random one, or
    delayed with all that follow it.
    """

    KINDS = ("lost", "flipped", "doubled", "inserted", "delayed")

    def __init__(self, share, seed):
        self.counts = dict.fromkeys(self.KINDS, 0)
        self.bytes = 0
        self._random = random.Random(seed)
        self._log_good = math.log(1 - share) if share else 0.0
        self._good = self._next_distance()
        self._free_us = 0  # nothing arrives before: a delayed byte is still on its way

    def _next_distance(self):
        """Bytes that pass whole before the next one in error."""
        if not self._log_good:
            return math.inf
        return int(math.log(1.0 - self._random.random()) / self._log_good)

    def spoil(self, data, now_us):
        """What arrives of these bytes: [(when, bytes), …]."""
        self.bytes += len(data)
        at = max(now_us, self._free_us)
        pieces, start = [], 0
        while self._good < len(data) - start:
            end = start + self._good
            pieces.append((at, data[start:end]))
            at, piece = self._hit(data[end : end + 1], at)
            pieces.append((at, piece))
            start, self._good = end + 1, self._next_distance()
        self._good -= len(data) - start
        pieces.append((at, data[start:]))
        return [piece for piece in pieces if piece[1]]

    def _hit(self, byte, at_us):
        kind = self._random.choice(self.KINDS)
        self.counts[kind] += 1
        if kind == "lost":
            return at_us, b""
        if kind == "flipped":
            return at_us, bytes([byte[0] ^ self._random.randrange(1, 256)])
        if kind == "doubled":
            return at_us, byte + byte
        if kind == "inserted":
            return at_us, bytes([self._random.choice(BYTES)]) + byte
        self._free_us = at_us + self._random.randrange(DELAY_MAX_US)
        return self._free_us, byte


class NoisyPort:
    """The client's end of a line on which `share` of the bytes of each way are in error."""

    def __init__(self, port, share, seed):
        self.to_pen = Damage(share, 2 * seed)
        self.to_host = Damage(share, 2 * seed + 1)
        self.name = "noisy line"
        self.now_us = port.now_us
        self.close = port.close
        self._port = port
        self._sent = deque()
        self._arriving = deque()
        self._inbox = bytearray()

    @property
    def in_waiting(self):
        """Bytes that can be read now."""
        self._take_in(self._port.in_waiting)
        return len(self._inbox)

    def read(self, size=1):
        """Up to `size` bytes; none after the port's time-out."""
        if not self._inbox:
            self._take_in(1)
            self._take_in(self._port.in_waiting)
        data = bytes(self._inbox[:size])
        del self._inbox[:size]
        return data

    def write(self, data):
        """Sends bytes; those that are delayed leave when time has passed."""
        self._sent.extend(self.to_pen.spoil(bytes(data), self.now_us()))
        self._move()
        return len(data)

    def sleep_us(self, duration_us):
        """Lets time pass."""
        self._port.sleep_us(duration_us)
        self._move()

    def _take_in(self, size):
        if size:
            data = self._port.read(size)
            self._arriving.extend(self.to_host.spoil(data, self.now_us()))
        self._move()

    def _move(self):
        now_us = self.now_us()
        while self._sent and self._sent[0][0] <= now_us:
            self._port.write(self._sent.popleft()[1])
        while self._arriving and self._arriving[0][0] <= now_us:
            self._inbox += self._arriving.popleft()[1]
