"""What is known of each requirement: its tests, and what the last whole run of them gave."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from functools import cached_property

from penloop.evidence.traceability.links import EVIDENCE, FAULTS, SCENARIOS, Link, links_of
from penloop.evidence.traceability.outcomes import PASSED, Outcomes
from penloop.evidence.traceability.suite import TestFunction
from penloop.evidence.traceability.tables import SafetyTables


class Verdict(Enum):
    """Of a test function or a requirement, by the last whole run."""

    VERIFIED = "verified"
    FAILED = "failed"
    NOT_RUN = "not run"


@dataclass(frozen=True)
class Trace:
    """Tables, tests and the last whole run; `digest` is the hash of the sources now."""

    tables: SafetyTables
    tests: Sequence[TestFunction]
    last: Outcomes | None
    digest: str
    now: datetime

    @property
    def stale(self) -> bool:
        """Whether the last run was on other sources."""
        return self.last is not None and self.last.source_sha256 != self.digest

    @cached_property
    def links(self) -> dict[str, list[Link]]:
        """The tests of each requirement."""
        return {one.id: links_of(one, self.tests) for one in self.tables.requirements}

    @cached_property
    def verdicts(self) -> dict[str, Verdict]:
        """Of each requirement: all of its tests have passed, or one has not."""
        return {name: together(map(self.verdict, links)) for name, links in self.links.items()}

    def verdict(self, link: Link) -> Verdict:
        """Of one link's tests."""
        found = self.last.of(link) if self.last else []
        if any(one.outcome == "failed" for one in found):
            return Verdict.FAILED
        passed = any(one.outcome == PASSED for one in found)
        return Verdict.VERIFIED if passed else Verdict.NOT_RUN

    @cached_property
    def unlinked(self) -> list[TestFunction]:
        """Tests that verify no requirement."""
        by_table = {FAULTS, SCENARIOS, EVIDENCE}
        return [one for one in self.tests if not one.requirements and one.node not in by_table]


def together(verdicts: "Sequence[Verdict] | map[Verdict]") -> Verdict:
    """The worst of several; not run when there is none."""
    found = set(verdicts)
    if Verdict.FAILED in found:
        return Verdict.FAILED
    return Verdict.VERIFIED if found == {Verdict.VERIFIED} else Verdict.NOT_RUN
