"""Places of a scenario's document that a campaign may vary, by the names people give them.

motor.resistance_ohm       a parameter of the plant: motor, mechanism, battery, ...
settings.depth             a setting that the pen has saved
skin.cheek.full_force_n    a parameter of a zone: one of the scenario's own, or of the presets
pen.crank, pen.preset, ... a key of [pen]
step.2.at, fault.1.for, link.3.set.depth    a key of a step, a fault, a link act; counted from 1
seed                       of all that is random
"""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, fields, replace
from typing import Any

from penfw import settings
from penhost.units import show
from penloop.errors import UserError
from penloop.scenarios.documents import Document, Keys
from penloop.scenarios.scenario_reader import PUT_ON
from pensim.pen_file import find_pen
from pensim.plant.parameters import PenParameters, Skin
from pensim.plant.presets import SKINS

Value = float | str
DIGITS = 6  # of a varied number: what stands in the data set is exactly what ran

_PARTS = {item.name for item in fields(PenParameters)} - set(PUT_ON)
_ARRAYS = ("step", "fault", "link")


@dataclass(frozen=True)
class Place:
    """A place in a scenario's document.

    name: as a person gives it
    keys: the way to it through the document
    unit: in which its values are; empty where the name has it, or there is none
    whole: it takes whole numbers only
    """

    name: str
    keys: Keys
    unit: str = ""
    whole: bool = False

    @property
    def column(self) -> str:
        """Its name in a data set, unit included."""
        return f"{self.name}_{self.unit}" if self.unit else self.name

    def rounded(self, value: float) -> float:
        """The value that will run: six digits, or six decimals where it is written with a unit."""
        if self.whole:
            return float(round(value))
        return round(value, DIGITS) if self.unit else float(f"{value:.{DIGITS}g}")

    def written(self, value: Value) -> Any:
        """As it stands in the document."""
        if isinstance(value, str):
            return value
        if self.unit:
            return f"{_decimal(value)} {self.unit}"
        return int(value) if self.whole else value

    def told(self, value: Value) -> str:
        """As people read it."""
        return f"{shown(value)} {self.unit}".strip()


def shown(value: Value) -> str:
    """A value without its unit, as people read it."""
    return value if isinstance(value, str) else f"{value:.{DIGITS}g}"


def place_of(name: str, document: Document, unit: str = "") -> Place:
    """The place of that name. Raises UserError naming what there is."""
    head, *rest = name.split(".")
    if name == "seed":
        return Place(name, ("seed",), whole=True)
    if head in _PARTS and len(rest) == 1:
        return _parameter(name, head, rest[0])
    if head == "settings" and len(rest) == 1:
        return _setting(name, rest[0], unit)
    if head == "pen" and len(rest) == 1:
        return Place(name, ("pen", rest[0]), unit)
    if head == "skin" and len(rest) == 2:
        return _skin(name, rest[0], rest[1], document)
    if head in _ARRAYS and len(rest) >= 2 and rest[0].isdecimal():
        return _entry(name, head, rest, document, unit)
    raise UserError(f"no place {name!r} in a scenario", _ADVICE)


_ADVICE = (
    "name such as motor.resistance_ohm, settings.depth, skin.cheek.full_force_n, pen.crank, "
    "step.1.at, fault.1.at, link.1.at or seed"
)


def _parameter(name: str, part: str, item: str) -> Place:
    known = {entry.name for entry in fields(getattr(PenParameters(), part))}
    if item not in known:
        raise UserError(f"{part} has no parameter {item!r}", f"use {', '.join(sorted(known))}")
    return Place(name, ("pen", "parameters", name))


def _setting(name: str, item: str, unit: str) -> Place:
    if item not in settings.NAMES:
        raise UserError(f"no setting {item!r}", f"use {', '.join(settings.NAMES)}")
    return Place(name, ("pen", "settings", item), unit, whole=not unit)


def _skin(name: str, zone: str, item: str, document: Document) -> Place:
    zones = {**SKINS, **document.get("skin", {})}
    if zone not in zones:
        raise UserError(f"no skin zone {zone!r}", f"choose {', '.join(zones)}")
    known = {entry.name for entry in fields(Skin)}
    if item not in known:
        raise UserError(f"skin has no parameter {item!r}", f"use {', '.join(sorted(known))}")
    return Place(name, ("skin", zone, item))


def _entry(name: str, head: str, rest: list[str], document: Document, unit: str) -> Place:
    count = len(document.get(head, []))
    number = int(rest[0])
    if not 1 <= number <= count:
        raise UserError(
            f"{name}: the scenario has {count} [[{head}]]", f"count from 1 to {count}"
            if count else f"add a [[{head}]] to the scenario"
        )  # fmt: skip
    keys: Keys = (head, number - 1, *rest[1:])
    _check_way(name, document, keys)
    bare = Place(name, keys, unit)
    return replace(bare, whole=not unit and isinstance(nominal(document, bare), int))


def _check_way(name: str, document: Document, keys: Keys) -> None:
    """Raises UserError where a value stands on the way to the place."""
    found: Any = document
    for key in keys[:-1]:
        if isinstance(found, dict) and key not in found:
            return
        found = found[key]
        if not isinstance(found, (dict, list)):
            raise UserError(
                f"{name}: {key} is {found!r}, a value", f"leave away what is after {key}"
            )


def nominal(document: Document, place: Place) -> Any:
    """What stands at the place now, defaults included; None where nothing does."""
    found: Any = document
    for key in place.keys:
        try:
            found = found[key]
        except (KeyError, IndexError, TypeError):
            return _default(document, place)
    return found


def _default(document: Document, place: Place) -> Any:
    if place.keys[:2] == ("pen", "parameters"):
        part, _, item = place.name.partition(".")
        preset = find_pen(document.get("pen", {}).get("preset", "reference"))
        return getattr(getattr(preset.parameters, part), item)
    if place.keys[0] == "skin":
        _skin_key, zone, item = map(str, place.keys)
        zones = {**SKINS, **find_pen(document.get("pen", {}).get("preset", "reference")).skins}
        like = document.get("skin", {}).get(zone, {}).get("like", zone)
        return getattr(zones.get(like, SKINS["reference"]), item)
    if place.keys[:2] == ("pen", "settings"):
        row = next(row for row in settings.SETTINGS if row[0] == place.keys[2])
        return show(row[3], row[2])
    return {"seed": 0, "pen.crank": "0 deg", "pen.start_depth": "0.3 mm"}.get(place.name)


def with_values(document: Document, values: Mapping[Place, Value]) -> Document:
    """The document with these values at their places; the given one stays as it is."""
    fresh: Document = deepcopy(document)
    for place, value in values.items():
        table: Any = fresh
        for depth, key in enumerate(place.keys[:-1], 1):
            if isinstance(table, dict) and key not in table:
                table[key] = _new_table(place, depth)
            table = table[key]
        table[place.keys[-1]] = place.written(value)
    return fresh


def _new_table(place: Place, depth: int) -> dict[str, Any]:
    """Empty; but a zone of the presets of which a parameter varies is like that zone."""
    return {"like": place.keys[1]} if place.keys[0] == "skin" and depth == 2 else {}


def _decimal(value: float) -> str:
    return f"{value:.{DIGITS}f}".rstrip("0").rstrip(".")
