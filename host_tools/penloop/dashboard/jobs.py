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
    """Asked for by any thread, done by the pen's.

    Whether there is a link is known here, under the same lock: nothing that was asked over a link
    is done over the next one, except a stop. A stop that did not get through is owed, once.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: deque[Job] = deque()
        self._stop: Future[None] | None = None
        self._stop_owed = False
        self._no_link: str | None = "still connecting"  # why there is none

    def ask(self, call: Callable[..., Any], needs_link: bool = True) -> Future[Any]:
        """Puts a job behind the others; NoLink where it needs a link and there is none."""
        job = Job(call, needs_link)
        with self._lock:
            if not needs_link or self._no_link is None:
                self._waiting.append(job)
                return job.answer
            settle(job.answer, error=NoLink(self._no_link))
        return job.answer

    def ask_stop(self) -> Future[None]:
        """A stop before all jobs; those that wait for the link are dropped.

        Without a link the answer is NoLink, and the stop is owed.
        """
        with self._lock:
            if self._no_link is None:
                stop = self._stop = self._stop or Future()
                dropped = self._taken_back()
            else:
                self._stop_owed, dropped, stop = True, [], Future()
                settle(stop, error=NoLink(self._no_link))
        for job in dropped:
            settle(job.answer, error=Stopped())
        return stop

    def owe_stop(self) -> None:
        """A stop that was taken has not got through."""
        with self._lock:
            self._stop_owed = True

    @property
    def stop_wanted(self) -> bool:
        """Whether a stop has been asked for, or is owed, and has not been taken."""
        return self._stop_owed or self._stop is not None

    def take_stop(self) -> Future[None] | None:
        """The stop that was asked for or is owed; it is the taker's to answer."""
        with self._lock:
            if not self.stop_wanted:
                return None
            stop, self._stop, self._stop_owed = self._stop or Future(), None, False
            return stop

    def take(self, linked: bool) -> Job | None:
        """The next job; without a link the next that needs none."""
        with self._lock:
            for job in self._waiting:
                if linked or not job.needs_link:
                    self._waiting.remove(job)
                    return job
        return None

    def link_is_up(self) -> None:
        """From now on jobs may be asked that need it."""
        with self._lock:
            self._no_link = None

    def link_is_down(self, reason: str) -> None:
        """What waits for it ends with NoLink; a stop among it is owed."""
        with self._lock:
            self._no_link = reason
            dropped = [job.answer for job in self._taken_back()]
            if self._stop is not None:
                dropped.append(self._stop)
                self._stop, self._stop_owed = None, True
        for answer in dropped:
            settle(answer, error=NoLink(reason))

    def _taken_back(self) -> list[Job]:
        dropped = [job for job in self._waiting if job.needs_link]
        self._waiting = deque(job for job in self._waiting if not job.needs_link)
        return dropped
