"""The workers of a Dask cluster: machines on which penloop is installed, and one scheduler."""

import logging
import pickle
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Executor, Future
from contextlib import contextmanager
from typing import Any, ParamSpec, TypeVar
from uuid import uuid4

from penloop.campaigns.workers import Workers
from penloop.errors import UserError

P = ParamSpec("P")
T = TypeVar("T")

CONNECT_S = 10.0
COUNT_S = 2.0  # between two questions how many workers there are
PATIENCE_S = 60.0  # that the cluster may be without a worker


@contextmanager
def dask_workers(address: str, patience_s: float = PATIENCE_S) -> Iterator[Workers]:
    """The workers of the cluster whose scheduler is at an address, such as tcp://host:8786.

    Waits for one. Raises UserError: no scheduler there, no worker, Dask is not installed.
    """
    client = _connected(address)
    try:
        workers = ClusterWorkers(client, address, patience_s)
        while not workers.count:
            time.sleep(0.1)
            workers.look()
        yield workers
    finally:
        client.close(CONNECT_S)


def _connected(address: str) -> Any:
    try:
        from distributed import Client
    except ImportError:
        raise UserError(
            "a cluster needs Dask distributed", "pip install 'penloop[cluster]'"
        ) from None
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings(action="ignore"):  # pandas here, none there: no matter
            return Client(address, timeout=CONNECT_S, set_as_default=False)
    except ValueError as error:
        raise UserError(
            f"--scheduler {address}: {error}", "give an address such as tcp://host:8786"
        ) from None
    except OSError:
        raise UserError(
            f"no scheduler answers at {address}", "start one with dask scheduler, or correct it"
        ) from None


class _Call:
    """Its pickle, when read, is the result of the call."""

    def __init__(self, *call: Any) -> None:
        self._function, *self._arguments = call

    def __reduce__(self) -> tuple[Any, tuple[Any, ...]]:
        return self._function, tuple(self._arguments)


class SealedExecutor(Executor):
    """Hands out bytes that only the worker reads.

    Dask's scheduler would unpickle every task, so that it had to have penloop as well and took
    longer; and a worker that cannot unpickle one ends, where it should tell.
    """

    def __init__(self, executor: Executor) -> None:
        self._executor = executor

    def submit(self, fn: Callable[P, T], /, *args: P.args, **_none: P.kwargs) -> Future[T]:
        """`fn` with these arguments; it takes no keywords."""
        sealed = pickle.dumps(_Call(fn, *args), pickle.HIGHEST_PROTOCOL)
        submit: Callable[..., Future[T]] = self._executor.submit
        return submit(pickle.loads, sealed, key=f"cases-{uuid4().hex}")


class ClusterWorkers(Workers):
    """They come and go; how many there are is asked again and again."""

    def __init__(self, client: Any, address: str, patience_s: float = PATIENCE_S) -> None:
        super().__init__(SealedExecutor(client.get_executor(pure=False)), 0)
        self._client = client
        self._address = address
        self._patience_s = patience_s
        self._asked_s = -COUNT_S
        self._alone_since_s: float | None = None
        self.look()

    def look(self) -> None:
        """Asks how many there are, every two seconds. Raises UserError where none comes."""
        now_s = time.monotonic()
        if now_s - self._asked_s < COUNT_S and self.count:
            return
        self._asked_s = now_s
        try:
            self.count = len(self._client.nthreads())
        except Exception as error:
            raise self.told(error) from None
        self._check_patience(now_s)

    def _check_patience(self, now_s: float) -> None:
        if self.count:
            self._alone_since_s = None
        elif self._alone_since_s is None:
            self._alone_since_s = now_s
            print(f"penloop: {self._address} has no worker; waiting for one", file=sys.stderr)
        elif now_s - self._alone_since_s > self._patience_s:
            raise UserError(
                f"no worker came to {self._address} in {self._patience_s:.0f} s",
                f"start some with dask worker {self._address} --nthreads 1",
            )

    def has_lost(self, error: BaseException) -> bool:
        """Dask tries a task anew when its worker dies, and gives up after some times."""
        from distributed.scheduler import KilledWorker

        return isinstance(error, KilledWorker)

    def told(self, error: BaseException) -> BaseException:
        """A lost scheduler, and a worker without penloop, have a remedy."""
        if isinstance(error, (OSError, CancelledError)):
            return UserError(
                f"the scheduler at {self._address} is lost",
                "start it and its workers again; the same command goes on with what is there",
            )
        if isinstance(error, ImportError):
            return UserError(
                f"a worker has no module {error.name}",
                "install the same version of penloop on every worker",
            )
        return error
