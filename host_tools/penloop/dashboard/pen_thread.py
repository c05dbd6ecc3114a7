"""The thread that owns the pen: it connects, listens, does jobs, stops, and connects again."""

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from penfw import protocol
from penhost import Block, Pen, PenError
from penhost.replies import Event
from penloop import port_name, whole
from penloop.dashboard.intake import Intake
from penloop.dashboard.jobs import LINK_ERRORS, Jobs, Stopped, Unwatched, settle
from penloop.dashboard.mirrored_pen import MirroredPen
from penloop.dashboard.pen_source import PenSource
from penloop.dashboard.recorder import Recorder
from penloop.dashboard.view import Link, Tables, View

LISTEN_S = 0.004  # a stop waits no longer for the thread
RETRY_S = 0.5
SLICE_S = 0.02
SILENCE_S = 1.0  # without samples for so long, the pen is asked whether it is there
UNSEEN_S = 3.0  # an experiment ends, and SERVICE is not kept, without a page for so long
PULSE_S = 0.5
STATUS_S = 2.0  # how often counters and settings are read
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
        self.seen_s = 0.0  # when a page was there last
        self._attended_s = -UNSEEN_S  # when somebody was there last who thinks, in SERVICE
        self._wanted: tuple[tuple[str, ...], int] = (SIGNALS, PERIOD_MS)
        self._word = -1  # of faults, in the last sample
        self._heard_s = self._asked_s = self._pulse_s = 0.0
        self._watched = False  # the job under way ends when no page looks on
        self._stopping = self._cut_short = False
        self._values_due = self._subscription_due = False
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="pen", daemon=True)

    def _run(self) -> None:
        while not self._ending.is_set():
            try:
                self._attend()
            except Exception as error:  # whatever it is, the page has to tell it
                self._lost(error)
                self._wait_for_link()
        self._recorder.close()
        self._show(recording=self._recorder.state)
        self.source.close()

    def _attend(self) -> None:
        with Pen(self.source.open()) as pen:
            port_name.keep(pen, self.source.name)
            pen.interrupt_by(partial(self._gate, pen))
            self._asked_s = 0.0
            while self.view.link is not Link.UP:
                self._turn(pen, self._greet)
            while not self._ending.is_set() or self._jobs.stop_wanted:
                self._turn(pen, self._work)

    def _turn(self, pen: Pen, work: Callable[[Pen], None]) -> None:
        """A stop, if one is wanted, then a piece of work that a stop may cut short."""
        self._stop_if_wanted(pen)
        self._look_at_recording()
        self._cut_short = False
        with suppress(Stopped):
            work(pen)

    def _gate(self, pen: Pen) -> None:
        """Within the work: a stop is sent from here, at once, and the work is cut short.

        It is cut short once, so that what parks and puts back at its end goes through.
        """
        if self._stopping:
            return
        if self._stop_if_wanted(pen):
            self._cut(Stopped())
        if self._watched and time.monotonic() - self.seen_s > UNSEEN_S:
            self._cut(Unwatched())

    def _cut(self, error: PenError) -> None:
        if not self._cut_short:
            self._cut_short = True
            raise error

    def _stop_if_wanted(self, pen: Pen) -> bool:
        """Whether one was. A stop that does not get through is owed to the next link."""
        answer = self._jobs.take_stop()
        if answer is None:
            return False
        self._stopping = True
        try:
            pen.stop()
            settle(answer)
        except Exception as error:
            settle(answer, error=error)
            if isinstance(error, LINK_ERRORS) or not isinstance(error, PenError):
                self._jobs.owe_stop()
                raise
        finally:
            self._stopping = False
        return True

    def _greet(self, pen: Pen) -> None:
        """Reads what the pen says of itself; begins anew after a stop."""
        tables = Tables(
            commands=pen.commands,
            states=tuple(pen.states),
            signals=pen.signals,
            faults=pen.fault_table,
            settings=pen.settings,
        )
        before, self._word = self.view.identity, -1
        self._read_values(pen)
        self._show(
            tables=tables, identity=pen.info, faults=tuple(pen.faults()), status=pen.status()
        )
        if before is not None and before.pen_id != pen.info.pen_id:
            self._another_pen()
        self._subscribe(pen, self._wanted)
        self._jobs.link_is_up()
        self._show(
            link=Link.UP, reason="", remedy="", connections=self.view.connections + 1,
            recording=self._recorder.state,
        )  # fmt: skip

    def _another_pen(self) -> None:
        self._recorder.end("ended: another pen has come")
        self._intake.another_pen()

    def _work(self, pen: Pen) -> None:
        if self._subscription_due:
            self._subscribe(pen, self._wanted)
        job = self._jobs.take(linked=True)
        if job is not None:
            job.run(pen)
            return
        self._listen(pen, LISTEN_S)
        self._values_due |= any(_changes_values(event) for event in pen.events())
        if self._values_due:
            self._read_values(pen)
        self._look_after(pen)

    def _read_values(self, pen: Pen) -> None:
        self._show(values=pen.get_all(), waiting=pen.waiting())
        self._values_due = False

    def _listen(self, pen: Pen, wait_s: float) -> None:
        blocks = pen.take_blocks(wait_s)
        for block in blocks:
            self._take(block)
        if blocks:
            self._look_at(pen, blocks[-1].samples[-1])

    def _take(self, block: Block) -> None:
        self._heard_s = time.monotonic()
        block = self._intake.take(block)
        if block.lost:
            self._show(lost=self.view.lost + block.lost)
        if self._recorder.add(block):
            self._show(recording=self._recorder.state)

    def _look_at(self, pen: Pen, sample: Any) -> None:
        """State and faults of the newest sample; of a new fault word, what the pen says of it."""
        names = sample.dtype.names
        assert self.view.tables is not None
        if "state" in names:
            state = self.view.tables.states[int(sample["state"])]
            if state != self.view.state:
                self._show(state=state)
        if "faults" in names and int(sample["faults"]) != self._word:
            self._show(faults=tuple(pen.faults()))
            self._word = int(sample["faults"])

    def _look_after(self, pen: Pen) -> None:
        """Counters and settings now and then: others may change these, and an event may be lost.

        A pen that sends nothing is asked whether it is there.
        """
        now_s = time.monotonic()
        if now_s - self._attended_s < UNSEEN_S and now_s - self._pulse_s > PULSE_S:
            self._pulse_s = now_s
            pen.heartbeat()
        due_s = SILENCE_S if now_s - self._heard_s > SILENCE_S else STATUS_S
        if now_s - self._asked_s > due_s:
            status = pen.status()
            self._asked_s = now_s
            self._show(status=status, state=status.state)
            self._read_values(pen)

    def _lost(self, error: Exception) -> None:
        reason, remedy = _reason_and_remedy(error)
        self._jobs.link_is_down(reason)
        self._show(link=Link.DOWN, reason=reason, remedy=remedy, state="")
        if self.view.connections and isinstance(error, PenError):
            self._intake.interrupted(error)
        self._recorder.link_is_down()
        self._show(recording=self._recorder.state)

    def _wait_for_link(self) -> None:
        end_s = time.monotonic() + RETRY_S
        while time.monotonic() < end_s and not self._ending.is_set():
            self._look_at_recording()
            job = self._jobs.take(linked=False)
            if job is not None:
                job.run(None)
            else:
                self.source.idle(SLICE_S)

    # Jobs of its own

    def _subscribe(self, pen: Pen, wanted: tuple[tuple[str, ...], int]) -> None:
        signals, period_ms = wanted
        if self._recorder.going_on and wanted[0] != self._wanted[0]:
            self._end_recording("ended: other signals were chosen")
        known = [name for name in signals if name in pen.signals]
        pen.subscribe(known, period_ms)
        self._wanted = (tuple(known), period_ms)
        self._intake.begin([pen.signals[name] for name in known])
        self._heard_s = time.monotonic()
        self._subscription_due = False
        self._show(signals=tuple(known), period_ms=period_ms, lost=0)

    def _experiment(self, pen: Pen, call: Callable[[Pen], Any]) -> Any:
        def began(signals: Sequence[str]) -> None:
            self._intake.begin([pen.signals[name] for name in signals])

        def showed(block: Block) -> None:
            self._take(block)
            self._look_at(pen, block.samples[-1])

        self.seen_s, self._watched = time.monotonic(), True
        try:
            mirrored: Any = MirroredPen(pen, began, showed)
            return call(mirrored)
        finally:
            self._watched = False
            self._subscription_due = self._values_due = True

    def _set(self, pen: Pen, changes: dict[str, str]) -> Any:
        self._values_due = True  # read soon, also where it was refused
        done = pen.set(whole.checked(pen.settings, changes))
        values = {**self.view.values, **{one.name: one.value for one in done}}
        self._show(values=values)
        with suppress(PenError):  # the change is made, whatever comes now
            self._show(waiting=pen.waiting())
        return done

    def _record(self, pen: Pen, goal: Path) -> None:
        signals = [pen.signals[name] for name in self._wanted[0]]
        self._recorder.begin(goal, signals, pen, self._wanted[1])
        self._show(recording=self._recorder.state)

    def _end_recording(self, note: str = "", answer: Future[Path | None] | None = None) -> None:
        self._recorder.end(note, answer)
        self._show(recording=self._recorder.state)

    def _look_at_recording(self) -> None:
        if self._recorder.look():
            self._show(recording=self._recorder.state)

    def _show(self, **changes: Any) -> None:
        self.view = replace(self.view, **changes)


def _changes_values(event: Event) -> bool:
    over = event.kind == "notice" and event.number == protocol.TRIAL_OVER
    return over or event.kind == "setting applied"


def _reason_and_remedy(error: Exception) -> tuple[str, str]:
    if isinstance(error, PenError):
        return error.message, error.remedy
    return str(error), "start the dashboard anew"
