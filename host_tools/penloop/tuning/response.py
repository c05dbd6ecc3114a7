"""The motor's response, fitted to what the experiments have measured.

    volts = emf_v_per_hz * f + resistance_ohm * i
    inertia_as_per_hz * df/dt = i - friction_a - friction_as * f - swing_a * (SWING_HZ / f)^3

f in turns a second, i in A, both means over whole turns. Within a turn the membrane takes energy
and gives it back, so the rate swings by a share that falls with its square. Friction takes the
mean current over the angle; that over the time is larger by emf/resistance var(f)/f: swing_a.

A motor answers within a few milliseconds, so it counts when what happens: a voltage is written at
the end of the tick that a row tells of, a current passes the shunt's filter and is sampled at the
beginning of one, every 4 ms, and the rate is the median of the last three that were measured every
4 ms, each over the last whole turn up to the last edge. `delay_s` is from that edge, were it always
new, to the row: DELAY_S by the firmware's order, and fitted as a check. Least squares on rate and
current at once; the standard errors are robust to residuals that hang together within BLOCK_S, and
hold what the model itself leaves.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares
from scipy.signal import lfilter

from penloop.tuning.capture import GAP_S, PERIOD_S, Capture, Values

GRID_S = 0.5e-3
BLOCK_S = 0.1
WRITE_S = 0.15e-3  # from the beginning of a tick to its writing of the duty: 0.1 to 0.2 ms
ROUND_S = 0.05e-3  # by which times of rows may be off
SHUNT_FILTER_S = 0.5e-3
LAW_S = 4e-3  # from one run of the law to the next, and from measurement to measurement
# 4 ms for the median, 2 ms from measurement to law, 1 ms on the mean from law to row.
DELAY_S, DELAY_OFF_S = 7e-3, 1.5e-3  # and how far a fit may be off to tune by
EDGES = 6.0  # of the tachometer a turn
SWING_HZ = 50.0  # at which swing_a is told
SLOWEST_HZ = 25.0  # of a rate that the swing is worked out for
FIRST_S = 0.05  # of a capture, for the rate that it begins with
BEGIN_S = 0.15  # of a capture, left out of the comparison: its first turns begin before it
AFTER_GAP_S = 0.08  # left out too: what the voltage was meanwhile is not known
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


class _Stretch:
    """One capture on an even grid of time, at whose times voltages are written."""

    def __init__(self, capture: Capture) -> None:
        self.capture = capture
        start_s, end_s = capture.time_s[0], capture.time_s[-1]
        self.grid_s = np.arange(start_s + WRITE_S, end_s + GRID_S, GRID_S)
        written_s, sampled = _when(capture)
        begun = np.searchsorted(written_s + WRITE_S - ROUND_S, self.grid_s, side="right")
        self.volts = capture.volts[begun - 1]
        self.first_hz = float(capture.rate_hz[capture.time_s < start_s + FIRST_S].mean())
        self.kept = (capture.time_s > start_s + BEGIN_S) & capture.behind_gaps(AFTER_GAP_S)
        rate_hz = np.interp(self.grid_s + DELAY_S, capture.time_s, capture.rate_hz)
        self.swing = (SWING_HZ / np.maximum(rate_hz, SLOWEST_HZ)) ** 3
        self.edge_age_s = 0.5 / (EDGES * capture.rate_hz[self.kept])
        self.sampled_s = sampled[0]
        self.current_a = np.interp(self.grid_s, *sampled)

    def model(self, values: Values) -> tuple[Values, Values, Values]:
        """Rate as the pen would measure it, the current of the same turns, and the measured one.

        The current swings within a turn, and the law answers that with voltage; only means over
        whole turns tell the motor from the membrane.
        """
        emf, ohm, inertia, friction_a, friction_as, swing_a, delay_s = values
        drag_a = friction_a + swing_a * self.swing
        rate_hz = _speed(self.volts, self.first_hz, emf, ohm, inertia, drag_a, friction_as)
        ends_s = self.capture.time_s[self.kept] - delay_s - self.edge_age_s
        # The middle one of three turns' rates; delay_s is that of the middle one in time.
        befores = (LAW_S, 0.0, -LAW_S)
        spans_s = [_turn_before(self.grid_s, rate_hz, ends_s - before_s) for before_s in befores]
        current_a = self._sampled((self.volts - emf * _middles(rate_hz)) / ohm)
        modelled, measured = (
            (_integral(self.grid_s, one, ends_s) - _integral(self.grid_s, one, ends_s - spans_s[1]))
            / spans_s[1]
            for one in (current_a, self.current_a)
        )
        return 1.0 / np.median(spans_s, axis=0), modelled, measured

    def _sampled(self, current_a: Values) -> Values:
        """As it is behind the filter, and between the samples: what lies there goes unseen."""
        share = np.exp(-GRID_S / SHUNT_FILTER_S)
        filtered, _rest = lfilter([0.0, 1.0 - share], [1.0, -share], current_a, zi=[current_a[0]])
        return np.interp(
            self.grid_s, self.sampled_s, np.interp(self.sampled_s, self.grid_s, filtered)
        )

    def residuals(self, values: Values) -> tuple[Values, Values]:
        """Rate and current, weighted."""
        rate_hz, current_a, measured_a = self.model(values)
        off_hz = rate_hz - self.capture.rate_hz[self.kept]
        return off_hz / RATE_WEIGHT_HZ, (current_a - measured_a) / CURRENT_WEIGHT_A

    def blocks(self) -> NDArray[np.int64]:
        """To which block of BLOCK_S each residual belongs, rates first."""
        times = self.capture.time_s
        numbers = ((times - times[0]) / BLOCK_S).astype(np.int64)
        return np.concatenate([numbers[self.kept], numbers[self.kept]])


def _when(capture: Capture) -> tuple[Values, tuple[Values, Values]]:
    """In which tick the voltage of each row was written; times and values of the currents.

    Rows by turns have a new current and a new voltage, and repeat the other. Behind a single lost
    row comes one of the kind before it, which repeats what the lost one had new.
    """
    since_row_s = capture.since_row_s
    single = (since_row_s > 1.5 * PERIOD_S) & (since_row_s <= GAP_S)
    measures = np.diff(capture.current_a, prepend=np.nan) != 0.0
    whole = np.maximum.accumulate(np.where(single, 0, np.arange(len(single))))
    measures = measures[whole]
    before_s = capture.time_s - PERIOD_S
    written_s = np.where(single & measures, before_s, capture.time_s)
    told = measures | single
    sampled_s = np.where(measures, capture.time_s, before_s)[told]
    return written_s, (sampled_s, capture.current_a[told])


def _speed(volts: Values, first_hz: float, emf: float, ohm: float, inertia: float,
           drag_a: Values, friction_as: float) -> Values:  # fmt: skip
    """Exact for voltages that are constant over each step of the grid."""
    stiffness = emf / ohm + friction_as
    share = np.exp(-GRID_S * stiffness / inertia)
    goal_hz = (volts / ohm - drag_a) / stiffness
    driven, _rest = lfilter([0.0, 1.0 - share], [1.0, -share], goal_hz, zi=[first_hz])
    return np.maximum(driven, 0.1)


def _integral(grid_s: Values, values: Values, times: Values) -> Values:
    sums = np.concatenate([[0.0], np.cumsum(0.5 * (values[1:] + values[:-1]) * GRID_S)])
    return np.interp(times, grid_s, sums)


def _middles(values: Values) -> Values:
    """Of each step of the grid."""
    return 0.5 * (values + np.append(values[1:], values[-1]))


def _turn_before(grid_s: Values, rate_hz: Values, ends_s: Values) -> Values:
    """How long the whole turn took that ends at each time."""
    turns = np.concatenate([[0.0], np.cumsum(0.5 * (rate_hz[1:] + rate_hz[:-1]) * GRID_S)])
    began_s = np.interp(np.interp(ends_s, grid_s, turns) - 1.0, turns, grid_s)
    return np.maximum(ends_s - began_s, 1e-4)


def fit(captures: Sequence[Capture], winding_c: float) -> MotorResponse:
    """The response that explains all captures best."""
    stretches = [_Stretch(capture) for capture in captures]

    def residuals(values: Values) -> Values:
        return np.concatenate([part for one in stretches for part in one.residuals(values)])

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


def _numbered(stretches: Sequence[_Stretch]) -> NDArray[np.int64]:
    numbers: list[NDArray[np.int64]] = []
    first = 0
    for stretch in stretches:
        numbers.append(first + stretch.blocks())
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


def _scatter(stretches: Sequence[_Stretch], values: Values) -> tuple[float, float]:
    """RMS of what the model leaves of rate and current."""
    pairs = [stretch.residuals(values) for stretch in stretches]
    rate = np.concatenate([pair[0] for pair in pairs]) * RATE_WEIGHT_HZ
    current = np.concatenate([pair[1] for pair in pairs]) * CURRENT_WEIGHT_A
    return float(np.sqrt(np.mean(rate**2))), float(np.sqrt(np.mean(current**2)))
