"""Pens in files: TOML that names a base and what differs from it. `penloop identify` writes them.

base = "reference"                         # a pen of presets.PENS

[motor]                                    # the parts and fields of PenParameters
resistance_ohm = "1230 mohm"               # a number in the unit of the name, or one with its unit

[skin.cheek]                               # a zone, as the operator touches it
like = "cheek"
puncture_force_n = 0.024

[about]                                    # where it comes from: read by people only
recording = "run.parquet"

All that is wrong raises ScenarioError: one line with file, place and remedy.
"""

import tomllib
from dataclasses import dataclass, field, fields, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pensim.errors import ScenarioError
from pensim.plant.parameters import PenParameters, Skin
from pensim.plant.presets import PENS, SKINS
from pensim.quantities import in_unit_of

SUFFIX = ".toml"
# Parts that the operator puts on: a pen's own would never be met.
PUT_ON = {
    "skin": 'write a zone, such as [skin.cheek] with like = "cheek"',
    "cartridge": "choose its kind where it is put in",
}


@dataclass(frozen=True)
class PenPreset:
    """A pen, and the zones that were found with it, beside or in the place of presets.SKINS."""

    parameters: PenParameters
    skins: dict[str, Skin] = field(default_factory=dict)


def find_pen(name: str) -> PenPreset:
    """The pen of a preset's name or of a file, NAME.toml. Raises ScenarioError."""
    if name in PENS:
        return PenPreset(PENS[name])
    if name.endswith(SUFFIX):
        return load_pen(Path(name))
    raise ScenarioError(f"no pen {name!r}: choose {', '.join(PENS)}, or give a file, PEN{SUFFIX}")


def load_pen(path: Path) -> PenPreset:
    """Reads a pen's file. Raises ScenarioError."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ScenarioError(
            f"cannot read the pen {path} ({error.strerror}): give a file that is there, or choose "
            f"{', '.join(PENS)}"
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ScenarioError(f"{path} is not TOML: {error}") from None
    return preset_of(document, str(path))


def preset_of(document: dict[str, Any], where: str) -> PenPreset:
    """The pen of a document, as `tomllib` reads it. Raises ScenarioError."""
    parts = {item.name: item for item in fields(PenParameters)}
    base = document.get("base", "reference")
    if not isinstance(base, str) or base not in PENS:
        raise ScenarioError(f"{where}: no base {base!r}: choose {', '.join(PENS)}")
    for key, table in document.items():
        if key not in ("base", "about", *parts):
            known = ["base", *(set(parts) - set(PUT_ON)), "skin"]
            raise ScenarioError(f"{where}: no part {key!r}: {_nearest(key, known)}")
        if key != "base" and not isinstance(table, dict):
            raise ScenarioError(f"{where}: {key} is {table!r}, no table: write [{key}]")
    if "cartridge" in document:
        raise ScenarioError(f"{where}: a pen's file holds no cartridge: {PUT_ON['cartridge']}")
    pen = PENS[base]
    changed = {
        name: _changed(getattr(pen, name), document[name], f"{where}: {name}")
        for name in parts
        if name in document and name != "skin"
    }
    return PenPreset(replace(pen, **changed), _skins(document.get("skin", {}), where))


def _skins(tables: dict[str, Any], where: str) -> dict[str, Skin]:
    found = {}
    for zone, table in tables.items():
        if not isinstance(table, dict):
            raise ScenarioError(f"{where}: skin.{zone} is no zone: {PUT_ON['skin']}")
        changes = dict(table)
        like = changes.pop("like", zone)
        if not isinstance(like, str) or like not in SKINS:
            raise ScenarioError(
                f"{where}: skin.{zone} is like no zone {like!r}: choose {', '.join(SKINS)}"
            )
        found[zone] = _changed(SKINS[like], changes, f"{where}: skin.{zone}")
    return found


def _changed(part: Any, changes: dict[str, Any], where: str) -> Any:
    known = [item.name for item in fields(part)]
    values = {}
    for name, value in changes.items():
        if name not in known:
            raise ScenarioError(f"{where} has no {name!r}: {_nearest(name, known)}")
        values[name] = _value(name, value, f"{where}.{name}")
    try:
        return replace(part, **values)
    except ValueError as error:
        raise ScenarioError(f"{where}: {error}") from None


def _value(name: str, value: Any, where: str) -> Any:
    if isinstance(value, list):
        return tuple(value)
    return in_unit_of(name, value, where) if isinstance(value, str) else value


def _nearest(name: str, known: list[str]) -> str:
    close = get_close_matches(name, known, 1)
    if not close:  # the name without its unit, as people write it
        close = [each for each in known if each.startswith(name + "_")][:1]
    return f"did you mean {close[0]!r}?" if close else f"use {', '.join(sorted(known))}"
