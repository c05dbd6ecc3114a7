"""The dashboard's recording: goes on over a lost link, with the gap marked.

The finished file is written aside, so that a stop does not wait for it.
"""

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from penhost import Block, Pen
from penhost.tables import Signal
from penloop.dashboard.jobs import settle
from penloop.dashboard.view import RecordingState
from penloop.errors import UserError
from penloop.recordings.provenance import environment
from penloop.recordings.recording_file import RecordingFile

TOLD_EACH = 100  # blocks between two looks at the file's size

Written = tuple[Path | None, RecordingState, Exception | None]


class Recorder:
    """At most one recording at a time; used by the pen's thread alone."""

    def __init__(self) -> None:
        self._file: RecordingFile | None = None
        self._columns: set[str] = set()
        self._blocks = 0
        self._gaps = 0
        self._aside = False  # while an experiment has signals of its own
        self._writer = ThreadPoolExecutor(1, "recording")
        self._ends: list[tuple[RecordingState, Future[Written], Future[Path | None]]] = []
        self.state: RecordingState | None = None

    @property
    def going_on(self) -> bool:
        """Whether blocks are taken."""
        return self._file is not None

    def begin(self, goal: Path, signals: Sequence[Signal], pen: Pen, period_ms: int) -> None:
        """Opens a file. Raises UserError, also when a recording goes on."""
        if self._file is not None:
            raise UserError(f"{self._file.goal} is being recorded", "end it first")
        about = environment(pen, signals, period_ms)
        self._file = RecordingFile(goal, signals, about)
        self._columns = {signal.name for signal in signals}
        self._blocks = self._gaps = 0
        self._aside = False
        self.state = self._state(self._file)

    def add(self, block: Block) -> bool:
        """Takes a block; whether there is something new to tell."""
        if self._file is None:
            return False
        if not self._columns <= set(block.samples.dtype.names or ()):
            return self._stand_aside()
        missing = self._file.missing.total()
        try:
            self._file.add(block, block.samples)
        except OSError as error:  # the disk takes no more; what is on it can be recovered
            self.state = _broken(self._state(self._file), error.strerror or str(error))
            self._file = None
            return True
        gap = self._file.missing.total() > missing
        self._gaps += gap
        self._blocks += 1
        if self._blocks % TOLD_EACH and not gap and not self._aside:
            return False
        self._aside = False
        self.state = self._state(self._file)
        return True

    def _stand_aside(self) -> bool:
        """Others' signals are being watched meanwhile; whether that is news."""
        assert self._file is not None
        news, self._aside = not self._aside, True
        self._file.stand_aside()
        self.state = self._state(self._file, "waits for the experiment; the gap will be marked")
        return news

    def link_is_down(self) -> None:
        """The gap begins."""
        if self._file is not None:
            self._file.flush()
            self.state = self._state(self._file, "waits for the link; the gap will be marked")

    def end(self, note: str = "", answer: Future[Path | None] | None = None) -> None:
        """Has the file written. `answer` is settled by `look` once it is there: with the file, None
        where nothing was recorded, an OSError or a UserError."""
        answer = answer or Future()
        file, self._file = self._file, None
        if file is None:
            settle(answer)
            return
        self.state = replace(self._state(file, "is being written"), going_on=False)
        written = self._writer.submit(_write, file, self.state, note)
        self._ends.append((self.state, written, answer))

    def look(self) -> bool:
        """Answers for the files that were written meanwhile; whether there was one."""
        done = [one for one in self._ends if one[1].done()]
        for one in done:
            self._ends.remove(one)
            told, written, answer = one
            finished, outcome, error = written.result()
            if self.state is told:
                self.state = outcome
            settle(answer, finished, error)
        return bool(done)

    def close(self) -> None:
        """Ends a recording; waits until its file is there."""
        self.end()
        self._writer.shutdown()
        self.look()

    def _state(self, file: RecordingFile, note: str = "") -> RecordingState:
        size = file.partial.stat().st_size
        return RecordingState(str(file.goal), True, file.rows, size, self._gaps, note)


def _write(file: RecordingFile, told: RecordingState, note: str) -> Written:
    try:
        finished = file.close()
    except (OSError, UserError) as error:
        return None, _broken(told, str(error)), error
    size = finished.stat().st_size if finished else 0
    note = note or ("" if finished else "nothing was recorded")
    return finished, replace(told, bytes=size, note=note), None


def _broken(told: RecordingState, what: str) -> RecordingState:
    remedy = f"free some space, then penloop record --recover {told.file}"
    return replace(told, going_on=False, note=f"ended, {what}: {remedy}")


def usual_goal(folder: Path) -> Path:
    """A name that is free in the folder: the date and time."""
    stem = f"pen-{datetime.now():%Y%m%d-%H%M%S}"
    return folder / f"{stem}.parquet"
