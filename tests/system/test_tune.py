"""`penloop tune` on simulated pens: what it finds, what it changes, and how it ends."""

import io
import json
import sys
from dataclasses import replace
from threading import Event

import numpy as np
import pytest
from serial import SerialException

from penhost import Pen
from penhost.errors import PortLost
from penloop.cli import run
from penloop.question import agreed
from penloop.service_state import PenFault
from penloop.tuning import application, session, twin
from penloop.tuning.capture import Capture
from penloop.tuning.experiment import ExperimentEnded, Experiments
from penloop.tuning.judgement import GOALS, Figures
from penloop.tuning.response import fit
from pensim.pen_file import load_pen
from pensim.plant.parameters import Battery, PenParameters
from pensim.serial_port import SimulatedPort
from tests.system.tuned_pen import cut_short, law, serve

STRONG = {"resistance_ohm": 0.8, "torque_constant_nm_per_a": 1.2, "rotor_inertia_kg_m2": 1.2}
WEAK = {"resistance_ohm": 1.25, "torque_constant_nm_per_a": 0.75, "rotor_inertia_kg_m2": 0.8}

NIMBLE = {"resistance_ohm": 0.7, "torque_constant_nm_per_a": 0.7, "rotor_inertia_kg_m2": 0.7}


def other_motor(shares):
    pen = PenParameters()
    changes = {name: getattr(pen.motor, name) * share for name, share in shares.items()}
    return replace(pen, motor=replace(pen.motor, **changes))


@pytest.fixture
def bench(monkeypatch):
    with twin.in_service(other_motor(WEAK), {}, seed=3) as bench:
        serve(bench, monkeypatch)
        cut_short(monkeypatch)
        yield bench


def tune(tmp_path, *more):
    return run(["tune", "--port", "bench", "--out", str(tmp_path / "tuning.png"), *more])


@pytest.mark.parametrize("shares", [{}, STRONG, WEAK])
def test_the_experiments_find_the_motor_and_trip_no_fault(shares):
    parameters = other_motor(shares)
    with (
        twin.in_service(parameters, {}, seed=7) as bench,
        Pen(SimulatedPort.on_bench(bench)) as pen,
    ):
        experiments = Experiments(pen)
        found = session.find(experiments)
        assert not bench.signal("faults")
        assert pen.status().state == "SERVICE"
    motor, mechanism = parameters.motor, parameters.mechanism
    needles = 0.5 * mechanism.moving_mass_kg * (0.5 * mechanism.stroke_m) ** 2
    inertia = motor.rotor_inertia_kg_m2 + mechanism.eccentric_inertia_kg_m2 + needles
    torque_constant = motor.torque_constant_nm_per_a
    emf = 2 * np.pi * torque_constant
    assert found.response.emf_v_per_hz == pytest.approx(emf, rel=0.01)
    assert found.response.winding_25c_ohm == pytest.approx(1.012 * motor.resistance_ohm, rel=0.06)
    expected = 2 * np.pi * inertia / torque_constant
    assert found.response.inertia_as_per_hz == pytest.approx(expected, rel=0.06)
    assert found.point.agrees
    assert experiments.motor_s < 18.0  # as it is told beforehand


def test_the_twin_has_the_parameters_of_the_pen_that_was_measured():
    parameters = other_motor(STRONG)
    with (
        twin.in_service(parameters, {}, seed=7) as bench,
        Pen(SimulatedPort.on_bench(bench)) as pen,
    ):
        found = session.find(Experiments(pen))
    made = twin.twin_of(found.response, found.battery_v)
    for name in STRONG:
        assert getattr(made.motor, name) == pytest.approx(getattr(parameters.motor, name), rel=0.08)
    assert made.battery.charge_fraction == pytest.approx(0.8, abs=0.1)


def test_what_a_steady_motor_cannot_tell_is_said():
    time_s = np.arange(0.0, 3.0, 2e-3)
    noise = np.random.default_rng(1).normal(0.0, 0.01, time_s.size)
    level = np.ones_like(time_s)
    steady = Capture(
        time_s, 100 * level + noise, 100 * level, 1.74 * level, 0.054 + noise, 4.0 * level
    )
    response = fit([steady], 25.0)
    assert "motor resistance" in response.unknown()
    with pytest.raises(ExperimentEnded, match=r"motor resistance.*cannot be told"):
        session.checked(response, None)


