"""Settings are whole numbers of their unit: what a person writes between two of them."""

from collections.abc import Mapping

from penhost import BadValue, units
from penhost.tables import Setting
from penhost.units import Quantity


def value_of(row: Setting, given: int | str | Quantity) -> int:
    """As Setting.value_of; a fraction where there is no unit is refused, not rounded."""
    value = row.value_of(given)
    if isinstance(given, str):
        try:
            number(given, row.unit)
        except BadValue as error:
            raise BadValue(
                f"{row.name}: {error.message}", f"give {row.minimum} to {row.maximum}"
            ) from None
    return value


def number(text: str, unit: str) -> int:
    """Rounded to the unit, where there is one. Raises BadValue."""
    value = units.parse(text, unit)
    if not unit and units.amount(text, unit) != value:
        raise BadValue(f"{text.strip()!r} is no whole number", "give one without a fraction")
    return value


def checked(table: Mapping[str, Setting], changes: Mapping[str, str]) -> Mapping[str, str]:
    """The changes as they are. Raises BadValue for a fraction where there is no unit."""
    for name in changes.keys() & table.keys():
        value_of(table[name], changes[name])
    return changes


def rounded_from(row: Setting, given: int | str | Quantity) -> str:
    """The text where it means a value between two of the unit, which is rounded; else ""."""
    if not isinstance(given, str) or units.amount(given, row.unit) == row.value_of(given):
        return ""
    return given.strip()
