"""A profile held against the table of the pen that it is for."""

from collections.abc import Collection, Mapping
from difflib import get_close_matches

from penhost import BadValue
from penhost.tables import Setting
from penloop import whole
from penloop.errors import UserError
from penloop.profiles.profile import Profile


def wanted(
    profile: Profile, table: Mapping[str, Setting], calibration: bool, skip: Collection[str]
) -> dict[str, int | str]:
    """The values that a profile asks for, as it writes them, calibration only when asked.

    Raises UserError that names every setting at fault: unknown to the pen, a wrong unit, out of
    its bounds. What `skip` names is left out.
    """
    given = {**profile.settings, **(profile.calibration if calibration else {})}
    _check_skipped(skip, given)
    values: dict[str, int | str] = {}
    faults: list[str] = []
    for name, text in given.items():
        if name in skip:
            continue
        try:
            value_of(name, text, table)
            values[name] = text
        except BadValue as error:
            faults.append(f"{profile.place(name)}: {error}")
    if faults:
        raise UserError("; ".join(faults), "nothing was changed")
    return values


def check_alone(profile: Profile, table: Mapping[str, Setting]) -> None:
    """A profile without a pen, held against the table of the firmware that is installed here.

    Raises UserError that names every setting that is unknown or whose value cannot be read.
    """
    faults = []
    for name, text in {**profile.settings, **profile.calibration}.items():
        try:
            if name not in table:
                raise BadValue(f"no setting {name!r}", _meant(name, table))
            _value(table[name], text)
        except BadValue as error:
            faults.append(f"{profile.place(name)}: {error}")
    if faults:
        raise UserError("; ".join(faults), "correct the profile, or compare it with its pen")


def _meant(name: str, table: Mapping[str, Setting]) -> str:
    near = get_close_matches(name, table, 1)
    return f"did you mean {near[0]}?" if near else "`penloop get` lists those of a pen"


def _check_skipped(skip: Collection[str], given: Mapping[str, object]) -> None:
    for name in skip:
        if name not in given:
            near = ", ".join(get_close_matches(name, given) or given)
            raise UserError(f"the profile has no {name!r} to skip", f"it has {near}")


def value_of(name: str, text: str | int, table: Mapping[str, Setting]) -> int:
    """One value in the unit of the table. Raises BadValue."""
    if name not in table:
        near = get_close_matches(name, table)
        known = f"write {near[0]}, or " if near else ""
        raise BadValue(f"this pen has no setting {name!r}", f"{known}leave it out by --skip {name}")
    row = table[name]
    value = _value(row, text)
    if not row.minimum <= value <= row.maximum:
        bounds = f"{row.quantity(row.minimum)} to {row.quantity(row.maximum)}"
        raise BadValue(f"{name} = {row.quantity(value)} is out of its bounds", f"give {bounds}")
    return value


def _value(row: Setting, text: str | int) -> int:
    if isinstance(text, int) and row.unit:
        text = str(text)  # a number without its unit is refused, and told which there are
    return whole.value_of(row, text)
