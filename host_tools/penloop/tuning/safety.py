"""Whether a pen's present settings may be experimented with at all.

Gains that barely hold a motor of the settings' own constants make some pens swing until the rate
is too fast or too slow: a fault. Such settings are refused before the motor turns.
"""

from collections.abc import Mapping
from math import pi

from penloop.tuning import loop
from penloop.tuning.experiment import ExperimentEnded
from penloop.tuning.loop import Gains
from penloop.tuning.response import NAMES, MotorResponse
from penloop.tuning.telemetry_model import DELAY_S

# Of the nominal motor; one whose parameters are 30 % off has less.
GAIN_LEAST, PHASE_LEAST_DEG = 1.5, 60.0
SLEW_LEAST, SLEW_MOST = 200, 1000  # mHz/ms; too slow to start, too fast toward overspeed
CONSTANT_MOST = 28_000  # uV/Hz; with more, a motor of 30 % less than nominal starts with overspeed
CURRENT_LEAST = 800  # mA; with less, not every motor gets its needles over the membrane's hump
NOMINAL_INERTIA_KG_M2 = 5.9e-8  # rotor, eccentric and the needles' mean share
REMEDY = "run `penloop params reset {}` first"
GAINS = "rate_kp rate_ki ir_compensation slew"


def check(settings: Mapping[str, int]) -> None:
    """Raises ExperimentEnded for settings that no experiment should be run with."""
    slew, current = settings["slew"], settings["current_limit"]
    if not SLEW_LEAST <= slew <= SLEW_MOST:
        how = "too slow to start reliably" if slew < SLEW_LEAST else "too fast to measure"
        raise ExperimentEnded(f"the slew of {slew} mHz/ms is {how}", REMEDY.format("slew"))
    if current < CURRENT_LEAST:
        raise ExperimentEnded(
            f"a current limit of {current} mA is too low to start reliably",
            REMEDY.format("current_limit"),
        )
    if settings["motor_constant"] > CONSTANT_MOST:
        raise ExperimentEnded(
            f"a motor constant of {settings['motor_constant']} uV/Hz is too large to start with",
            REMEDY.format("motor_constant"),
        )
    response, gains = nominal(settings), Gains.of(settings)
    found = [loop.worst(response, gains, rate_hz) for rate_hz in loop.RATES_HZ[1:]]
    gain, phase_deg = min(one.gain for one in found), min(one.phase_deg for one in found)
    if gain < GAIN_LEAST or phase_deg < PHASE_LEAST_DEG:
        raise ExperimentEnded(
            f"the present gains leave margins of {gain:.2f} and {phase_deg:.0f} degrees, too "
            "little for experiments",
            REMEDY.format(GAINS),
        )


def allows(settings: Mapping[str, int]) -> bool:
    """Whether experiments may be run with these settings."""
    try:
        check(settings)
    except ExperimentEnded:
        return False
    return True


def nominal(settings: Mapping[str, int]) -> MotorResponse:
    """The motor that the settings tell of."""
    emf = settings["motor_constant"] * 1e-6
    return MotorResponse(
        emf_v_per_hz=emf,
        resistance_ohm=settings["motor_resistance"] * 1e-3 + 0.05,
        inertia_as_per_hz=NOMINAL_INERTIA_KG_M2 * (2.0 * pi) ** 2 / emf,
        friction_a=0.05,
        friction_as=0.0,
        swing_a=0.0,
        delay_s=DELAY_S,
        errors=(0.0,) * len(NAMES),
        winding_c=25.0,
        rate_residual_hz=0.0,
        current_residual_a=0.0,
    )
