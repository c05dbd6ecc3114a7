"""The connection that a shell holds: looked after while nobody types, taken up again when lost."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Thread
from typing import cast

from penfw.protocol import SIGNALS_MAX
from penhost import Block, Pen, PenError
from penhost.errors import PenSilent, Refused
from penhost.units import show
from penloop import line_capacity, pen_memory
from penloop.connection import held, open_pen
from penloop.errors import UserError
from penloop.recordings.recording_file import RecordingFile
from penloop.shell.recording import RecordedPen, ShellRecording

SHOWN = ("state", "rate", "depth", "battery", "faults")  # in the toolbar
WARNING = ("state", "faults")  # of these also while others are recorded, where they fit
PERIOD_MS = 100
SILENCE_S = 1.5  # without samples for so long, the pen may be gone
RETRY_S = 2.0  # while a recording waits for a lost connection
SLICE_S = 0.5  # a simulated pen is not advanced by more at once
BUTTON = "stop the pen by its button"


class Link:
    """A pen on a port. A simulated one goes with the time of the world while it is looked after."""

    def __init__(self, port: str, in_background: bool = False) -> None:
        """Connects; a recording goes on behind the prompt `in_background`.

        Raises UserError, PenError.
        """
        self.port = port
        self.pen: Pen = open_pen(port)
        self.lost = ""  # what has happened to the connection
        self.news: list[str] = []  # to be told to the person
        self._keeper = self._keep_recording if in_background else None
        self._recording: ShellRecording | None = None
        self._helper: Thread | None = None  # connects again, for a recording, meanwhile
        self._writer: Thread | None = None  # of a recording that has ended by itself
        self._retry_s = 0.0
        self._owed = False  # a stop, once the link is back
        self._readings: dict[str, int] = {}
        self._kept_s = self._heard_s = time.monotonic()
        pen_memory.keep_description(self.pen, port)
        self._watch()

    def close(self) -> None:
        """Ends a recording and gives the port back."""
        if self._recording:
            print(self._finished())
        if self._writer:
            self._writer.join()
        for told in self.news:
            print(told)
        self.pen.close()

    def keep(self) -> None:
        """Takes in what has arrived, without waiting; to be called every tenth of a second."""
        now_s = time.monotonic()
        passed_s, self._kept_s = min(now_s - self._kept_s, SLICE_S), now_s
        if self._comes_back(now_s) or self.lost:
            return
        try:
            if self.pen.clock_is_virtual:
                self.pen.wait(passed_s)
            while blocks := self.pen.arrived():  # a frame or some at a time
                self._heard_s = now_s
                for block in blocks:
                    self._take(block)
        except PenError as error:
            self.lost = error.message
        if self._recording and self._recording.ended:
            self._write_aside(self._recording)

    def _take(self, block: Block) -> None:
        known = block.samples.dtype.names or ()
        self._readings = {name: int(block.samples[name][-1]) for name in SHOWN if name in known}
        if self._recording:
            self._recording.take(block, self.pen.clock.now_us())

    def told(self) -> str:
        """State, rate, depth, battery and faults, or what is wrong."""
        if self.lost:
            how = "it is taken up again" if self._recording else "the next command connects again"
            return f"link lost, {how}: {self.lost}"
        if self._silent():
            return "the pen is silent"
        told = [f"recording {int(self._recording.seconds)} s"] if self._recording else []
        return "  ".join([*told, *(self._text(*one) for one in self._readings.items())])

    def _text(self, name: str, value: int) -> str:
        if name == "state":
            return self.pen.states[value] if value < len(self.pen.states) else f"state {value}"
        if name == "faults":
            table = self.pen.fault_table
            faults = [fault.name for number, fault in table.items() if value >> number & 1]
            return f"faults: {', '.join(faults) or 'none'}"
        return f"{name} {show(value, self.pen.signals[name].unit)}"

    def alarming(self) -> bool:
        """Whether a person had better look: a fault, or no connection."""
        return bool(self.lost or self._silent() or self._readings.get("faults"))

    @contextmanager
    def lent(self) -> Iterator[None]:
        """The pen is the commands' own meanwhile. Raises PenError when it cannot be reached."""
        if self._helper:
            self._helper.join()
        if self.lost or self._silent():
            for told in self._restore():
                print(told)
        if self._recording:
            with self._shared(self._recording):
                yield
            return
        try:
            self.pen.unsubscribe()
        except PenError as error:
            self.lost = error.message
            raise
        try:
            with held(self.pen, self._keeper):
                yield
        finally:
            if not self._recording:  # that has its own subscription
                self._watch()
            self._heard_s = self._kept_s = time.monotonic()

    @contextmanager
    def _shared(self, recording: ShellRecording) -> Iterator[None]:
        pen = RecordedPen(self.pen, recording)
        try:
            with held(cast(Pen, pen)):
                yield
        finally:
            try:
                pen.give_back()
            except PenError as error:
                self.lost = error.message
            if recording.ended:
                print(self.end_recording())
            self._heard_s = self._kept_s = time.monotonic()

    def _keep_recording(
        self, file: RecordingFile, signals: Sequence[str], span_s: float | None
    ) -> None:
        """Goes on with a recording whose signals are subscribed. Raises PenError."""
        signals = [*signals, *(one for one in WARNING if one not in signals)]
        rows = [self.pen.signals[name] for name in signals]
        period_ms = self.pen.period_ms
        if len(rows) <= SIGNALS_MAX and not line_capacity.warning(self.port, rows, period_ms):
            self.pen.subscribe(signals, period_ms)
        else:
            signals = file.signals
        self._recording = ShellRecording(file, self.pen, signals, span_s)
        until = "`record end`" if span_s is None else f"{span_s:g} s are over"
        print(f"recording until {until}, other commands work: {file.goal}")

    def end_recording(self) -> str:
        """Writes the file; says what is in it. Raises UserError where nothing is recorded."""
        if self._recording is None:
            raise UserError("nothing is being recorded", "begin by `record FILE`")
        told = self._finished()
        if not self.lost and not self._helper:
            self._watch()
        return told

    def _finished(self) -> str:
        assert self._recording is not None
        recording, self._recording = self._recording, None
        return recording.finish()

    @property
    def records(self) -> bool:
        """Whether a recording goes on."""
        return self._recording is not None

    def _write_aside(self, recording: ShellRecording) -> None:
        """What is in the file is told once it is written; nobody waits for that."""

        def write() -> None:
            self.news.append(recording.finish())

        self._recording = None
        self._writer = Thread(target=write)
        self._writer.start()
        if not self.lost:
            self._watch()

    def stop(self) -> str:
        """Stops the motor; says so. Raises PenError where the pen was not told."""
        if self._helper or (self._recording and (self.lost or self._silent())):
            self._owed = True
            raise PenSilent("NOT STOPPED, the link is lost", BUTTON)
        try:
            return self._stopped()
        except PenError as error:
            raise PenError(f"NOT STOPPED, {error.message}", BUTTON) from None

    def _stopped(self) -> str:
        self.pen.stop()
        return "the pen was told to stop"

    def _silent(self) -> bool:
        return time.monotonic() - self._heard_s > max(SILENCE_S, 3e-3 * self.pen.period_ms)

    def _watch(self) -> None:
        """Subscribes what the toolbar shows."""
        try:
            self.pen.subscribe(SHOWN, PERIOD_MS)
        except PenError as error:
            self.lost = error.message
        self._heard_s = self._kept_s = time.monotonic()

    def _comes_back(self, now_s: float) -> bool:
        """Whether a lost connection is being taken up for a recording; nobody waits for that."""
        if self._helper and not self._helper.is_alive():
            self._helper, self._retry_s = None, now_s + RETRY_S
        wanted = self._recording and (self.lost or self._silent())
        if wanted and not self._helper and now_s > self._retry_s:
            self._helper = Thread(target=self._try_to_come_back, daemon=True)
            self._helper.start()
        return self._helper is not None

    def _try_to_come_back(self) -> None:
        try:
            self.news += self._restore()
            if not self._recording:
                self._watch()
        except (PenError, UserError) as error:
            self.lost = str(error)

    def _restore(self) -> list[str]:
        """Asks a pen that is silent, opens the session anew, or else the port; says what was."""
        before, told = self.pen.info, []
        cause = PenSilent(self.lost or "the pen was silent", "")
        try:
            self.pen.renew()
        except PenError:
            if self.pen.clock_is_virtual:  # it lives in this process: closed, it is no more
                raise
            self.pen.close()
            self.pen = open_pen(self.port)
        if self.lost or self.pen.info.boot_session != before.boot_session:
            restarted = self.pen.info.boot_session != before.boot_session
            told.append(
                f"connected again{', the pen was restarted meanwhile' if restarted else ''}"
            )
        if self._owed:  # and it stays so, where the link is lost once more
            try:
                told.append(self._stopped())
            except Refused as error:
                told.append(f"NOT STOPPED, {error.message}: {BUTTON}")
            self._owed = False
        self.lost = ""
        recording = self._recording
        if recording and recording.came_back(self.pen):
            recording.interrupted(cause)
            self.pen.subscribe(recording.signals, recording.period_ms)
        elif recording:
            told += ["another pen answers", self._finished()]
        self._heard_s = time.monotonic()
        return told
