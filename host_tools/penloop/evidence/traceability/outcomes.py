"""What the last whole run of the tests gave: out/evidence/verification.json, keyed by the sources.

tests/verification.py writes it; the report reads it and says when it is of other sources.
"""

import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path

from penloop import atomic_file, file_hash
from penloop.evidence import stamp, tree
from penloop.evidence.stamp import Stamp
from penloop.evidence.traceability.links import Link

VERIFICATION = "out/evidence/verification.json"
PASSED = "passed"
_BEGAN_S = time.monotonic()  # of this process, in a run of the tests


@dataclass(frozen=True)
class TestOutcome:
    """A test that ran: passed, failed, skipped or xfailed; and the requirements it names."""

    __test__ = False  # for pytest: it is none itself

    node_id: str
    outcome: str
    requirements: tuple[str, ...] = ()


@dataclass(frozen=True)
class Outcomes:
    """A whole run."""

    stamp: Stamp
    tests: tuple[TestOutcome, ...]

    @property
    def source_sha256(self) -> str:
        """Of all files on which a test may hang."""
        return self.stamp.source_sha256

    @property
    def finished(self) -> str:
        """When, in UTC, ISO 8601."""
        return self.stamp.made

    @cached_property
    def _by_function(self) -> Mapping[str, list[TestOutcome]]:
        found: dict[str, list[TestOutcome]] = {}
        for test in self.tests:
            found.setdefault(test.node_id.partition("[")[0], []).append(test)
        return found

    def of(self, link: Link) -> list[TestOutcome]:
        """The outcomes of a link's tests."""
        return [one for one in self._by_function.get(link.node, []) if link.covers(one.node_id)]

    def age_s(self, now: datetime) -> float:
        """Seconds since it was finished."""
        return (now - datetime.fromisoformat(self.finished)).total_seconds()


def unverified(required: Iterable[str], tests: Iterable[TestOutcome]) -> list[str]:
    """The requirements without a test that has passed, or with one that has failed."""
    passed: set[str] = set()
    failed: set[str] = set()
    for test in tests:
        if test.outcome == PASSED:
            passed |= set(test.requirements)
        elif test.outcome == "failed":
            failed |= set(test.requirements)
    return [name for name in required if name not in passed or name in failed]


def source_sha256(root: Path) -> str:
    """A hash of all that runs or is read by a test."""
    return file_hash.sha256(tree.files(root), root)


def write(root: Path, tests: Iterable[TestOutcome]) -> Path:
    """Keeps a whole run that has just been finished."""
    path = root / VERIFICATION
    path.parent.mkdir(parents=True, exist_ok=True)
    ordered = tuple(sorted(tests, key=lambda test: test.node_id))
    made = stamp.now(source_sha256(root), stamp.FULL, time.monotonic() - _BEGAN_S)
    content = {"stamp": stamp.told(made), "tests": [asdict(test) for test in ordered]}
    atomic_file.write(path, json.dumps(content, indent=1))
    return path


def read(path: Path) -> Outcomes | None:
    """The last whole run; None when there is none, or none that can be read."""
    try:
        content = json.loads(path.read_text())
        tests = tuple(
            TestOutcome(one["node_id"], one["outcome"], tuple(one["requirements"]))
            for one in content["tests"]
        )
        return Outcomes(stamp.of(content), tests)
    except (OSError, ValueError, KeyError, TypeError):
        return None
