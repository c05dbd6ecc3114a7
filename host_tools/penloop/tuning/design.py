"""Gains from a response: closed forms first, then as much as the margins leave.

With a current that is fed back with the share c, the motor answers like a first-order lag of gain
1/k and time constant (1 - c) R J / k^2, behind the dead time D of measurement and law. A loop of
crossover w has the phase margin 90 degrees - w D, so a phase margin decides w, and the integral
gain is k w (direct synthesis; Skogestad 2003). The proportional gain goes up from there to what
phase, gain and vector margin allow at every rate and every corner, by the exact loop of loop.py.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from penloop.tuning import loop
from penloop.tuning.loop import Gains, Margins
from penloop.tuning.response import MotorResponse

PHASE_DEG, GAIN, VECTOR = 60.0, 1.8, 0.4  # least margins of a proposal, at every rate and corner
COMPENSATIONS = (300, 450, 600, 750)  # permille
INTEGRAL_PHASES_DEG = (70.0, 82.0)  # for which the integral gain is reckoned, at SLOW_HZ
SLOW_HZ = 50.0
SHARES = (0.65, 1.0)  # of the largest proportional gain

Bounds = Mapping[str, tuple[int, int]]  # least and most of each setting, as the pen's rows say


@dataclass(frozen=True)
class Design:
    """Gains and their margins at loop.RATES_HZ, each the least of all corners."""

    gains: Gains
    margins: tuple[Margins, ...]

    @property
    def safe(self) -> bool:
        """Whether a proposal may have them."""
        return all(
            one.phase_deg >= PHASE_DEG and one.gain >= GAIN and one.vector >= VECTOR
            for one in self.margins
        )

    @property
    def phase_deg(self) -> float:
        """The least phase margin."""
        return min(one.phase_deg for one in self.margins)

    @property
    def gain(self) -> float:
        """The least gain margin."""
        return min(one.gain for one in self.margins)

    @property
    def warning(self) -> str:
        """Of margins that no proposal may have, with what to do; else empty."""
        if self.safe:
            return ""
        return (
            f"but their margins are small: {self.phase_deg:.0f}° and {self.gain:.2f}; with a lower "
            f"rate_kp or ir_compensation they are at least {PHASE_DEG:.0f}° and {GAIN:g}, as those "
            "of every proposal"
        )


def design(response: MotorResponse, gains: Gains) -> Design:
    """The margins of given gains."""
    return Design(gains, tuple(loop.worst(response, gains, rate) for rate in loop.RATES_HZ))


def integral_gain(response: MotorResponse, rate_hz: float, phase_deg: float) -> int:
    """The closed form: k (90 degrees - phase margin) / D, in uV/mHz/s."""
    delay_s = dead_time_s(response, rate_hz)
    omega = np.radians(90.0 - phase_deg) / delay_s
    return max(1, round(response.emf_v_per_hz * 1e3 * omega))


def dead_time_s(response: MotorResponse, rate_hz: float) -> float:
    """Half a turn that is averaged, what passes until the law, half of its hold."""
    return 0.5 / rate_hz + loop.delay_s(response, rate_hz) + 0.5 * loop.LAW_S


def largest_kp(response: MotorResponse, gains: Gains, most: int) -> int:
    """The largest proportional gain up to `most` within the margins, 0 when none is."""
    low, high = 0, most + 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if stable(response, _with_kp(gains, middle)) else (low, middle)
    return low


def stable(response: MotorResponse, gains: Gains) -> bool:
    """Whether the least margins are kept at every rate and corner."""
    return design(response, gains).safe


def candidates(response: MotorResponse, resistance_mohm: int, bounds: Bounds) -> Iterator[Gains]:
    """Gains within margins and bounds that are worth a try, without doubles."""
    seen = set()
    for compensation in COMPENSATIONS:
        for phase_deg in INTEGRAL_PHASES_DEG:
            ki = within(integral_gain(response, SLOW_HZ, phase_deg), bounds["rate_ki"])
            still = Gains(0, ki, compensation, resistance_mohm)
            most = largest_kp(response, still, bounds["rate_kp"][1])
            for share in SHARES:
                gains = Gains(round(most * share), ki, compensation, resistance_mohm)
                if most and gains not in seen and stable(response, gains):
                    seen.add(gains)
                    yield gains


def within(value: int, bounds: tuple[int, int]) -> int:
    """The value, or the nearest bound."""
    return min(max(value, bounds[0]), bounds[1])


def _with_kp(gains: Gains, rate_kp: int) -> Gains:
    return replace(gains, rate_kp=rate_kp)
