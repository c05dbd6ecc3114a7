"""The command line: what a person types wrong ends in one line with a remedy."""

import json
import os
import sys
import threading
import tty

import pytest
import serial

from penfw import settings
from penhost import BadValue
from penloop import __main__ as program
from penloop import port_discovery
from penloop.cli import run
from penloop.commands.pen import assignments

SIM = "sim://?seed=3"


def error_of(capsys, arguments, code):
    """The one line on stderr."""
    assert run(arguments) == code
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert err.startswith("penloop: error: ")
    assert "Traceback" not in err
    assert ": " in err.removeprefix("penloop: error: ")
    return err


@pytest.mark.parametrize(
    ("line", "code", "told"),
    [
        ("nothing", 2, "penloop --help"),
        ("info --what", 2, "penloop info --help"),
        ("set", 2, "see `penloop set --help`"),
        ("info", 2, "PENLOOP_PORT"),
        ("info --port /dev/ttyNOT", 1, "penloop ports"),
        ("info --port socket://127.0.0.1:1", 1, "penloop share"),
        ("info --port foo://bar", 1, "sim://"),
        ("info --port sim://?zone=moon", 1, "forehead"),
        ("info --port sim://?seed=x", 1, "seed"),
        (f"get dept --port {SIM}", 2, "depth"),
        (f"set depth --port {SIM}", 2, "depth=0.75mm"),
        (f"set dept=1mm --port {SIM}", 2, "depth"),
        (f"set depth=1 --port {SIM}", 2, "mm"),
        (f"set depth=1Hz --port {SIM}", 2, "mm"),
        (f"set depth=deep --port {SIM}", 2, "mm"),
        (f"set depth=0,5mm --port {SIM}", 2, "plain digits with a point"),
        (f"set stroke_rat=90Hz --port {SIM}", 2, "did you mean stroke_rate?"),
        (f"set depth=3mm --port {SIM}", 1, "2.5 mm"),
        (f"set stroke_rate=10Hz --port {SIM}", 1, "25 Hz"),
        (f"set current_limit=1A --port {SIM}", 1, "SERVICE"),
        (f"monitor --signals speed --port {SIM}", 2, "rate"),
        (f"monitor --signals , --port {SIM}", 2, "state"),
        (f"monitor --rate 5000 --port {SIM}", 2, "1000"),
        (f"monitor --rate 5V --port {SIM}", 2, "Hz"),
        (f"monitor --for 5 --port {SIM}", 2, "ms"),
        (f"monitor --for 0s --port {SIM}", 2, "more"),
        (f"record --port {SIM}", 2, "run.parquet"),
        (f"record /dev/null/at/all.parquet --port {SIM}", 2, "make it first"),
        ("record --recover nothing.parquet", 2, "cut off"),
        ("demo --engine rocket", 2, "cpython"),
        ("demo --seed many", 2, "--seed"),
        ("demo --out /dev/null/here", 1, "path"),
        ("sim --zone moon", 1, "forehead"),
        ("sim --engine rocket", 2, "cpython"),
        ("board none.py --engine rocket", 2, "cpython"),
        ("desk-check --engine rocket", 2, "cpython"),
        ("flash --engine rocket", 2, "cpython"),
        ("info --port sim://?engine=rocket", 1, "cpython"),
        ("sim --firmware /nowhere", 1, "penfw"),
        ("sim --operator /nowhere.toml", 1, "nowhere.toml"),
        ("sim --pace 0", 2, "real time"),
        ("sim --tcp here", 2, "127.0.0.1"),
        ("sim --tcp 127.0.0.1:5 --pty", 2, "choose"),
        ("sim --link /dev/null", 2, "another path"),
        ("sim --control /dev/null", 2, "another path"),
    ],
)
def test_a_mistake_ends_in_one_line_with_a_remedy(line, code, told, capsys):
    assert told in error_of(capsys, line.split(), code)


def test_an_operators_script_with_a_wrong_unit_is_told(tmp_path, capsys):
    script = tmp_path / "person.toml"
    script.write_text('[[step]]\nat = "3 cm"\ndo = "click"\n')
    told = error_of(capsys, ["sim", "--operator", str(script)], 1)
    assert "step 1" in told
    assert "ms" in told


@pytest.fixture
def terminal():
    """A pseudo-terminal: our end and the name of the other."""
    ours, theirs = os.openpty()
    tty.setraw(theirs)
    yield ours, os.ttyname(theirs)
    os.close(ours)
    os.close(theirs)


def test_a_port_in_use_is_told(terminal, capsys):
    _, name = terminal
    with serial.serial_for_url(name, exclusive=True):
        assert "let it share the pen" in error_of(capsys, ["info", "--port", name], 1)


def test_something_else_that_babbles_is_told(terminal, capsys):
    ours, name = terminal
    over = threading.Event()

    def babble():
        while not over.wait(0.05):
            os.write(ours, b"$GPGGA,123519,4807.038,N,01131.000,E*47\r\n")

    talker = threading.Thread(target=babble)
    talker.start()
    try:
        assert "no pen" in error_of(capsys, ["info", "--port", name], 1)
    finally:
        over.set()
        talker.join()


def test_a_bug_is_one_line_unless_debugging(monkeypatch, capsys):
    def broken():
        raise RuntimeError("oh\nno")

    monkeypatch.setattr(port_discovery.list_ports, "comports", broken)
    assert "RuntimeError: oh no" in error_of(capsys, ["ports"], 1)
    with pytest.raises(RuntimeError):
        run(["--debug", "ports"])


