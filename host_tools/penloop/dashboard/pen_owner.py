"""The thread that owns the pen: it connects, listens, does jobs, stops, and connects again."""

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from typing import Any

from penhost import Block, Pen, PenError
from penhost.clock import MonotonicClock
from penhost.reconnection import Continuity
from penhost.scope import Progress
from penloop.dashboard.captures import CaptureWanted
from penloop.dashboard.feed import Feed, Layout, Piece
from penloop.dashboard.jobs import LINK_ERRORS, Jobs, NoLink, Stopped, settle
from penloop.dashboard.pen_source import PenSource
from penloop.dashboard.phase import PhaseTracker
from penloop.dashboard.recorder import Recorder
from penloop.dashboard.view import Link, Tables, View
from pensim.errors import SimulatorError

LISTEN_S = 0.004  # a stop waits no longer for the thread
RETRY_S = 0.5
SLICE_S = 0.02
SILENCE_S = 1.0  # without samples for so long, the pen is asked whether it is there
STATUS_S = 2.0  # how often the counters are read
SIGNALS = ("state", "faults", "rate", "depth", "current", "battery", "strokes", "edge_age")
PERIOD_MS = 6  # of 8 signals it takes half of a line of 115,200 baud


class PenOwner:
    """Everything that is done with the pen is asked for here, by any thread."""

    def __init__(self, source: PenSource) -> None:
        self.feed = Feed()
        self.view = View(source.name)
        self.source = source
        self._jobs = Jobs()
        self._recorder = Recorder()
        self._continuity = Continuity()
        self._clock = MonotonicClock()
        self._wanted: tuple[tuple[str, ...], int] = (SIGNALS, PERIOD_MS)
        self._layout: Layout | None = None
        self._layouts = 0
        self._tracker: PhaseTracker | None = None
        self._word = -1  # of faults, in the last sample
        self._heard_s = self._asked_s = 0.0
        self._stopping = self._stop_owed = False
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="pen", daemon=True)

    # For any thread

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
        if self.view.link is Link.UP:
            return self._jobs.ask_stop()
        self._stop_owed = True
        return self._no_link()

    def ask(self, call: Callable[[Pen], Any]) -> Future[Any]:
        """Has the pen's thread do something with the pen. The answer may be a PenError."""
        return self._jobs.ask(call) if self.view.link is Link.UP else self._no_link()

    def act(self, call: Callable[[Any], Any]) -> Future[Any]:
        """Has the pen's thread do something with the bench of a simulated pen."""
        return self._jobs.ask(lambda _pen: call(self.source.bench), needs_link=False)

    def _no_link(self) -> Future[Any]:
        answer: Future[Any] = Future()
        answer.set_exception(NoLink(self.view.reason or "still connecting"))
        return answer

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

    def record(self, goal: Path) -> Future[Any]:
        """Begins a recording of what is watched. The answer may be a UserError."""
        return self.ask(lambda pen: self._record(pen, goal))

    def end_recording(self) -> Future[Any]:
        """Ends the recording; the answer is its file."""
        return self._jobs.ask(lambda _pen: self._end_recording(), needs_link=False)

    # The thread

    def _run(self) -> None:
        while not self._ending.is_set():
            try:
                self._attend()
            except (PenError, SimulatorError) as error:
                self._lost(error)
                self._wait_for_link()
        self._end_recording()
        self.source.close()

    def _attend(self) -> None:
        with Pen(self.source.open()) as pen:
            pen.interrupt_by(self._gate)
            self._asked_s = 0.0
            self._turn(pen, self._greet)
            while not self._ending.is_set() or self._jobs.stop_wanted:
                self._turn(pen, self._work)

    def _turn(self, pen: Pen, work: Callable[[Pen], None]) -> None:
        """A stop, if one is wanted, then a piece of work that a stop may cut short."""
        self._stop_if_wanted(pen)
        try:
            work(pen)
        except Stopped:
            if self.view.link is not Link.UP:
                raise

    def _gate(self) -> None:
        if self._jobs.stop_wanted and not self._stopping:
            raise Stopped

    def _stop_if_wanted(self, pen: Pen) -> None:
        answer = self._jobs.take_stop()
        if answer is None:
            return
        self._stopping = True
        try:
            pen.stop()
        except LINK_ERRORS as error:
            settle(answer, error=error)
            raise
        except PenError as error:
            settle(answer, error=error)
        else:
            settle(answer)
        finally:
            self._stopping = False

    def _greet(self, pen: Pen) -> None:
        """Reads what the pen says of itself. A stop that is owed comes first."""
        if self._stop_owed:
            pen.stop()
            self._stop_owed = False
        tables = Tables(
            commands=pen.commands,
            states=tuple(pen.states),
            signals=pen.signals,
            faults=pen.fault_table,
            settings=pen.settings,
        )
        before, self._word = self.view.identity, -1
        self._show(
            tables=tables,
            identity=pen.info,
            values=pen.get_all(),
            faults=tuple(pen.faults()),
            status=pen.status(),
        )
        if before is not None and before.pen_id != pen.info.pen_id:
            self._another_pen()
        self._subscribe(pen, self._wanted)
        self._show(
            link=Link.UP, reason="", remedy="", connections=self.view.connections + 1,
            recording=self._recorder.state,
        )  # fmt: skip

    def _another_pen(self) -> None:
        self._recorder.end("ended: another pen has come")
        self._continuity = Continuity()

    def _work(self, pen: Pen) -> None:
        job = self._jobs.take(linked=True)
        if job is not None:
            job.run(pen)
            return
        self._listen(pen, LISTEN_S)
        kinds = {event.kind for event in pen.events()}
        if "setting applied" in kinds:
            self._show(values=pen.get_all())
        self._look_after(pen)

    def _listen(self, pen: Pen, wait_s: float) -> None:
        for block in pen.take_blocks(wait_s):
            self._take(pen, self._continuity.continued(block, self._clock.now_us()))

    def _take(self, pen: Pen, block: Block) -> None:
        self._heard_s = time.monotonic()
        if self._layout is None:
            self._layouts += 1
            signals = tuple(pen.signals[name] for name in self._wanted[0])
            self._layout = Layout(self._layouts, signals, block.period_us)
            self._tracker = PhaseTracker(block.period_us)
        assert self._tracker is not None
        phase = self._tracker.take(block.samples)
        self.feed.add(Piece(self._layout, block.samples, phase, block.lost))
        if block.lost:
            self._show(lost=self.view.lost + block.lost)
        if self._recorder.add(block):
            self._show(recording=self._recorder.state)
        self._look_at(pen, block.samples[-1])

    def _look_at(self, pen: Pen, sample: Any) -> None:
        """State and faults of the newest sample; of a new fault word, what the pen says of it."""
        names = sample.dtype.names
        assert self.view.tables is not None
        if "state" in names:
            state = self.view.tables.states[int(sample["state"])]
            if state != self.view.state:
                self._show(state=state)
        if "faults" in names and int(sample["faults"]) != self._word:
            self._word = int(sample["faults"])
            self._show(faults=tuple(pen.faults()))

    def _look_after(self, pen: Pen) -> None:
        """Counters now and then; a pen that sends nothing is asked whether it is there."""
        now_s = time.monotonic()
        due_s = SILENCE_S if now_s - self._heard_s > SILENCE_S else STATUS_S
        if now_s - self._asked_s > due_s:
            status = pen.status()
            self._asked_s = now_s
            self._show(status=status, state=status.state)

    def _lost(self, error: Exception) -> None:
        reason, remedy = _reason_and_remedy(error)
        self._show(link=Link.DOWN, reason=reason, remedy=remedy, state="")
        stop = self._jobs.take_stop()
        if stop is not None:
            self._stop_owed = True
            settle(stop, error=NoLink(reason))
        self._jobs.drop(NoLink(reason))
        if self.view.connections and isinstance(error, PenError):
            self._continuity.interrupted(error)
        self._recorder.link_is_down()
        self._show(recording=self._recorder.state)

    def _wait_for_link(self) -> None:
        end_s = time.monotonic() + RETRY_S
        while time.monotonic() < end_s and not self._ending.is_set():
            job = self._jobs.take(linked=False)
            if job is not None:
                job.run(None)
            else:
                self.source.idle(SLICE_S)

    # Jobs of its own

    def _subscribe(self, pen: Pen, wanted: tuple[tuple[str, ...], int]) -> None:
        signals, period_ms = wanted
        if self._recorder.going_on and wanted[0] != self._wanted[0]:
            self._end_recording()
        known = [name for name in signals if name in pen.signals]
        pen.subscribe(known, period_ms)
        self._wanted = (tuple(known), period_ms)
        self._layout = None
        self._heard_s = time.monotonic()
        self._show(signals=tuple(known), period_ms=period_ms, lost=0)

    def _set(self, pen: Pen, changes: dict[str, str]) -> Any:
        try:
            return pen.set(changes)
        finally:
            self._show(values=pen.get_all())

    def _record(self, pen: Pen, goal: Path) -> None:
        signals = [pen.signals[name] for name in self._wanted[0]]
        self._recorder.begin(goal, signals, pen, self._wanted[1])
        self._show(recording=self._recorder.state)

    def _end_recording(self) -> Path | None:
        finished = self._recorder.end()
        self._show(recording=self._recorder.state)
        return finished

    def _show(self, **changes: Any) -> None:
        self.view = replace(self.view, **changes)


def _reason_and_remedy(error: Exception) -> tuple[str, str]:
    if isinstance(error, PenError):
        return error.message, error.remedy
    return str(error), "start the dashboard anew"
