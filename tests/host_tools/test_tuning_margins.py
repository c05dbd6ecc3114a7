"""Phase and gain margin against the sampled loop, whose motor is discretised exactly.

Independent of loop.py: the motor, its angle and the shunt's filter are one state-space system,
held and sampled by `scipy.signal.cont2discrete`. The mean over a turn is a difference of angles.
What was some time before the law is a state that many whole samples old, and a fraction of one
further on. The times are those of the pen's ticks, not the ones that a fit has found.
"""

import numpy as np
import pytest
from scipy import signal

from penloop.tuning import loop
from penloop.tuning.loop import Gains
from penloop.tuning.response import MotorResponse

LAW_S = 0.004  # from law to law, and from measurement to measurement
MEASURED_S, SHUNT_S = 0.002, 0.0005  # the law is 2 ms behind what is measured; the filter
EDGES = 6
COPPER_PER_K = 0.0039
CELL_OHM = (0.02, 0.08)  # full, empty
WINDING_OHM, CIRCUIT_OHM, WARM_C = 1.1, 0.05, (5.0, 115.0)
EMF, INERTIA, FRICTION = 0.01678, 1.39e-4, 5e-5  # V/Hz, A s/Hz, A/Hz

NOMINAL = MotorResponse(
    emf_v_per_hz=EMF, resistance_ohm=WINDING_OHM + CIRCUIT_OHM, inertia_as_per_hz=INERTIA,
    friction_a=0.048, friction_as=FRICTION, swing_a=0.0, delay_s=7e-3, errors=(0.0,) * 7,
    winding_c=25.0, rate_residual_hz=0.3, current_residual_a=0.007,
)  # fmt: skip
SHIPPED = Gains(10, 300, 500, 1100)
OTHERS = (Gains(13, 225, 300, 1100), Gains(8, 400, 600, 1100), Gains(5, 96, 750, 1310))
RATES_HZ = (25.0, 75.0, 110.0, 150.0)
PHASE_DEG, GAIN_SHARE = 1.0, 0.025  # by which the two may differ
OMEGA = np.geomspace(1.0, 0.999 * np.pi / LAW_S, 4_000)


def exactly(ohm, span_s):
    """Transition and drive over `span_s` of constant voltage: rate, angle, filtered current."""
    motor = np.array([
        [-(EMF / ohm + FRICTION) / INERTIA, 0.0, 0.0],
        [1.0, 0.0, 0.0],
        [-EMF / ohm / SHUNT_S, 0.0, -1.0 / SHUNT_S],
    ])  # fmt: skip
    drive = np.array([[1.0 / ohm / INERTIA], [0.0], [1.0 / ohm / SHUNT_S]])
    still = np.eye(3), np.zeros((3, 1))
    return signal.cont2discrete((motor, drive, *still), span_s)[:2] if span_s else still


def seen(ohm, states, z, behind_s):
    """The states so long before each law, for a voltage of 1 at each frequency."""
    whole = int(np.ceil(behind_s / LAW_S - 1e-9))
    transition, drive = exactly(ohm, round(whole * LAW_S - behind_s, 12))
    return (states @ transition.T + drive[:, 0]) * z[:, None] ** -whole


def sampled_loop(gains, rate_hz, ohm):
    """From the rate error to the measured rate, the current's loop closed, at OMEGA."""
    z = np.exp(1j * OMEGA * LAW_S)
    transition, drive = exactly(ohm, LAW_S)
    still = z[:, None, None] * np.eye(3) - transition
    states = np.linalg.solve(still, np.broadcast_to(drive, (len(z), 3, 1)).astype(complex))[..., 0]
    edge_s = 1.0 / (EDGES * rate_hz)
    # On average half an edge old; the median of three is one measurement behind, or one edge.
    behind_s = MEASURED_S + 0.5 * edge_s + max(LAW_S, edge_s)
    angles = [seen(ohm, states, z, behind_s + turn_s)[:, 1] for turn_s in (0.0, 1.0 / rate_hz)]
    measured_hz = (angles[0] - angles[1]) * rate_hz
    current_a = seen(ohm, states, z, MEASURED_S)[:, 2]
    law = 1e-3 * (gains.rate_kp + gains.rate_ki * LAW_S / (z - 1.0))
    compensated = gains.ir_compensation * gains.motor_resistance * 1e-6 * current_a
    return law * measured_hz / (1.0 - compensated)


def margins(gains, rate_hz, ohm):
    """(phase in degrees, gain), by linear interpolation between frequencies."""
    found = sampled_loop(gains, rate_hz, ohm)
    size = np.log(np.abs(found))
    crossing = np.flatnonzero(np.diff(np.sign(size)))
    share = size[crossing] / (size[crossing] - size[crossing + 1])
    at_one = found[crossing] + share * (found[crossing + 1] - found[crossing])
    real, imaginary = found.real, found.imag
    across = np.flatnonzero((np.diff(np.sign(imaginary)) != 0.0) & (real[:-1] < 0.0))
    share = imaginary[across] / (imaginary[across] - imaginary[across + 1])
    at_half_turn = real[across] + share * (real[across + 1] - real[across])
    return np.degrees(np.angle(-at_one)).min(), -1.0 / at_half_turn.min()


def corners_ohm():
    return [
        WINDING_OHM * (1.0 + COPPER_PER_K * (warm_c - 25.0)) + CIRCUIT_OHM + cell
        for warm_c in WARM_C
        for cell in CELL_OHM
    ]


@pytest.mark.parametrize("rate_hz", RATES_HZ)
@pytest.mark.parametrize("gains", [SHIPPED, *OTHERS])
def test_the_margins_are_those_of_the_sampled_loop(gains, rate_hz):
    told = loop.margins(NOMINAL, gains, rate_hz)
    phase_deg, gain = margins(gains, rate_hz, WINDING_OHM + CIRCUIT_OHM)
    assert told.phase_deg == pytest.approx(phase_deg, abs=PHASE_DEG)
    assert told.gain == pytest.approx(gain, rel=GAIN_SHARE)


@pytest.mark.parametrize("rate_hz", RATES_HZ)
@pytest.mark.parametrize("gains", [SHIPPED, *OTHERS])
def test_the_least_margins_are_those_of_a_hot_and_a_cold_motor_on_a_full_and_an_empty_cell(
    gains, rate_hz
):
    told = loop.worst(NOMINAL, gains, rate_hz)
    phases_deg, factors = zip(*(margins(gains, rate_hz, ohm) for ohm in corners_ohm()))
    assert told.phase_deg == pytest.approx(min(phases_deg), abs=PHASE_DEG)
    assert told.gain == pytest.approx(min(factors), rel=GAIN_SHARE)
