"""What a relay experiment tells: the motor's answer at the frequency where the loop oscillates.

The set point is toggled, so voltage and rate share one fundamental. Its complex amplitudes, in a
window that fades at both ends, give the motor's answer at that frequency without any model: a
check on the fitted one.
"""

from dataclasses import dataclass

import numpy as np

from penloop.tuning import loop
from penloop.tuning.capture import Capture, Values
from penloop.tuning.response import MotorResponse

PERIODS_LEAST = 3
# Frequencies that are looked at, by the mean one of the toggles: these are not quite regular.
NEAR = np.linspace(0.6, 1.6, 201)
PHASE_OFF_DEG, GAIN_OFF = 15.0, 0.15  # of the model, at most


@dataclass(frozen=True)
class RelayPoint:
    """Rate over voltage at one frequency, measured and by the model; gains in Hz per V."""

    frequency_hz: float
    gain: float
    phase_deg: float
    model_gain: float
    model_phase_deg: float

    @property
    def agrees(self) -> bool:
        """Whether the model answers like the pen."""
        off_deg = abs((self.phase_deg - self.model_phase_deg + 180.0) % 360.0 - 180.0)
        return off_deg < PHASE_OFF_DEG and abs(self.gain / self.model_gain - 1.0) < GAIN_OFF


def relay_point(capture: Capture, response: MotorResponse) -> RelayPoint | None:
    """The fundamental of a relay's oscillation; None when it has not swung often enough."""
    rises_s = _rises(capture)
    if len(rises_s) < PERIODS_LEAST + 1:
        return None
    swung = capture.between(rises_s[0], rises_s[-1])
    frequency_hz = _strongest(swung, (len(rises_s) - 1) / (rises_s[-1] - rises_s[0]))
    answer = _amplitude(swung.time_s, swung.rate_hz, frequency_hz)
    answer /= _amplitude(swung.time_s, swung.volts, frequency_hz)
    mean_hz = float(swung.rate_hz.mean())
    model = complex(loop.measured_rate(response, mean_hz, np.array([2 * np.pi * frequency_hz]))[0])
    return RelayPoint(frequency_hz, abs(answer), _degrees(answer), abs(model), _degrees(model))


def _strongest(swung: Capture, mean_hz: float) -> float:
    """The frequency near that of the toggles at which the voltage swings most."""
    swings = [abs(_amplitude(swung.time_s, swung.volts, one)) for one in mean_hz * NEAR]
    return float(mean_hz * NEAR[int(np.argmax(swings))])


def _rises(capture: Capture) -> Values:
    """When the set point crosses its middle upwards."""
    middle_hz = 0.5 * (capture.target_hz.max() + capture.target_hz.min())
    high = capture.target_hz > middle_hz
    return capture.time_s[1:][~high[:-1] & high[1:]]


def _amplitude(times: Values, values: Values, frequency_hz: float) -> complex:
    """In a Hann window: toggles that are not quite regular do not leak into it."""
    turning = np.exp(-2j * np.pi * frequency_hz * times)
    share = (times - times[0]) / (times[-1] - times[0])
    window = 0.5 - 0.5 * np.cos(2.0 * np.pi * share)
    level = np.average(values, weights=window)
    return complex(np.trapezoid(window * (values - level) * turning, times))


def _degrees(value: complex) -> float:
    return float(np.degrees(np.angle(value)))
