"""What is to be done with the pen, in its order; a stop goes before all and drops the rest."""

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from penhost import PenError
from penhost.errors import LineNoisy, NotAPen, PenRestarted, PenSilent, PortError, ProtocolMismatch

LINK_ERRORS = (PortError, NotAPen, PenSilent, LineNoisy, PenRestarted, ProtocolMismatch)


class Stopped(PenError):
    """A stop came before a job's end, or instead of it."""

    def __init__(self) -> None:
        super().__init__("a stop came first", "look at the pen, then ask again")


class Unwatched(PenError):
    """No page has looked on for a while, at something that wants it."""

    def __init__(self) -> None:
        super().__init__("no page of the dashboard was open", "leave it open, and begin again")


class NoLink(PenError):
    """There is no link to do it over."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"no link to the pen ({reason})", "wait for it, or use the pen's button")


def settle(answer: Future[Any], result: Any = None, error: Exception | None = None) -> None:
    """Answers, unless whoever asked has gone meanwhile."""
    with suppress(InvalidStateError):
        if error is None:
            answer.set_result(result)
        else:
            answer.set_exception(error)


@dataclass
class Job:
    """A call, what becomes of it, and whether it needs the link."""

    call: Callable[..., Any]
    needs_link: bool
    answer: Future[Any] = field(default_factory=Future)

    def run(self, *arguments: Any) -> None:
        """Calls it; the result or the error is its answer. Raises what ended the link, too."""
        try:
            settle(self.answer, self.call(*arguments))
        except LINK_ERRORS as error:
            settle(self.answer, error=error)
            raise
        except Exception as error:
            settle(self.answer, error=error)


class Jobs:
    """Asked for by any thread, done by the pen's."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: deque[Job] = deque()
        self._stop: Future[None] | None = None

    def ask(self, call: Callable[..., Any], needs_link: bool = True) -> Future[Any]:
        """Puts a job behind the others."""
        job = Job(call, needs_link)
        with self._lock:
            self._waiting.append(job)
        return job.answer

    def ask_stop(self) -> Future[None]:
        """A stop before all jobs; those that wait for the link are dropped."""
        with self._lock:
            stop = self._stop = self._stop or Future()
        self.drop(Stopped())
        return stop

    @property
    def stop_wanted(self) -> bool:
        """Whether a stop has been asked for and not been taken."""
        return self._stop is not None

    def take_stop(self) -> Future[None] | None:
        """The stop that was asked for; it is the taker's to answer."""
        with self._lock:
            stop, self._stop = self._stop, None
            return stop

    def take(self, linked: bool) -> Job | None:
        """The next job; without a link the next that needs none."""
        with self._lock:
            for job in self._waiting:
                if linked or not job.needs_link:
                    self._waiting.remove(job)
                    return job
        return None

    def drop(self, error: Exception) -> None:
        """Answers all that wait for the link with an error."""
        with self._lock:
            dropped = [job for job in self._waiting if job.needs_link]
            self._waiting = deque(job for job in self._waiting if not job.needs_link)
        for job in dropped:
            settle(job.answer, error=error)
