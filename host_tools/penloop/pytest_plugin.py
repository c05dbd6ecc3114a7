"""penloop for pytest: a simulated pen in fixtures, scenario files as tests.

    def test_a_press_stops_the_pen(bench, operator, pen): ...

    @pytest.mark.bench(seed=3, settings={"depth": 750})  # Bench's own arguments
    def test_another_pen(bench): ...

    @pytest.mark.scenario("stall.pen.toml")  # beside the test's file
    def test_what_else_holds(outcome): ...

Files `*.pen.toml` are collected as tests of their own. The trace of a failed test is kept in
`--pen-traces`. Loaded by itself where penloop is installed.
"""

import re
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

from penhost import Pen
from penloop.errors import UserError
from penloop.scenarios.execution import Outcome
from penloop.scenarios.execution import run as run_scenario
from penloop.scenarios.results import failure_text
from penloop.scenarios.scenario import SUFFIX
from penloop.scenarios.scenario_reader import load
from pensim import Bench, Firmware, Trace
from pensim.engines import ENGINES
from pensim.operator import Operator
from pensim.serial_port import SimulatedPort

_TRACE = pytest.StashKey[Any]()  # of a test: gives its trace


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options of pytest's command line."""
    group = parser.getgroup("penloop", "simulated pens")
    group.addoption("--pen-engine", choices=ENGINES, default="cpython", help="runs the firmware")
    group.addoption("--firmware", metavar="DIR", default="", help="the pens' firmware, a folder")
    group.addoption(
        "--pen-traces", metavar="DIR", default="out/traces", help="keeps traces of failed tests"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Makes the marks known."""
    config.addinivalue_line("markers", "bench(**arguments): of the bench fixture, as pensim.Bench")
    config.addinivalue_line("markers", "scenario(file): runs it; its outcome is a fixture")


def engine_of(config: pytest.Config) -> str:
    """The engine that was asked for."""
    return str(config.getoption("--pen-engine"))


def firmware_of(config: pytest.Config) -> Firmware | None:
    """The firmware that was asked for; None is the installed one."""
    folder = config.getoption("--firmware")
    return Firmware.from_directory(folder) if folder else None


@pytest.fixture
def bench(request: pytest.FixtureRequest) -> Iterator[Bench]:
    """A simulated pen, switched on; `@pytest.mark.bench(...)` has its arguments."""
    mark = request.node.get_closest_marker("bench")
    arguments = {
        "engine": engine_of(request.config),
        "firmware": firmware_of(request.config),
        **(mark.kwargs if mark else {}),
    }
    with Bench(**arguments) as made:
        request.node.stash[_TRACE] = made.trace
        yield made


@pytest.fixture
def operator(bench: Bench) -> Operator:
    """The person at the pen."""
    return bench.operator


@pytest.fixture
def pen(bench: Bench) -> Iterator[Pen]:
    """A host on the pen's link, in virtual time."""
    with Pen(SimulatedPort.on_bench(bench)) as connected:
        yield connected


def pytest_itemcollected(item: pytest.Item) -> None:
    """A test that names a scenario runs it, whether or not it looks at the outcome."""
    names = getattr(item, "fixturenames", None)
    if names is not None and item.get_closest_marker("scenario") and "outcome" not in names:
        names.append("outcome")


@pytest.fixture
def outcome(request: pytest.FixtureRequest) -> Outcome:
    """What the scenario of `@pytest.mark.scenario(file)` gave; that it passed is checked first."""
    mark = request.node.get_closest_marker("scenario")
    if mark is None or len(mark.args) != 1:
        raise pytest.UsageError("outcome needs @pytest.mark.scenario(FILE): name the file there")
    path = Path(request.node.path).parent / mark.args[0]
    found = _run(path, request.config)
    request.node.stash[_TRACE] = lambda: found.trace
    if not found.passed:
        pytest.fail(failure_text(found), pytrace=False)
    return found


def _run(path: Path, config: pytest.Config) -> Outcome:
    return run_scenario(load(path), engine_of(config), firmware=firmware_of(config))


def pytest_collect_file(parent: pytest.Collector, file_path: Path) -> "ScenarioFile | None":
    """Scenario files are tests."""
    if file_path.name.endswith(SUFFIX):
        collected: ScenarioFile = ScenarioFile.from_parent(parent, path=file_path)
        return collected
    return None


class ScenarioFile(pytest.File):
    """One scenario file: one test."""

    def collect(self) -> Iterator["ScenarioItem"]:
        yield ScenarioItem.from_parent(self, name=self.path.name.removesuffix(SUFFIX))


class ScenarioItem(pytest.Item):
    """The run of a scenario."""

    def runtest(self) -> None:
        found = _run(self.path, self.config)
        self.stash[_TRACE] = lambda: found.trace
        if not found.passed:
            raise ScenarioFailed(failure_text(found))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        if isinstance(excinfo.value, (ScenarioFailed, UserError)):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, 0, f"scenario {self.name}"


class ScenarioFailed(Exception):
    """`str()` tells what does not hold, and how to replay it."""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Keeps the trace of a failed test."""
    report = yield
    if report.when != "teardown" and report.failed and _TRACE in item.stash:
        kept = _keep(item, item.stash[_TRACE]())
        if kept is not None:
            report.sections.append(("trace", f"kept in {kept}"))
    return report


def _keep(item: pytest.Item, trace: Trace | None) -> Path | None:
    if trace is None or not len(trace):
        return None
    folder = Path(item.config.getoption("--pen-traces"))
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / (re.sub(r"[^\w.-]+", "_", item.nodeid).strip("_")[-150:] + ".parquet")
    trace.write_parquet(path)
    return path
