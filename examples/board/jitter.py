# How late a tick comes: in a hard interrupt, and in a soft one that waits for the main program.
#
#   penloop board examples/board/jitter.py --seed 1
import gc
import time

from machine import Timer


class Tick:
    """A 1 kHz timer that keeps the longest distance between two of its calls."""

    def __init__(self, hard):
        self.worst_us = 0
        self._last_us = None
        self._timer = Timer(freq=1000, callback=self._tick, hard=hard)

    def _tick(self, timer):
        now_us = time.ticks_us()
        if self._last_us is not None:
            self.worst_us = max(self.worst_us, time.ticks_diff(now_us, self._last_us))
        self._last_us = now_us


hard, soft = Tick(True), Tick(False)
time.sleep(2)
print("at rest:               hard", hard.worst_us, "us, soft", soft.worst_us, "us")

for _ in range(20):
    gc.collect()
    time.sleep_ms(10)
print("garbage collected:     hard", hard.worst_us, "us, soft", soft.worst_us, "us")

with open("log.txt", "w") as file:
    file.write("the flash stops everything")
time.sleep_ms(10)
print("a file written:        hard", hard.worst_us, "us, soft", soft.worst_us, "us")
