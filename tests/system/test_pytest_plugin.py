"""The pytest plugin in a stranger's repository, run as a process of its own."""

import subprocess
import sys

import pytest

from pensim.trace import read_parquet
from tests.house.sources import ROOT
from tests.system.test_run import SCENARIO

DOCUMENT = (ROOT / "docs" / "scenarios.md").read_text()
EXAMPLE = DOCUMENT.partition("```python\n")[2].partition("```")[0]
MORE = """
def test_it_fails(bench):
    bench.run(0.5)
    assert False

@pytest.mark.scenario("tight.pen.toml")
def test_of_a_scenario_that_fails(outcome):
    raise AssertionError("not reached")

@pytest.mark.scenario("tight.pen.toml")
def test_that_only_names_a_scenario_that_fails():
    pass
"""


@pytest.fixture
def stranger(tmp_path):
    (tmp_path / "start.pen.toml").write_text(SCENARIO)
    tight = SCENARIO.replace("within 3 %", "within 0.001 %")
    (tmp_path / "tight.pen.toml").write_text(tight)
    (tmp_path / "test_pen.py").write_text(EXAMPLE + MORE)
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --strict-markers\n")
    return tmp_path


def run_pytest(folder, *arguments):
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=100)
    return done.returncode, done.stdout + done.stderr


def test_fixtures_marks_and_files_are_there_and_failed_traces_are_kept(stranger):
    code, said = run_pytest(stranger)
    assert code == 1
    assert "2 failed, 4 passed, 2 errors" in said
    assert "FAILS  stroke rate within 0.001 % of 100 Hz" in said
    assert "replay: penloop run" in said
    assert "not reached" not in said
    kept = sorted(path.name for path in (stranger / "out" / "traces").iterdir())
    assert kept == [
        "test_pen.py_test_it_fails.parquet",
        "test_pen.py_test_of_a_scenario_that_fails.parquet",
        "test_pen.py_test_that_only_names_a_scenario_that_fails.parquet",
        "tight.pen.toml_tight.parquet",
    ]
    assert len(read_parquet(stranger / "out" / "traces" / kept[0])) > 100


def test_the_engine_and_the_firmware_can_be_chosen(stranger, tmp_path):
    code, said = run_pytest(stranger, "start.pen.toml", "--pen-engine", "micropython")
    assert code == 0, said
    code, said = run_pytest(stranger, "start.pen.toml", "--firmware", "/nowhere")
    assert code == 1
    assert "no firmware in /nowhere" in said


def test_a_mistake_in_a_scenario_is_told_with_its_line(stranger):
    (stranger / "start.pen.toml").write_text(SCENARIO.replace('"click"', '"clack"'))
    code, said = run_pytest(stranger, "start.pen.toml")
    assert code == 1
    assert "start.pen.toml:13: step 2: do = 'clack'" in said
    assert "Traceback" not in said