def test_a_yes_applies_the_proposal_and_keeps_it(bench, tmp_path, capsys):
    before = law(bench)
    assert tune(tmp_path, "--yes") == 0
    told = capsys.readouterr().out
    assert "kept: " in told
    assert (tmp_path / "tuning.png").stat().st_size > 20_000
    after = law(bench)
    assert after != before
    assert after["motor_constant"] == pytest.approx(0.75 * 16776, rel=0.02)
    assert not bench.signal("faults")
    bench.run(40.0)  # no trial is left behind that would end
    assert law(bench) == after


def test_a_pen_that_has_been_tuned_may_be_tuned_again(bench, tmp_path, capsys):
    assert tune(tmp_path, "--yes") == 0
    assert "kept: " in capsys.readouterr().out
    assert tune(tmp_path, "--dry-run", "--force") == 0


def test_goals_and_score_are_shown_and_what_gets_worse_is_marked(bench, tmp_path, capsys):
    assert tune(tmp_path, "--dry-run", "--json") == 0
    shown = capsys.readouterr()
    figures = json.loads(shown.out)["twin"]
    rows = {line.split(",")[0]: line for line in shown.err.splitlines() if "," in line}
    for name, goal in GOALS.items():
        before, after = (figures[when][name] for when in ("before", "proposed"))
        assert rows[goal.title].endswith("worse") == (after > 1.1 * before), name
        assert f" {goal.good:g}" in rows[goal.title]
    assert any(line.startswith("score") for line in shown.err.splitlines())


def test_a_refusal_comes_before_anything_is_announced(monkeypatch, tmp_path, capsys):
    with twin.in_service(PenParameters(), {"slew": 10}, seed=3) as bench:
        serve(bench, monkeypatch)
        assert tune(tmp_path, "--yes") == 1
    told = capsys.readouterr()
    assert "params reset slew" in told.err
    assert told.out == ""


def test_a_dry_run_changes_nothing_and_leaves_a_twin(bench, tmp_path, capsys):
    before = law(bench)
    kept = tmp_path / "twin.toml"
    assert tune(tmp_path, "--dry-run", "--twin", str(kept)) == 0
    motor = load_pen(kept).parameters.motor
    assert motor.torque_constant_nm_per_a == pytest.approx(0.75 * 2.67e-3, rel=0.02)
    assert motor.resistance_ohm == pytest.approx(1.25 * 1.1, rel=0.08)
    assert "nothing was changed" in capsys.readouterr().out
    assert (tmp_path / "tuning.png").exists()
    assert law(bench) == before


