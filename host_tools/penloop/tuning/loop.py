"""The rate loop in the frequency domain, as the firmware closes it.

Every 4 ms the law writes the motor's voltage: feed-forward of the set rate, kp on the error, its
sum times ki (the newest error not in it yet), and a share of the winding's drop from a current
measured 2 ms before. The rate is the mean over the last whole turn, as of the last edge, through
a median of three. All of this is here; quantisation and limits are not.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
from numpy.typing import NDArray

from penloop.tuning.capture import Values
from penloop.tuning.response import CIRCUIT_OHM, MotorResponse, copper
from penloop.tuning.telemetry_model import EDGES, LAW_S, SHUNT_FILTER_S, WRITE_S

Complex = NDArray[np.complexfloating]

CURRENT_AGE_S = 2e-3
ROW_AGE_S = 1e-3  # of a telemetry row behind the law, on average: part of the fitted delay
OMEGA = np.geomspace(1.0, 3.14 / LAW_S, 600)  # rad/s, to the law's Nyquist frequency
TINY = 1e-12  # a loop without gains has some
RATES_HZ = (25.0, 50.0, 75.0, 100.0, 150.0)  # at which margins are told
WINDINGS_C = (5.0, 115.0)
CELLS_OHM = (0.02, 0.08)  # all of the cell's at a duty near 1, when it is empty; else a quarter
GAINS = ("rate_kp", "rate_ki", "ir_compensation", "motor_resistance")


@dataclass(frozen=True)
class Gains:
    """The settings of the law, in their own units: uV/mHz, uV/mHz/s, permille, mOhm."""

    rate_kp: int
    rate_ki: int
    ir_compensation: int
    motor_resistance: int

    @classmethod
    def of(cls, settings: Mapping[str, int]) -> "Gains":
        """Those of the settings that the loop depends on."""
        return cls(*(settings[name] for name in GAINS))

    @property
    def feedback_ohm(self) -> float:
        """Volts for each ampere that is measured."""
        return self.ir_compensation * self.motor_resistance * 1e-6


@dataclass(frozen=True)
class Margins:
    """Of the loop cut at the measured rate, at one stroke rate.

    `vector` is the least distance of the loop gain from -1: it bounds both others.
    """

    rate_hz: float
    phase_deg: float
    gain: float
    vector: float
    crossover_hz: float


def delay_s(response: MotorResponse, rate_hz: float) -> float:
    """From the end of the turn that is measured to the voltage that the law makes of it."""
    edge_s = 1.0 / (EDGES * rate_hz)
    age_s = 0.5 * edge_s  # the last edge is half a spacing old
    rare_s = max(0.0, edge_s - LAW_S)  # the median waits for edges
    return max(0.0, response.delay_s - ROW_AGE_S) + age_s + rare_s + WRITE_S


def loop_gain(
    response: MotorResponse, gains: Gains, rate_hz: float, omega: Values = OMEGA
) -> Complex:
    """From the rate error to the measured rate, the current's loop closed."""
    s = 1j * omega
    hold = _mean_over(s, LAW_S)
    impedance = response.inertia_as_per_hz * s + response.friction_as  # A per Hz
    rate_per_v = 1.0 / (response.emf_v_per_hz + response.resistance_ohm * impedance)
    inner = 1.0 - gains.feedback_ohm * _sampled_current(response, s, rate_per_v * hold)
    measured = _mean_over(s, 1.0 / rate_hz) * np.exp(-s * delay_s(response, rate_hz))
    law = 1e-3 * (gains.rate_kp + gains.rate_ki * LAW_S / (np.exp(s * LAW_S) - 1.0))
    return np.asarray(law * hold * rate_per_v / inner * measured)


def _sampled_current(response: MotorResponse, s: Complex, rate_hz: Complex) -> Complex:
    """The current that the law finds, in A per V that it writes; `rate_hz` per V likewise.

    What the voltage makes at once is there whole when the current is sampled, all but what the
    shunt's filter keeps back: no mean over the hold. The back-EMF is slow.
    """
    back = np.exp(-s * LAW_S)
    kept = np.exp(-(LAW_S - CURRENT_AGE_S) / SHUNT_FILTER_S)
    at_once = back * (1.0 - kept + kept * back)
    late = np.exp(-s * CURRENT_AGE_S) / (1.0 + s * SHUNT_FILTER_S)
    emf_v = response.emf_v_per_hz * rate_hz * late
    return np.asarray((at_once - emf_v) / response.resistance_ohm)


def measured_rate(response: MotorResponse, rate_hz: float, omega: Values = OMEGA) -> Complex:
    """From the motor's voltage to the rate in telemetry, in Hz per V."""
    s = 1j * omega
    impedance = response.inertia_as_per_hz * s + response.friction_as
    rate_per_v = 1.0 / (response.emf_v_per_hz + response.resistance_ohm * impedance)
    behind_s = delay_s(response, rate_hz) + ROW_AGE_S
    return np.asarray(rate_per_v * _mean_over(s, 1.0 / rate_hz) * np.exp(-s * behind_s))


def _mean_over(s: Complex, span_s: float) -> Complex:
    """The mean over the last `span_s`; a value held for it is delayed just so."""
    return np.asarray((1.0 - np.exp(-s * span_s)) / (s * span_s))


def margins(response: MotorResponse, gains: Gains, rate_hz: float) -> Margins:
    """Phase and gain margin: the least at any crossing."""
    loop = loop_gain(response, gains, rate_hz)
    size, phase = np.abs(loop), np.unwrap(np.angle(loop))
    ones = np.nonzero((size[:-1] - 1.0) * (size[1:] - 1.0) < 0.0)[0]
    # Half turns, -180 degrees and those a whole turn further.
    around = np.floor((phase + np.pi) / (2.0 * np.pi))
    halves = np.nonzero(around[:-1] != around[1:])[0]
    phase_deg = min((_to_half_turn_deg(phase[at]) for at in ones), default=180.0)
    gain = min((1.0 / max(size[at], TINY) for at in halves), default=np.inf)
    crossover = OMEGA[ones[-1]] / (2.0 * np.pi) if len(ones) else 0.0
    return Margins(
        rate_hz, float(phase_deg), float(gain), float(np.abs(1.0 + loop).min()), float(crossover)
    )


def _to_half_turn_deg(phase: float) -> float:
    """How far a lagging phase is from -180 degrees; negative beyond."""
    return float(np.degrees(phase + np.pi))


def corners(response: MotorResponse) -> list[MotorResponse]:
    """The same motor hot and cold, its battery full and empty."""
    return [
        replace(
            response,
            resistance_ohm=response.winding_25c_ohm * copper(winding_c) + CIRCUIT_OHM + cell_ohm,
        )
        for winding_c, cell_ohm in product(WINDINGS_C, CELLS_OHM)
    ]


def worst(response: MotorResponse, gains: Gains, rate_hz: float) -> Margins:
    """The least of each margin over the corners."""
    found = [margins(one, gains, rate_hz) for one in corners(response)]
    return Margins(
        rate_hz,
        min(one.phase_deg for one in found),
        min(one.gain for one in found),
        min(one.vector for one in found),
        max(one.crossover_hz for one in found),
    )
