"""Scenario files: TOML, checked against the schema, read into values in SI units.

Every mistake is told with the file, the line, what is there and what to write.
"""

from collections.abc import Mapping
from dataclasses import fields, replace
from functools import partial
from pathlib import Path
from typing import Any

from penfw import settings as settings_table
from penhost import BadValue
from penhost.units import parse, show
from penloop import whole
from penloop.errors import UserError
from penloop.scenarios import documents
from penloop.scenarios.documents import Document, Keys, Mistake
from penloop.scenarios.expectation import Condition, Expectation
from penloop.scenarios.expectation_reader import read, read_condition
from penloop.scenarios.measure import Measure, read_measure
from penloop.scenarios.scenario import SUFFIX, LinkAct, PartFault, Scenario
from pensim.electronics import Wiring
from pensim.errors import ScenarioError
from pensim.hazards import HAZARDS
from pensim.operator_script import Step, steps_of
from pensim.pen_file import SUFFIX as PEN_SUFFIX
from pensim.pen_file import PenPreset, find_pen
from pensim.pen_url import wiring_of
from pensim.plant.parameters import PenParameters, Skin
from pensim.plant.presets import CARTRIDGES, SKINS

SCHEMA = "scenario.schema.json"
# Parts of the plant that a step replaces by a preset, and where their parameters are changed.
PUT_ON = {
    "skin": 'add a table [skin.cheek] with like = "cheek" and the parameter',
    "cartridge": "choose its kind in the step insert_cartridge",
}


def document_of(path: Path) -> Document:
    """A scenario file as `tomllib` reads it, checked whole. Raises UserError."""
    text = documents.text_of(path, "a scenario file")

    def check(document: Document) -> Document:
        found = _beside(path, document)
        as_written(found, path.name)
        return found

    return documents.read(text, str(path), check)


def load(path: Path) -> Scenario:
    """Reads a scenario file. Raises UserError with file, line and remedy."""
    text = documents.text_of(path, "a scenario file or a folder")
    name = path.name.removesuffix(SUFFIX)

    def make(document: Document) -> Scenario:
        return as_written(_beside(path, document), name)

    return replace(documents.read(text, str(path), make), path=path)


def _beside(path: Path, document: Document) -> Document:
    """The document with its pen's file, if it names one, found from the scenario's folder."""
    pen = document.get("pen")
    preset = pen.get("preset") if isinstance(pen, dict) else None
    if not isinstance(preset, str) or not preset.endswith(PEN_SUFFIX):
        return document
    found = str(path.resolve().parent / preset)
    return {**document, "pen": {**document["pen"], "preset": found}}


def loads(text: str, name: str = "scenario", where: str = "scenario") -> Scenario:
    """Reads a scenario from its text. Raises UserError."""
    return documents.read(text, where, partial(as_written, name=name))


def scenario_of(
    document: Document, name: str, where: str = "scenario", checked: bool = False
) -> Scenario:
    """The scenario of a document, as `tomllib` reads it. Raises UserError naming the place.

    checked: it is known to follow the schema
    """
    make = _scenario if checked else _checked
    return documents.made(document, where, partial(make, name=name))


def _checked(document: Document, name: str) -> Scenario:
    documents.check(document, SCHEMA)
    return _scenario(document, name)


def as_written(document: Document, name: str) -> Scenario:
    """The scenario of a document that a person has written: all that is to happen happens in the
    run. Raises Mistake."""
    scenario = _checked(document, name)
    _check_times(scenario, document)
    return scenario


def _check_times(scenario: Scenario, document: Document) -> None:
    times_us: list[tuple[str, list[float | None]]] = [
        ("step", [step.time_s * 1e6 for step in scenario.steps]),
        ("fault", [fault.at_us for fault in scenario.faults]),
        ("link", [act.at_us for act in scenario.link]),
    ]
    for kind, moments in times_us:
        for number, time_us in enumerate(moments):
            if time_us is not None and not 0 <= time_us < scenario.duration_us:
                key = next(key for key in ("at", "after") if key in document[kind][number])
                what = (
                    f"a {kind} at {time_us / 1e6:g} s of a run of {scenario.duration_us / 1e6:g} s"
                )
                raise Mistake(
                    (kind, number, key), what, "give an earlier time, or a longer duration"
                )


