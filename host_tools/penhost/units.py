"""Between what a person writes, "110Hz", and the integer of a setting in its own unit, 110000 mHz.

A unit is a name or names divided by "/"; a name that is not listed (counts, bits) is a unit of
its own kind. Arithmetic is exact; a value between two integers goes to the nearer one.
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import NamedTuple

from penhost.errors import BadValue

# kind: the unit in which values are shown, then the size of each unit of the kind
_KINDS: dict[str, tuple[str, dict[str, Fraction]]] = {
    "rate": ("Hz", {
        "mHz": Fraction(1, 1000), "Hz": Fraction(1), "kHz": Fraction(1000),
        "rpm": Fraction(1, 60),
    }),
    "length": ("mm", {
        "nm": Fraction(1, 10**9), "um": Fraction(1, 10**6), "mm": Fraction(1, 1000),
        "cm": Fraction(1, 100), "m": Fraction(1),
    }),
    "time": ("s", {
        "us": Fraction(1, 10**6), "ms": Fraction(1, 1000), "s": Fraction(1),
        "min": Fraction(60), "h": Fraction(3600),
    }),
    "share": ("%", {"permille": Fraction(1, 1000), "%": Fraction(1, 100)}),
    "current": ("mA", {"uA": Fraction(1, 10**6), "mA": Fraction(1, 1000), "A": Fraction(1)}),
    "voltage": ("V", {"uV": Fraction(1, 10**6), "mV": Fraction(1, 1000), "V": Fraction(1)}),
    "temperature": ("C", {"mC": Fraction(1, 1000), "C": Fraction(1)}),
    "resistance": ("Ohm", {"mOhm": Fraction(1, 1000), "Ohm": Fraction(1)}),
    "angle": ("deg", {"mdeg": Fraction(1, 1000), "deg": Fraction(1)}),
}  # fmt: skip
_KIND_OF = {name: kind for kind, (_shown, sizes) in _KINDS.items() for name in sizes}
_SPELLINGS = {"µ": "u", "μ": "u", "°C": "C", "Ω": "Ohm", "°": "deg", "‰": "permille"}
_MORE_NUMBER = re.compile(r"[.,'_\d]|[eE][+-]?\d")  # what is no unit, but goes on with a number
_TEXT = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+))\s*(.*?)\s*")


class Quantity(NamedTuple):
    """An integer in its unit; `str()` gives it as a person reads it, `0.75 mm`."""

    value: int
    unit: str

    def __str__(self) -> str:
        return show(self.value, self.unit)


def split(text: str) -> tuple[Fraction, str] | None:
    """Number and unit of a text, such as 0.75 and "mm"; None without a unit that is known here."""
    match = _TEXT.fullmatch(text)
    given = _plain_unit(match[2]) if match is not None else ""
    if match is None or not given or not all(name in _KIND_OF for name in given.split("/")):
        return None
    return Fraction(match[1]), given


def parse(text: str, unit: str) -> int:
    """The integer in `unit` that the text means. Raises BadValue, naming the units that fit."""
    return round(amount(text, unit))


def amount(text: str, unit: str) -> Fraction:
    """What the text means in `unit`, exact. Raises BadValue, naming the units that fit."""
    match = _TEXT.fullmatch(text)
    if match is None:
        raise BadValue(f"{text!r} is not a number with a unit", _advice(unit))
    if _MORE_NUMBER.match(match[2]):
        raise BadValue(
            f"the number of {text.strip()!r} cannot be read",
            f"write plain digits with a point, in {', '.join(choices(unit))}"
            if unit else "write a whole number in plain digits",
        )  # fmt: skip
    given = _plain_unit(match[2])
    if not given and unit:
        raise BadValue(f"{text.strip()!r} has no unit", _advice(unit))
    if _kinds(given) != _kinds(unit):
        raise BadValue(f"{text.strip()!r} has the wrong unit", _advice(unit))
    return Fraction(match[1]) * _size(given) / _size(unit)


def show(value: int, unit: str) -> str:
    """A value of the given unit as a person reads it, exact."""
    if unit not in _KIND_OF:
        return f"{value} {unit}".strip()
    name, factor = usual(unit)
    return f"{_decimal(value * factor)} {name}"


def usual(unit: str) -> tuple[str, Fraction]:
    """The unit in which people read values of this one, and how many of it one is."""
    kind = _KIND_OF.get(unit)
    if kind is None:
        return unit, Fraction(1)
    name, sizes = _KINDS[kind]
    return name, sizes[unit] / sizes[name]


def choices(unit: str) -> list[str]:
    """The units in which a value of this unit may be written, itself first."""
    sizes = _KINDS[_KIND_OF[unit]][1] if unit in _KIND_OF else {}
    return [unit, *(name for name in sizes if name != unit)]


def _plain_unit(given: str) -> str:
    for spelling, name in _SPELLINGS.items():
        given = given.replace(spelling, name)
    return given


def _kinds(unit: str) -> list[str]:
    return [_KIND_OF.get(name, name) for name in unit.split("/")]


def _size(unit: str) -> Fraction:
    first, *divisors = [_size_of(name) for name in unit.split("/")]
    for divisor in divisors:
        first /= divisor
    return first


def _size_of(name: str) -> Fraction:
    return _KINDS[_KIND_OF[name]][1][name] if name in _KIND_OF else Fraction(1)


def _decimal(number: Fraction) -> str:
    """Exact decimal text; every shown unit is a power of ten of the others but rpm, min and h."""
    thousandths = 1000
    while (number * thousandths).denominator != 1 and thousandths < 10**9:
        thousandths *= 10
    whole = round(number * thousandths)
    text = f"{abs(whole) // thousandths}.{abs(whole) % thousandths:0{len(str(thousandths)) - 1}d}"
    return ("-" if whole < 0 else "") + text.rstrip("0").rstrip(".")


def _advice(unit: str) -> str:
    if not unit:
        return "give a whole number without a unit"
    return f"give a number in {', '.join(choices(unit))}"
