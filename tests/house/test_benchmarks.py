"""The benchmarks still run: each on a span too short to tell anything but that."""

import importlib
from dataclasses import replace

import pytest
from benchmarks import (
    campaigns,
    dashboard,
    engines,
    falsification,
    growth,
    overhead,
    peer,
    plant_accuracy,
    plant_speed,
    tuning,
)

from penloop.tuning import design, proposal
from penloop.tuning.judgement import Figures
from pensim.plant.kernel import Kernel


def test_the_overhead_s_parts_replay_what_the_full_simulation_did(monkeypatch):
    monkeypatch.setattr(overhead, "SPAN_S", 0.1)
    monkeypatch.setattr(overhead, "REPEATS", 1)
    ratio, full_us, parts_us = overhead.measure()
    assert min(full_us, parts_us) > 0  # which is greater is the machine's business, and its load's
    assert ratio == pytest.approx(full_us / parts_us)


def test_every_engine_is_timed(monkeypatch, capsys):
    monkeypatch.setattr(engines, "SPAN_S", 0.05)
    monkeypatch.setattr(engines, "REPEATS", 1)
    engines.main()
    printed = capsys.readouterr().out
    assert all(f"engine {name} " in printed for name in engines.ENGINES)


def test_the_accuracy_table_has_a_row_for_every_case(monkeypatch, capsys):
    monkeypatch.setattr(plant_accuracy, "SPAN_MS", 60)
    cases = dict(list(plant_accuracy.CASES.items())[3:4])
    monkeypatch.setattr(plant_accuracy, "CASES", cases)
    assert set(plant_accuracy.main()) == set(cases)
    assert "air, 150 Hz" in capsys.readouterr().out


def test_growth_streams_a_run_to_a_file():
    assert growth.streamed_s(0.1) > 0


def test_the_plant_s_contenders_advance_the_span():
    kernel = plant_speed.running_kernel(Kernel)
    start_us = kernel.now_us
    plant_speed.everything(kernel, 5)
    assert kernel.now_us == start_us + 5000


@pytest.mark.parametrize("module", [peer, plant_speed])
def test_the_goals_are_those_of_both_kernels(module):
    assert set(importlib.reload(module).GOALS) == {"compiled", "python"}


def test_a_campaign_s_cost_and_memory_are_measured(monkeypatch, capsys):
    monkeypatch.setattr(campaigns, "CASES", 4)
    monkeypatch.setattr(campaigns, "REPEATS", 1)
    monkeypatch.setattr(campaigns, "SIZES", (20, 40))
    campaigns.main()
    printed = capsys.readouterr().out
    assert "two worker processes" in printed
    assert "times one (goal 1.85)" in printed
    assert "after    40 cases: this process" in printed


def test_the_machinery_is_what_is_neither_simulated_nor_judged():
    cost = campaigns.Cost(wall_s=5.5, simulation_s=10.0, judging_s=0.5, workers=2)
    assert cost.machinery_percent == pytest.approx(5.0)


def test_searches_are_compared_with_chance(monkeypatch, capsys):
    monkeypatch.setattr(falsification, "TRIES", 1)
    monkeypatch.setattr(falsification, "BUDGET", 25)
    falsification.main()
    printed = capsys.readouterr().out
    assert printed.count("times sooner than by chance (goal 10)") == 2
    assert "late stall, guided: median 10 runs" in printed


def test_a_pen_is_tuned_and_judged_on_its_own_plant(monkeypatch):
    monkeypatch.setattr(tuning, "JUDGED", (101,))
    monkeypatch.setattr(design, "COMPENSATIONS", (600,))
    monkeypatch.setattr(design, "INTEGRAL_PHASES_DEG", (70.0,))
    monkeypatch.setattr(proposal, "MOST", 0)
    result = tuning.tune(4)
    assert not result.faults
    assert result.changes["motor_constant"] < 14000  # its torque constant is a quarter too low
    assert result.tuned.overshoot_percent < result.shipped.overshoot_percent
    assert "| yes |" in result.row()
    assert next(iter(tuning.summary([result]))).startswith("1 of 1 pens at least as good")


AS_SHIPPED = tuning.Result(7, (1.0,) * 4, {}, Figures(*[1.0] * 6), Figures(*[1.0] * 6), 0)


def test_a_pen_whose_tuning_ended_in_an_error_is_not_passed():
    refused = replace(AS_SHIPPED, ended="the relay has not made the rate swing")
    assert not refused.passed
    assert refused.row().endswith("| no, refused: the relay has not made the rate swing |")
    assert "0 kept as they were, 1 refused" in next(iter(tuning.summary([refused])))


def test_a_pen_for_which_nothing_better_was_found_is_said_to_be_kept():
    assert AS_SHIPPED.passed
    assert AS_SHIPPED.row().endswith("| yes, kept as it was |")


def test_a_tuned_pen_that_faults_or_does_worse_says_so():
    faulted = replace(AS_SHIPPED, changes={"rate_kp": 9}, faults=4)
    worse = replace(AS_SHIPPED, changes={"rate_kp": 9}, tuned=Figures(100.0, *[1.0] * 5))
    assert faulted.row().endswith("| no, fault: 0x4 |")
    assert worse.row().endswith("| no, worse: rise_ms |")


def test_the_dashboard_s_stop_and_its_frames_are_timed(monkeypatch, capsys):
    monkeypatch.setattr(dashboard, "STOPS", 1)
    monkeypatch.setattr(dashboard, "RUNS", 1)
    monkeypatch.setattr(dashboard, "WATCH_S", 0.5)
    stops, frames_hz, behind_ms = dashboard.main()
    assert len(stops) == 2
    assert min(*stops, frames_hz, behind_ms + 1) > 0
    assert "dashboard stop, click to the pen's reply: median" in capsys.readouterr().out
