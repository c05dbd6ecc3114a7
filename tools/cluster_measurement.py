"""What tools/scheduler_load.py rests on, measured on a scheduler and two workers as processes."""

import copy
import os
import pickle
import statistics
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, wait
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from pathlib import Path

import psutil

from penloop.campaigns.batches import AIM_S
from penloop.campaigns.campaign import Campaign, load
from penloop.campaigns.cases import CaseResult, run_case
from penloop.campaigns.cluster import dask_workers
from penloop.campaigns.dataset import DataSet
from penloop.campaigns.driver import OUTSTANDING, Workers, run_cases

FILE = Path(__file__).parents[1] / "examples" / "campaigns" / "tolerances.campaign.toml"
WORKERS = 2
BATCHES = 2000  # that are no work
CASES = 200  # of the example: all that it has
LONG_CASES = 8
LONG = "30 s"  # of virtual time


@contextmanager
def two_workers() -> Iterator[Workers]:
    """Those of a scheduler on this machine, all processes of their own."""
    from distributed import SubprocessCluster

    options = {"dashboard_address": None, "worker_class": "distributed.Worker"}
    with (
        SubprocessCluster(n_workers=WORKERS, threads_per_worker=1, **options) as cluster,
        dask_workers(cluster.scheduler_address) as workers,
    ):
        while workers.count < WORKERS:
            time.sleep(0.1)
            workers.look()
        yield workers


def case_sample(campaign: Campaign, cases: int) -> list[CaseResult]:
    """What some cases give, and take, in this process."""
    run_case(campaign.template, campaign.plan.case(0))
    return [run_case(campaign.template, campaign.plan.case(number)) for number in range(cases)]


def long_case_s(campaign: Campaign) -> float:
    """Median of cases that take half a minute of virtual time: their pen runs to the end."""
    document = {**campaign.template.document, "duration": LONG}
    taken_s = []
    template = replace(campaign.template, document=document)
    for number in range(LONG_CASES):
        result = run_case(template, campaign.plan.case(number))
        taken_s.append(result.simulation_s + result.judging_s)
    return statistics.median(taken_s)


def empty_batches(workers: Workers, results: list[CaseResult]) -> tuple[float, float, float]:
    """Seconds a batch that is no work, whose answer is these results: (wall, the client's
    processor, the scheduler's)."""
    assert workers.executor is not None
    submit, running, left = workers.executor.submit, set(), BATCHES
    scheduler = psutil.Process(workers.executor._executor._client.run_on_scheduler(os.getpid))
    before_s, client_s, start_s = _processor_s(scheduler), time.process_time(), time.perf_counter()
    while left or running:
        fresh = min(left, OUTSTANDING * WORKERS - len(running))
        running |= {submit(copy.copy, results) for _ in range(fresh)}
        left -= fresh
        _done, running = wait(running, return_when=FIRST_COMPLETED)
    spent_s = (
        time.perf_counter() - start_s,
        time.process_time() - client_s,
        _processor_s(scheduler) - before_s,
    )
    wall_s, client_s, scheduler_s = (seconds / BATCHES for seconds in spent_s)
    return wall_s, client_s, scheduler_s


def _processor_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system


def client_case_s(campaign: Campaign, results: list[CaseResult]) -> float:
    """Processor seconds for a case to be drawn, and its result to be written."""
    with tempfile.TemporaryDirectory() as folder:
        data = DataSet(Path(folder) / "out", campaign)
        start_s = time.process_time()
        drawn = sum(1 for _case in campaign.plan.cases([range(len(results))]))
        written = sum(1 for _result in data.write(results))
        assert drawn == written
        return (time.process_time() - start_s) / len(results)


def real_run(campaign: Campaign, workers: Workers) -> tuple[float, list[CaseResult]]:
    """(wall seconds, results) of the campaign, after a few cases that warm the workers."""
    warm = campaign.plan.cases([range(8)])
    list(run_cases(campaign.template, warm, workers))
    start_s = time.perf_counter()
    cases = islice(campaign.plan.cases([range(campaign.plan.count)]), CASES)
    results = list(run_cases(campaign.template, cases, workers))
    return time.perf_counter() - start_s, results


def main() -> None:
    """Prints the figures."""
    campaign = load(FILE)
    sample = case_sample(campaign, 100)
    taken_s = [result.simulation_s + result.judging_s for result in sample]
    long_s = long_case_s(campaign)
    size = round(AIM_S / statistics.fmean(taken_s))
    batch = sample[:size]
    with two_workers() as workers:
        wall_s, client_s, scheduler_s = empty_batches(workers, batch)
    cases = [result.case for result in batch]
    print(f"a case {statistics.fmean(taken_s) * 1e3:.1f} ms, with {LONG} {long_s * 1e3:.0f} ms")
    print(f"case_s, tenths: {[round(s, 4) for s in statistics.quantiles(taken_s, n=10)]}")
    print(f"an empty batch of {size}: wall {wall_s * 1e3:.2f} ms, processor of the client "
          f"{client_s * 1e3:.2f} ms, of the scheduler {scheduler_s * 1e3:.2f} ms")  # fmt: skip
    print(f"a case, drawn and written: {client_case_s(campaign, sample) * 1e3:.3f} ms")
    out, back = pickle.dumps((campaign.template, cases)), pickle.dumps(batch)
    firmware = campaign.template.firmware_sha256[:12]
    print(f"bytes: {len(out)} to the worker, {len(back)} back (firmware {firmware} not sent)")


if __name__ == "__main__":
    main()
