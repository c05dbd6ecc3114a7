"""The twin of an identified pen as a pen's file."""

import json
from collections.abc import Iterator
from pathlib import Path

from penloop import twin_file
from penloop.identification.fit import Fit
from penloop.identification.model import SKIN, Guess
from penloop.identification.verdict import Verdict

MOTOR = ("resistance", "torque_constant", "inertia")


def write(path: Path, base: str, zone: str, fit: Fit, found: list[Verdict]) -> None:
    """Writes what was told; what was not stays the base's."""
    told = {one.parameter.name: one for one in found if one.told}
    tables = {
        "motor": [_line(told[name]) for name in MOTOR if name in told],
        "mechanism": [],
        f"skin.{zone}": [_line(told[name]) for name in SKIN if name in told],
    }
    if "friction" in told:
        tables["motor"] += _motor_friction(told["friction"], fit.guess)
        tables["mechanism"] += _mechanism_friction(fit.guess)
    if tables[f"skin.{zone}"]:
        tables[f"skin.{zone}"].insert(0, f"like = {json.dumps(zone)}")
    missing = {one.parameter.name: "not told: " + one.trouble for one in found if not one.told}
    twin_file.write(path, "penloop identify", base, tables, {**fit.measured.about, **missing})


def _line(one: Verdict) -> str:
    name = one.parameter.field.partition(".")[2]
    unit, scale = one.parameter.unit, one.parameter.scale
    assert one.value is not None
    assert one.low is not None
    assert one.high is not None
    value = f'{name} = "{one.value / scale:.4g} {unit}"'
    return f"{value}  # 95 %: {one.low / scale:.4g} to {one.high / scale:.4g}"


def _motor_friction(one: Verdict, guess: Guess) -> Iterator[str]:
    """Of the two frictions only the sum is told; each has the base's share."""
    assert one.low is not None
    assert one.high is not None
    sum_ = f"together {one.low * 1e3:.4g} to {one.high * 1e3:.4g} mNm in 95 %"
    friction_mnm = guess.pen.motor.friction_nm * 1e3
    yield f'friction_nm = "{friction_mnm:.4g} mNm"  # with the mechanism\'s: {sum_}'


def _mechanism_friction(guess: Guess) -> Iterator[str]:
    mechanism = guess.pen.mechanism
    yield f'coulomb_friction_nm = "{mechanism.coulomb_friction_nm * 1e3:.4g} mNm"'
    yield f'viscous_friction_nm_s = "{mechanism.viscous_friction_nm_s * 1e9:.4g} nNms"'
