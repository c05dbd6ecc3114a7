"""What is missing between hazards, requirements, code, faults and tests."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from penfw import faults
from penloop.evidence.traceability.code_places import file_of, line_in
from penloop.evidence.traceability.links import links_of
from penloop.evidence.traceability.suite import TestFunction
from penloop.evidence.traceability.tables import (
    REQUIREMENT_ID,
    REQUIREMENTS,
    Hazard,
    Requirement,
    SafetyTables,
)

SCENARIO_FOLDER = "examples/scenarios"
EVIDENCE_FOLDER = "host_tools/penloop/evidence"


@dataclass(frozen=True)
class Problem:
    """Something that is missing. kind: hazard, requirement, fault or test."""

    kind: str
    place: str
    text: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.place}: {self.text}: {self.remedy}"


def problems(
    root: Path, tables: SafetyTables, tests: Sequence[TestFunction], parts: Sequence[str]
) -> list[Problem]:
    """All of them; `parts` are the names of the parts of the evidence."""
    known = {requirement.id for requirement in tables.requirements}
    nodes = {test.node for test in tests}
    found = [problem for hazard in tables.hazards for problem in _hazard(hazard, tables, known)]
    for requirement in tables.requirements:
        found += _requirement(requirement, root, tables, parts)
        if not any(link.node in nodes for link in links_of(requirement, tests)):
            found.append(_untested(requirement))
    return [*found, *_sources(tables), *_faults(tables), *_unknown(root, tests, known)]


def _hazard(hazard: Hazard, tables: SafetyTables, known: set[str]) -> Iterator[Problem]:
    def wrong(text: str, remedy: str) -> Problem:
        return Problem("hazard", hazard.place, f"{hazard.id} {text}", remedy)

    if not hazard.measures:
        yield wrong("has no measure", "name the requirements that hold it down in `measures`")
    for name in hazard.measures:
        if name not in known:
            yield wrong(f"names {name}, which is no requirement", f"add it to {REQUIREMENTS}")
    for name, count in Counter(hazard.measures).items():
        if count > 1:
            yield wrong(f"names {name} {count} times", "name it once")
    if hazard.probability_after > hazard.probability_before:
        yield wrong("is more probable after its measures", "judge it anew")
    risk = tables.scales.risk_of(hazard.severity, hazard.probability_after)
    if hazard.residual != risk:
        yield wrong(f"has residual {hazard.residual}, the scale says {risk}", "judge it anew")
    if risk == "high" or (risk == "medium" and not hazard.note):
        yield wrong(f"stays {risk}", "add a measure, or say in `note` why a medium risk may stay")


def _requirement(
    one: Requirement, root: Path, tables: SafetyTables, parts: Sequence[str]
) -> Iterator[Problem]:
    def wrong(text: str, remedy: str) -> Problem:
        return Problem("requirement", one.place, f"{one.id} {text}", remedy)

    if "shall" not in one.text.split():
        yield wrong("does not say what shall be", 'write "The pen shall ..."')
    if not one.source and not tables.hazards_of(one.id):
        yield wrong("has no source", "name one, or a hazard that it is a measure against")
    for name in set(one.source) - {source.id for source in tables.sources}:
        yield wrong(f"names source {name}, which is none", "add a [[source]] or correct it")
    if not one.code:
        yield wrong("names no code", 'say where it is done, as "penfw.control:Control.tick"')
    for place in one.code:
        if line_in(root, place) is None:
            yield wrong(f"names code {place}, which is not there", _where(root, place))
    for name in one.scenarios:
        if not (root / SCENARIO_FOLDER / f"{name}.pen.toml").is_file():
            yield wrong(f"names scenario {name}, which is not there", f"see {SCENARIO_FOLDER}")
    for name in set(one.evidence) - set(parts):
        yield wrong(f"names evidence {name}, which is no part", f"choose {', '.join(parts)}")


def _where(root: Path, place: str) -> str:
    path = file_of(root, place)
    return f"look into {path.relative_to(root)}" if path else "correct the module's name"


def _untested(one: Requirement) -> Problem:
    remedy = f'put @pytest.mark.verifies("{one.id}") on the test that shows it, or write that test'
    return Problem("requirement", one.place, f"{one.id} has no test", remedy)


def _sources(tables: SafetyTables) -> Iterator[Problem]:
    used = {name for requirement in tables.requirements for name in requirement.source}
    for source in tables.sources:
        if source.id not in used:
            text = f"source {source.id} asks for nothing"
            yield Problem("requirement", source.place, text, "name it in a requirement, or drop it")


def _faults(tables: SafetyTables) -> Iterator[Problem]:
    """The firmware's own table against the requirements of faults, both ways."""
    rows = {row[1]: row for row in faults.FAULTS}
    asked = {one.fault: one for one in tables.requirements if one.fault}
    for name in set(rows) - set(asked):
        text = f"no requirement is about the fault {name!r}, number {rows[name][0]}"
        yield Problem("fault", REQUIREMENTS, text, f'add one with fault = "{name}"')
    for name, one in asked.items():
        if name not in rows:
            text = f"{one.id} is about {name!r}, which is no fault"
            yield Problem("fault", one.place, text, "see firmware/penfw/fault_table.py")
        elif one.reaction_ms != rows[name][3] or f"{rows[name][3]:,} ms" not in one.text:
            text = f"{one.id} does not say the reaction time of {name!r}, {rows[name][3]:,} ms"
            yield Problem("fault", one.place, text, "set reaction_ms, and say it in the text")


def _unknown(root: Path, tests: Sequence[TestFunction], known: set[str]) -> Iterator[Problem]:
    """Requirements that tests and claims name and that are none."""
    for test in tests:
        for name in set(test.requirements) - known:
            text = f"{test.node.partition('::')[2]} verifies {name}, which is no requirement"
            yield Problem("test", test.place, text, f"correct it, or add it to {REQUIREMENTS}")
    for path in sorted((root / EVIDENCE_FOLDER).rglob("*.py")):
        for name in set(re.findall(REQUIREMENT_ID.pattern, path.read_text())) - known:
            text = f"a claim names {name}, which is no requirement"
            place = path.relative_to(root).as_posix()
            yield Problem("test", place, text, f"correct it, or add it to {REQUIREMENTS}")
