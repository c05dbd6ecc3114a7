"""Hands cases to workers and takes the results in the order of the cases.

The workers are those of an executor of Python's own interface (`concurrent.futures.Executor`):
processes of this machine, or a cluster's. What is held grows with the number of workers, not of
cases: four batches each that are under way, and as many that wait for an earlier one.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import CancelledError, Executor, Future
from dataclasses import dataclass
from queue import Empty, SimpleQueue

from penloop.campaigns.batches import Batches, learn_speed
from penloop.campaigns.cases import Case, CaseResult, Template, run_batch
from penloop.campaigns.workers import Workers, processes

__all__ = ["Workers", "processes", "run_cases"]

OUTSTANDING = 4  # batches a worker has at most
HELD = 2 * OUTSTANDING  # batches a worker, with those that wait for an earlier one
DEATHS = 3  # of a case's workers: with its batch, alone in a batch, alone of all
LOOK_S = 1.0  # how long results are waited for before the workers are looked at


def run_cases(template: Template, cases: Iterable[Case], workers: Workers) -> Iterator[CaseResult]:
    """The results of all cases, in their order, each once, whatever finishes first or dies.

    A case that kills its workers has an error. Raises UserError: a worker has another firmware, or
    none will do the work. Anything else that comes is a mistake in the program, raised as the
    worker had it. When the iterator is closed, what was not begun is not done.
    """
    if workers.executor is None:
        for case in cases:
            yield from run_batch(template, [case])
        return
    run = _Run(template, cases, workers, workers.executor)
    try:
        yield from run.results()
    finally:
        run.cancel()


class _Batch:
    """A batch and what is known of its results."""

    def __init__(self, cases: list[Case]) -> None:
        self.cases = cases
        self.results: dict[int, CaseResult] = {}  # by place

    @property
    def done(self) -> bool:
        return len(self.results) == len(self.cases)


@dataclass
class _Task:
    """What a worker gets: a batch, or a single case of one whose worker has died."""

    batch: _Batch
    places: range
    deaths: int = 0

    @property
    def is_suspect(self) -> bool:
        """Whether the next worker that it loses is its own fault."""
        return self.deaths == DEATHS - 1

    @property
    def cases(self) -> list[Case]:
        return self.batch.cases[self.places.start : self.places.stop]

    def take(self, results: list[CaseResult]) -> None:
        self.batch.results.update(zip(self.places, results, strict=True))


class _Run:
    """The batches of one call of `run_cases`."""

    def __init__(
        self, template: Template, cases: Iterable[Case], workers: Workers, executor: Executor
    ) -> None:
        self._template = template
        self._batches = Batches(cases, workers)
        self._workers = workers
        self._executor = executor
        self._order: deque[_Batch] = deque()
        self._again: deque[_Task] = deque()
        self._running: dict[Future[list[CaseResult]], _Task] = {}
        self._finished: SimpleQueue[Future[list[CaseResult]]] = SimpleQueue()

    def results(self) -> Iterator[CaseResult]:
        """All, in order."""
        while True:
            self._hand_out()
            if not self._order and self._workers.count:
                return
            self._wait()
            self._hand_out()
            while self._order and self._order[0].done:
                batch = self._order.popleft()
                yield from (batch.results[place] for place in range(len(batch.cases)))

    def cancel(self) -> None:
        """What no worker has begun will not be done."""
        for future in self._running:
            future.cancel()

    def _hand_out(self) -> None:
        """Until every worker has enough; one batch each until their speed is known."""
        window = (OUTSTANDING if self._workers.case_s else 1) * self._workers.count
        while len(self._running) < window and not self._suspect_runs():
            task = self._next_task()
            if task is None:
                return
            self._start(task)

    def _suspect_runs(self) -> bool:
        """It has all workers for itself, so it is the only task."""
        return len(self._running) == 1 and next(iter(self._running.values())).is_suspect

    def _next_task(self) -> _Task | None:
        """What was lost comes first; a suspect only when nothing else runs, which might be lost
        with it and seem as guilty."""
        if self._again and not self._again[0].is_suspect:
            return self._again.popleft()
        if self._again:
            return None if self._running else self._again.popleft()
        if len(self._order) >= HELD * self._workers.count:
            return None
        cases = next(self._batches, None)
        if cases is None:
            return None
        batch = _Batch(cases)
        self._order.append(batch)
        return _Task(batch, range(len(cases)))

    def _start(self, task: _Task) -> None:
        try:
            future = self._executor.submit(run_batch, self._template, task.cases)
        except Exception as error:
            raise self._workers.told(error) from error
        self._running[future] = task
        future.add_done_callback(self._finished.put)

    def _wait(self) -> None:
        """For a task that is done, or a moment: there may be more workers then."""
        self._workers.look()
        try:
            future = self._finished.get(timeout=LOOK_S)
        except Empty:
            return
        self._take(future)

    def _take(self, future: Future[list[CaseResult]]) -> None:
        task = self._running.pop(future)
        error = CancelledError() if future.cancelled() else future.exception()
        if error is None:
            results = future.result()
            task.take(results)
            learn_speed(self._workers, results)
        elif self._workers.has_lost(error):
            self._lost(task)
        else:
            raise self._workers.told(error)

    def _lost(self, task: _Task) -> None:
        """Its cases again, one at a time, so that the one to blame is found."""
        deaths = task.deaths + 1
        if len(task.places) > 1:
            for place in task.places:
                self._again.append(_Task(task.batch, range(place, place + 1), deaths))
        elif deaths < DEATHS:
            self._again.append(_Task(task.batch, task.places, deaths))
        else:
            (case,) = task.cases
            told = f"case {case.number} ended its worker {DEATHS} times (out of memory?)"
            task.take([CaseResult(case, (), error=told)])
