"""A recording that goes on behind a shell's prompt, also while a command is at work."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from penfw.protocol import SIGNALS_MAX
from penhost import Block, Pen, PenError
from penhost.errors import PenSilent
from penhost.listening import Listener
from penhost.reconnection import Continuity
from penhost.telemetry import TIME
from penloop.errors import UserError
from penloop.recordings.recording_file import RecordingFile

LISTEN_S = 0.2  # in a command's wait


class ShellRecording:
    """Puts what a pen sends into a file; `ended` once there is nothing more to take."""

    def __init__(
        self, file: RecordingFile, pen: Pen, signals: Sequence[str], span_s: float | None
    ) -> None:
        """`signals` are those that the pen is asked for, the file's and perhaps others."""
        self.signals = list(signals)
        self.period_ms = pen.period_ms
        self.ended = False
        self._file = file
        self._pen_id = pen.info.pen_id
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

    def stand_aside(self) -> None:
        """The pen is asked for other signals; what follows has a gap before it."""
        self._file.stand_aside()

    def came_back(self, pen: Pen) -> bool:
        """Whether the same pen answers; another one ends it."""
        self.ended = self.ended or pen.info.pen_id != self._pen_id
        return not self.ended

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
        except (OSError, UserError) as error:
            return f"penloop: {error}; then: penloop record --recover {self._file.goal}"


class RecordedPen:
    """All of a pen, for a command, while its samples are recorded.

    A subscription of the command is of the recording's signals too, and as fast as the faster
    one of both; the command gets samples as far apart as it has asked for. Where both together are
    more signals than the pen sends, the recording stands aside until the command is done.
    """

    def __init__(self, pen: Pen, recording: ShellRecording) -> None:
        self._pen = pen
        self._recording = recording
        self._wanted_us = 0  # from each sample of the command to the next; 0: it takes none
        self._slot = -1  # of its last sample
        self._aside = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._pen, name)

    def subscribe(self, signals: Sequence[str], period_ms: int = 10) -> None:
        """As Pen.subscribe."""
        if not signals:
            self.unsubscribe()
            return
        recorded = self._recording
        union = [*recorded.signals, *(one for one in signals if one not in recorded.signals)]
        if len(union) > SIGNALS_MAX and not recorded.ended:
            self._stand_aside(signals, period_ms)
        else:
            self._subscribe(union, min(recorded.period_ms, period_ms))
        self._wanted_us, self._slot = max(period_ms, self._pen.period_ms) * 1000, -1

    def fitting(self, names: Sequence[str]) -> list[str]:
        """Those of the signals that can be watched beside the recording's."""
        recorded = self._recording.signals
        others = [name for name in names if name not in recorded]
        left_out = others[max(SIGNALS_MAX - len(recorded), 0) :]
        return [name for name in names if name not in left_out]

    def _stand_aside(self, signals: Sequence[str], period_ms: int) -> None:
        self._subscribe(signals, period_ms)
        if not self._aside:
            print("the recording waits while this needs signals of its own; the gap is marked")
        self._aside = True

    def unsubscribe(self) -> None:
        """The recording alone goes on."""
        if self._recording.ended:
            self._pen.unsubscribe()
        else:
            self._subscribe(self._recording.signals, self._recording.period_ms)
        self._wanted_us = 0

    def give_back(self) -> None:
        """After a command, which may have left its subscription."""
        if self._wanted_us and not self._recording.ended:
            self.unsubscribe()

    def renew(self) -> None:
        """As Pen.renew, after a loss: the recording has a gap there."""
        self._recording.interrupted(PenSilent("the link was lost", ""))
        self._pen.renew()
        self._recording.came_back(self._pen)

    def wait(self, seconds: float) -> None:
        """As Pen.wait."""
        clock = self._pen.clock
        end_us = clock.now_us() + round(seconds * 1e6)
        while clock.now_us() < end_us:
            self._pen.wait(min(LISTEN_S, (end_us - clock.now_us()) / 1e6))
            if not self._wanted_us:
                self.take_blocks(0)

    def take_blocks(self, seconds: float) -> list[Block]:
        """As Pen.take_blocks."""
        return [*self._taken(self._pen.take_blocks(seconds))]

    def blocks(self) -> Iterator[Block]:
        """As Pen.blocks."""
        for block in self._pen.blocks():
            yield from self._taken([block])

    arrived = Listener.arrived
    samples = Listener.samples
    record = Listener.record

    def _subscribe(self, signals: Sequence[str], period_ms: int) -> None:
        if self._pen.period_ms:
            self.take_blocks(0)  # of the old subscription
        self._recording.stand_aside()  # what is on its way is dropped
        self._pen.subscribe(signals, period_ms)
        self._aside = False

    def _taken(self, blocks: Sequence[Block]) -> Iterator[Block]:
        """Records blocks; gives those samples of them that the command has asked for."""
        for block in blocks:
            if not self._aside:
                self._recording.take(block, self._pen.clock.now_us())
            wanted_us = self._wanted_us or block.period_us
            slots = block.samples[TIME] // wanted_us
            kept = block.samples[np.diff(slots, prepend=self._slot) != 0]
            self._slot = int(slots[-1])
            if len(kept):
                yield replace(block, samples=kept, period_us=wanted_us)
