"""What a profile holds, and how its file is read.

A value is a text with its unit, or a whole number where the setting has none. Names and values are
judged by the table of the pen that they are for, in checking.py.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from penloop.errors import UserError
from penloop.scenarios.toml_lines import line_of

SCHEMA = 1
HEAD = "profile"
SETTINGS = "settings"
CALIBRATION = "calibration"  # values of one pen, apart from those of a treatment


@dataclass(frozen=True)
class Profile:
    """A file of settings: `settings` and `calibration` by name, as written."""

    name: str
    pen_id: str = ""
    settings: Mapping[str, str | int] = field(default_factory=dict)
    calibration: Mapping[str, str | int] = field(default_factory=dict)
    lines: Mapping[str, int] = field(default_factory=dict)

    def place(self, setting: str) -> str:
        """Where a setting stands, for messages."""
        return f"{self.name} line {self.lines.get(setting, 1)}"


def read(path: Path) -> Profile:
    """The profile of a file. Raises UserError with the line at fault."""
    text = _text(path)
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UserError(f"{path} is no TOML, {error}", "correct the line") from None
    unknown = sorted(set(document) - {HEAD, SETTINGS, CALIBRATION})
    if unknown:
        where = f"{path} line {line_of(text, (unknown[0],))}"
        remedy = f"a profile has the tables [{HEAD}], [{SETTINGS}] and [{CALIBRATION}]"
        raise UserError(f"{where}: {unknown[0]!r} is unknown", remedy)
    head = _table(path, document, HEAD)
    _check_schema(path, head)
    tables = (SETTINGS, CALIBRATION)
    settings, calibration = (_values(path, text, document, name) for name in tables)
    if not {SETTINGS, CALIBRATION} & set(document):
        raise UserError(f"{path} holds no settings", f"write some in a table [{SETTINGS}]")
    lines = {key: line_of(text, (name, key)) for name in tables for key in document.get(name, {})}
    return Profile(
        name=str(path),
        pen_id=str(head.get("pen_id", "")),
        settings=settings,
        calibration=calibration,
        lines=lines,
    )


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except FileNotFoundError:
        raise UserError(f"there is no {path}", "`penloop params dump FILE` makes one") from None
    except IsADirectoryError:
        raise UserError(f"{path} is a folder", "name a profile, such as mine.toml") from None
    except UnicodeDecodeError:
        remedy = "`penloop params dump FILE` makes one; a text is saved as UTF-8"
        raise UserError(f"{path} is no profile", remedy) from None


def _table(path: Path, document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    table = document.get(name, {})
    if not isinstance(table, Mapping):
        raise UserError(f"{path}: {name} is no table", f"write its values below [{name}]")
    return table


def _check_schema(path: Path, head: Mapping[str, Any]) -> None:
    schema = head.get("schema", SCHEMA)
    if schema != SCHEMA:
        raise UserError(f"{path} has the schema {schema}, this tool reads {SCHEMA}",
                        "update penloop")  # fmt: skip


def _values(
    path: Path, text: str, document: Mapping[str, Any], table: str
) -> Mapping[str, str | int]:
    values = _table(path, document, table)
    for name, value in values.items():
        if isinstance(value, bool) or not isinstance(value, (str, int)):
            where = f"{path} line {line_of(text, (table, name))}"
            remedy = 'write a text with its unit, such as "0.75 mm"'
            raise UserError(f"{where}: {name} is neither a text nor a whole number", remedy)
    return values
