"""The ring through which the control interrupt hands over samples: the interrupt's half of it.

Part of the control interrupt: integers only, nothing allocated. telemetry.py has the other half.
"""

from array import array

TICKS_MASK = 0x3FFFFFFF  # ticks_us and counters wrap here
SAMPLES = 24  # 48 ms; the main loop comes by every 10 ms, and 20 ms late when garbage is collected


class _Slice:
    def __getitem__(self, key):
        return key


ALL = _Slice()[:]  # made once: writing `row[:]` in the interrupt would allocate it


class SampleRing:
    """Single producer, the interrupt, and single consumer, the main loop; neither locks.

    The interrupt copies all signals, the main loop chooses: one C call there costs less than a
    loop over the chosen ones. A sample that finds the ring full is dropped and counted.
    """

    def __init__(self, signals, samples):
        self.dropped = 0  # samples since `configure`, modulo 2^30
        self._rows = [array("i", [0] * signals) for _ in range(samples)]
        self._times = array("i", [0] * samples)
        self._size = samples
        self._head = 0  # the producer's
        self._tail = 0  # the consumer's
        self._left = 0  # ticks to the next sample; 0: off
        self._period = 0

    def push(self, values, now_us):
        """Once in `push_ms`: 19 us idle, 24 us between samples, 55 us with one.

        `values` is the array of all signals, now_us ticks_us. Runs in the interrupt: integers
        only, no Python call below it, nothing allocated.
        """
        left = self._left
        if left != 1:
            if left:
                self._left = left - 1
            return
        self._left = self._period
        head = self._head
        following = head + 1
        if following == self._size:
            following = 0
        if following == self._tail:
            self.dropped = (self.dropped + 1) & TICKS_MASK
            return
        self._rows[head][ALL] = values
        self._times[head] = now_us
        self._head = following
