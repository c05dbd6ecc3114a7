"""Hands cases to workers and takes the results in the order of the cases.

The workers are those of an executor of Python's own interface (`concurrent.futures.Executor`):
processes of this machine, or a cluster's.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from multiprocessing import get_context

from penloop.campaigns.cases import Case, CaseResult, Template, run_batch

OUTSTANDING = 4  # batches a worker has at most
BATCH = 20  # cases


@dataclass(frozen=True)
class Workers:
    """An executor and how many workers it has."""

    executor: Executor | None  # None: this process does the work
    count: int = 1


@contextmanager
def processes(count: int) -> Iterator[Workers]:
    """Workers on this machine; one is this process itself."""
    if count == 1:
        yield Workers(None)
        return
    with ProcessPoolExecutor(count, get_context("spawn")) as pool:
        yield Workers(pool, count)


def run_cases(template: Template, cases: Iterable[Case], workers: Workers) -> Iterator[CaseResult]:
    """The results of all cases, in their order, whatever finishes first."""
    waiting = iter(cases)
    if workers.executor is None:
        for case in waiting:
            yield from run_batch(template, [case])
        return
    running: deque[Future[list[CaseResult]]] = deque()
    while True:
        while len(running) < OUTSTANDING * workers.count:
            batch = list(islice(waiting, BATCH))
            if not batch:
                break
            running.append(workers.executor.submit(run_batch, template, batch))
        if not running:
            return
        yield from running.popleft().result()
