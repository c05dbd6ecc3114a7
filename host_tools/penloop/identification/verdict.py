"""What the fit can tell, and what to record where it cannot."""

from collections.abc import Sequence
from dataclasses import dataclass

from penloop.identification.evidence import RECORD
from penloop.identification.fit import Fit
from penloop.identification.model import NAMES, PARAMETERS, Guess, Parameter

WITHIN = 0.05  # share of the value; a wider interval tells nothing
WIDTH = 1.96  # standard deviations of 95 %
STEPS = "penloop identify --record run.parquet"
ON_SKIN = STEPS + " --skin --needles N"
MORE_NEEDLES = f"with a cartridge of more needles: {ON_SKIN}"

# Where an interval is too wide: what the recording lacks, and what to record.
LACKS = {
    "resistance": ("the current hardly changes", STEPS),
    "torque_constant": ("the motor runs too shortly", STEPS),
    "inertia": ("the rate hardly changes", STEPS),
    "friction": ("the rate is nearly constant, or the motor runs too shortly", STEPS),
    "puncture_force": ("the needles take too little", MORE_NEEDLES),
    "full_force": ("the needles take too little", MORE_NEEDLES),
}


@dataclass(frozen=True)
class Verdict:
    """A parameter in SI units; `trouble` and `remedy` are empty where it is told.

    value, low, high: None where the recording says nothing of it; `low` to `high` is 95 %
    """

    parameter: Parameter
    base: float
    value: float | None
    low: float | None
    high: float | None
    trouble: str = ""
    remedy: str = ""

    @property
    def told(self) -> bool:
        """Whether the interval is within 5 %."""
        return not self.trouble


def verdicts(fit: Fit, base: Guess, needles: int | None, only: Sequence[str]) -> list[Verdict]:
    """One for each parameter of `only`, in the order of the fit."""
    values, bases = fit.guess.values(), base.values()
    return [
        _verdict(fit, parameter, float(values[n]), float(bases[n]), needles)
        for n, parameter in enumerate(PARAMETERS)
        if NAMES[n] in only
    ]


def _verdict(
    fit: Fit, parameter: Parameter, value: float, base: float, needles: int | None
) -> Verdict:
    name = parameter.name
    deviation, lack = fit.deviation.get(name), fit.excitation.lack(name)
    if deviation is None and not name.endswith("force"):
        return Verdict(parameter, base, None, None, None, lack, LACKS[name][1])
    if deviation is None:
        return Verdict(parameter, base, None, None, None, *_no_skin(fit, needles))
    half = WIDTH * deviation
    trouble, remedy = lack, LACKS[name][1] if lack else ""
    if not lack and half > WITHIN:
        lack, remedy = LACKS[name]
        trouble = f"only within {half:.1%}: {lack}"
    return Verdict(parameter, base, value, value * (1 - half), value * (1 + half), trouble, remedy)


def _no_skin(fit: Fit, needles: int | None) -> tuple[str, str]:
    """Why nothing is said of the skin, and the remedy."""
    if "depth" in fit.measured.missing:
        return "the needles' depth was not recorded", RECORD
    if not fit.touches.depths_m:
        return "no needles in skin", ON_SKIN
    if needles is None:
        return "the number of needles is not known", "give it: --needles 12"
    depth_mm = fit.touches.depths_m[0] * 1e3
    return f"all at one depth, {depth_mm:g} mm", f"record two depths on skin: {ON_SKIN}"
