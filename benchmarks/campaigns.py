"""What a campaign costs beside its simulations, what a second process brings, and its memory.

By turns: a bare loop over ready scenarios; the campaign (cases drawn, run, written as a data set)
in this process, with one worker process and with two. The machinery is what is left of the wall
time of all workers when simulating and judging are taken off: reading cases, batches, pickling,
waiting, writing. Processes are started before, as a campaign starts them once.
"""

import gc
import os
import statistics
import tempfile
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import count, islice
from pathlib import Path

from penloop.campaigns.campaign import load
from penloop.campaigns.cases import Case, Template
from penloop.campaigns.dataset import DataSet
from penloop.campaigns.driver import run_cases
from penloop.campaigns.places import Place
from penloop.campaigns.workers import Workers
from penloop.scenarios import execution
from penloop.worker_processes import ProcessExecutor

FILE = Path(__file__).parents[1] / "examples" / "campaigns" / "tolerances.campaign.toml"
CASES = 360  # with fewer, the wait for the last batch is most of the machinery
REPEATS = 3
SIZES = (200, 4000)  # cases after which memory is read
GOAL_SPEED_UP, GOAL_OVERHEAD_PERCENT = 1.85, 3.0
CHARGE = Place("battery.charge_fraction", ("pen", "parameters", "battery.charge_fraction"))


@dataclass(frozen=True)
class Cost:
    """Wall seconds of a run, and what its workers simulated and judged in them."""

    wall_s: float
    simulation_s: float
    judging_s: float
    workers: int = 1
    processor_s: float = 0.0  # of this process

    @property
    def machinery_percent(self):
        """Of the simulation."""
        rest_s = self.wall_s * self.workers - self.simulation_s - self.judging_s
        return rest_s / self.simulation_s * 100


def bare_loop(campaign):
    """Ready scenarios, one after another: the simulation itself."""
    cases = [campaign.plan.case(number) for number in range(CASES)]
    scenarios = [campaign.template.scenario(case) for case in cases]
    gc.collect()
    start_s, processor_s = time.perf_counter(), time.process_time()
    simulation_s = judging_s = 0.0
    for scenario, case in zip(scenarios, cases):
        outcome = execution.run(scenario, seed=case.seed, digest=False)
        simulation_s += outcome.simulation_s
        judging_s += outcome.judging_s
    wall_s, processor_s = time.perf_counter() - start_s, time.process_time() - processor_s
    return Cost(wall_s, simulation_s, judging_s, processor_s=processor_s)


def whole_campaign(campaign, workers):
    """The same cases as `penloop campaign` runs them, but for its display."""
    gc.collect()
    with tempfile.TemporaryDirectory() as folder:
        start_s, processor_s = time.perf_counter(), time.process_time()
        data = DataSet(Path(folder) / "out", campaign)
        cases = campaign.plan.cases([range(CASES)])
        results = list(data.write(run_cases(campaign.template, cases, workers)))
        return Cost(
            time.perf_counter() - start_s,
            sum(result.simulation_s for result in results),
            sum(result.judging_s for result in results),
            workers.count,
            time.process_time() - processor_s,
        )


@contextmanager
def started(processes):
    """Workers that have run something."""
    executor = ProcessExecutor(processes)
    try:
        workers = Workers(executor, processes)
        list(run_cases(cheap_template(), map(cheap_case, range(10 * processes)), workers))
        yield workers
    finally:
        executor.shutdown(cancel_futures=True)


def cheap_template():
    """A pen that is switched on, for a few milliseconds of wall time."""
    document = {"about": "On.", "duration": "40 ms", "expect": ["battery above 3 V at 30 ms"]}
    return Template("on", document, (CHARGE,))


def cheap_case(number):
    """Any number makes one."""
    return Case(number, number, (0.2 + 0.7 * (number % 97) / 97,))


def memory_mib(process_id):
    """Resident memory of a process."""
    pages = int(Path(f"/proc/{process_id}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGESIZE") / 2**20


def memory_by_size(sizes):
    """(cases so far, MiB of this process, MiB of each worker) of one endless campaign."""
    with started(2) as workers:
        run = run_cases(cheap_template(), map(cheap_case, count()), workers)
        rows, done = [], 0
        for size in sizes:
            for _result in islice(run, size - done):
                pass
            done = size
            mib = [memory_mib(process_id) for process_id in workers.executor.process_ids]
            rows.append((size, memory_mib(os.getpid()), mib))
        run.close()
    return rows


def measure():
    """A list of (bare loop, in this process, one worker process, two) for each turn."""
    campaign = load(FILE, cases=CASES)
    with ExitStack() as stack:
        pools = [Workers(None), *(stack.enter_context(started(number)) for number in (1, 2))]
        bare_loop(campaign)
        return [
            (bare_loop(campaign), *(whole_campaign(campaign, workers) for workers in pools))
            for _ in range(REPEATS)
        ]


def main():
    """Prints speed-up, overhead and memory."""
    print(f"campaign: load of the machine before: {os.getloadavg()[0]:.2f}")
    turns = measure()
    names = ("bare loop", "in this process", "one worker process", "two worker processes")
    for name, costs in zip(names, zip(*turns)):
        ms = [statistics.median(value / CASES * 1e3 for value in values) for values in zip(
            *((cost.wall_s, cost.simulation_s, cost.judging_s) for cost in costs))]  # fmt: skip
        print(f"campaign, {name:20s} {ms[0]:6.2f} ms a case; simulation {ms[1]:6.2f} ms, judging "
              f"{ms[2]:5.2f} ms, machinery {_median(costs, 'machinery_percent'):5.2f} % of the "
              f"simulation (goal {GOAL_OVERHEAD_PERCENT:.0f})")  # fmt: skip
    longer = statistics.median(
        (here.processor_s - here.judging_s) / (bare.processor_s - bare.judging_s)
        for bare, here, _, _ in turns
    )
    print(f"campaign: in this process {longer * 100 - 100:+.2f} % of the bare loop's processor "
          f"time, judging aside (goal {GOAL_OVERHEAD_PERCENT:.0f})")  # fmt: skip
    speed_up = statistics.median(one.wall_s / two.wall_s for _, _, one, two in turns)
    print(f"campaign: two processes {speed_up:.3f} times one (goal {GOAL_SPEED_UP})")
    for size, here_mib, mib in memory_by_size(SIZES):
        workers = ", ".join(f"{one:.1f}" for one in mib)
        print(f"campaign: after {size:5d} cases: this process {here_mib:.1f} MiB, "
              f"workers {workers} MiB")  # fmt: skip


def _median(costs, name):
    return statistics.median(getattr(cost, name) for cost in costs)


if __name__ == "__main__":
    main()
