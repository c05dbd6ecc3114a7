"""The tables of docs/safety: hazards, sources and requirements, with the lines where they stand.

What a file alone can show to be wrong (a key that is missing, of another type or unknown, a number
out of its range, an id that comes twice) is a UserError with file and line.
"""

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from penloop.errors import UserError
from penloop.scenarios.toml_lines import lines_of

HAZARDS = "docs/safety/hazards.toml"
REQUIREMENTS = "docs/safety/requirements.toml"
STEPS = 5  # of severity and probability
RISKS = ("low", "medium", "high")
HAZARD_ID = re.compile(r"H-\d\d")
REQUIREMENT_ID = re.compile(r"R-\d\d\d")


@dataclass(frozen=True)
class Scales:
    """What the steps 1..5 mean, and the risk by severity and probability."""

    severity: tuple[str, ...]
    probability: tuple[str, ...]
    risk: tuple[tuple[str, ...], ...]

    def risk_of(self, severity: int, probability: int) -> str:
        """low, medium or high."""
        return self.risk[severity - 1][probability - 1]


@dataclass(frozen=True)
class Hazard:
    """A hazardous situation, its risk before and after its measures."""

    id: str
    place: str
    situation: str
    harm: str
    cause: str
    severity: int
    probability_before: int
    measures: tuple[str, ...]
    probability_after: int
    residual: str
    note: str


@dataclass(frozen=True)
class Source:
    """Where requirements come from: a clause, or a chapter of the design."""

    id: str
    place: str
    name: str
    text: str


@dataclass(frozen=True)
class Requirement:
    """What the pen shall do, where it is done, what shows it.

    code: "module" or "module:name"; scenarios: of examples/scenarios; evidence: names of parts
    fault: name of the fault of the firmware's table that it is about, or empty
    """

    id: str
    place: str
    chapter: str
    text: str
    source: tuple[str, ...]
    code: tuple[str, ...]
    scenarios: tuple[str, ...]
    evidence: tuple[str, ...]
    fault: str
    reaction_ms: int | None


@dataclass(frozen=True)
class SafetyTables:
    """All of docs/safety."""

    scales: Scales
    hazards: tuple[Hazard, ...]
    sources: tuple[Source, ...]
    requirements: tuple[Requirement, ...]

    def hazards_of(self, requirement: str) -> tuple[str, ...]:
        """The hazards that a requirement is a measure against."""
        return tuple(hazard.id for hazard in self.hazards if requirement in hazard.measures)


def load(root: Path) -> SafetyTables:
    """Reads both files below the root of the source tree."""
    hazards, requirements = _File(root, HAZARDS), _File(root, REQUIREMENTS)
    return SafetyTables(
        _scales(hazards.table("scales")),
        _unique(_hazard(row) for row in hazards.rows("hazard")),
        _unique(_source(row) for row in requirements.rows("source")),
        _unique(_requirement(row) for row in requirements.rows("requirement")),
    )


def _scales(row: "_Row") -> Scales:
    scales = Scales(row.texts("severity"), row.texts("probability"), row.grid("risk"))
    for name, words in (("severity", scales.severity), ("probability", scales.probability)):
        if len(words) != STEPS:
            row.refuse(f"{name} has {len(words)} steps", f"give {STEPS}", name)
    if any(len(line) != STEPS for line in scales.risk) or len(scales.risk) != STEPS:
        row.refuse("risk is not 5 rows of 5", "a row a severity, a column a probability", "risk")
    return scales


def _hazard(row: "_Row") -> Hazard:
    found = Hazard(
        row.id(HAZARD_ID), row.place, row.text("situation"), row.text("harm"), row.text("cause"),
        row.step("severity"), row.step("probability_before"), row.texts("measures"),
        row.step("probability_after"), row.word("residual", RISKS), row.text("note", ""),
    )  # fmt: skip
    row.end()
    return found


def _source(row: "_Row") -> Source:
    found = Source(row.text("id"), row.place, row.text("name"), row.text("text"))
    row.end()
    return found


def _requirement(row: "_Row") -> Requirement:
    found = Requirement(
        row.id(REQUIREMENT_ID), row.place, row.text("chapter"), row.text("text"),
        row.texts("source", ()), row.texts("code"), row.texts("scenarios", ()),
        row.texts("evidence", ()), row.text("fault", ""), row.whole("reaction_ms", None),
    )  # fmt: skip
    row.end()
    return found


