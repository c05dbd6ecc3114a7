"""The dashboard's recording: goes on over a lost link, with the gap marked."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from penhost import Block, Pen
from penhost.tables import Signal
from penloop.dashboard.view import RecordingState
from penloop.errors import UserError
from penloop.recordings.provenance import environment
from penloop.recordings.recording_file import RecordingFile

TOLD_EACH = 100  # blocks between two looks at the file's size


class Recorder:
    """At most one recording at a time; used by the pen's thread alone."""

    def __init__(self) -> None:
        self._file: RecordingFile | None = None
        self._columns: set[str] = set()
        self._blocks = 0
        self._gaps = 0
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
        self._tell("")

    def add(self, block: Block) -> bool:
        """Takes a block; whether there is something new to tell."""
        if self._file is None or not self._columns <= set(block.samples.dtype.names or ()):
            return False
        missing = self._file.missing.total()
        try:
            self._file.add(block, block.samples)
        except OSError as error:
            self._broken(error)
            return True
        gap = self._file.missing.total() > missing
        self._gaps += gap
        self._blocks += 1
        if self._blocks % TOLD_EACH and not gap:
            return False
        self._tell("")
        return True

    def _broken(self, error: OSError) -> None:
        """The disk takes no more; what is on it can be recovered."""
        assert self._file is not None
        self._tell("")
        assert self.state is not None
        remedy = f"free some space, then penloop record --recover {self._file.goal}"
        self.state = replace(self.state, going_on=False, note=f"ended, {error.strerror}: {remedy}")
        self._file = None

    def link_is_down(self) -> None:
        """The gap begins."""
        if self._file is not None:
            self._file.flush()
            self._tell("waits for the link; the gap will be marked")

    def end(self, note: str = "") -> Path | None:
        """Finishes the file; returns it, or None where nothing was recorded."""
        file, self._file = self._file, None
        if file is None:
            return None
        finished = file.close()
        size = finished.stat().st_size if finished else 0
        self.state = RecordingState(
            str(file.goal), False, file.rows, size, self._gaps,
            note or ("" if finished else "nothing was recorded"),
        )  # fmt: skip
        return finished

    def _tell(self, note: str) -> None:
        assert self._file is not None
        size = self._file.partial.stat().st_size
        goal = str(self._file.goal)
        self.state = RecordingState(goal, True, self._file.rows, size, self._gaps, note)


def usual_goal(folder: Path) -> Path:
    """A name that is free in the folder: the date and time."""
    stem = f"pen-{datetime.now():%Y%m%d-%H%M%S}"
    return folder / f"{stem}.parquet"
