"""Whether the motor constant that a pen's settings name is about that of its motor.

The rate law steers by it: with one that is far too large, the motor runs too fast.
"""

from penloop.tuning.capture import Capture

LOOK_S = 0.4  # 14 turns at 35 Hz
# How many times too large or too small it may be set: at one slow rate, where friction hides some
# of it, and between two rates.
FAR_OFF, OFF = 2.2, 1.6
LEAST_HZ = 1.0  # of what is divided by


def emf(capture: Capture, resistance_ohm: float) -> tuple[float, float]:
    """Mean voltage behind the resistance, V, and mean rate, Hz, over LOOK_S."""
    last = capture.last(LOOK_S)
    emf_v = float((last.volts - last.current_a * resistance_ohm).mean())
    return emf_v, max(float(last.rate_hz.mean()), LEAST_HZ)


def constant_uv_per_hz(v_per_hz: float) -> int:
    """Rounded to 100 uV/Hz, for a person to type; at least that."""
    return max(round(v_per_hz * 1e4), 1) * 100


def fits(set_uv_per_hz: int, found_uv_per_hz: int, most: float) -> bool:
    """Whether one is at most so many times the other."""
    return 1 / most < set_uv_per_hz / found_uv_per_hz < most
