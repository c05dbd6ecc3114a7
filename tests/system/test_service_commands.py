"""`penloop service`, `run-motor`, `park`, `stop` and `faults --clear`, as their user types them."""

import json

import pytest

from penloop.cli import run

HOLD = '[[step]]\nat = "1 s"\ndo = "hold"\nhold = "3.5 s"\n'


@pytest.fixture
def sim(tmp_path):
    """A URL of a pen whose person does what a script says; without a cartridge."""

    def make(script=HOLD):
        path = tmp_path / "person.toml"
        path.write_text(script)
        return f"sim://?operator={path}" if script else "sim://?cartridge=none"

    return make


def told(capsys, *words):
    """(exit code, output, error line) of a command."""
    code = run([*words])
    found = capsys.readouterr()
    return code, found.out, found.err


def test_service_tells_how_to_enter_it_and_waits_for_it(sim, capsys):
    code, out, _err = told(capsys, "service", "--port", sim(""))
    assert code == 0
    assert "SERVICE is off" in out
    assert "hold its button for 3 s" in out
    code, out, err = told(capsys, "service", "--wait", "10s", "--port", sim())
    assert code == 0
    assert "SERVICE is on" in out
    assert "hold its button" in err


def test_waiting_for_service_has_an_end(sim, capsys):
    code, out, err = told(capsys, "service", "--wait", "1s", "--port", sim(""))
    assert (code, out) == (1, "")
    assert "needs SERVICE" in err


def test_the_motor_runs_at_its_rate_and_the_needles_park(sim, capsys):
    words = ("run-motor", "6600rpm", "--for", "3s", "--wait", "10s", "--port", sim())
    code, out, _err = told(capsys, *words)
    assert code == 0
    assert out.count("rate ") >= 5
    assert "asked 110 Hz, mean 1" in out
    assert "parked" in out
    code, out, _err = told(capsys, *words, "--json")
    assert abs(json.loads(out)["mean_mHz"] - 110_000) < 1_000


def test_a_run_that_ends_in_its_run_up_has_no_mean(sim, capsys):
    words = ("run-motor", "110Hz", "--for", "0.5s", "--wait", "10s", "--port", sim())
    _code, out, _err = told(capsys, *words)
    assert "ended in its run-up of 1 s" in out
    _code, out, _err = told(capsys, *words, "--json")
    assert json.loads(out)["mean_mHz"] is None


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ("run-motor 100", "has no unit"),
        ("run-motor 100mm", "wrong unit"),
        ("run-motor 999Hz", "999 Hz is out of bounds: give 25 Hz to 150 Hz"),
        ("run-motor 100Hz", "needs SERVICE"),
        ("run-motor 100Hz --for 0s", "no span"),
        ("park", "needs SERVICE"),
        ("service --end --wait 5s", "--end and --wait contradict each other"),
        ("faults --clear", "nothing to clear"),
    ],
)
def test_what_cannot_be_is_one_line_with_its_remedy(sim, capsys, words, error):
    code, _out, err = told(capsys, *words.split(), "--port", sim())
    assert code in (1, 2)
    assert error in err
    assert err.strip().splitlines()[-1].startswith("penloop: error: ")


def test_a_press_at_the_pen_ends_the_run_and_is_told(sim, capsys):
    script = HOLD + '[[step]]\nat = "8 s"\ndo = "click"\n'
    words = ("run-motor", "100Hz", "--wait", "10s", "--port", sim(script))
    code, _out, err = told(capsys, *words)
    assert code == 1
    assert "stopped at the pen" in err


def test_a_fault_ends_the_run_with_cause_and_remedy(sim, capsys):
    script = HOLD + '[[step]]\nat = "7 s"\ndo = "hazard"\nname = "motor_jammed"\n'
    words = ("run-motor", "100Hz", "--wait", "10s", "--port", sim(script))
    code, _out, err = told(capsys, *words)
    assert code == 1
    assert "stall" in err
    assert "lift off" in err


def test_stop_works_in_any_state(sim, capsys):
    code, out, _err = told(capsys, "stop", "--port", sim(""))
    assert code == 0
    assert "stopped" in out
