"""Real time for people: holds virtual time back to the wall clock. Never changes a trace."""

import time

CATCH_UP_S = 0.2  # farther behind than that (a pause), it starts over instead of racing


class Pacer:
    """`keep_up(now_us)` sleeps until the wall clock has come as far as virtual time / pace."""

    def __init__(self, pace: float) -> None:
        self._pace = pace
        self._start_s: float | None = None
        self._start_us = 0

    def keep_up(self, now_us: int) -> None:
        """To be called now and then as virtual time passes."""
        wall_s = time.monotonic()
        if self._start_s is None:
            self._start_s, self._start_us = wall_s, now_us
        ahead_s = (now_us - self._start_us) * 1e-6 / self._pace - (wall_s - self._start_s)
        if ahead_s > 0:
            time.sleep(ahead_s)
        elif ahead_s < -CATCH_UP_S:
            self._start_s, self._start_us = wall_s, now_us