def test_a_script_reads_response_margins_and_figures(bench, tmp_path, capsys):
    assert tune(tmp_path, "--dry-run", "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert document["changes"]["motor_constant"] == pytest.approx(0.75 * 16776, rel=0.02)
    assert document["response"]["emf_v_per_hz"] == pytest.approx(0.75 * 0.016776, rel=0.02)
    assert min(one["phase_deg"] for one in document["margins"]["proposed"]) >= 60
    assert document["twin"]["proposed"]["overshoot_percent"] > 0
    assert document["kept"] is False


def test_what_measures_worse_on_the_pen_goes_back(bench, tmp_path, capsys, monkeypatch):
    before = law(bench)
    monkeypatch.setattr(application, "worse", lambda _after, _before: ["overshoot"])
    assert tune(tmp_path, "--yes") == 0
    told = capsys.readouterr().out
    assert "worse on the pen itself: overshoot" in told
    assert "the former settings are in force again" in told
    assert law(bench) == before


def test_a_measured_step_may_differ_by_chance_but_not_by_more():
    before = Figures(90.0, 12.0, 250.0, 0.5)
    assert application.worse(replace(before, overshoot_percent=14.0), before) == []
    assert application.worse(replace(before, overshoot_percent=16.0), before) == ["overshoot"]


class DyingPort(SimulatedPort):
    """A port whose cable is pulled when `dead` is set."""

    dead = False

    def read(self, size=1):
        if self.dead:
            raise SerialException("device disconnected")
        return super().read(size)

    def write(self, data):
        if self.dead:
            raise SerialException("device disconnected")
        return super().write(data)


def test_a_link_that_is_lost_in_an_experiment_stops_the_motor_and_changes_nothing(bench):
    before = law(bench)
    port = DyingPort.on_bench(bench)
    with Pen(port) as pen:
        experiments = Experiments(pen)
        experiments.check()
        bench.operator.at(bench.now_s + 20.0, lambda: setattr(port, "dead", True))
        with pytest.raises(PortLost):
            session.find(experiments)
    bench.run(2.0)
    assert bench.signal("duty") == 0
    assert law(bench) == before


def change_and_pull_the_cable(port):
    with Pen(port) as pen, pen.trial(5.0):
        pen.set({"rate_kp": 14, "slew": 500})
        port.dead = True
        pen.status()


def test_a_link_that_is_lost_before_the_yes_to_keep_brings_the_former_settings_back(bench):
    before = law(bench)
    port = DyingPort.on_bench(bench)
    with pytest.raises(PortLost):
        change_and_pull_the_cable(port)
    bench.run(7.0)
    assert law(bench) == before


def test_a_press_of_the_button_ends_it_and_the_motor_is_not_run_again(bench, tmp_path, capsys):
    before = law(bench)
    bench.operator.at(bench.now_s + 20.0, lambda: bench.operator.click(0.2))
    assert tune(tmp_path, "--yes") == 1
    assert "button has stopped the motor" in capsys.readouterr().err
    bench.run(1.5)
    assert bench.signal("duty") == 0
    assert law(bench) == before
    assert not bench.signal("faults")


def test_ctrl_c_tells_the_pen_to_stop(bench, tmp_path, capsys, monkeypatch):
    def interrupted(_self):
        raise KeyboardInterrupt

    monkeypatch.setattr(Experiments, "relay", interrupted)
    before = law(bench)
    assert tune(tmp_path, "--yes") == 130
    assert "the pen was told to stop" in capsys.readouterr().err
    assert law(bench) == before


def test_a_fault_ends_it_with_the_fault_s_remedy(bench, tmp_path, capsys):
    bench.operator.at(bench.now_s + 20.0, lambda: bench.operator.hazard("motor_jammed"))
    assert tune(tmp_path, "--yes") == 1
    told = capsys.readouterr().err
    assert "stall" in told
    assert "lift off" in told


def run_and_lose_the_computer(experiments, bench, goes_on):
    with experiments._motor():
        bench.run(3.0)
        if goes_on:
            experiments._go(60.0)


@pytest.mark.parametrize("goes_on", [False, True])
def test_a_refusal_after_a_fault_does_not_hide_the_fault(bench, goes_on):
    with Pen(SimulatedPort.on_bench(bench)) as pen, pytest.raises(PenFault) as caught:
        run_and_lose_the_computer(Experiments(pen), bench, goes_on)
    assert "link lost" in str(caught.value)
    assert "`penloop faults`" in str(caught.value)


@pytest.mark.parametrize(
    "settings",
    [
        {"rate_kp": 30},
        {"rate_ki": 5000},
        {"ir_compensation": 900},
        {"slew": 2000},
        {"rate_kp": 0, "rate_ki": 0, "ir_compensation": 0},
        {"rate_kp": 12, "ir_compensation": 550},
    ],
)
def test_gains_that_would_trip_a_fault_are_refused(settings):
    with (
        twin.in_service(other_motor(NIMBLE), settings, seed=1) as bench,
        Pen(SimulatedPort.on_bench(bench)) as pen,
    ):
        with pytest.raises(ExperimentEnded, match=r"params reset|was set"):
            session.find(Experiments(pen))
        bench.run(2.0)
        assert not bench.signal("faults")
        assert bench.signal("duty") == 0


STIFF = {"resistance_ohm": 1.3, "torque_constant_nm_per_a": 0.7, "rotor_inertia_kg_m2": 1.3}


@pytest.mark.parametrize(
    ("shares", "settings", "told"),
    [
        ({}, {"motor_constant": 40_000}, "params reset motor_constant"),
        ({}, {"motor_constant": 28_000}, r"about 1[67]\d00 uV/Hz: set motor_constant=1[67]\d00uV"),
        (NIMBLE, {"motor_constant": 28_000}, "set motor_constant="),
        (NIMBLE, {"motor_constant": 18_000}, ""),
        ({}, {"slew": 10}, "too slow to start reliably: run `penloop params reset slew`"),
        (STIFF, {"current_limit": 300}, "params reset current_limit"),
        (STIFF, {"current_limit": 800, "slew": 200}, ""),
    ],
)
def test_settings_that_no_treatment_could_run_with_trip_no_fault(shares, settings, told):
    with (
        twin.in_service(other_motor(shares), settings, seed=1) as bench,
        Pen(SimulatedPort.on_bench(bench)) as pen,
    ):
        if told:
            with pytest.raises(ExperimentEnded, match=told):
                session.find(Experiments(pen))
        else:
            session.find(Experiments(pen))
        bench.run(2.0)
        assert not bench.signal("faults")
        assert bench.signal("duty") == 0


def test_outside_of_service_it_tells_how_to_get_there(make_bench, monkeypatch, tmp_path, capsys):
    bench = make_bench()
    bench.run(1.0)
    serve(bench, monkeypatch)
    assert tune(tmp_path, "--yes", "--wait", "1s") == 1
    both = capsys.readouterr()
    assert "this needs SERVICE: hold its button for 3 s" in both.err


def test_a_button_that_is_held_while_it_waits_begins_it(make_bench, monkeypatch, tmp_path, capsys):
    bench = make_bench()
    bench.run(1.0)
    serve(bench, monkeypatch)
    cut_short(monkeypatch)
    bench.operator.at(2.0, lambda: bench.operator.click(3.5))
    assert tune(tmp_path, "--dry-run") == 0
    assert "relay at" in capsys.readouterr().out


def test_a_treatment_cartridge_is_refused(bench, tmp_path, capsys):
    bench.operator.insert_cartridge()
    bench.run(0.5)
    assert tune(tmp_path, "--yes") == 1
    assert "take this one out" in capsys.readouterr().err


def test_a_low_battery_is_refused_before_the_motor_turns(monkeypatch, tmp_path, capsys):
    parameters = replace(PenParameters(), battery=Battery(charge_fraction=0.06))
    with twin.in_service(parameters, {}, seed=3) as bench:
        serve(bench, monkeypatch)
        assert tune(tmp_path, "--yes") == 1
        assert bench.signal("strokes") == 0
    assert "charge it" in capsys.readouterr().err


def test_without_a_terminal_a_yes_is_asked_for_before_the_pen_is(tmp_path, capsys):
    assert run(["tune", "--port", "sim://", "--out", str(tmp_path / "tuning.png")]) == 2
    assert "give --yes, or --dry-run" in capsys.readouterr().err


def test_yes_and_dry_run_contradict_each_other(tmp_path, capsys):
    assert tune(tmp_path, "--yes", "--dry-run") == 2
    assert "give one of them" in capsys.readouterr().err


def test_a_picture_that_cannot_be_written_is_told_before_the_motor_turns(tmp_path, capsys):
    folder = tmp_path / "pictures.png"
    folder.mkdir()
    assert run(["tune", "--port", "sim://", "--yes", "--force", "--out", str(folder)]) == 2
    assert "is a folder" in capsys.readouterr().err


class Terminal(io.StringIO):
    """Answers that a person types."""

    def isatty(self):
        return True


def answer(monkeypatch, *words):
    monkeypatch.setattr(sys, "stdin", Terminal("".join(word + "\n" for word in words)))


def test_two_yeses_at_the_terminal_apply_and_keep(bench, tmp_path, capsys, monkeypatch):
    before = law(bench)
    answer(monkeypatch, "y", "yes")
    assert tune(tmp_path) == 0
    assert "Keep it? [y/N]" in capsys.readouterr().err
    assert law(bench) != before


def test_a_no_to_keep_brings_the_former_settings_back(bench, tmp_path, capsys, monkeypatch):
    before = law(bench)
    answer(monkeypatch, "y", "n")
    assert tune(tmp_path) == 0
    assert "the former settings are in force again" in capsys.readouterr().out
    assert law(bench) == before


def test_no_answer_to_the_first_question_changes_nothing(bench, tmp_path, capsys, monkeypatch):
    before = law(bench)
    answer(monkeypatch)
    assert tune(tmp_path) == 0
    assert "nothing was changed" in capsys.readouterr().out
    assert law(bench) == before


def test_a_person_who_thinks_for_long_does_not_lose_service(bench, monkeypatch):
    class Slow(Terminal):
        def readline(self, *_size):
            thought.wait(30.0)
            return "y\n"

    thought = Event()
    monkeypatch.setattr(sys, "stdin", Slow())
    with Pen(SimulatedPort.on_bench(bench)) as pen:
        end_s = bench.now_s + 45.0

        def pulse():
            pen.heartbeat()
            pen.wait(5.0)
            if bench.now_s > end_s:
                thought.set()

        assert agreed("Keep it?", pulse)
        assert pen.status().state == "SERVICE"
