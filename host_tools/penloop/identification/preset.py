"""The twin as a pen's file that `sim://?pen=FILE` takes, see pensim.pen_file."""

import json
from collections.abc import Iterator
from pathlib import Path

from penloop.identification.fit import Fit
from penloop.identification.model import SKIN, Guess
from penloop.identification.verdict import Verdict


def write(path: Path, base: str, zone: str, fit: Fit, found: list[Verdict]) -> None:
    """Writes what was told; what was not stays the base's."""
    path.write_text("\n".join(_lines(base, zone, fit, found)) + "\n", encoding="utf-8")


def _lines(base: str, zone: str, fit: Fit, found: list[Verdict]) -> Iterator[str]:
    told = {one.parameter.name: one for one in found if one.told}
    yield "# The twin of a pen, by `penloop identify`: sim://?pen=FILE, penloop sim --pen FILE."
    yield f"base = {json.dumps(base)}"
    motor = [told[name] for name in ("resistance", "torque_constant", "inertia") if name in told]
    if motor or "friction" in told:
        yield "\n[motor]"
        yield from (_line(one, one.parameter.field.partition(".")[2]) for one in motor)
    if "friction" in told:
        yield from _friction(told["friction"], fit.guess)
    skin = [told[name] for name in SKIN if name in told]
    if skin:
        yield f"\n[skin.{zone}]\nlike = {json.dumps(zone)}"
        yield from (_line(one, one.parameter.field.partition(".")[2]) for one in skin)
    yield "\n[about]"
    yield from (f"{key} = {json.dumps(text)}" for key, text in fit.measured.about.items())
    yield from (
        f"{one.parameter.name} = {json.dumps('not told: ' + one.trouble)}"
        for one in found
        if not one.told
    )


def _line(one: Verdict, name: str) -> str:
    unit, scale = one.parameter.unit, one.parameter.scale
    assert one.value is not None
    assert one.low is not None
    assert one.high is not None
    value = f'{name} = "{one.value / scale:.4g} {unit}"'
    return f"{value}  # 95 %: {one.low / scale:.4g} to {one.high / scale:.4g}"


def _friction(one: Verdict, guess: Guess) -> Iterator[str]:
    """Of the two frictions only the sum is told; each has the base's share."""
    motor, mechanism = guess.pen.motor, guess.pen.mechanism
    assert one.low is not None
    assert one.high is not None
    sum_ = f"together {one.low * 1e3:.4g} to {one.high * 1e3:.4g} mNm in 95 %"
    yield f'friction_nm = "{motor.friction_nm * 1e3:.4g} mNm"  # with the mechanism\'s: {sum_}'
    yield "\n[mechanism]"
    yield f'coulomb_friction_nm = "{mechanism.coulomb_friction_nm * 1e3:.4g} mNm"'
    yield f'viscous_friction_nm_s = "{mechanism.viscous_friction_nm_s * 1e9:.4g} nNms"'
