"""What N workers make of a campaign on a cluster: a model of client, scheduler and workers.

    python -m tools.scheduler_load          # utilisation for 10 to 5,000 workers
    python -m tools.scheduler_load check    # the model beside a real run with two workers
    python -m tools.cluster_measurement     # the figures it rests on, anew

It is a closed network: four batches a worker go round, from the client, which draws cases, pickles
them and takes results, through the scheduler to the next free worker and back through the
scheduler. Client and scheduler are one server each; what takes a batch has the measured spread.
"""

import statistics
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import ceil, inf
from random import Random

import simpy

from penloop.campaigns.batches import AIM_S
from penloop.campaigns.driver import OUTSTANDING

# Measured by tools/cluster_measurement.py, on two cores that others used too.
TENTHS_S = (0.0353, 0.0357, 0.0362, 0.0368, 0.0371, 0.0385, 0.0403, 0.0434, 0.0511)
LONG_CASE_S = 0.288  # one of 30 s of virtual time; taken to spread as the short ones do
CLIENT_S = 1.43e-3
CLIENT_CASE_S = 0.116e-3
SCHEDULER_S = 1.62e-3

WORKERS = (10, 100, 200, 500, 700, 1000, 2000, 5000)
LENGTHS_S = (AIM_S, 5.0, 20.0)  # of batches
TREATMENTS = 1_000_000
SETTLED, SEEN = 2, 4  # rounds of all batches: not counted, counted


@dataclass(frozen=True)
class Load:
    """What a batch costs each part, seconds.

    case_s: what cases take a worker, a sample of them
    cases: in a batch
    client_s, client_case_s: of the client's time, for a batch and for each case in it
    scheduler_s: of the scheduler's time, for a batch
    network_s: from one part to the next
    """

    case_s: Sequence[float]
    cases: int
    client_s: float
    client_case_s: float
    scheduler_s: float
    network_s: float = 0.5e-3

    @property
    def batch_s(self) -> float:
        """Work in a batch, mean."""
        return self.cases * statistics.fmean(self.case_s)

    @property
    def at_client_s(self) -> float:
        """Of the client's time, for a batch with its cases."""
        return self.client_s + self.cases * self.client_case_s

    def most_a_second(self, workers: int) -> float:
        """Batches a second, at most: whichever part is the narrowest."""
        return min(workers / self.batch_s, 1 / self.scheduler_s, 1 / self.at_client_s)

    @property
    def saturated_by(self) -> float:
        """Workers beyond which client or scheduler is the narrowest part."""
        return self.batch_s / max(self.scheduler_s, self.at_client_s)


def measured(batch_s: float = AIM_S) -> Load:
    """Of treatments of 30 s, in batches of about that length."""
    scale = LONG_CASE_S / statistics.fmean(TENTHS_S)
    sample = [case_s * scale for case_s in TENTHS_S]
    return Load(sample, ceil(batch_s / LONG_CASE_S), CLIENT_S, CLIENT_CASE_S, SCHEDULER_S)


class Network:
    """The parts and the batches that go round between them.

    batches: how many there are; without a number they do not end
    ended_s: when each was done
    """

    def __init__(self, load: Load, workers: int, batches: float = inf, seed: int = 0) -> None:
        self._load = load
        self._left = batches
        self._random = Random(seed)
        self._time = simpy.Environment()
        self._client = simpy.Resource(self._time)
        self._scheduler = simpy.Resource(self._time)
        self._workers = simpy.Resource(self._time, workers)
        self._spans_s: list[tuple[float, float]] = []  # of work
        self.ended_s: list[float] = []
        for _ in range(OUTSTANDING * workers):
            self._time.process(self._batches())

    def run(self, until_s: float | None = None) -> None:
        """To the end of the batches, or to a time."""
        self._time.run(until_s)

    def work_s(self, from_s: float, to_s: float) -> float:
        """What the workers did between two times."""
        return sum(max(min(end, to_s) - max(start, from_s), 0.0) for start, end in self._spans_s)

    def _batches(self) -> Iterator[simpy.Event]:
        load = self._load
        while self._left > 0:
            self._left -= 1
            yield from self._use(self._client, load.at_client_s)
            yield from self._use(self._scheduler, load.scheduler_s / 2)
            yield self._time.timeout(load.network_s)
            yield from self._work()
            yield self._time.timeout(load.network_s)
            yield from self._use(self._scheduler, load.scheduler_s / 2)
            self.ended_s.append(self._time.now)

    def _work(self) -> Iterator[simpy.Event]:
        seconds = sum(self._random.choices(self._load.case_s, k=self._load.cases))
        with self._workers.request() as turn:
            yield turn
            self._spans_s.append((self._time.now, self._time.now + seconds))
            yield self._time.timeout(seconds)

    def _use(self, part: simpy.Resource, seconds: float) -> Iterator[simpy.Event]:
        with part.request() as turn:
            yield turn
            yield self._time.timeout(seconds)


def utilisation(load: Load, workers: int) -> float:
    """Share of the workers' time that is work, once all have some."""
    narrowest_s = max(load.at_client_s, load.scheduler_s)
    slowest_s = max(load.batch_s, OUTSTANDING * workers * narrowest_s)
    from_s, to_s = SETTLED * slowest_s, (SETTLED + SEEN) * slowest_s
    network = Network(load, workers)
    network.run(to_s)
    return network.work_s(from_s, to_s) / (workers * (to_s - from_s))


def wall_s(load: Load, workers: int, batches: int) -> float:
    """From the first batch to the last result."""
    network = Network(load, workers, batches)
    network.run()
    return network.ended_s[-1]


def table() -> None:
    """Prints utilisation, and how long a million treatments take."""
    for batch_s in LENGTHS_S:
        load = measured(batch_s)
        print(f"batches of {load.cases} cases, {load.batch_s:.2f} s: client "
              f"{load.at_client_s * 1e3:.2f} ms, scheduler {load.scheduler_s * 1e3:.2f} ms a "
              f"batch; saturated by {load.saturated_by:.0f} workers")  # fmt: skip
        for workers in WORKERS:
            busy = utilisation(load, workers)
            bound = load.most_a_second(workers) * load.batch_s / workers
            minutes = TREATMENTS * LONG_CASE_S / workers / busy / 60
            print(f"  {workers:5d} workers: {busy:6.1%} at work, bound {bound:6.1%}; "
                  f"{minutes:8.1f} min")  # fmt: skip


def check() -> None:
    """Prints the wall time of a real run with two workers and the model's."""
    from tools import cluster_measurement as real

    from penloop.campaigns.campaign import load as campaign_of

    campaign = campaign_of(real.FILE)
    with real.two_workers() as workers:
        _wall_s, client_s, scheduler_s = real.empty_batches(workers, real.case_sample(campaign, 25))
        was_s, results = real.real_run(campaign, workers)
    taken_s = [result.simulation_s + result.judging_s for result in results]
    cases = ceil(AIM_S / statistics.fmean(taken_s))
    batches = ceil(len(results) / cases / real.WORKERS) * real.WORKERS  # as many for each
    load = replace(measured(), case_s=[s * len(results) / batches / cases for s in taken_s],
                   cases=cases, client_s=client_s, scheduler_s=scheduler_s)  # fmt: skip
    told_s = wall_s(load, real.WORKERS, batches)
    print(f"{len(results)} cases on {real.WORKERS} workers: {was_s:.2f} s, by the model "
          f"{told_s:.2f} s ({told_s / was_s - 1:+.1%})")  # fmt: skip


if __name__ == "__main__":
    check() if sys.argv[1:] == ["check"] else table()
