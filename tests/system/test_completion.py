"""Names complete in a real bash, and no port is opened for it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from penloop import pen_memory
from penloop.cli import run
from tests.system.terminal import CTRL_U, TAB, Terminal

PROMPT = "ready> "


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A memory of pens that is empty."""
    for name in ("XDG_DATA_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    return tmp_path


@pytest.fixture
def bash(home):
    """Types into a bash that has loaded the completion."""
    folder = Path(sys.executable).parent
    path = os.pathsep.join((str(folder), os.environ["PATH"]))
    shell = Terminal("bash", "--norc", "--noprofile", PS1=PROMPT, PATH=path)
    shell.enter('bind "set bell-style none"; eval "$(penloop --show-completion bash)"; echo loaded')
    shell.wait_for("\nloaded")
    yield shell
    shell.close()


def complete(*words):
    """What zsh and fish get, and how long it took them."""
    environment = {
        **os.environ,
        "_PENLOOP_COMPLETE": "complete_fish",
        "_TYPER_COMPLETE_FISH_ACTION": "get-args",
        "_TYPER_COMPLETE_ARGS": " ".join(("penloop", *words)),
    }
    command = [Path(sys.executable).parent / "penloop"]
    told = subprocess.run(command, env=environment, text=True, capture_output=True, check=True)
    return [line.split("\t")[0] for line in told.stdout.splitlines()]


def test_bash_completes_commands_settings_values_and_signals(bash):
    bash.type("penloop moni" + TAB)
    bash.wait_for("penloop monitor")
    bash.type("--sig" + TAB)
    bash.wait_for("penloop monitor --signals")
    bash.type("rate,cur" + TAB)
    bash.wait_for("rate,current")
    bash.type(CTRL_U + "penloop set stroke" + TAB)
    bash.wait_for("penloop set stroke_rate=")
    bash.type(TAB)
    bash.wait_for("penloop set stroke_rate=100Hz")
    bash.type(CTRL_U + "penloop params re" + TAB)
    bash.wait_for("penloop params reset")
    bash.type("run_l" + TAB)
    bash.wait_for("penloop params reset run_limit")


def test_names_are_those_that_the_pen_told_last(home):
    assert "wobble" not in complete("get", "w")
    firmware = complete("get", "ru")
    assert firmware == ["run_limit"]  # of the firmware installed here
    assert run(["get", "run_limit", "--port", "sim://"]) == 0
    [kept] = pen_memory.descriptions().glob("*.json")
    known = json.loads(kept.read_text())
    known["settings"]["wobble"] = {"default": "1 mm", "bounds": "0 mm to 2 mm", "help": "how much"}
    kept.write_text(json.dumps(known))
    assert complete("get", "wo") == ["wobble"]
    assert complete("set", "wo") == ["wobble=", "wobble=1mm"]


def test_the_port_in_the_environment_chooses_the_pen(home, monkeypatch):
    folder = pen_memory.descriptions()
    folder.mkdir(parents=True)
    row = {"default": "1 mm", "bounds": "0 mm to 2 mm", "help": "how much"}
    for port, name in (("COM3", "wobble"), ("COM4", "wiggle")):
        kept = {"port": port, "settings": {name: row}, "signals": {"rate": ""}}
        (folder / f"{port}.json").write_text(json.dumps(kept))
    for port, name in (("COM3", "wobble"), ("COM4", "wiggle")):
        monkeypatch.setenv("PENLOOP_PORT", port)
        assert complete("get", "w") == [name]


def test_a_damaged_memory_falls_back_to_the_firmware_here(home):
    folder = pen_memory.descriptions()
    folder.mkdir(parents=True)
    (folder / "pen.json").write_text("{ half")
    assert complete("monitor", "--signals", "rate,cur") == ["rate,current"]


def test_no_port_is_opened(home):
    assert complete("set", "--port", "/dev/ttyNOT", "run") == ["run_limit=", "run_limit=1800s"]


def test_what_only_helps_imports_no_command_and_no_simulator():
    code = (
        "import sys; from penloop.cli import run; run(['--help']);"
        "assert not {'numpy', 'pensim', 'serial', 'penloop.commands.pen'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


def test_completing_a_setting_imports_neither_simulator_nor_recordings():
    code = (
        "import sys; from penloop.cli import run\n"
        "try: run(['--nothing'])\n"
        "finally: assert not {'pandas', 'pyarrow', 'pensim', 'matplotlib'} & set(sys.modules), "
        "sorted(sys.modules)"
    )
    environment = {
        **os.environ, "_PENLOOP_COMPLETE": "complete_bash", "COMP_WORDS": "penloop set dep",
        "COMP_CWORD": "2",
    }  # fmt: skip
    told = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, env=environment
    )
    assert "depth=" in told.stdout


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (("scope", "--trigger", "cur"), ["current"]),
        (("scope", "--trigger", "fau"), ["fault ", "faults"]),
        (("params", "load", "--skip", "depth_c"), ["depth_ceiling"]),
        (("identify", "--only", "resistance,fric"), ["resistance,friction"]),
        (("identify", "--zone", "che"), ["cheek"]),
        (("identify", "--base", "ref"), ["reference"]),
    ],
)
def test_choices_of_options_complete(home, words, found):
    assert complete(*words) == found