def test_the_port_may_stand_in_the_environment(monkeypatch, capsys):
    monkeypatch.setenv("PENLOOP_PORT", SIM)
    assert run(["info"]) == 0
    told = capsys.readouterr().out
    assert "penloop" in told
    assert "0.5 mm" in told


def test_info_tells_who_answers_for_programs_too(capsys):
    assert run(["info", "--json", "--port", SIM]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["product"] == "penloop"
    assert document["faults"] == []
    assert 3000 < document["signals"]["battery"] < 4300


def test_get_shows_values_with_bounds_and_meaning(capsys):
    assert run(["get", "depth", "--port", SIM]) == 0
    told = capsys.readouterr().out
    assert "0.5 mm" in told
    assert "2.5 mm" in told
    assert run(["get", "--json", "--port", SIM]) == 0
    assert json.loads(capsys.readouterr().out)["depth"] == 500


def test_a_value_that_the_pen_rounds_is_told(capsys):
    assert run(["set", "depth=0.751mm", "--port", SIM]) == 0
    told = capsys.readouterr().out
    assert told == "depth: 0.5 mm -> 0.75 mm, 0.751 mm was rounded to 0.75 mm\n"


def test_settings_may_be_named_by_a_pattern(capsys):
    assert run(["get", "rate_*", "depth", "rate_kp", "--json", "--port", SIM]) == 0
    assert list(json.loads(capsys.readouterr().out)) == ["rate_kp", "rate_ki", "depth"]
    assert run(["get", "rata_*", "--port", SIM]) == 2
    assert "no setting 'rata_*'" in capsys.readouterr().err


def test_a_pipe_gets_a_line_a_setting(capsys):
    assert run(["get", "--port", SIM]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 1 + len(settings.SETTINGS)


def test_what_was_set_is_told_to_programs_too(capsys):
    assert run(["set", "depth = 0.75 mm", "--json", "--port", SIM]) == 0
    [change] = json.loads(capsys.readouterr().out)
    assert (change["before"], change["after"], change["unit"]) == (500, 750, "um")
    assert change["status"] == "applied"


@pytest.mark.parametrize(
    ("line", "values"),
    [
        ("depth=0.75mm", {"depth": "0.75mm"}),
        ("depth = 0.75 mm", {"depth": "0.75 mm"}),
        ("depth 0.75mm slew 2 mHz/ms", {"depth": "0.75mm", "slew": "2 mHz/ms"}),
        ("depth=.5mm stroke_rate= 110 Hz", {"depth": ".5mm", "stroke_rate": "110 Hz"}),
        ("depth=-1mm", {"depth": "-1mm"}),
    ],
)
def test_a_change_may_be_written_with_and_without_spaces(line, values):
    assert assignments(line.split()) == values


@pytest.mark.parametrize("line", ["depth", "=3", "depth=", "depth==3", "depth=1mm depth=2mm", ""])
def test_what_is_no_change_is_told(line):
    with pytest.raises(BadValue):
        assignments(line.split())


def test_set_changes_all_or_nothing(capsys):
    assert run(["set", "depth=0.75mm", "stroke_rate=110Hz", "--port", SIM]) == 0
    assert "depth: 0.5 mm -> 0.75 mm" in capsys.readouterr().out
    assert run(["set", "depth=0.8mm", "stroke_rate=900Hz", "--port", SIM]) == 1
    assert "nothing was changed" in capsys.readouterr().err


def test_monitor_that_is_refused_prints_no_head(capsys):
    assert run(f"monitor --signals rate,rate --port {SIM}".split()) == 2
    assert capsys.readouterr().out == ""


def test_monitor_prints_a_line_a_sample(capsys):
    line = f"monitor --signals rate,state --rate 50 --for 1s --json --port {SIM}"
    assert run(line.split()) == 0
    samples = [json.loads(text) for text in capsys.readouterr().out.splitlines()]
    assert len(samples) == 50
    times = [sample["time_us"] for sample in samples]
    assert times[-1] - times[0] == 49 * 20_000
    assert samples[0].keys() == {"time_us", "rate", "state"}
    assert run(f"monitor --for 100ms --port {SIM}".split()) == 0
    head, first, *_ = capsys.readouterr().out.splitlines()
    assert "battery" in head
    assert " V" in first


def test_ports_lists_the_simulated_one(capsys):
    assert run(["ports"]) == 0
    assert "sim://" in capsys.readouterr().out


def test_the_version_is_told(capsys):
    assert run(["--version"]) == 0
    assert capsys.readouterr().out.startswith("penloop ")


@pytest.mark.parametrize("command", "demo sim info monitor get set faults record ports".split())
def test_every_command_explains_itself(command, capsys):
    assert run([command, "--help"]) == 0
    assert "Usage" in capsys.readouterr().out


def test_ctrl_c_while_the_program_is_still_loading_ends_it_quietly(monkeypatch):
    class Finder:
        def find_spec(self, name, *_):
            if name == "penloop.cli":
                raise KeyboardInterrupt

    monkeypatch.delitem(sys.modules, "penloop.cli")
    monkeypatch.setattr(sys, "meta_path", [Finder(), *sys.meta_path])
    with pytest.raises(SystemExit) as ended:
        program.main()
    assert ended.value.code == 130
