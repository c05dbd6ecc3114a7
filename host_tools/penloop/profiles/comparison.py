"""What differs between profiles, a pen and its defaults."""

from collections.abc import Mapping
from typing import NamedTuple

from penhost import BadValue, units
from penhost.tables import Setting
from penloop.profiles.profile import Profile


class Difference(NamedTuple):
    """A setting with its values, as text; empty where a side does not have it."""

    name: str
    first: str
    second: str


def of_values(first: Mapping[str, str], second: Mapping[str, str]) -> list[Difference]:
    """Of two sides whose values are written alike, in the order of the first."""
    names = [*first, *(name for name in second if name not in first)]
    both = [Difference(name, first.get(name, ""), second.get(name, "")) for name in names]
    return [one for one in both if one.first != one.second]


def of_profiles(first: Profile, second: Profile, calibration: bool) -> list[Difference]:
    """Of two files, without a pen: 110Hz and 6600 rpm do not differ."""
    sides = [{name: str(value) for name, value in _given(one, calibration).items()}
             for one in (first, second)]  # fmt: skip
    return [one for one in of_values(*sides) if not _same(one.first, one.second)]


def written(profile: Profile, table: Mapping[str, Setting], calibration: bool) -> dict[str, str]:
    """A profile's values as a pen's are shown; what the pen cannot take stays as written."""
    return {name: _shown(name, str(value), table)
            for name, value in _given(profile, calibration).items()}  # fmt: skip


def _given(profile: Profile, calibration: bool) -> dict[str, str | int]:
    return {**profile.settings, **(profile.calibration if calibration else {})}


def _shown(name: str, text: str, table: Mapping[str, Setting]) -> str:
    if name not in table:
        return text
    try:
        return str(table[name].quantity(table[name].value_of(text)))
    except BadValue:
        return text


def _same(first: str, second: str) -> bool:
    one, other = units.split(first), units.split(second)
    if one is None or other is None:
        return "".join(first.split()) == "".join(second.split())
    try:
        return units.amount(first, other[1]) == other[0]
    except BadValue:
        return False
