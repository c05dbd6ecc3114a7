"""The thread that owns the pen: it connects, listens, does jobs, stops, and connects again."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from penhost import Block, Pen, PenError
from penloop.dashboard.intake import Intake
from penloop.dashboard.jobs import LINK_ERRORS, Jobs, NoLink, Stopped, Unwatched, settle
from penloop.dashboard.mirrored_pen import MirroredPen
from penloop.dashboard.pen_source import PenSource
from penloop.dashboard.recorder import Recorder
from penloop.dashboard.view import Link, Tables, View

LISTEN_S = 0.004  # a stop waits no longer for the thread
RETRY_S = 0.5
SLICE_S = 0.02
SILENCE_S = 1.0  # without samples for so long, the pen is asked whether it is there
UNSEEN_S = 3.0  # an experiment ends when no page has been there for so long
PULSE_S = 0.5
STATUS_S = 2.0  # how often the counters are read
SIGNALS = ("state", "faults", "rate", "depth", "current", "battery", "strokes", "edge_age")
PERIOD_MS = 6  # of 8 signals it takes half of a line of 115,200 baud


class PenThread:
    """The thread and what it does; what others may ask of it is in PenOwner."""

    def __init__(self, source: PenSource) -> None:
        self.view = View(source.name)
        self.source = source
        self._jobs = Jobs()
        self._intake = Intake()
        self._recorder = Recorder()
        self.feed = self._intake.feed
        self.present = False  # SERVICE and a trial are kept alive while somebody thinks
        self.seen_s = 0.0  # when a page was there last
        self._wanted: tuple[tuple[str, ...], int] = (SIGNALS, PERIOD_MS)
        self._word = -1  # of faults, in the last sample
        self._heard_s = self._asked_s = self._pulse_s = 0.0
        self._watched = False  # the job under way ends when no page looks on
        self._stopping = self._stop_owed = False
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="pen", daemon=True)

    def _run(self) -> None:
        while not self._ending.is_set():
            try:
                self._attend()
            except Exception as error:  # whatever it is, the page has to tell it
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
        if self._stopping:
            return
        if self._jobs.stop_wanted:
            raise Stopped
        if self._watched and time.monotonic() - self.seen_s > UNSEEN_S:
            raise Unwatched

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
        self._intake.another_pen()

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
            self._take(pen, block)

    def _take(self, pen: Pen, block: Block) -> None:
        self._heard_s = time.monotonic()
        block = self._intake.take(block)
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
        if self.present and now_s - self._pulse_s > PULSE_S:
            self._pulse_s = now_s
            pen.heartbeat()
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
            self._intake.interrupted(error)
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
        self._intake.begin([pen.signals[name] for name in known])
        self._heard_s = time.monotonic()
        self._show(signals=tuple(known), period_ms=period_ms, lost=0)

    def _experiment(self, pen: Pen, call: Callable[[Pen], Any]) -> Any:
        def began(signals: Sequence[str]) -> None:
            self._intake.begin([pen.signals[name] for name in signals])

        self.seen_s, self._watched = time.monotonic(), True
        try:
            mirrored: Any = MirroredPen(pen, began, lambda block: self._take(pen, block))
            return call(mirrored)
        finally:
            self._watched = False
            self._jobs.ask(lambda again: self._subscribe(again, self._wanted))

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