def schema() -> Document:
    """The JSON Schema of scenario files."""
    return documents.schema(SCHEMA)


def _scenario(document: Document, name: str) -> Scenario:
    pen = document.get("pen", {})
    preset = _preset(pen)
    skins = {**preset.skins, **_skins(document.get("skin", {}), preset)}
    return Scenario(
        name=name,
        about=document["about"],
        duration_us=parse(document["duration"], "us"),
        seed=document.get("seed", 0),
        expectations=tuple(_expectations(document["expect"])),
        measures=tuple(_measures(document.get("measure", {}))),
        parameters=_parameters(pen, preset.parameters),
        settings=_settings(pen.get("settings", {}), ("pen", "settings")),
        calibrated=pen.get("calibrated", True),
        start_depth_um=float(parse(pen.get("start_depth", "0.3 mm"), "um")),
        crank_deg=parse(pen.get("crank", "0 deg"), "mdeg") / 1000,
        wiring=_wiring(pen),
        skins=skins,
        steps=_steps(document.get("step", []), {**SKINS, **skins}),
        faults=tuple(_faults(document.get("fault", []))),
        link=tuple(_link(document.get("link", []))),
    )


def _expectations(texts: list[str]) -> list[Expectation]:
    found = []
    for number, text in enumerate(texts):
        try:
            found.append(read(text))
        except UserError as error:
            raise _mistake(("expect", number), error) from None
    return found


def _measures(table: dict[str, str]) -> list[Measure]:
    found = []
    for name, text in table.items():
        try:
            found.append(read_measure(name, text))
        except UserError as error:
            raise _mistake(("measure", name), error) from None
    return found


def _mistake(keys: Keys, error: Exception) -> Mistake:
    what, _, remedy = str(error).rpartition(": ")
    return Mistake(keys, what or str(error), remedy)


def _preset(pen: dict[str, Any]) -> PenPreset:
    try:
        return find_pen(pen.get("preset", "reference"))
    except ScenarioError as error:
        raise _mistake(("pen", "preset"), error) from None


def _parameters(pen: dict[str, Any], found: PenParameters) -> PenParameters:
    for name, value in pen.get("parameters", {}).items():
        try:
            found = with_parameter(found, name, value)
        except (UserError, ValueError) as error:
            raise _mistake(("pen", "parameters", name), error) from None
    return found


def with_parameter(pen: PenParameters, name: str, value: float) -> PenParameters:
    """The pen with one parameter changed, such as "motor.resistance_ohm". Raises UserError."""
    part, _, item = name.partition(".")
    parts = {entry.name for entry in fields(pen)} - set(PUT_ON)
    if part in PUT_ON:
        raise UserError(
            f"a step puts the {part} on, so {name!r} would have no effect", PUT_ON[part]
        )
    if part not in parts:
        raise UserError(f"the plant has no part {part!r}", f"use {', '.join(sorted(parts))}")
    before = getattr(pen, part)
    known = {entry.name for entry in fields(before)}
    if item not in known:
        raise UserError(f"{part} has no parameter {item!r}", f"use {', '.join(sorted(known))}")
    changed = {part: replace(before, **{item: value})}
    return replace(pen, **changed)


def _settings(wanted: dict[str, Any], keys: Keys) -> dict[str, int]:
    units = {row[0]: row[2] for row in settings_table.SETTINGS}
    found = {}
    for name, value in wanted.items():
        if name not in units:
            raise Mistake((*keys, name), f"no setting {name!r}", f"use {', '.join(units)}")
        try:
            found[name] = value if isinstance(value, int) else whole.number(value, units[name])
        except BadValue as error:
            raise Mistake((*keys, name), error.message, error.remedy) from None
        _check_bounds(name, found[name], keys)
    return found


