"""Campaigns on worker processes of this machine: real ones, some killed."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from concurrent.futures import Executor
from contextlib import suppress
from multiprocessing import resource_tracker

import pytest

from penloop.campaigns.cases import Case, Template
from penloop.campaigns.driver import processes, run_cases
from penloop.errors import UserError
from penloop.scenarios import execution
from penloop.worker_processes import ProcessExecutor, WorkerDied
from tests.house.sources import ROOT
from tests.system.penloop_process import until
from tests.system.small_campaign import Deadly, case, template


@pytest.fixture(scope="module")
def alone():
    """What one process finds."""
    with processes(1) as workers:
        return list(run_cases(template(), map(case, range(150)), workers))


def is_alive(process_id):
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    return True


def test_two_processes_find_what_one_finds_in_the_same_order(alone):
    with processes(2) as workers:
        assert isinstance(workers.executor, Executor)
        first = list(run_cases(template(), map(case, range(150)), workers))
        again = list(run_cases(template(), map(case, range(12)), workers))
    assert first == alone
    assert again == alone[:12]
    assert all(result.passed for result in alone)
    assert len({result.margin for result in alone}) > 50


def test_a_worker_that_is_killed_in_the_middle_loses_nothing(alone):
    with processes(2) as workers:
        run = run_cases(template(), map(case, range(150)), workers)
        found = [next(run) for _ in range(3)]
        before = workers.executor.process_ids
        os.kill(before[0], signal.SIGKILL)
        found += run
        assert set(workers.executor.process_ids) != set(before)
    assert found == alone


def test_a_case_that_kills_its_workers_is_named_and_the_rest_goes_on(alone):
    deadly = Case(7, 7, (Deadly(),))
    with processes(2) as workers:
        coming = [*map(case, range(7)), deadly, *map(case, range(8, 30))]
        found = list(run_cases(template(), coming, workers))
    assert found[:7] + found[8:] == alone[:7] + alone[8:30]
    assert found[7].case.number == 7
    assert found[7].error == "case 7 ended its worker 3 times (out of memory?)"
    assert not found[7].passed


@pytest.mark.parametrize("ending", [GeneratorExit, KeyboardInterrupt])
def test_no_process_is_left_when_a_run_ends_in_the_middle(ending):
    workers = []
    start_s = time.monotonic()
    with suppress(KeyboardInterrupt), processes(2) as pool:
        run = run_cases(template("20 s"), map(case, range(500)), pool)
        next(run)
        workers = pool.executor.process_ids
        if ending is KeyboardInterrupt:
            raise ending
        run.close()
    assert len(workers) == 2
    assert not any(map(is_alive, workers))
    assert time.monotonic() - start_s < 20


PARENT = """
    import sys
    from penloop import interruption
    from penloop.campaigns.driver import processes, run_cases
    from tests.system.small_campaign import Deadly, case, template

    def main():
        interruption.install()
        with processes(2) as workers:
            for result in run_cases(template("1 s"), map(case, range(100_000)), workers):
                print(*workers.executor.process_ids, flush=True)

    if __name__ == "__main__":
        main()
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_no_process_outlives_a_parent_that_is_ended(tmp_path, number):
    program = tmp_path / "parent.py"
    program.write_text(textwrap.dedent(PARENT))
    parent = subprocess.Popen(
        [sys.executable, str(program)], cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    for line in parent.stdout:
        workers = [int(word) for word in line.split()]
        if len(workers) == 2:
            break
    if number == signal.SIGINT:
        os.killpg(parent.pid, number)  # a terminal tells the whole group
    else:
        parent.send_signal(number)
    _out, err = parent.communicate(timeout=20)
    until(lambda: not any(map(is_alive, workers)), "the end of the workers")
    assert err.count("Traceback") == (number == signal.SIGINT)  # the parent's own, of this program


def test_another_firmware_on_a_worker_is_told_in_one_line():
    other = Template("on", template().document, firmware_sha256="another")
    with processes(2) as workers, pytest.raises(UserError) as raised:
        list(run_cases(other, [Case(0, 0)], workers))
    assert str(raised.value) == (
        "this worker has another firmware than the campaign: "
        "install the same version of penloop on every worker"
    )


def test_a_mistake_in_a_task_comes_back_as_it_was():
    executor = ProcessExecutor(1)
    with pytest.raises(ZeroDivisionError) as raised:
        executor.submit(divmod, 1, 0).result()
    assert "in _outcome" in raised.value.__notes__[0]
    assert executor.submit(divmod, 7, 2).result() == (3, 1)
    with pytest.raises(WorkerDied):
        executor.submit(os._exit, 1).result()
    assert executor.submit(divmod, 7, 2).result() == (3, 1)
    executor.shutdown()
    assert executor.process_ids == []


def test_processes_that_cannot_be_started_are_told(monkeypatch):
    assert resource_tracker  # loaded here; the processes take their path from their parent
    monkeypatch.setattr(sys, "path", [])
    with processes(2) as workers, pytest.raises(UserError, match="-j 1 does without"):
        list(run_cases(template(), map(case, range(3)), workers))


OF_THE_BASE = """
    import sys
    from penloop.campaigns.cases import run_batch
    from tests.system.small_campaign import Deadly, case, template

    assert run_batch(template(), [case(1)])[0].passed
    extras = "distributed matplotlib optuna pandas plotly scipy tomli_w tornado"
    print(*sorted(set(extras.split()) & set(sys.modules)))
"""


def test_a_worker_needs_no_extra():
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(OF_THE_BASE)],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.strip() == ""


def test_a_case_at_which_the_program_itself_fails_is_one_of_many(monkeypatch):
    real = execution.run

    def run(scenario, engine, seed, *arguments, **options):
        if seed == 1:
            raise ZeroDivisionError("nothing to share")
        return real(scenario, engine, seed, *arguments, **options)

    monkeypatch.setattr(execution, "run", run)
    with processes(1) as workers:
        found = list(run_cases(template(), [case(0), case(1), case(2)], workers))
    assert [bool(one.error) for one in found] == [False, True, False]
    assert found[1].error.startswith("a mistake in penloop itself: ZeroDivisionError: nothing to")
    assert not found[1].passed
