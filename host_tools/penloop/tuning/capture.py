"""What an experiment has measured, in SI units."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
SIGNALS = ("rate", "rate_target", "duty", "current", "battery", "state", "inputs")  # 16 bytes
PERIOD_MS = 2
DUTY_FULL = 65535.0


@dataclass(frozen=True)
class Capture:
    """One stretch of telemetry: a row each 2 ms, but where the pen has dropped some.

    `volts` is what the law gives the motor, duty times battery.
    """

    time_s: Values
    rate_hz: Values
    target_hz: Values
    volts: Values
    current_a: Values
    battery_v: Values

    def between(self, start_s: float, end_s: float) -> "Capture":
        """The rows from `start_s` to before `end_s`, times of the device."""
        return self._rows((self.time_s >= start_s) & (self.time_s < end_s))

    def tail(self, rows: int) -> "Capture":
        """The last rows."""
        return self._rows(slice(-rows, None))

    def _rows(self, kept: Any) -> "Capture":
        return Capture(
            self.time_s[kept],
            self.rate_hz[kept],
            self.target_hz[kept],
            self.volts[kept],
            self.current_a[kept],
            self.battery_v[kept],
        )


def capture_of(samples: Any) -> Capture:
    """Samples of a subscription to SIGNALS."""
    battery_v = samples["battery"] * 1e-3
    return Capture(
        samples["time_us"] * 1e-6,
        samples["rate"] * 1e-3,
        samples["rate_target"] * 1e-3,
        samples["duty"] / DUTY_FULL * battery_v,
        samples["current"] * 1e-3,
        battery_v,
    )
