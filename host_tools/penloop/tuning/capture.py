"""What an experiment has measured, in SI units."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
SIGNALS = ("rate", "rate_target", "duty", "current", "battery", "state", "inputs")  # 16 bytes
PERIOD_MS = 2
PERIOD_S = PERIOD_MS * 1e-3
GAP_S = 2.5 * PERIOD_S  # from row to row, where more than a single one was lost
DUTY_FULL = 65535.0


@dataclass(frozen=True)
class Capture:
    """One stretch of telemetry: a row each 2 ms, but where some were lost.

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

    def last(self, seconds: float) -> "Capture":
        """The rows of the last so many seconds."""
        return self._rows(self.time_s > self.time_s[-1] - seconds)

    @property
    def lost_share(self) -> float:
        """Of the rows from the first to the last, how many are missing."""
        whole = (self.time_s[-1] - self.time_s[0]) / PERIOD_S + 1.0
        return float(max(0.0, 1.0 - len(self.time_s) / whole))

    @property
    def since_row_s(self) -> Values:
        """Of each row, from the row before it; 0 of the first."""
        return np.diff(self.time_s, prepend=self.time_s[0])

    def behind_gaps(self, seconds: float) -> NDArray[np.bool_]:
        """Whether each row is so long behind the last gap, of more than a single lost row."""
        gap_s = np.where(self.since_row_s > GAP_S, self.time_s, -np.inf)
        return np.asarray(self.time_s > np.maximum.accumulate(gap_s) + seconds)

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
