"""The page of the part: hazards with their risks, requirements with their tests, coverage."""

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from pathlib import Path

from penfw import faults
from penloop.evidence import stamp
from penloop.evidence.traceability.checks import Problem
from penloop.evidence.traceability.code_places import PACKAGES, file_of
from penloop.evidence.traceability.matrix import matrices
from penloop.evidence.traceability.requirement_rows import Links, chapters
from penloop.evidence.traceability.tables import Hazard, SafetyTables
from penloop.evidence.traceability.trace import Trace, Verdict

RISKY = ("medium", "high")


def body(trace: Trace, found: Sequence[Problem], root: Path, out: Path) -> str:
    """The sections; `out` is the page's folder, from which links lead into the source tree."""
    links = Links(root, os.path.relpath(root, out))
    tables = trace.tables
    parts = [
        f"<section>{_lead(trace)}{_tiles(trace)}{_last_run(trace)}{_problems(found)}</section>",
        _section("Risk before and after", _RISK, f'<div class="figure">{matrices(tables)}</div>'),
        _section("Hazards", _HAZARDS, _hazards(tables)),
        _section("Requirements", _REQUIREMENTS, chapters(trace, links)),
        _section("From the clauses to requirements", _SOURCES, _sources(tables)),
        _section("From the firmware's faults to requirements", _FAULTS, _faults(tables)),
        _section("What nothing leads to", _UNCOVERED, _uncovered(trace, root)),
        _section("The scales", _SCALES, _scales(tables)),
    ]
    return f'<style>{_CSS}</style><div class="trace">{"".join(parts)}</div>'


def _section(title: str, text: str, content: str) -> str:
    return f"<section><h2>{title}</h2><p>{text}</p>{content}</section>"


def _lead(trace: Trace) -> str:
    return (
        '<p class="lead">Every hazard is held down by requirements, every requirement stands in '
        "code and is shown by tests. The tables are plain text beside the code, docs/safety; a "
        "requirement without a passing test fails the build.</p>"
    )


def _tiles(trace: Trace) -> str:
    tables = trace.tables
    high = sum(_before(one, tables) == "high" for one in tables.hazards)
    left = sum(one.residual in RISKY for one in tables.hazards)
    named = len(trace.tests) - len(trace.unlinked)
    return (
        '<div class="tiles">'
        + _tile("hazards", len(tables.hazards), f"{high} of high risk before measures")
        + _tile("residual risk", left, "hazards above low after measures")
        + _tile("requirements", len(tables.requirements), _verified(trace))
        + _tile("tests", named, f"of {len(trace.tests):,} test functions verify requirements")
        + "</div>"
    )


def _verified(trace: Trace) -> str:
    if trace.last is None:
        return "no result of their tests"
    count = sum(one is Verdict.VERIFIED for one in trace.verdicts.values())
    return f"{count} verified by the last whole run"


def _tile(name: str, value: int, text: str) -> str:
    return f'<div class="tile"><span class="name">{name}</span><b>{value:,}</b>{_span(text)}</div>'


def _span(text: str) -> str:
    return f"<span>{escape(text)}</span>"


def _last_run(trace: Trace) -> str:
    """What the outcomes are of; red where they are of other sources or missing."""
    if trace.last is None:
        return _banner(True, "There is no result of a whole run of the tests: run make test.")
    age = _age(trace.last.age_s(trace.now))
    counts = Counter(one.outcome for one in trace.last.tests)
    told = ", ".join(f"{count:,} {name}" for name, count in sorted(counts.items()))
    run = f"Last whole run of the tests: {age} ago ({trace.last.finished}), {told}; sources "
    run += f"<code>{stamp.short(trace.last.source_sha256)}</code>"
    if trace.stale:
        run += f", now <code>{stamp.short(trace.digest)}</code>: STALE, run make test."
    return _banner(trace.stale or bool(counts["failed"]), run)


def _banner(bad: bool, html: str) -> str:
    return f'<p class="run {"bad" if bad else "good"}">{html}</p>'


def _age(seconds: float) -> str:
    for unit, name in ((86400, "days"), (3600, "hours"), (60, "minutes")):
        if seconds >= 2 * unit:
            return f"{seconds / unit:.0f} {name}"
    return f"{seconds:.0f} seconds"


def _problems(found: Sequence[Problem]) -> str:
    if not found:
        return ""
    rows = "".join(f"<li>{escape(str(problem))}</li>" for problem in found)
    return f'<ul class="run bad">{rows}</ul>'


