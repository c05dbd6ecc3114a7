"""Cuts the cases of a campaign into batches: what a worker gets at a time.

A scheduler has about a millisecond of work with a task, so a task is at least a second of work for
the worker (docs/campaigns.md has the figures). The last ones are of equal length, as many to each
worker, so that all end together; where there is less than a second of work for each worker, it is
split evenly over them.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from math import ceil

from penloop.campaigns.cases import Case, CaseResult
from penloop.campaigns.workers import Workers

LEAST_S = 1.0  # of work in a batch
AIM_S = 1.25  # so that quicker cases than expected do not make it less
MOST = 1000  # cases in a batch
QUICKEST_S = 1e-3  # a case, at least: one that is not even a scenario takes a third of it
FIRST = 2  # cases in a batch while nothing is known of their speed
AHEAD = 2  # batches a worker of which the cases are looked at, to see the end coming
SHARE_OF_NEW = 0.3  # in the running mean of what a case takes


class Batches:
    """The batches of cases that are drawn one after another, as late as possible."""

    def __init__(self, cases: Iterable[Case], workers: Workers) -> None:
        self._coming = iter(cases)
        self._workers = workers
        self._seen: deque[Case] = deque()
        self._last: deque[list[Case]] = deque()

    def __iter__(self) -> Iterator[list[Case]]:
        return self

    def __next__(self) -> list[Case]:
        if not self._last:
            self._look_ahead()
        if self._last:
            return self._last.popleft()
        return [self._seen.popleft() for _ in range(self._usual())]

    def _usual(self) -> int:
        case_s = self._workers.case_s
        return min(ceil(AIM_S / case_s), MOST) if case_s else FIRST

    def _look_ahead(self) -> None:
        """Where the end is seen, all that is left is cut; StopIteration when nothing is."""
        wanted = self._usual() * self._workers.count * AHEAD
        self._seen.extend(islice(self._coming, max(wanted - len(self._seen), 0)))
        if not self._seen:
            raise StopIteration
        if len(self._seen) < wanted:
            self._cut_last()

    def _cut_last(self) -> None:
        """Into parts of equal length; only the next ones while their speed is not known."""
        count, case_s = self._workers.count, self._workers.case_s
        if case_s:
            parts = int(len(self._seen) * case_s / LEAST_S) // count * count or count
            self._last.extend(_even(self._seen, max(parts, ceil(len(self._seen) / MOST))))
            self._seen.clear()
        else:
            size = min(FIRST, ceil(len(self._seen) / count))
            self._last.append([self._seen.popleft() for _ in range(size)])


def _even(cases: Sequence[Case], parts: int) -> Iterator[list[Case]]:
    """As many parts, none empty, whose lengths differ by one at most."""
    coming = iter(cases)
    length, longer = divmod(len(cases), parts)
    for part in range(min(parts, len(cases))):
        yield list(islice(coming, length + (part < longer)))


def learn_speed(workers: Workers, results: Sequence[CaseResult]) -> None:
    """What a case takes, from a batch; its first case, which may have been a process's first, is
    left away where there are others."""
    counted = results[1:] or results
    mean_s = sum(result.simulation_s + result.judging_s for result in counted) / len(counted)
    mean_s = max(mean_s, QUICKEST_S)
    before_s = workers.case_s or mean_s
    workers.case_s = before_s + SHARE_OF_NEW * (mean_s - before_s)
