"""What varies in a campaign: a place of the scenario, and how its value is spread."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from penhost import BadValue
from penhost.units import amount, split
from penloop.campaigns import distributions
from penloop.campaigns.distributions import Distribution
from penloop.campaigns.places import Place, Value, nominal, place_of
from penloop.errors import UserError
from penloop.scenarios.scenario_reader import Document
from pensim.errors import ScenarioError

Table = Mapping[str, Any]


@dataclass(frozen=True)
class Variable:
    """A place, how its value is spread, and the value that the scenario itself has there."""

    place: Place
    distribution: Distribution
    nominal: Value | None = None

    def at(self, share: float) -> Value:
        """The value at a share 0..1 of its distribution, as it will run."""
        return self._rounded(self.distribution.at(share))

    @property
    def values(self) -> tuple[Value, ...]:
        """All that it takes, where they can be counted."""
        return tuple(self._rounded(value) for value in self.distribution.values)

    def _rounded(self, value: Any) -> Value:
        return value if isinstance(value, str) else self.place.rounded(value)


# kind: the keys that go with it, those it needs first
_KINDS = {
    "uniform": (), "triangular": (), "normal": (), "lognormal": (),
    "tolerance": ("shape",), "values": ("weights",), "steps": ("count",),
}  # fmt: skip


def variables_of(table: Table, document: Document) -> tuple[Variable, ...]:
    """The variables of a [vary] table, whose names may be written with or without quotes.

    Raises BadVariable.
    """
    found = []
    for name, item in flattened(table).items():
        try:
            found.append(variable_of(name, item, document))
        except (UserError, ValueError, ScenarioError, BadValue) as error:
            raise BadVariable(name, str(error)) from None
    return tuple(found)


class BadVariable(Exception):
    """A variable that cannot be: its name, and why."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(f"{name}: {why}")
        self.name, self.why = name, why


def flattened(table: Table, before: str = "") -> dict[str, Any]:
    """name -> table of a variable; TOML reads a bare a.b.c as tables within tables."""
    found: dict[str, Any] = {}
    for key, item in table.items():
        name = f"{before}{key}"
        if isinstance(item, dict) and item and not set(item) & set(_KINDS):
            found.update(flattened(item, name + "."))
        else:
            found[name] = item
    return found


def variable_of(name: str, item: Any, document: Document) -> Variable:
    """One variable. Raises UserError, ValueError, ScenarioError."""
    kinds = [key for key in item if key in _KINDS] if isinstance(item, dict) else []
    if len(kinds) != 1:
        raise UserError("it needs one of how it is spread", f"give {', '.join(_KINDS)}")
    kind = kinds[0]
    unknown = set(item) - {kind, *_KINDS[kind]}
    if unknown:
        known = ", ".join((kind, *_KINDS[kind]))
        raise UserError(f"{sorted(unknown)[0]!r} does not go with {kind}", f"use {known}")
    bare = place_of(name, document)
    standing = nominal(document, bare)
    numbers, unit = _numbers(kind, item, standing)
    place = place_of(name, document, unit)
    return Variable(place, _BUILD[kind](item, numbers), _in_unit(standing, unit))


def _numbers(kind: str, item: Table, standing: Any) -> tuple[list[Any], str]:
    """The values that a table gives, in the unit in which it gives them."""
    given = item[kind]
    if kind == "tolerance":
        return _tolerated(given, standing)
    if not isinstance(given, list):
        raise UserError(f"{kind} = {given!r}", "write a list, such as [0.9, 1.1]")
    wanted = {"uniform": 2, "normal": 2, "lognormal": 2, "triangular": 3, "steps": 2}.get(kind)
    if wanted is not None and len(given) != wanted:
        raise UserError(f"{kind} has {len(given)} values", f"give {wanted}")
    numbers, unit = _plain(given[:1] if kind == "lognormal" else given)
    if kind == "lognormal":
        numbers.append(float(given[1]))
    if kind not in ("values",) and any(isinstance(number, str) for number in numbers):
        raise UserError(f"{kind} = {given!r}", "write numbers, with their unit where they have one")
    return numbers, unit


def _tolerated(given: Any, standing: Any) -> tuple[list[Any], str]:
    """Centre and half width of a tolerance about what the scenario has."""
    if standing is None:
        raise UserError(
            "the scenario has no value to take a tolerance of", "give uniform or normal"
        )
    (centre,), unit = _plain([standing])
    text = str(given).strip().removeprefix("±").strip()
    if isinstance(centre, str):
        raise UserError(f"{standing!r} is no number", "give values instead of a tolerance")
    share = _number(text.removesuffix("%"))
    if text.endswith("%") and not isinstance(share, str):
        return [centre, abs(centre) * share / 100.0], unit
    (half,), given_unit = _plain([_number(text)])
    if given_unit != unit or isinstance(half, str):
        raise UserError(
            f"tolerance = {given!r} of {standing}", f"write it in {unit or 'its unit'}, or in %"
        )
    return [centre, half], unit


def _number(text: str) -> Any:
    """The number that a text is; else the text."""
    try:
        return float(text)
    except ValueError:
        return text


def _in_unit(standing: Any, unit: str) -> Value | None:
    """What the scenario has, as a number in the variable's unit."""
    if isinstance(standing, str) and unit:
        return float(amount(standing, unit))
    return float(standing) if isinstance(standing, (int, float)) else standing


def _plain(given: list[Any]) -> tuple[list[Any], str]:
    """Numbers without their unit, and that unit; words stay. Raises UserError for mixed units."""
    found: list[Any] = []
    units = set()
    for value in given:
        number, unit = _split(value)
        found.append(number)
        units.add(unit)
    if len(units) > 1:
        raise UserError(f"{given} mixes {' and '.join(sorted(u or 'none' for u in units))}",
                        "write all in one unit")  # fmt: skip
    return found, units.pop() if units else ""


def _split(value: Any) -> tuple[Any, str]:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise UserError(f"{value!r} is neither a number nor a text", 'write 1.1 or "0.3 mm"')
    if isinstance(value, str):
        number, unit = split(value) or (value, "")
        return (number, "") if isinstance(number, str) else (float(number), unit)
    return float(value), ""


def _by_tolerance(item: Table, numbers: list[Any]) -> Distribution:
    centre, half = numbers
    shape = item.get("shape", "normal")
    if shape == "uniform":
        return distributions.uniform(centre - half, centre + half)
    if shape != "normal":
        raise UserError(f"shape = {shape!r}", "choose normal (the default) or uniform")
    return distributions.normal(centre, half / distributions.CUT_SIGMAS)


_BUILD: dict[str, Callable[[Table, list[Any]], Distribution]] = {
    "uniform": lambda _item, numbers: distributions.uniform(*numbers),
    "triangular": lambda _item, numbers: distributions.triangular(*numbers),
    "normal": lambda _item, numbers: distributions.normal(*numbers),
    "lognormal": lambda _item, numbers: distributions.lognormal(*numbers),
    "tolerance": _by_tolerance,
    "values": lambda item, numbers: distributions.choice(numbers, item.get("weights")),
    "steps": lambda item, numbers: distributions.steps(
        numbers[0], numbers[1], item.get("count", 0)
    ),
}