# Hazards


def _before(hazard: Hazard, tables: SafetyTables) -> str:
    return tables.scales.risk_of(hazard.severity, hazard.probability_before)


def _hazards(tables: SafetyTables) -> str:
    head = ("", "situation and harm", "cause", "severity", "before", "after", "measures")
    return _table(head, (_hazard(one, tables) for one in tables.hazards), "hazards")


def _hazard(hazard: Hazard, tables: SafetyTables) -> str:
    note = f'<div class="note">{escape(hazard.note)}</div>' if hazard.note else ""
    measures = " ".join(f'<a href="#{name}">{name}</a>' for name in hazard.measures)
    return (
        f'<tr id="{hazard.id}"><td class="id">{hazard.id}</td>'
        f"<td><b>{escape(hazard.situation)}.</b><br>{escape(hazard.harm)}.{note}</td>"
        f"<td>{escape(hazard.cause)}</td>"
        f'<td class="number">{hazard.severity}</td>'
        f"<td>{_risk(hazard.probability_before, _before(hazard, tables))}</td>"
        f"<td>{_risk(hazard.probability_after, hazard.residual)}</td>"
        f'<td class="ids">{measures}</td></tr>'
    )


def _risk(probability: int, risk: str) -> str:
    return f'<span class="chip {risk}">{probability} &middot; {risk}</span>'


# Coverage


def _sources(tables: SafetyTables) -> str:
    head = ("source", "what it asks for", "requirements")
    rows = (
        f"<tr><td><b>{escape(one.name)}</b></td><td>{escape(one.text)}</td>"
        f'<td class="ids">{_those(_asked_by(one.id, tables))}</td></tr>'
        for one in tables.sources
    )
    return _table(head, rows, "sources")


def _asked_by(source: str, tables: SafetyTables) -> list[str]:
    return [one.id for one in tables.requirements if source in one.source]


def _faults(tables: SafetyTables) -> str:
    head = ("", "fault", "class", "reaction", "cause that the pen tells", "requirement")
    asked = {one.fault: one.id for one in tables.requirements if one.fault}
    return _table(head, (_fault(row, asked) for row in sorted(faults.FAULTS)), "faults")


def _fault(row: Sequence[object], asked: dict[str, str]) -> str:
    number, name, kind, reaction_ms, cause, _remedy = row
    requirement = _those([asked[str(name)]]) if name in asked else "none"
    return (
        f'<tr><td class="number">{number}</td><td><b>{escape(str(name))}</b></td>'
        f"<td>{'CUT' if kind == faults.CUT else 'PARK'}</td>"
        f'<td class="number">{reaction_ms:,} ms</td><td>{escape(str(cause))}</td>'
        f'<td class="ids">{requirement}</td></tr>'
    )


def _uncovered(trace: Trace, root: Path) -> str:
    folders = Counter(one.file.rpartition("/")[0] for one in trace.tests)
    bare = Counter(one.file.rpartition("/")[0] for one in trace.unlinked)
    head = ("tests in", "test functions", "without a requirement")
    rows = (
        f'<tr><td>{escape(name)}</td><td class="number">{count}</td>'
        f'<td class="number">{bare[name]}</td></tr>'
        for name, count in sorted(folders.items())
    )
    modules = ", ".join(f"<code>{escape(name)}</code>" for name in unnamed_modules(trace, root))
    told = f"Modules of the firmware that no requirement names: {modules or 'none'}."
    return f'{_table(head, rows, "bare")}<p class="after">{told}</p>'


def unnamed_modules(trace: Trace, root: Path) -> list[str]:
    """Modules of the firmware that no requirement names as its code."""
    named = {file_of(root, place) for one in trace.tables.requirements for place in one.code}
    paths = sorted((root / PACKAGES["penfw"] / "penfw").glob("*.py"))
    return [path.stem for path in paths if path not in named and path.stem != "__init__"]


def _scales(tables: SafetyTables) -> str:
    scales = tables.scales
    head = ("", "severity", "probability")
    rows = (
        f'<tr><td class="number">{step}</td><td>{escape(harm)}</td><td>{escape(often)}</td></tr>'
        for step, (harm, often) in enumerate(zip(scales.severity, scales.probability), 1)
    )
    return _table(head, rows, "scales")


def _those(names: Iterable[str]) -> str:
    return " ".join(f'<a href="#{name}">{name}</a>' for name in names)


