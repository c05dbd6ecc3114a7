"""Files that a command writes: what is there stays, and a wrong name is told before the work."""

import pytest

from penloop.cli import run
from penloop.output_file import free_name

SIM = ["--port", "sim://"]
# Words of a command before the file, and how a file of it ends.
WRITES = {
    "tune --out": (["tune", *SIM, "--yes", "--out"], ".png"),
    "tune --twin": (["tune", *SIM, "--dry-run", "--twin"], ".toml"),
    "identify --out": (["identify", "run.parquet", "--out"], ".toml"),
    "identify --plot": (["identify", "run.parquet", "--plot"], ".png"),
    "identify --record": (["identify", "--record", *SIM], ".parquet"),
    "record": (["record", *SIM], ".parquet"),
    "scope --out": (["scope", *SIM, "--out"], ".mcap"),
    "scope --plot": (["scope", *SIM, "--plot"], ".svg"),
    "blackbox --out": (["blackbox", *SIM, "--out"], ".parquet"),
    "plot --out": (["plot", "run.parquet", "--out"], ".html"),
    "compare --out": (["compare", "a.parquet", "b.parquet", "--out"], ".png"),
    "export": (["export", "run.parquet"], ".vcd"),
}


@pytest.fixture(params=WRITES)
def writes(request, tmp_path, monkeypatch):
    """(words, suffix) of a command, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return WRITES[request.param]


def test_a_file_that_is_there_is_not_replaced_unasked(writes, tmp_path, capsys):
    words, suffix = writes
    there = tmp_path / f"there{suffix}"
    there.write_text("dear")
    assert run([*words, str(there)]) == 2
    error = capsys.readouterr().err
    assert f"{there} exists" in error
    assert error.count("\n") == 1
    assert there.read_text() == "dear"


@pytest.mark.parametrize("name", ["run.doc", "run"])
def test_a_suffix_that_tells_no_format_is_told_with_those_that_do(writes, tmp_path, capsys, name):
    words, suffix = writes
    assert run([*words, name]) == 2
    error = capsys.readouterr().err
    assert "let it end in ." in error
    assert suffix in error
    assert [*tmp_path.iterdir()] == []


def test_a_folder_that_is_not_there_is_told_before_the_work(writes, capsys):
    words, suffix = writes
    assert run([*words, f"nowhere/run{suffix}"]) == 2
    assert "no folder nowhere" in capsys.readouterr().err


def test_a_picture_without_a_name_takes_the_next_one_that_is_free(tmp_path):
    goal = tmp_path / "tuning.png"
    assert free_name(goal) == goal
    goal.touch()
    assert free_name(goal).name == "tuning-2.png"
    (tmp_path / "tuning-2.png").touch()
    assert free_name(goal).name == "tuning-3.png"
