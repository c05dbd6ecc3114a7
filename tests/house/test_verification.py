"""The verification of requirements by a run of the tests, in a small project of its own."""

import json
import os
import subprocess
import sys

import pytest

from tests.verification import ROOT

pytestmark = pytest.mark.verifies("R-812")

HAZARDS = """
[scales]
severity = ["a", "b", "c", "d", "e"]
probability = ["a", "b", "c", "d", "e"]
risk = [["low", "low", "low", "low", "low"], ["low", "low", "low", "low", "low"],
        ["low", "low", "low", "low", "low"], ["low", "low", "low", "low", "low"],
        ["low", "low", "low", "low", "low"]]
"""
REQUIREMENT = """
[[requirement]]
id = "{}"
chapter = "Humming"
text = "The pen shall hum."
code = ["penfw.pen"]
"""
CONFTEST = """
from pathlib import Path
from tests.verification import Verification

def pytest_configure(config):
    config.pluginmanager.register(Verification(config, Path(__file__).parents[1]))
"""
TESTS = """
import pytest

@pytest.mark.verifies("R-101")
def test_it_hums():
    pass

@pytest.mark.verifies("R-102")
@pytest.mark.parametrize("tone", ["high", "low"])
def test_it_hums_in_tune(tone):
    {}

def test_nothing_of_it():
    pass
"""


@pytest.fixture
def project(tmp_path):
    """Two requirements and their tests; `write(body)` gives the second one's body."""
    safety, checks = tmp_path / "docs" / "safety", tmp_path / "checks"
    safety.mkdir(parents=True)
    checks.mkdir()
    (safety / "hazards.toml").write_text(HAZARDS)
    rows = REQUIREMENT.format("R-101") + REQUIREMENT.format("R-102")
    (safety / "requirements.toml").write_text(rows)
    (checks / "conftest.py").write_text(CONFTEST)
    (tmp_path / "pytest.ini").write_text(
        "[pytest]\ntestpaths = checks\naddopts = --import-mode=importlib --strict-markers\n"
    )

    def write(body="pass"):
        (checks / "test_hum.py").write_text(TESTS.format(body))
        return tmp_path

    return write


def run_pytest(folder, *arguments):
    plugins = ("-p", "no:cacheprovider", "-p", "xdist.plugin")
    command = [sys.executable, "-m", "pytest", "-q", *plugins, *arguments]
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=100,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def written(folder):
    path = folder / "out" / "evidence" / "verification.json"
    return json.loads(path.read_text()) if path.exists() else None


PROCESSES = pytest.mark.parametrize("processes", [(), ("-n", "2")], ids=["one", "two"])


@PROCESSES
def test_a_whole_run_writes_every_test_with_its_requirements(project, processes):
    folder = project()
    code, said = run_pytest(folder, *processes)
    assert code == 0, said
    tests = {one["node_id"]: one for one in written(folder)["tests"]}
    assert len(tests) == 4
    tuned = tests["checks/test_hum.py::test_it_hums_in_tune[low]"]
    assert (tuned["outcome"], tuned["requirements"]) == ("passed", ["R-102"])
    assert tests["checks/test_hum.py::test_nothing_of_it"]["requirements"] == []


@PROCESSES
@pytest.mark.parametrize("body", ["pytest.skip()", "pytest.xfail()"])
def test_a_requirement_without_a_passing_test_fails_a_whole_run(project, processes, body):
    folder = project(body)
    code, said = run_pytest(folder, *processes)
    assert code == 1
    assert "requirements without a passing test" in said
    assert "R-102: see docs/safety/requirements.toml; mark the test" in said
    assert written(folder) is not None


def test_a_requirement_with_a_case_that_fails_is_not_verified(project):
    code, said = run_pytest(project("assert tone == 'high'"))
    assert code == 1
    assert "R-102: see" in said


@pytest.mark.parametrize(
    "arguments",
    [("-k", "nothing"), ("checks/test_hum.py::test_it_hums",), ("--deselect", "x"), ("-x",)],
    ids=lambda arguments: arguments[0],
)
def test_a_run_of_some_tests_judges_no_requirement(project, arguments):
    folder = project("pytest.skip()")
    code, said = run_pytest(folder, *arguments)
    assert code == 0, said
    assert written(folder) is None


def test_the_folder_of_all_tests_is_the_whole(project):
    folder = project("pytest.skip()")
    assert run_pytest(folder, "checks")[0] == 1
    assert written(folder) is not None


def test_a_test_that_names_an_unknown_requirement_fails(project):
    folder = project()
    path = folder / "checks" / "test_hum.py"
    path.write_text(path.read_text().replace('"R-101"', '"R-101", "R-999"'))
    code, said = run_pytest(folder, "-k", "test_it_hums")
    assert code == 1
    assert "verifies R-999, which docs/safety/requirements.toml lacks: add it there" in said
