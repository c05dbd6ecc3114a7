"""The motor's response, fitted to what the experiments have measured.

    volts = emf_v_per_hz * f + resistance_ohm * i
    inertia_as_per_hz * df/dt = i - friction_a - friction_as * f - swing_a * (SWING_HZ / f)^3

f in turns a second, i in A, both means over whole turns. Within a turn the membrane takes energy
and gives it back, so the rate swings by a share that falls with its square. Friction takes the
mean current over the angle; that over the time is larger by emf/resistance var(f)/f: swing_a.
What the pen tells of such a motor, and when, is in telemetry_model.py; its `delay_s`, DELAY_S by
the firmware's order, is fitted as a check.

Least squares on rate and current at once; the standard errors are robust to residuals that hang
together within BLOCK_S, and hold what the model itself leaves.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from penloop.tuning.capture import Capture, Values
from penloop.tuning.telemetry_model import DELAY_S, Stretch

BLOCK_S = 0.1
RATE_WEIGHT_HZ, CURRENT_WEIGHT_A = 1.0, 0.05  # residuals that count the same
COPPER_PER_K = 0.0039
CIRCUIT_OHM = 0.05  # bridge and shunt, in series with the winding
NAMES = (
    "emf_v_per_hz", "resistance_ohm", "inertia_as_per_hz", "friction_a", "friction_as", "swing_a",
    "delay_s",
)  # fmt: skip
START = (0.0168, 1.15, 1.4e-4, 0.05, 1e-4, 0.01, DELAY_S)
LOWEST = (0.004, 0.1, 1e-6, -0.2, -0.005, 0.0, 0.0)
HIGHEST = (0.06, 10.0, 1e-2, 1.0, 0.01, 0.2, 0.04)
# Of emf, resistance and inertia: what pens differ from this model, as a share (one standard
# deviation of pens 0 to 59 of benchmarks/tuning.py, beyond their own errors).
MODEL = (0.002, 0.015, 0.015)
KNOWN = (0.01, 0.05, 0.10)  # largest relative error of emf, resistance, inertia to tune by


@dataclass(frozen=True)
class MotorResponse:
    """The fitted values of NAMES, their standard errors, and the winding's temperature in C."""

    emf_v_per_hz: float
    resistance_ohm: float
    inertia_as_per_hz: float
    friction_a: float
    friction_as: float
    swing_a: float
    delay_s: float
    errors: tuple[float, ...]
    winding_c: float
    rate_residual_hz: float
    current_residual_a: float

    @property
    def time_constant_s(self) -> float:
        """Mechanical time constant at this resistance: R J / k^2."""
        return self.inertia_as_per_hz * self.resistance_ohm / self.emf_v_per_hz

    @property
    def winding_25c_ohm(self) -> float:
        """The winding's resistance at 25 C, as the setting motor_resistance has it."""
        return (self.resistance_ohm - CIRCUIT_OHM) / copper(self.winding_c)

    def shares(self) -> tuple[float, ...]:
        """Standard errors of emf, resistance and inertia as shares of their values."""
        return tuple(error / getattr(self, name) for name, error in zip(NAMES[:3], self.errors))

    def unknown(self) -> list[str]:
        """What cannot be told well enough to tune by."""
        said = ("motor constant", "motor resistance", "inertia")
        return [name for name, share, most in zip(said, self.shares(), KNOWN) if share > most]


def copper(celsius: float) -> float:
    """Resistance of copper by that at 25 C."""
    return 1.0 + COPPER_PER_K * (celsius - 25.0)


def fit(captures: Sequence[Capture], winding_c: float) -> MotorResponse:
    """The response that explains all captures best."""
    stretches = [Stretch(capture) for capture in captures]

    def residuals(values: Values) -> Values:
        return np.concatenate([part for one in stretches for part in _residuals(one, values)])

    found = least_squares(
        residuals, START, bounds=(LOWEST, HIGHEST), x_scale=np.abs(START), loss="soft_l1"
    )
    blocks = _numbered(stretches)
    errors = _robust_errors(found.jac, residuals(found.x), blocks)
    errors[:3] = np.hypot(errors[:3], MODEL * found.x[:3])
    rate_hz, current_a = _scatter(stretches, found.x)
    values = dict(zip(NAMES, map(float, found.x)))
    return MotorResponse(
        **values,
        errors=tuple(map(float, errors)),
        winding_c=winding_c,
        rate_residual_hz=rate_hz,
        current_residual_a=current_a,
    )


def _residuals(stretch: Stretch, values: Values) -> tuple[Values, Values]:
    """Of rate and current, weighted."""
    rate_hz, current_a, measured_a = stretch.model(values)
    off_hz = rate_hz - stretch.capture.rate_hz[stretch.kept]
    return off_hz / RATE_WEIGHT_HZ, (current_a - measured_a) / CURRENT_WEIGHT_A


def _blocks(stretch: Stretch) -> NDArray[np.int64]:
    """To which block of BLOCK_S each residual belongs, rates first."""
    times = stretch.capture.time_s
    numbers = ((times - times[0]) / BLOCK_S).astype(np.int64)
    return np.concatenate([numbers[stretch.kept], numbers[stretch.kept]])


def _numbered(stretches: Sequence[Stretch]) -> NDArray[np.int64]:
    numbers: list[NDArray[np.int64]] = []
    first = 0
    for stretch in stretches:
        numbers.append(first + _blocks(stretch))
        first = int(numbers[-1].max()) + 1
    return np.concatenate(numbers)


def _robust_errors(jacobian: Values, residuals: Values, blocks: NDArray[np.int64]) -> Values:
    """Cluster-robust standard errors (Liang and Zeger 1986): blocks are independent.

    The jacobian is that of least_squares with soft_l1: scaled by sqrt(r' + 2 r" f^2) with
    r = 2 (sqrt(1 + f^2) - 1), where the score of a residual is r' f.
    """
    slope = (1.0 + residuals**2) ** -0.5
    scale = np.sqrt(slope**3)  # r' + 2 r" f^2 is (1 + f^2)^-1.5
    bread = np.linalg.pinv(jacobian.T @ jacobian)
    scores = np.zeros((int(blocks.max()) + 1, jacobian.shape[1]))
    np.add.at(scores, blocks, jacobian * (residuals * slope / scale)[:, None])
    covariance = bread @ (scores.T @ scores) @ bread
    return np.asarray(np.sqrt(np.diag(covariance)))


def _scatter(stretches: Sequence[Stretch], values: Values) -> tuple[float, float]:
    """RMS of what the model leaves of rate and current."""
    pairs = [_residuals(stretch, values) for stretch in stretches]
    rate = np.concatenate([pair[0] for pair in pairs]) * RATE_WEIGHT_HZ
    current = np.concatenate([pair[1] for pair in pairs]) * CURRENT_WEIGHT_A
    return float(np.sqrt(np.mean(rate**2))), float(np.sqrt(np.mean(current**2)))
