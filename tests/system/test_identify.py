"""`penloop identify` as its user has it: from a pen nobody knows to its twin on `sim://`."""

import json
from pathlib import Path

import pytest

from penloop.cli import run
from penloop.connection import held, open_pen
from pensim.pen_file import find_pen
from pensim.pen_url import PenUrl
from tests.system.penloop_process import penloop
from tests.system.person_script import entering_service

EXAMPLE = Path(__file__).parents[2] / "examples" / "identification"
HIDDEN = EXAMPLE / "hidden.toml"
PORT = f"sim://?pen={HIDDEN}&cartridge=none&operator={EXAMPLE / 'person.toml'}&seed=4"


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """What became of a recording of the hidden pen: folder, exit code, JSON."""
    folder = tmp_path_factory.mktemp("identify")
    names = [str(folder / name) for name in ("run.parquet", "twin.toml", "twin.png")]
    arguments = ["identify", names[0], "--record", "--skin", "--port", PORT, "--json"]
    process = penloop(*arguments, "--out", names[1], "--plot", names[2], patience_s=500)
    return folder, *process


def truth():
    """The hidden values, in SI units."""
    pen = find_pen(str(HIDDEN))
    motor = pen.parameters.motor
    return {
        "resistance": motor.resistance_ohm,
        "torque_constant": motor.torque_constant_nm_per_a,
        "inertia": motor.rotor_inertia_kg_m2,
        "friction": motor.friction_nm + pen.parameters.mechanism.coulomb_friction_nm,
        "puncture_force": pen.skins["cheek"].puncture_force_n,
        "full_force": pen.skins["cheek"].full_force_n,
    }


@pytest.mark.timeout(600)
def test_each_hidden_parameter_is_within_5_percent_or_is_not_told(found):
    _folder, code, out, err = found
    assert "set the pen on the skin" in err
    rows = json.loads(out)["parameters"]
    assert set(rows) == set(truth())
    for name, value in truth().items():
        assert not rows[name]["told"] or rows[name]["value"] == pytest.approx(value, rel=0.05)
        assert rows[name]["told"] or rows[name]["remedy"]
    assert sum(row["told"] for row in rows.values()) >= 5
    assert code == (0 if all(row["told"] for row in rows.values()) else 1)


@pytest.mark.timeout(600)
def test_the_twin_is_a_pen_of_the_simulator(found):
    folder = found[0]
    twin = find_pen(str(folder / "twin.toml"))
    hidden = truth()
    assert twin.parameters.motor.resistance_ohm == pytest.approx(hidden["resistance"], rel=0.05)
    assert twin.skins["cheek"].full_force_n == pytest.approx(hidden["full_force"], rel=0.05)
    PenUrl.parse(f"sim://?pen={folder / 'twin.toml'}").make_bench().close()
    assert "# 95 %:" in (folder / "twin.toml").read_text()
    assert (folder / "twin.png").stat().st_size > 20_000


@pytest.mark.timeout(600)
def test_the_twin_runs_as_the_pen_did(found):
    residuals = json.loads(found[2])["residuals"]
    assert residuals["rate"]["rms"] < 1.0  # of 70 to 130 Hz
    assert residuals["current"]["rms"] < 10.0  # of 50 to 150 mA


@pytest.mark.timeout(600)
def test_only_what_is_asked_for_decides_the_exit_code(found, capsys):
    recording = str(found[0] / "run.parquet")
    assert run(["identify", recording, "--only", "resistance, inertia"]) == 0
    out = capsys.readouterr().out
    assert "resistance" in out
    assert "friction" not in out


def test_a_recording_made_off_the_skin_is_asked_for_the_motor_alone(tmp_path, capsys):
    person = entering_service(tmp_path)
    port = f"sim://?cartridge=none&operator={person}"
    assert run(["identify", str(tmp_path / "run.parquet"), "--record", "--port", port]) == 0
    out = capsys.readouterr().out
    assert "inertia" in out
    assert "puncture" not in out


def test_a_pen_that_is_not_in_service_is_not_recorded(tmp_path, capsys):
    goal = tmp_path / "run.parquet"
    assert run(["identify", str(goal), "--record", "--port", "sim://"]) == 1
    assert "needs SERVICE" in capsys.readouterr().err
    assert not goal.exists()


def test_a_recording_of_other_signals_says_what_to_record(tmp_path, capsys):
    goal = tmp_path / "run.parquet"
    arguments = ["--signals", "rate,battery", "--for", "3s", "--port", "sim://?seed=5"]
    assert run(["record", str(goal), *arguments]) == 0
    capsys.readouterr()
    assert run(["identify", str(goal)]) == 2
    error = capsys.readouterr().err
    assert "has no duty, current" in error
    assert "penloop record run.parquet --signals state,rate,duty,current" in error


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--only", "mass"], "no parameter 'mass'"),
        (["--zone", "knee"], "no skin zone 'knee'"),
        (["--base", "best"], "no pen 'best'"),
        (["--base", "x.toml", "--out", "y.toml"], "a twin's base is a named pen"),
        ([], "nowhere.parquet"),
    ],
)
def test_what_cannot_be_is_told_in_one_line(arguments, told, capsys):
    assert run(["identify", "nowhere.parquet", *arguments]) != 0
    error = capsys.readouterr().err
    assert told in error
    assert error.count("\n") == 1


def test_a_slow_slew_moves_nothing_that_is_told(tmp_path, capsys):
    port = f"sim://?cartridge=none&operator={entering_service(tmp_path)}&seed=1"
    with open_pen(port) as pen, held(pen):
        pen.wait(5.0)
        pen.set({"slew": "150mHz/ms"})
        assert run(["identify", str(tmp_path / "run.parquet"), "--record", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["parameters"]
    motor = find_pen("reference").parameters.motor
    assert rows["resistance"]["value"] == pytest.approx(motor.resistance_ohm, rel=0.035)
    assert rows["inertia"]["value"] == pytest.approx(motor.rotor_inertia_kg_m2, rel=0.035)
