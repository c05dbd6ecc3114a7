"""Lockstep engines share a core with the simulator, and give it back."""

import os

import pytest

from pensim import Bench


@pytest.mark.parametrize("engine", ["micropython", "micropython32"])
def test_engine_runs_on_the_simulators_core_and_frees_it_when_closed(engine):
    before = os.sched_getaffinity(0)
    with Bench(engine=engine) as bench:
        bench.run(0.01)
        process = bench.board.processor.engine._process.pid
        assert len(os.sched_getaffinity(0)) == 1
        assert os.sched_getaffinity(process) == os.sched_getaffinity(0)
    assert os.sched_getaffinity(0) == before


def test_two_pens_share_one_core_until_the_last_is_closed():
    before = os.sched_getaffinity(0)
    first, second = Bench(engine="micropython"), Bench(engine="micropython")
    first.run(0.01)
    second.run(0.01)
    first.close()
    assert len(os.sched_getaffinity(0)) == 1
    second.close()
    assert os.sched_getaffinity(0) == before
