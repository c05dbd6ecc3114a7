"""Interrupts that come late, twice or never: as many as asked for, equal for equal seeds."""

from dataclasses import replace

import pytest

from pensim.board.interrupt_disturbance import Disturbance, InterruptDisturbance
from pensim.board.profile import PICO

SECONDS = 2.0


@pytest.fixture
def standing(make_bench):
    """Runs a pen that stands, disturbed; returns (disturbance, trace)."""

    def run(how, seed=0):
        bench = make_bench()
        disturbance = InterruptDisturbance(bench.board.processor, how, seed)
        bench.run(SECONDS)
        return disturbance, bench.trace()

    return run


def test_an_undisturbed_board_is_what_it_was(standing, make_bench):
    bench = make_bench()
    bench.run(SECONDS)
    disturbance, trace = standing(Disturbance())
    assert trace.digest() == bench.trace().digest()
    assert (disturbance.lost, disturbance.doubled, disturbance.late) == (0, 0, 0)


def test_a_share_is_lost_and_its_ticks_are_missing(standing):
    disturbance, trace = standing(Disturbance(lost=0.1))
    assert disturbance.lost == pytest.approx(190, abs=40)
    _undisturbed, usual = standing(Disturbance())
    assert len(usual) - len(trace) == disturbance.lost


def test_a_share_is_taken_twice_in_succession(standing):
    disturbance, trace = standing(Disturbance(doubled=0.1))
    assert disturbance.doubled == pytest.approx(190, abs=40)
    gaps_us = trace.time_us[1:] - trace.time_us[:-1]
    assert (gaps_us < 400).sum() == disturbance.doubled


def test_a_late_one_waits_and_none_is_lost(standing):
    disturbance, trace = standing(Disturbance(late=1.0, late_us=250))
    _undisturbed, usual = standing(Disturbance())
    assert len(trace) == pytest.approx(len(usual), abs=1)
    ticking = usual.time_us[: len(trace)] > 200_000
    late_us = (trace.time_us - usual.time_us[: len(trace)])[ticking]
    assert late_us.min() >= 1
    assert 240 <= late_us.max() <= 300
    assert disturbance.late > 1500


def test_equal_seeds_give_equal_traces_and_others_do_not(standing):
    how = Disturbance(0.05, 900, 0.05, 0.05)
    assert standing(how, 3)[1].digest() == standing(how, 3)[1].digest()
    assert standing(how, 3)[1].digest() != standing(how, 4)[1].digest()


@pytest.mark.parametrize("engine", ["micropython", "micropython32"])
def test_real_interpreters_are_disturbed_alike(make_bench, engine):
    digests = set()
    for name in ("cpython", engine):
        bench = make_bench(engine=name)
        InterruptDisturbance(bench.board.processor, Disturbance(0.1, 900, 0.05, 0.1), 5)
        bench.run(0.8)
        digests.add(bench.trace().digest())
    assert len(digests) == 1


def test_a_pen_that_stands_for_a_wrap_of_its_clock_still_stands(make_bench):
    """The time since the last edge stays at its limit: it does not begin anew."""
    bench = make_bench(profile=replace(PICO, first_wrap_us=700_000))
    bench.run(2.0)
    trace = bench.trace()
    assert trace["pen.edge_age"][trace.time_us > 200_000].min() == 1_000_000
