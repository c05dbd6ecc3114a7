"""The part `traceability` of the evidence: its claims, its page, the same for scripts."""

from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from penfw import faults
from penloop.evidence import stamp
from penloop.evidence.section import Claim, Effort, Part, Section
from penloop.evidence.traceability import outcomes
from penloop.evidence.traceability.checks import Problem, problems
from penloop.evidence.traceability.page import body
from penloop.evidence.traceability.suite import suite
from penloop.evidence.traceability.tables import REQUIREMENTS, load
from penloop.evidence.traceability.trace import Trace, Verdict

ROOT = Path(__file__).parents[4]  # of the source tree
RERUN = "run the whole suite with make test"


def make(effort: Effort) -> Section:
    """The tables against code and tests; but for the short form, also against the last run."""
    effort.progress(0.1, "tables and tests")
    if not (ROOT / REQUIREMENTS).is_file():
        return Section((_elsewhere(),))
    trace = trace_of(ROOT)
    found = problems(ROOT, trace.tables, trace.tests, part_names())
    claims = list(_static_claims(trace, found))
    if not effort.short:
        claims.append(_verified(trace))
    out = effort.folder.parent
    return Section(tuple(claims), body(trace, found, ROOT, out), _data(trace, found))


def _elsewhere() -> Claim:
    """An installed penloop has neither the tables nor the tests."""
    text = "Each hazard leads to requirements, to code and to tests."
    return Claim(
        text, False, f"{REQUIREMENTS} is not here: run it in penloop's source tree", "R-812"
    )


def trace_of(root: Path) -> Trace:
    """All that is known of a source tree and its last whole run."""
    last = outcomes.read(root / outcomes.VERIFICATION)
    digest = outcomes.source_sha256(root)
    return Trace(load(root), suite(root), last, digest, datetime.now(UTC))


def part_names() -> list[str]:
    """Names of the parts of the evidence."""
    from penloop.evidence.parts import PARTS  # which holds this part, too

    return [part.name for part in PARTS]


def _static_claims(trace: Trace, found: list[Problem]) -> Iterator[Claim]:
    tables = trace.tables
    yield _claim(
        "Each hazard has measures, each of them a requirement, and a residual risk that is "
        "acceptable by the scale.",
        "hazard", found,
        f"{len(tables.hazards)} hazards, {sum(len(one.measures) for one in tables.hazards)} "
        "measures",
    )  # fmt: skip
    links = sum(len(trace.links[one.id]) for one in tables.requirements)
    yield _claim(
        "Each requirement has a source or a hazard, code that exists, and a test that verifies it.",
        "requirement", found,
        f"{len(tables.requirements)} requirements, {links} links to tests",
    )  # fmt: skip
    yield _claim(
        "Each fault of the firmware's own table has a requirement, with the reaction time of "
        "that table.",
        "fault", found, f"{len(faults.FAULTS)} faults in the table",
    )  # fmt: skip
    named = sum(bool(test.requirements) for test in trace.tests)
    yield _claim(
        "No test and no claim names a requirement that is none.", "test", found,
        f"{len(trace.tests)} test functions, {named} name requirements",
    )  # fmt: skip


def _claim(text: str, kind: str, found: list[Problem], shown_by: str) -> Claim:
    wrong = [str(problem) for problem in found if problem.kind == kind]
    told = "; ".join([shown_by, *wrong])
    return Claim(text, not wrong, told, "R-812")


def _verified(trace: Trace) -> Claim:
    text = (
        "Each requirement has tests that all passed when the whole suite was last run, on these "
        "very sources."
    )
    if trace.last is None:
        return Claim(text, False, f"no result of a whole run is there: {RERUN}", "R-812")
    missing = [name for name, verdict in trace.verdicts.items() if verdict is not Verdict.VERIFIED]
    told = f"{len(trace.last.tests):,} tests, finished {trace.last.finished}"
    if trace.stale:
        told += f", on other sources ({stamp.short(trace.last.source_sha256)}): {RERUN}"
    if missing:
        told += f"; not verified: {', '.join(missing)}"
    return Claim(text, not (trace.stale or missing), told, "R-812")


def _data(trace: Trace, found: list[Problem]) -> dict[str, Any]:
    tables = trace.tables
    return {
        "source_sha256": trace.digest,
        "last_run": trace.last and {
            "source_sha256": trace.last.source_sha256, "finished": trace.last.finished,
            "stale": trace.stale, "tests": len(trace.last.tests),
        },
        "hazards": [asdict(one) for one in tables.hazards],
        "requirements": [
            {
                **asdict(one),
                "hazards": tables.hazards_of(one.id),
                "tests": [link.name for link in trace.links[one.id]],
                "verdict": trace.verdicts[one.id].value,
            }
            for one in tables.requirements
        ],
        "tests_without_requirement": [one.node for one in trace.unlinked],
        "problems": [asdict(one) for one in found],
    }  # fmt: skip


PART = Part("traceability", "From hazards to tests", make, reads=("",))