def _table(head: Sequence[str], rows: Iterator[str], name: str) -> str:
    titles = "".join(f"<th>{title}</th>" for title in head)
    return (
        f'<table class="{name}"><thead><tr>{titles}</tr></thead><tbody>{"".join(rows)}</tbody>'
        "</table>"
    )


_RISK = (
    "Each hazard stands where its severity and its probability meet; measures of the software "
    "make a situation less probable, seldom less severe. Each leads to its row."
)
_HAZARDS = (
    "In the style of ISO 14971. Before and after: the step of probability, and the risk that "
    "follows with the severity. The figures are an engineering proposal; who makes a pen judges "
    "them in its own risk management file."
)
_REQUIREMENTS = (
    "From: hazards that it is a measure against, clauses and chapters of the design. Verified by: "
    "a test that names it; open the line to see each with its last outcome."
)
_SOURCES = "Standards are paraphrased. Clauses on hardware, sterility and labelling are not here."
_FAULTS = "The rows are the firmware's own table; a test holds that each has its requirement."
_UNCOVERED = (
    "The other way round, counted and not failed: tests of the simulator, the host tools and the "
    "house's rules need no requirement of the pen."
)
_SCALES = "What the steps mean, as docs/safety/hazards.toml says."

_CSS = """
.trace table { font-size: 13.5px; table-layout: fixed; }
.trace td { padding-right: 16px; overflow-wrap: break-word; hyphens: auto; }
.trace tbody tr:target { background: #fff7da; }
.trace a { color: var(--accent); text-decoration: none; }
.trace a:hover { text-decoration: underline; }
.trace .id { font-weight: 650; font-variant-numeric: tabular-nums; white-space: nowrap; }
.trace .ids { font-size: 12.5px; font-variant-numeric: tabular-nums; }
.trace .ids a { display: inline-block; margin-right: 5px; }
.trace .number { font-variant-numeric: tabular-nums; }
.trace .note { margin-top: 4px; color: var(--muted); font-size: 12.5px; }
.trace h3 { margin: 30px 0 0; font-size: 17px; }
.trace .chip { display: inline-block; padding: 0 8px; border-radius: 999px; font-size: 12.5px;
  white-space: nowrap; }
.trace .chip.low, .trace .chip.verified { background: #dcefe3; color: #14532d; }
.trace .chip.medium, .trace .chip.not { background: #fbecc4; color: #6b4a00; }
.trace .chip.high, .trace .chip.failed { background: #f6cfcf; color: #8a1220; }
.trace .run { max-width: none; margin: 18px 0 0; padding: 10px 16px; font-size: 14.5px;
  border-radius: 0 8px 8px 0; border-left: 4px solid #2e9e5b; background: #eff8f2; }
.trace .run.bad { border-color: #c81e2b; background: #fdf0f0; color: #a01622; }
.trace ul.run { padding-left: 34px; }
.trace .hazards th:nth-child(1) { width: 52px; }
.trace .hazards th:nth-child(2) { width: 31%; } .trace .hazards th:nth-child(3) { width: 21%; }
.trace .hazards th:nth-child(4) { width: 76px; }
.trace .hazards th:nth-child(5), .trace .hazards th:nth-child(6) { width: 104px; }
.trace .requirements th:nth-child(1) { width: 62px; }
.trace .requirements th:nth-child(2) { width: 37%; }
.trace .requirements th:nth-child(3) { width: 15%; }
.trace .requirements th:nth-child(4) { width: 19%; }
.trace .requirements code { font-size: 11.5px; }
.trace .sources th:nth-child(1) { width: 23%; } .trace .sources th:nth-child(2) { width: 45%; }
.trace .faults th:nth-child(1) { width: 44px; } .trace .faults th:nth-child(2) { width: 24%; }
.trace .faults th:nth-child(3) { width: 70px; } .trace .faults th:nth-child(4) { width: 96px; }
.trace .faults th:nth-child(6) { width: 110px; }
.trace .after { margin-top: 16px; }
.trace .scales th:nth-child(1) { width: 44px; }
.trace details summary { cursor: pointer; }
.trace details ul { margin: 6px 0 2px; padding-left: 16px; font-size: 12.5px; line-height: 1.4; }
.trace details li { margin-bottom: 3px; }
.trace li.failed::marker { content: "\\2717  "; color: #c81e2b; }
.trace li.verified::marker { content: "\\2713  "; color: #2e9e5b; }
.trace li.not::marker { content: "\\25CB  "; color: #8b96a5; }
.trace li span { color: var(--muted); }
@media print { .trace details > ul { display: block; } }
"""
