"""Runs of scenarios side by side: what a worker gets, does and gives back."""

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path

from penloop.scenarios import comparison_pictures, pages
from penloop.scenarios.baseline import Baseline
from penloop.scenarios.comparison import CHANGED, Comparison
from penloop.scenarios.execution import Outcome
from penloop.scenarios.execution import run as run_scenario
from penloop.scenarios.scenario_reader import load
from pensim import Firmware


@dataclass(frozen=True)
class Job:
    """One run; another process can take it.

    report: for which pages and pictures are made, if any
    baseline, keep: the folders to compare with and to store in, if any
    """

    path: Path
    engine: str
    seed: int
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
    """In the order of the work, whatever finishes first."""
    if processes == 1 or len(work) == 1:
        yield from map(_run, work)
        return
    with ProcessPoolExecutor(min(processes, len(work)), get_context("spawn")) as pool:
        yield from pool.map(_run, work)


def _run(job: Job) -> Done:
    """Without the trace and what else another process cannot take: many runs are kept."""
    began_s = time.monotonic()
    outcome = run_scenario(load(job.path), job.engine, job.seed, job.firmware)
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
