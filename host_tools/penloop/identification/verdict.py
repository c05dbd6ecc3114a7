"""What the fit can tell, and what to record where it cannot."""

from collections.abc import Sequence
from dataclasses import dataclass

from penloop.identification.evidence import RECORD
from penloop.identification.excitation import LONGER, ON_SKIN, STEPS, Lack
from penloop.identification.fit import Fit
from penloop.identification.model import NAMES, PARAMETERS, Guess, Parameter

WITHIN = 0.05  # share of the value; a wider interval tells nothing
WIDTH = 1.96  # standard deviations of 95 %
MORE_NEEDLES = Lack("the needles take too little", f"with a cartridge of more needles: {ON_SKIN}")
MORE_STEPS = f"step the rate more often: {STEPS}"

# Where there is enough of everything, and an interval is too wide all the same.
TOO_WIDE = {
    "resistance": Lack("the current changes too little", MORE_STEPS),
    "torque_constant": Lack("the motor runs too shortly", LONGER),
    "inertia": Lack("the rate changes too little", MORE_STEPS),
    "friction": Lack("the motor runs too shortly", LONGER),
    "puncture_force": MORE_NEEDLES,
    "full_force": MORE_NEEDLES,
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
    if deviation is None:
        lack = _no_skin(fit, needles) if name.endswith("force") else lack
        assert lack is not None
        return Verdict(parameter, base, None, None, None, lack.trouble, lack.remedy)
    half = WIDTH * deviation
    if lack is None and half > WITHIN:
        wide = TOO_WIDE[name]
        told = f"only within {half:.1%}, {WITHIN:.0%} is needed: {wide.trouble}"
        lack = Lack(told, wide.remedy)
    trouble, remedy = (lack.trouble, lack.remedy) if lack else ("", "")
    return Verdict(parameter, base, value, value * (1 - half), value * (1 + half), trouble, remedy)


def _no_skin(fit: Fit, needles: int | None) -> Lack:
    """Why nothing is said of the skin."""
    if "depth" in fit.measured.missing:
        return Lack("the needles' depth was not recorded", RECORD)
    if not fit.touches.depths_m:
        return Lack("no needles in skin", ON_SKIN)
    if needles is None:
        return Lack("the number of needles is not known", "give it: --needles 12")
    depth_mm = fit.touches.depths_m[0] * 1e3
    return Lack(
        f"all at one depth, {depth_mm:g} mm: two are needed",
        f"record two depths on skin: {ON_SKIN}",
    )
