"""`penloop desk-check`: passes on a pen that is wired rightly, finds what is not."""

import json
import subprocess
import time

import pytest

from penfw import pins_esp32, pins_pico
from penloop.cli import run
from penloop.desk_check import check
from penloop.desk_check.check import NOT_PROVED
from penloop.desk_check.hands import SimulatedOperator
from penloop.desk_check.steps import PROMPTS, STEPS
from tests.system.penloop_process import Server, finish, penloop, start


def checked(capsys, options=""):
    """(exit code, {step: (passed, detail)})"""
    code = run(["desk-check", "--json", "--port", f"sim://?port=usb&{options}"])
    rows = json.loads(capsys.readouterr().out)
    return code, {row["name"]: (row["passed"], row["detail"]) for row in rows}


def failed(rows):
    return {name for name, (passed, _detail) in rows.items() if passed is False}


@pytest.mark.parametrize("options", ["", "seed=5", "cartridge=none", "engine=micropython"])
def test_a_pen_that_is_wired_rightly_passes(capsys, options):
    code, rows = checked(capsys, options)
    assert (code, failed(rows)) == (0, set())
    assert set(rows) >= {step.name for step in STEPS}


@pytest.mark.parametrize(
    ("pins", "steps"),
    [
        ("16-21", {"red light", "buzzer"}),
        ("17-18", {"green light", "blue light"}),
        ("9-14", {"button", "depth axis"}),
        ("10-14", {"button", "cartridge switch"}),
        ("6-7", {"depth axis"}),
        ("4-5", {"shaft sensors"}),
        ("3-8", {"depth axis"}),
        ("8-20", {"depth axis", "analogue channels"}),
    ],
)
def test_two_exchanged_pins_are_found_by_the_steps_of_their_parts(capsys, pins, steps):
    code, rows = checked(capsys, f"wiring={pins}")
    assert code == 1
    assert steps <= failed(rows)


def test_exchanged_ways_to_the_motor_are_found_on_the_dummy_load(capsys):
    _code, rows = checked(capsys, "pen=dummy load&wiring=2-3")
    assert "both stop paths on the dummy load" in failed(rows)


@pytest.mark.verifies("R-316")
def test_without_a_dummy_load_the_stop_paths_are_not_proved(capsys):
    _code, rows = checked(capsys)
    assert rows["both stop paths on the dummy load"] == (None, NOT_PROVED)


def test_on_the_dummy_load_both_stop_paths_are_proved(capsys):
    code, rows = checked(capsys, "pen=dummy load")
    assert code == 0
    assert rows["both stop paths on the dummy load"][0] is True


@pytest.mark.verifies("R-316")
def test_the_dummy_load_has_to_be_confirmed_at_the_pen_too(capsys, monkeypatch):
    monkeypatch.setattr(SimulatedOperator, "dummy_load", lambda _hands: True)
    monkeypatch.setattr(check, "_button_confirms", lambda _board: False)
    _code, rows = checked(capsys, "pen=dummy load")
    assert rows["both stop paths on the dummy load"] == (None, NOT_PROVED)


def test_another_input_than_the_button_confirms_nothing(capsys):
    _code, rows = checked(capsys, "pen=dummy load&wiring=10-14")
    assert rows["both stop paths on the dummy load"][0] is None


def test_a_bare_board_is_checked_in_fault_and_fails_at_what_is_missing(capsys):
    code, rows = checked(capsys, "wiring=bare")
    assert code == 1
    assert {"button", "shaft sensors", "red light", "depth axis"} <= failed(rows)
    assert rows["boot"][0]
    assert "FAULT" in rows["boot"][1]


@pytest.mark.verifies("R-316")
@pytest.mark.parametrize("how", ["exception", "Ctrl-C", "soft reset"])
def test_however_the_firmware_ends_both_ways_to_the_motor_are_off(capsys, how):
    _code, rows = checked(capsys)
    assert rows[f"ended by {how}"] == (True, "motor 0 load_switch 0")


def test_every_pin_of_the_maps_belongs_to_a_step():
    named = " ".join(step.parts + step.code for step in STEPS)
    outside = {"TIMER_ID", "HARD_TIMER", "LINK_UART", "LINK_TX", "LINK_RX", "USB_POWER"}
    numbers = {name for name in vars(pins_pico) if name.isupper()} - outside
    assert {name for name in numbers if name not in named and name != "CARTRIDGE_I2C"} == set()
    assert {name for name in vars(pins_esp32) if name.isupper()} == numbers | outside


def test_every_act_of_a_person_has_its_words():
    assert {step.act for step in STEPS if step.act} == set(PROMPTS)


@pytest.fixture
def served(tmp_path):
    server = Server(tmp_path, "--port", "usb", "--pace", "4")
    yield server
    server.close()


ACTS = {"press": "b", "cartridge": "c", "shaft": "r"}
ANSWERS = "n\n" + "y\n" * 4  # no dummy load; three lights and the buzzer


def test_on_a_pseudo_terminal_it_passes_with_a_person_at_the_pen(served):
    served.wait_for("READY")
    process = start("desk-check", "--port", served.port, stdin=subprocess.PIPE)
    process.stdin.write(ANSWERS)
    process.stdin.flush()
    said = []
    for line in process.stdout:
        said.append(line)
        for key, act in ACTS.items():
            if f"now {PROMPTS[key]}" in line:
                time.sleep(0.3)
                served.act(act)
    code, _out, err = finish(process)
    assert (code, err) == (0, ""), "".join(said)
    assert said[-1] == f"{len(STEPS) + 5} steps, 0 failed, 1 not proved\n"


def test_a_pen_on_a_pseudo_terminal_is_flashed_and_rolled_back(served):
    served.wait_for("READY")
    code, out, err = penloop("flash", "--port", served.port, "--no-rehearsal")
    assert (code, err) == (0, "")
    first = out.split("version ")[-1].split()[0]
    assert len(first) == 16
    code, out, err = penloop("flash", "--port", served.port, "--rollback")
    assert (code, out) == (1, out)
    assert "no version to go back to" in err
    served.wait_for("READY")
