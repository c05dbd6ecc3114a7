"""The time of the port: virtual where the port has a clock, else the computer's monotonic one.

The only module of penhost that imports `time`, so that on a simulated pen every time-out and
every wait of the host happens in virtual time.
"""

from __future__ import annotations

import time
from typing import Any, Protocol


class Clock(Protocol):
    """Microseconds from some start; never goes back."""

    def now_us(self) -> int: ...

    def sleep_us(self, duration_us: int) -> None: ...


class MonotonicClock:
    """The computer's clock."""

    def now_us(self) -> int:
        return time.monotonic_ns() // 1000

    def sleep_us(self, duration_us: int) -> None:
        time.sleep(duration_us / 1e6)


def clock_of(port: Any) -> Clock:
    """The port itself if it has `now_us` and `sleep_us`, else the monotonic clock."""
    if hasattr(port, "now_us") and hasattr(port, "sleep_us"):
        return port
    return MonotonicClock()