def _unique(rows: Any) -> Any:
    found: dict[str, Any] = {}
    for row in rows:
        if row.id in found:
            raise UserError(
                f"{row.place}: {row.id} is there already, at {found[row.id].place}",
                "take the next free number",
            )
        found[row.id] = row
    return tuple(found.values())


class _File:
    """A file of the tables, read; its rows know their lines."""

    def __init__(self, root: Path, name: str) -> None:
        self.name = name
        try:
            text = (root / name).read_text()
        except OSError as error:
            raise UserError(f"{name} is not in {root}", "work in penloop's source tree") from error
        try:
            self.content = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise UserError(f"{name}: {error}", "docs/safety/README.md has the format") from error
        self.lines = lines_of(text)

    def table(self, name: str) -> "_Row":
        """A table that is there once."""
        return _Row(self, (name,), self.content.get(name, {}))

    def rows(self, name: str) -> list["_Row"]:
        """All tables of an array."""
        rows = self.content.get(name, [])
        return [_Row(self, (name, number), row) for number, row in enumerate(rows)]


class _Row:
    """A table's keys, taken one by one; what is not as it has to be is refused with its line."""

    def __init__(self, file: _File, path: tuple[str | int, ...], keys: dict[str, Any]) -> None:
        self._file = file
        self._path = path
        self._keys = dict(keys)
        self._name = str(keys.get("id", path[0]))
        self.place = f"{file.name}:{file.lines.get(path, 1)}"

    def refuse(self, what: str, remedy: str, key: str = "") -> None:
        """Raises the UserError about a key of this table."""
        line = self._file.lines.get((*self._path, key), self._file.lines.get(self._path, 1))
        raise UserError(f"{self._file.name}:{line}: {self._name}: {what}", remedy)

    def _take(self, key: str, kind: type, default: Any) -> Any:
        if key not in self._keys:
            if default is ...:
                self.refuse(f"no `{key}`", f"add {key} = ..., see docs/safety/README.md")
            return default
        value = self._keys.pop(key)
        if not isinstance(value, kind) or isinstance(value, bool):
            self.refuse(f"`{key}` is no {_KINDS[kind]}", f"write a {_KINDS[kind]}", key)
        return value

    def text(self, key: str, default: Any = ...) -> str:
        """A text that is not empty, but for the default."""
        value = self._take(key, str, default)
        if not value and default is ...:
            self.refuse(f"`{key}` is empty", "say it in words", key)
        return str(value)

    def id(self, pattern: re.Pattern[str]) -> str:
        """The id, of a pattern."""
        value = self.text("id")
        if not pattern.fullmatch(value):
            self.refuse(f"{value!r} is no id", f"write it as {pattern.pattern}", "id")
        return value

    def whole(self, key: str, default: Any = ...) -> Any:
        """A whole number, or the default."""
        return self._take(key, int, default)

    def step(self, key: str) -> int:
        """A step of a scale."""
        value = int(self.whole(key))
        if not 1 <= value <= STEPS:
            self.refuse(f"`{key}` is {value}", f"the scale goes from 1 to {STEPS}", key)
        return value

    def word(self, key: str, words: tuple[str, ...]) -> str:
        """One of some words."""
        value = self.text(key)
        if value not in words:
            self.refuse(f"`{key}` is {value!r}", f"choose {', '.join(words)}", key)
        return value

    def texts(self, key: str, default: Any = ...) -> tuple[str, ...]:
        """A list of texts."""
        values = self._take(key, list, default)
        if not all(isinstance(value, str) for value in values):
            self.refuse(f"`{key}` has what is no text", "write each in quotes", key)
        return tuple(values)

    def grid(self, key: str) -> tuple[tuple[str, ...], ...]:
        """A list of lists of risks."""
        rows = tuple(tuple(row) for row in self._take(key, list, ...))
        if any(word not in RISKS for row in rows for word in row):
            self.refuse(f"`{key}` has another word", f"choose {', '.join(RISKS)}", key)
        return rows

    def end(self) -> None:
        """Nothing is left that nobody knows."""
        for key in self._keys:
            self.refuse(
                f"unknown key `{key}`", "see docs/safety/README.md for those there are", key
            )


_KINDS = {str: "text", int: "whole number", list: "list"}