def _check_bounds(name: str, value: int, keys: Keys) -> None:
    """No pen has saved a setting that it would have refused."""
    row = next(row for row in settings_table.SETTINGS if row[0] == name)
    unit, low, high = row[2], row[4], row[5]
    if not low <= value <= high:
        what = f"{name} = {show(value, unit)} is no value that a pen takes"
        raise Mistake((*keys, name), what, f"give {show(low, unit)} to {show(high, unit)}")


def _wiring(pen: dict[str, Any]) -> Wiring:
    try:
        return wiring_of(pen.get("wiring", ""))
    except ScenarioError as error:
        raise _mistake(("pen", "wiring"), error) from None


def _skins(tables: dict[str, dict[str, Any]], preset: PenPreset) -> dict[str, Skin]:
    zones = {**SKINS, **preset.skins}
    found = {}
    for zone, table in tables.items():
        changes = dict(table)
        like = changes.pop("like", "reference")
        if like not in zones:
            keys: Keys = ("skin", zone, "like")
            raise Mistake(keys, f"no skin zone {like!r}", f"choose {', '.join(zones)}")
        found[zone] = _skin(zone, zones[like], changes)
    return found


def _skin(zone: str, like: Skin, changes: dict[str, float]) -> Skin:
    known = {entry.name for entry in fields(Skin)}
    for name in changes:
        if name not in known:
            what = f"skin has no parameter {name!r}"
            raise Mistake(("skin", zone, name), what, f"use {', '.join(sorted(known))}")
    try:
        return replace(like, **changes)
    except ValueError as error:
        raise _mistake(("skin", zone, next(iter(changes))), error) from None


def _steps(tables: list[dict[str, Any]], zones: Mapping[str, Skin]) -> tuple[Step, ...]:
    for number in range(len(tables)):
        try:
            steps_of(tables[: number + 1], "step")
        except ScenarioError as error:
            raise _mistake(("step", number), error) from None
    steps = tuple(steps_of(tables, "step"))
    for number, step in enumerate(steps):
        _check_choice(step, ("step", number, "zone"), zones)
        _check_choice(step, ("step", number, "kind"), CARTRIDGES)
    return steps


def _check_choice(step: Step, keys: Keys, known: Mapping[str, Any]) -> None:
    name = keys[-1]
    chosen = step.arguments.get(str(name))
    if chosen is not None and chosen not in known:
        raise Mistake(keys, f"no {name} {chosen!r}", f"choose {', '.join(known)}")


def _faults(tables: list[dict[str, Any]]) -> list[PartFault]:
    found = []
    for number, table in enumerate(tables):
        part = table["part"].replace(" ", "_")
        if part not in HAZARDS:
            keys: Keys = ("fault", number, "part")
            raise Mistake(keys, f"no part fails as {table['part']!r}",
                           f"choose {', '.join(HAZARDS)}")  # fmt: skip
        found.append(PartFault(part, _us(table, "at"), _when(table, number), _us(table, "for")))
    return found


def _when(table: dict[str, Any], number: int) -> Condition | None:
    if "when" not in table:
        return None
    try:
        return read_condition(table["when"])
    except UserError as error:
        raise _mistake(("fault", number, "when"), error) from None


def _us(table: dict[str, Any], key: str) -> int | None:
    return parse(table[key], "us") if key in table else None


def _link(tables: list[dict[str, Any]]) -> list[LinkAct]:
    return [
        LinkAct(
            at_us=parse(table["at"], "us"),
            changes=table.get("set", {}),
            command=table.get("command", ""),
            argument=table.get("argument", 0),
            presence_us=_us(table, "presence") or 0,
            refused=table.get("refused", False),
        )
        for table in tables
    ]
