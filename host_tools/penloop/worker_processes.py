"""An executor of processes of which one may die without harm to the others.

`ProcessPoolExecutor` breaks as a whole when a process dies, does not say which task killed it, and
leaves its processes behind when the parent is killed. Here a thread for each process hands it one
task at a time, so a death has its task, the next one gets a new process, and no process outlives
its parent.
"""

import gc
import os
import signal
import threading
import traceback
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from multiprocessing import connection, get_context, parent_process
from multiprocessing.connection import Connection
from typing import Any, ParamSpec, TypeVar

from penloop.errors import UserError

P = ParamSpec("P")
T = TypeVar("T")


class WorkerDied(Exception):
    """The process that had the task ended before it was done."""


class ProcessExecutor(Executor):
    """`count` processes, started by spawn when there is work for them.

    A task's future raises what the task raised, with the process's traceback as a note; WorkerDied
    when its process died; UserError when the processes cannot be started.
    """

    def __init__(self, count: int) -> None:
        self._threads = ThreadPoolExecutor(count, "worker")
        self._here = threading.local()
        self._alive: set[_WorkerProcess] = set()
        self._changes = threading.Lock()
        self._killed = False

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """The next free process will do it."""
        return self._threads.submit(self._do, partial(fn, *args, **kwargs))

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Ends when all tasks are done; with `cancel_futures` at once, in the middle of them."""
        if cancel_futures:
            self._kill()
        self._threads.shutdown(wait, cancel_futures=cancel_futures)
        if wait:
            self._kill()

    @property
    def process_ids(self) -> list[int]:
        """Of the processes that there are now."""
        with self._changes:
            return [process.id for process in self._alive]

    def _do(self, task: Callable[[], T]) -> T:
        process = self._process_of_this_thread()
        try:
            done, found = process.do(task)
        except (EOFError, OSError):
            self._forget(process)
            raise WorkerDied("a worker process ended in the middle of its work") from None
        if not done:
            raise found
        return found

    def _process_of_this_thread(self) -> "_WorkerProcess":
        process: _WorkerProcess | None = getattr(self._here, "process", None)
        if process is None:
            with self._changes:
                if self._killed:
                    raise WorkerDied("the worker processes were told to end")
                process = _WorkerProcess()
                self._alive.add(process)
            process.wait_until_ready()
            self._here.process = process
        return process

    def _forget(self, process: "_WorkerProcess") -> None:
        self._here.process = None
        with self._changes:
            self._alive.discard(process)
        process.kill()

    def _kill(self) -> None:
        with self._changes:
            self._killed = True
            ended, self._alive = self._alive, set()
        for process in ended:
            process.kill()


class _WorkerProcess:
    """A process and the pipe to it."""

    def __init__(self) -> None:
        self._pipe, theirs = get_context("spawn").Pipe()
        self._process = get_context("spawn").Process(target=_serve, args=(theirs,), daemon=True)
        self._process.start()
        theirs.close()

    @property
    def id(self) -> int:
        return self._process.pid or 0

    def wait_until_ready(self) -> None:
        """Raises UserError when it cannot be."""
        try:
            self._pipe.recv()
        except (EOFError, OSError):
            raise UserError(
                "a worker process ended as it began", "see above why; -j 1 does without"
            ) from None

    def do(self, task: Callable[[], Any]) -> tuple[bool, Any]:
        """(True, its result) or (False, its exception). EOFError, OSError: the process died."""
        self._pipe.send(task)
        answer: tuple[bool, Any] = self._pipe.recv()
        return answer

    def kill(self) -> None:
        self._process.kill()
        self._process.join()


def _serve(pipe: Connection) -> None:
    """The process: one task after another, until the parent has no more. Ctrl-C is the parent's."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_the_parent, daemon=True).start()
    pipe.send("ready")
    with suppress(EOFError):
        pipe.send(_outcome(pipe.recv()))
        gc.collect()
        gc.freeze()  # what is loaded now stays: no collection needs to look through it again
        while True:
            pipe.send(_outcome(pipe.recv()))


def _end_with_the_parent() -> None:
    parent = parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)


def _outcome(task: Callable[[], Any]) -> tuple[bool, Any]:
    try:
        return True, task()
    except Exception as error:
        error.add_note(traceback.format_exc())
        return False, error
