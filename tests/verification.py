"""Requirements and tests: the mark `verifies`, and what a whole run of the tests gives for it.

    @pytest.mark.verifies("R-502", "R-704")
    def test_the_ceiling_is_raised_in_service_only(): ...

A test that names a requirement that docs/safety/requirements.toml lacks fails. A run of the whole
suite writes out/evidence/verification.json and fails when a requirement has no test that passed.
Processes of pytest-xdist send their reports, with the requirements, to the one that writes.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from penloop.evidence.traceability import outcomes, tables
from penloop.evidence.traceability.outcomes import TestOutcome

ROOT = Path(__file__).parents[1]
PROPERTY = "verifies"
WORST = ("failed", "skipped", "passed")  # of set-up, call and teardown the first of these counts
PARTIAL = ("keyword", "markexpr", "lf", "deselect", "ignore", "ignore_glob", "collectonly",
           "stepwise", "maxfail", "exitfirst")  # fmt: skip


def verified(**named: str) -> pytest.MarkDecorator:
    """The mark of a test whose requirements the table names: fault=, scenario= or evidence=."""
    ((kind, name),) = named.items()
    found = [one.id for one in tables.load(ROOT).requirements if name in _named(one, kind)]
    return pytest.mark.verifies(*found)


def _named(one: tables.Requirement, kind: str) -> tuple[str, ...]:
    return {"fault": (one.fault,), "scenario": one.scenarios, "evidence": one.evidence}[kind]


class Verification:
    """A plugin of pytest; tests/conftest.py registers it."""

    def __init__(self, config: pytest.Config, root: Path = ROOT) -> None:
        config.addinivalue_line("markers", "verifies(*ids): requirements that the test verifies")
        self._root = root
        self._config = config
        self._required = [one.id for one in tables.load(root).requirements]
        self._outcomes: dict[str, TestOutcome] = {}
        self._unverified: list[str] = []

    def pytest_itemcollected(self, item: pytest.Item) -> None:
        """The requirements go along with the test's reports."""
        named = [str(name) for mark in item.iter_markers(PROPERTY) for name in mark.args]
        if named:
            item.user_properties.append((PROPERTY, sorted(set(named))))

    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """A test that names an unknown requirement fails."""
        unknown = set(_requirements(item.user_properties)) - set(self._required)
        if unknown:
            names = ", ".join(sorted(unknown))
            pytest.fail(
                f"verifies {names}, which {tables.REQUIREMENTS} lacks: add it there, or correct "
                "the mark",
                pytrace=False,
            )

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keeps the worst of a test's three phases."""
        outcome = "xfailed" if hasattr(report, "wasxfail") else report.outcome
        known = self._outcomes.get(report.nodeid)
        if known is None or _rank(outcome) < _rank(known.outcome):
            names = tuple(_requirements(report.user_properties))
            self._outcomes[report.nodeid] = TestOutcome(report.nodeid, outcome, names)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """After a whole run: what it gave is written, and what is not verified fails it."""
        finished = exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED)
        if not finished or not is_whole(self._config):
            return
        outcomes.write(self._root, self._outcomes.values())
        self._unverified = outcomes.unverified(self._required, self._outcomes.values())
        if self._unverified:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Says which requirements are not verified."""
        if self._unverified:
            terminalreporter.section("requirements without a passing test", red=True)
            terminalreporter.line(
                f"{', '.join(self._unverified)}: see {tables.REQUIREMENTS}; mark the test that "
                'shows one with @pytest.mark.verifies("R-..."), or mend it'
            )


def _rank(outcome: str) -> int:
    return WORST.index(outcome) if outcome in WORST else 1


def _requirements(properties: list[tuple[str, object]]) -> Iterator[str]:
    for name, value in properties:
        if name == PROPERTY and isinstance(value, (list, tuple)):
            yield from (str(one) for one in value)


def is_whole(config: pytest.Config) -> bool:
    """Whether all tests were asked for, and this process sees all their reports."""
    if hasattr(config, "workerinput"):  # of pytest-xdist
        return False
    if any(config.getoption(name, None) for name in PARTIAL):
        return False
    wanted = {(config.rootpath / name).resolve() for name in config.getini("testpaths")}
    asked = {(config.invocation_params.dir / name).resolve() for name in config.args}
    return asked in (wanted, {config.rootpath.resolve()})
