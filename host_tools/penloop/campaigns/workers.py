"""Who runs the cases of a campaign: this process, others on this machine, or a cluster's."""

from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass

from penloop.worker_processes import ProcessExecutor, WorkerDied


@dataclass
class Workers:
    """An executor of Python's own interface, and how many workers it has.

    executor: None: this process does the work
    count: as last asked
    case_s: what a case takes a worker, as last measured; 0.0 until something is known
    """

    executor: Executor | None
    count: int = 1
    case_s: float = 0.0

    def look(self) -> None:
        """Called at least once a second while results are waited for: workers come and go.

        Raises UserError when none will do the work.
        """

    def has_lost(self, error: BaseException) -> bool:
        """Whether a task failed because its worker died."""
        return isinstance(error, WorkerDied)

    def told(self, error: BaseException) -> BaseException:
        """A task's failure as people should read it."""
        return error


@contextmanager
def processes(count: int) -> Iterator[Workers]:
    """Workers on this machine; one is this process itself. None is left when the block ends."""
    if count == 1:
        yield Workers(None)
        return
    executor = ProcessExecutor(count)
    try:
        yield Workers(executor, count)
    finally:
        executor.shutdown(cancel_futures=True)
