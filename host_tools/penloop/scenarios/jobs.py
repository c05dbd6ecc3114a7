"""Runs of scenarios side by side: what a worker gets, does and gives back."""

import time
import traceback
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from penloop.errors import UserError
from penloop.scenarios import comparison_pictures, pages
from penloop.scenarios.baseline import Baseline
from penloop.scenarios.comparison import CHANGED, Comparison
from penloop.scenarios.execution import Outcome
from penloop.scenarios.execution import run as run_scenario
from penloop.scenarios.scenario import Scenario
from penloop.scenarios.scenario_reader import load
from penloop.worker_processes import ProcessExecutor, WorkerDied
from pensim import Firmware


@dataclass(frozen=True)
class Job:
    """One run; another process can take it.

    name: of the scenario among those of one command
    report: for which pages and pictures are made, if any
    baseline, keep: the folders to compare with and to store in, if any
    """

    path: Path
    engine: str
    seed: int
    name: str = ""
    firmware: Firmware | None = None
    report: Path | None = None
    baseline: Path | None = None
    keep: Path | None = None


@dataclass(frozen=True)
class Done:
    """What came of a job, and its wall time."""

    outcome: Outcome
    seconds: float
    comparison: Comparison | None = None


def done(work: Sequence[Job], processes: int) -> Iterator[Done]:
    """In the order of the work, whatever finishes first; a job that cannot be done is told in its
    place, and the others are done."""
    if processes == 1 or len(work) == 1:
        yield from map(_told, work)
        return
    with _processes(min(processes, len(work))) as executor:
        futures = [executor.submit(_told, job) for job in work]
        for job, future in zip(work, futures, strict=True):
            try:
                yield future.result()
            except WorkerDied as error:
                yield _not_done(job, f"{error} (out of memory?)")


@contextmanager
def _processes(count: int) -> Iterator[Executor]:
    """None of them is left when the block ends, whatever ends it."""
    executor = ProcessExecutor(count)
    try:
        yield executor
    finally:
        executor.shutdown(cancel_futures=True)


def _told(job: Job) -> Done:
    try:
        return _run(job)
    except UserError as error:
        return _not_done(job, str(error))
    except Exception as error:
        what = f"a mistake in penloop itself, {type(error).__name__}: {error}"
        return _not_done(job, f"{what}\n{traceback.format_exc()}")


def _not_done(job: Job, why: str) -> Done:
    """The outcome of a run that never was."""
    scenario = Scenario(job.name, "", 0, (), path=job.path)
    return Done(Outcome(scenario, job.engine, job.seed, (), None, error=why), 0.0)


def _run(job: Job) -> Done:
    """Without the trace and what else another process cannot take: many runs are kept."""
    began_s = time.monotonic()
    scenario = replace(load(job.path), name=job.name)
    outcome = run_scenario(scenario, job.engine, job.seed, job.firmware)
    seconds = time.monotonic() - began_s
    comparison = _compared(job, outcome) if job.baseline is not None else None
    if job.keep is not None:
        Baseline(job.keep).keep(outcome)
    if job.report is not None and not outcome.passed:
        outcome = _with_pictures(outcome, job.report)
    bare = replace(outcome.scenario, expectations=(), faults=())
    return Done(replace(outcome, scenario=bare, trace=None), seconds, comparison)


def _compared(job: Job, outcome: Outcome) -> Comparison:
    assert job.baseline is not None
    comparison, before = Baseline(job.baseline).compared(outcome)
    if comparison.status == CHANGED and job.report is not None and before and outcome.trace:
        picture = comparison_pictures.picture(comparison, before, outcome.trace)
        return replace(comparison, picture=picture)
    return comparison


def _with_pictures(outcome: Outcome, report: Path) -> Outcome:
    """Writes the page of a failed run, and draws what the report shows of it."""
    page = pages.page_path(report, outcome)
    page.parent.mkdir(exist_ok=True)
    page.write_text(pages.failure_page(outcome))
    return replace(outcome, plots=tuple(pages.failure_plots(outcome)))
