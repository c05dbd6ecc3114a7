"""`penloop params`: the settings of a pen as a profile: dump, load, diff, reset."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from penfw.settings import SETTINGS
from penhost import Pen, Quantity
from penhost.tables import Setting
from penloop import atomic_file, changes, completion
from penloop.confirmation import confirm
from penloop.connection import AsJson, Port, connected
from penloop.errors import UserError
from penloop.output_file import Force, check_new
from penloop.profiles import checking, comparison, profile, writing
from penloop.profiles.profile import Profile

Calibration = Annotated[
    bool, typer.Option("--calibration", help="With the calibration values of this one pen.")
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Without asking.")]
File = Annotated[Path, typer.Argument(metavar="FILE", show_default=False)]
app = typer.Typer(rich_markup_mode=None, invoke_without_command=True)
USAGE = 2


def register(root: typer.Typer) -> None:
    """Adds the commands of this group."""
    root.add_typer(app, name="params")


@app.callback()
def params(context: typer.Context) -> None:
    """Profiles: settings of a pen in a file."""
    if context.invoked_subcommand is None:
        print(context.get_help())
        raise typer.Exit(USAGE)


@app.command()
def dump(
    goal: Annotated[Path | None, typer.Argument(metavar="FILE", show_default=False)] = None,
    port: Port = "",
    changed: Annotated[
        bool, typer.Option("--changed", help="Only what differs from its default.")
    ] = False,
    calibration: Calibration = False,
    force: Force = False,
) -> None:
    """Write the settings of a pen to FILE as a profile, or print it."""
    if goal is not None:
        check_new(goal, force)
    with connected(port) as pen:
        values = kept(pen, calibration)
        if changed:
            values = {name: value for name, value in values.items()
                      if value.value != pen.settings[name].default}  # fmt: skip
        changes.tell_waiting(values, pen.waiting())
        text = writing.document(pen.info, pen.settings, values, datetime.now(UTC))
    if goal is None:
        print(text, end="")
        return
    atomic_file.write(goal, text)
    print(f"{len(values)} setting{'s' * (len(values) != 1)} in {goal}")


def kept(pen: Pen, calibration: bool) -> dict[str, Quantity]:
    """The settings in force that outlive a power-off; those of calibration only when asked."""
    left_out = {"volatile"} if calibration else {"volatile", "calibration"}
    rows = pen.settings
    return pen.get_all([name for name, row in rows.items() if row.access not in left_out])


@app.command()
def load(
    source: File,
    port: Port = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would change, and change nothing.")
    ] = False,
    skip: Annotated[
        list[str] | None,
        typer.Option(
            "--skip",
            metavar="NAME",
            help="Leave a setting out.",
            autocompletion=completion.settings,
        ),
    ] = None,
    calibration: Calibration = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Set a pen to the profile in FILE: all of it, in one transaction, or nothing."""
    given = profile.read(source)
    with connected(port) as pen:
        values = checking.wanted(given, pen.settings, calibration, skip or [])
        if calibration and given.calibration and not dry_run:
            _check_owner(pen, given, yes)
        steps = changes.planned(pen, values)
        if not dry_run:
            steps = changes.applied(pen, changes.needed(pen, steps))
    steps = [step for step in steps if step.differs()]
    changes.show(steps, as_json)
    if as_json:
        return
    if given.calibration and not calibration:
        print("calibration values were left out; they belong to one pen (--calibration)")
    if not steps:
        print(f"the pen is as {source} says")
    elif dry_run:
        print("nothing was changed, as --dry-run asks")


def _check_owner(pen: Pen, given: Profile, yes: bool) -> None:
    if given.pen_id != pen.info.pen_id:
        whose = given.pen_id or "an unknown pen"
        question = f"{given.name} holds the calibration of {whose}, this pen is {pen.info.pen_id}."
        confirm(f"{question} Load it all the same?", yes)


@app.command()
def diff(
    first: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="Against the pen.", show_default=False)
    ] = None,
    second: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="Against this one.", show_default=False)
    ] = None,
    port: Port = "",
    calibration: Calibration = False,
    as_json: AsJson = False,
) -> None:
    """Show what differs: the pen from its defaults, a profile from the pen, or two profiles."""
    if first is not None and second is not None:
        pair = profile.read(first), profile.read(second)
        for one in pair:
            checking.check_alone(one, _installed())
        found = comparison.of_profiles(*pair, calibration)
        sides = (str(first), str(second))
    else:
        with connected(port) as pen:
            values = kept(pen, calibration)
            changes.tell_waiting(values, pen.waiting())
            there = {name: str(value) for name, value in values.items()}
            if first is None:
                sides = ("default", "pen")
                found = comparison.of_values(_defaults(pen.settings, there), there)
            else:
                sides = (str(first), "pen")
                told = comparison.written(profile.read(first), pen.settings, calibration)
                found = comparison.of_values(told, _current(pen, told, there))
    _show_differences(found, sides, as_json)


def _installed() -> dict[str, Setting]:
    """The settings of the firmware that came with this tool."""
    return {row[0]: Setting(index, *row) for index, row in enumerate(SETTINGS)}


def _defaults(table: Mapping[str, Setting], names: Mapping[str, str]) -> dict[str, str]:
    return {name: str(table[name].quantity(table[name].default)) for name in names}


def _current(pen: Pen, told: Mapping[str, str], there: Mapping[str, str]) -> dict[str, str]:
    """The pen's values beside a profile's; a setting that the profile leaves out is kept."""
    others = [name for name in told if name in pen.settings and name not in there]
    values = {name: str(value) for name, value in pen.get_all(others).items()} if others else {}
    return {name: text for name, text in {**there, **values}.items() if name in told}


def _show_differences(
    found: list[comparison.Difference], sides: tuple[str, str], as_json: bool
) -> None:
    if as_json:
        print(json.dumps([{"name": one.name, "first": one.first, "second": one.second}
                          for one in found]))  # fmt: skip
        return
    if not found:
        print(f"{sides[0]} and {sides[1]} do not differ")
        return
    rows = [
        ("setting", *sides),
        *((one.name, one.first or "-", one.second or "-") for one in found),
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(2)]
    for name, left, right in rows:
        print(f"{name:<{widths[0]}}  {left:<{widths[1]}}  {right}")


@app.command()
def reset(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="NAME…",
            help="Settings.",
            show_default=False,
            autocompletion=completion.settings,
        ),
    ] = None,
    port: Port = "",
    everything: Annotated[bool, typer.Option("--all", help="All, but for calibration.")] = False,
    calibration: Calibration = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Set settings of a pen back to their defaults, in one transaction."""
    if bool(names) == everything:
        raise UserError("which settings", "name them, or give --all")
    with connected(port) as pen:
        chosen = list(names or kept(pen, calibration))
        unknown = [name for name in chosen if name not in pen.settings]
        if unknown:
            pen.get_all(unknown)  # raises, with the names that are near
        defaults = {name: pen.settings[name].default for name in chosen}
        steps = changes.planned(pen, defaults)
        listed = [one.told_beforehand() for one in steps if one.differs()]
        if listed:
            confirm(f"Reset {', '.join(listed)}?", yes)
        steps = changes.applied(pen, changes.needed(pen, steps))
    steps = [step for step in steps if step.differs()]
    changes.show(steps, as_json)
    if not steps and not as_json:
        print("all at their defaults already")
