"""The requirements as tables, a chapter each, with links to sources, code and tests."""

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from itertools import groupby
from pathlib import Path

from penloop.evidence.traceability.code_places import file_of, line_in
from penloop.evidence.traceability.links import EVIDENCE, FAULTS, SCENARIOS, Link
from penloop.evidence.traceability.tables import Requirement
from penloop.evidence.traceability.trace import Trace, Verdict

WORDS = {Verdict.VERIFIED: "verified", Verdict.FAILED: "failed", Verdict.NOT_RUN: "not run"}
HEAD = ("", "what it asks for", "from", "done by", "verified by")
BY_TABLE = {FAULTS: "provoked: {}", SCENARIOS: "scenario {}", EVIDENCE: "evidence: {}"}


@dataclass(frozen=True)
class Links:
    """Leads from the page into the source tree. up: from the page's folder to the root."""

    root: Path
    up: str

    def to(self, path: str, line: int = 1) -> str:
        """The address of a line of a file."""
        return escape(f"{self.up}/{path}#L{line}")

    def code(self, place: str) -> str:
        """A place of the code, as a link to its line."""
        path, line = file_of(self.root, place), line_in(self.root, place)
        told = escape(place).replace(".", ".<wbr>").replace(":", ":<wbr>")
        told = f"<code>{told}</code>"
        if path is None or line is None:
            return told
        address = self.to(path.relative_to(self.root).as_posix(), line)
        return f'<a href="{address}">{told}</a>'


def chapters(trace: Trace, links: Links) -> str:
    """All of them, in the order of the file."""
    found = groupby(trace.tables.requirements, key=lambda one: one.chapter)
    return "".join(_chapter(name, list(rows), trace, links) for name, rows in found)


def _chapter(name: str, rows: list[Requirement], trace: Trace, links: Links) -> str:
    titles = "".join(f"<th>{title}</th>" for title in HEAD)
    content = "".join(_row(one, trace, links) for one in rows)
    return (
        f'<h3>{escape(name)}</h3><table class="requirements"><thead><tr>{titles}</tr></thead>'
        f"<tbody>{content}</tbody></table>"
    )


def _row(one: Requirement, trace: Trace, links: Links) -> str:
    fault = f'<div class="note">fault: {escape(one.fault)}</div>' if one.fault else ""
    return (
        f'<tr id="{one.id}"><td class="id">{one.id}</td><td>{escape(one.text)}{fault}</td>'
        f'<td class="ids">{_from(one, trace)}</td>'
        f"<td>{'<br>'.join(map(links.code, one.code))}</td>"
        f"<td>{_verified_by(one, trace, links)}</td></tr>"
    )


def _from(one: Requirement, trace: Trace) -> str:
    hazards = [f'<a href="#{name}">{name}</a>' for name in trace.tables.hazards_of(one.id)]
    names = {source.id: source.name for source in trace.tables.sources}
    clauses = [escape(names.get(name, name)) for name in one.source]
    return "<br>".join([" ".join(hazards), *clauses] if hazards else clauses)


def _verified_by(one: Requirement, trace: Trace, links: Links) -> str:
    verdict, tests = trace.verdicts[one.id], trace.links[one.id]
    word = "no result" if trace.last is None else WORDS[verdict]
    chip = f'<span class="chip {_class(verdict)}">{word}</span>'
    count = f"{len(tests)} test{'' if len(tests) == 1 else 's'}"
    rows = "".join(_tests(one, trace, links))
    return f"<details><summary>{chip} {count}</summary><ul>{rows}</ul></details>"


def _class(verdict: Verdict) -> str:
    return WORDS[verdict].partition(" ")[0]


def _tests(one: Requirement, trace: Trace, links: Links) -> Iterator[str]:
    places = {test.node: test for test in trace.tests}
    for link in trace.links[one.id]:
        path, _, name = link.node.partition("::")
        line = places[link.node].line if link.node in places else 1
        told = BY_TABLE.get(link.node, "").format(link.parameter) or sentence(name)
        address = _address(link, path, line, links)
        yield (
            f'<li class="{_class(trace.verdict(link))}"><a href="{address}">{escape(told)}</a>'
            f" <span>{escape(Path(path).name)}{_runs(link, trace)}</span></li>"
        )


def _address(link: Link, path: str, line: int, links: Links) -> str:
    if link.node == SCENARIOS:
        return links.to(f"examples/scenarios/{link.parameter}.pen.toml")
    if link.node == EVIDENCE:
        return f"{link.parameter}.html"
    return links.to(path, line)


def _runs(link: Link, trace: Trace) -> str:
    """How many cases a test has, where it has several."""
    count = len(trace.last.of(link)) if trace.last else 0
    return f", {count} cases" if count > 1 else ""


def sentence(name: str) -> str:
    """What a test's name says."""
    return name.removeprefix("test_").replace("_s_", "'s ").replace("_", " ")
