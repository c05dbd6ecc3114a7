"""The owner of the pen: everything that is done with it is asked for here, by any thread."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from penhost import Pen
from penhost.scope import Progress
from penloop.dashboard.captures import CaptureWanted
from penloop.dashboard.pen_thread import PenThread


class PenOwner(PenThread):
    """Answers are futures; each may end in a PenError, most of all Stopped and NoLink."""

    def start(self) -> None:
        """Begins to connect."""
        self._thread.start()

    def close(self) -> None:
        """Ends a recording and the thread, once a stop that was asked for is done."""
        self._ending.set()
        self._thread.join()

    def stop(self) -> Future[None]:
        """Stops the pen before all else; the jobs under way and waiting end with Stopped.

        Without a link the answer is NoLink at once, and the pen is stopped when it is back.
        """
        return self._jobs.ask_stop()

    def ask(self, call: Callable[[Pen], Any]) -> Future[Any]:
        """Has the pen's thread do something with the pen. The answer may be a PenError."""
        return self._jobs.ask(call)

    def attend(self) -> None:
        """A person thinks in front of a page: SERVICE and a trial are kept for UNSEEN_S."""
        self._attended_s = time.monotonic()

    def act(self, call: Callable[[Any], Any]) -> Future[Any]:
        """Has the pen's thread do something with the bench of a simulated pen."""
        return self._jobs.ask(lambda _pen: call(self.source.bench), needs_link=False)

    def subscribe(self, signals: Sequence[str], period_ms: int) -> Future[Any]:
        """Watches other signals from now on."""
        return self.ask(lambda pen: self._subscribe(pen, (tuple(signals), period_ms)))

    def set(self, changes: dict[str, str]) -> Future[Any]:
        """Changes settings as one transaction; the answer is what Pen.set returns or raises."""
        return self.ask(lambda pen: self._set(pen, changes))

    def capture(self, wanted: CaptureWanted) -> Future[Any]:
        """One capture of the pen's scope; the plots go on meanwhile."""

        def watch(pen: Pen, progress: Progress) -> None:
            wanted.watch(progress)
            self._listen(pen, 0.0)

        return self.ask(lambda pen: wanted.take(pen, lambda progress: watch(pen, progress)))

    def experiment(self, call: Callable[[Pen], Any]) -> Future[Any]:
        """What runs the motor: it ends when no page looks on, and its samples are shown.

        Its signals take the place of those that are watched; a recording waits meanwhile.
        """
        return self.ask(lambda pen: self._experiment(pen, call))

    def record(self, goal: Path) -> Future[Any]:
        """Begins a recording of what is watched. The answer may be a UserError."""
        return self.ask(lambda pen: self._record(pen, goal))

    def end_recording(self) -> Future[Any]:
        """Ends the recording; the answer is its file, once that is written."""
        answer: Future[Any] = Future()
        self._jobs.ask(lambda _pen: self._end_recording("", answer), needs_link=False)
        return answer

    def refresh(self) -> Future[Any]:
        """Reads the settings anew."""
        return self.ask(self._read_values)
