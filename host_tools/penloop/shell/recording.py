"""A recording that goes on behind a shell's prompt, also while a command is at work."""

from collections.abc import Sequence
from math import gcd
from typing import Any

from penfw.protocol import SIGNALS_MAX
from penhost import Block, Pen, PenError
from penhost.listening import Listener
from penhost.reconnection import Continuity
from penhost.telemetry import TIME
from penloop.errors import UserError
from penloop.recordings.recording_file import RecordingFile


class ShellRecording:
    """Puts what the pen sends into a file. A failing disk ends it: `ended` is True then."""

    def __init__(
        self, file: RecordingFile, signals: Sequence[str], period_ms: int, span_s: float | None
    ) -> None:
        self.signals = list(signals)
        self.period_ms = period_ms
        self.ended = False
        self._file = file
        self._span_us = None if span_s is None else round(span_s * 1e6)
        self._continuity = Continuity()
        self._first_us = self._due_us = 0

    @property
    def seconds(self) -> float:
        """How long it is by now, device time."""
        return (self._due_us - self._first_us) / 1e6

    def interrupted(self, error: PenError) -> None:
        """The connection was lost; what follows has a gap before it."""
        self._continuity.interrupted(error)

    def take(self, block: Block, now_us: int) -> None:
        """Samples of its signals, perhaps with others beside them."""
        if self.ended:
            return
        block = self._continuity.continued(block, now_us)
        times = block.samples[TIME]
        if not self._due_us:
            self._first_us = int(times[0])
        samples = block.samples
        if self._span_us is not None:
            samples = samples[times < self._first_us + self._span_us]
            self.ended = len(samples) < len(times)
        try:
            self._file.add(block, samples)
        except OSError:
            self.ended = True
        self._due_us = int(times[-1]) + block.period_us

    def finish(self) -> str:
        """Writes the file; says what is in it, or why it could not be written."""
        self.ended = True
        try:
            return self._file.finish()
        except OSError as error:
            return f"penloop: {error}; then: penloop record --recover {self._file.goal}"


class RecordedPen:
    """All of a pen, for a command, while its samples are recorded.

    A subscription of the command is of the recording's signals too, and as fast as both need.
    """

    def __init__(self, pen: Pen, recording: ShellRecording) -> None:
        self._pen = pen
        self._recording = recording
        self._lent = False  # the samples are the command's, too

    def __getattr__(self, name: str) -> Any:
        return getattr(self._pen, name)

    def subscribe(self, signals: Sequence[str], period_ms: int = 10) -> None:
        """As Pen.subscribe. Raises UserError where both together want too many signals."""
        if not signals:
            self.unsubscribe()
            return
        recorded = self._recording
        union = [*recorded.signals, *(one for one in signals if one not in recorded.signals)]
        if len(union) > SIGNALS_MAX:
            room = SIGNALS_MAX - len(recorded.signals)
            raise UserError(
                f"a recording of {len(recorded.signals)} signals leaves room for {room} others",
                "end it by `record end`, or record fewer signals",
            )
        self._subscribe(union, gcd(recorded.period_ms, period_ms))
        self._lent = True

    def unsubscribe(self) -> None:
        """The recording alone goes on."""
        self._subscribe(self._recording.signals, self._recording.period_ms)
        self._lent = False

    def give_back(self) -> None:
        """After a command, which may have left its subscription."""
        if self._lent:
            self.unsubscribe()

    def take_blocks(self, seconds: float) -> list[Block]:
        """As Pen.take_blocks."""
        blocks = self._pen.take_blocks(seconds)
        for block in blocks:
            self._recording.take(block, self._pen.clock.now_us())
        return blocks

    def blocks(self) -> Any:
        """As Pen.blocks."""
        for block in self._pen.blocks():
            self._recording.take(block, self._pen.clock.now_us())
            yield block

    arrived = Listener.arrived
    samples = Listener.samples
    record = Listener.record

    def _subscribe(self, signals: Sequence[str], period_ms: int) -> None:
        self.take_blocks(0)  # of the old subscription
        self._pen.subscribe(signals, period_ms)
