"""Recordings of a pen's telemetry on disk.

While it goes on, a recording is an append-only Arrow IPC stream beside its goal, flushed several
times a second, so that a killed process loses less than a second. A clean end makes it Parquet or
MCAP, by the goal's suffix and an atomic rename. Columns are those of a simulated trace, `pen.rate`
and so on, and the same readers take both; `link.*` tells of gaps (recordings/gaps.py).
"""

import json
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
from numpy.typing import NDArray

from penhost.tables import Signal
from penhost.telemetry import TIME, Block
from penloop.errors import UserError
from penloop.output_file import check_suffix, check_writable, refuse_existing
from penloop.recordings import formats, gaps
from pensim.errors import ScenarioError
from pensim.stream import read_stream
from pensim.trace import Trace

FLUSH_S = 0.1  # wall time


def check_goal(goal: Path) -> None:
    """Raises UserError where a recording could not end there, or would overwrite."""
    check_suffix(goal, formats.RECORDED)
    refuse_existing(goal)
    remedy = f"run `penloop record --recover {goal}` first"
    refuse_existing(formats.partial_of(goal), remedy)
    check_writable(goal)


class RecordingFile:
    """Takes blocks of telemetry and writes them. Raises UserError when it would overwrite."""

    def __init__(self, goal: Path, signals: Sequence[Signal], environment: dict[str, Any]) -> None:
        check_goal(goal)
        self.goal = goal
        self.partial = formats.partial_of(goal)
        self.rows = 0
        self.missing: Counter[str] = Counter()  # samples by the reason of their gap
        self.signals = [one.name for one in signals]
        self._timeline = gaps.Timeline()
        fields = [_field("time", "us"), *(_field(f"pen.{one.name}", one.unit) for one in signals)]
        fields += [_field(*column) for column in gaps.COLUMNS]
        header = {"reproduce": json.dumps({}), "environment": json.dumps(environment)}
        self._schema = pa.schema(fields, metadata=header)
        self._file = self.partial.open("xb")
        self._writer = pa.ipc.new_stream(self._file, self._schema)
        self._waiting: list[Any] = []
        self._flushed_s = time.monotonic()

    def add(self, block: Block, samples: NDArray[Any]) -> None:
        """Takes samples of a block and puts them on disk, or with those of the next 0.1 s."""
        if not len(samples):
            return
        marks = self._timeline.columns(block, len(samples))
        self.missing[gaps.reason_text(int(marks["link.gap"][0]))] += int(marks["link.missing"][0])
        values = [samples[TIME], *(samples[name] for name in self.signals), *marks.values()]
        columns = [pa.array(one, pa.int64()) for one in values]
        self._waiting.append(pa.record_batch(columns, schema=self._schema))
        self.rows += len(samples)
        if time.monotonic() - self._flushed_s > FLUSH_S:
            self.flush()

    def stand_aside(self) -> None:
        """Samples are missing from here on, as the pen is asked for other signals."""
        self._timeline.stand_aside()

    def flush(self) -> None:
        """Puts all that was taken on disk."""
        if self._waiting:
            waiting, self._waiting = self._waiting, []  # Ctrl-C may come: never written twice
            self._writer.write_table(pa.Table.from_batches(waiting).combine_chunks())
        self._file.flush()
        self._flushed_s = time.monotonic()

    def finish(self) -> str:
        """Ends the recording; says what is in the finished file."""
        outcome = self.outcome()
        if outcome["file"] is None:
            return "nothing was recorded"
        told = "; ".join(f"{count:,} missing: {why}" for why, count in outcome["missing"].items())
        return f"{self.rows:,} samples in {outcome['file']}" + (f" ({told})" if told else "")

    def outcome(self) -> dict[str, Any]:
        """Ends the recording; the finished file or None, its samples, and how many lack why."""
        finished = self.close()
        missing = {why: count for why, count in self.missing.items() if count}
        name = None if finished is None else str(finished)
        return {"file": name, "samples": self.rows, "missing": missing}

    def close(self) -> Path | None:
        """Ends the recording; returns the finished file, or None where there was nothing."""
        self.flush()
        self._writer.close()
        self._file.close()
        if self.rows:
            return recover(self.goal)
        self.partial.unlink()
        return None


def _field(name: str, unit: str) -> Any:
    return pa.field(name, pa.int64(), metadata={"unit": unit})


def recover(path: Path) -> Path:
    """Finishes a recording that was cut off, given by its goal or its partial file.

    Raises UserError when there is none, or nothing in it.
    """
    goal = path.with_name(path.name.removesuffix(formats.PARTIAL))
    partial = formats.partial_of(goal)
    if not partial.exists():
        raise UserError(f"no {partial}", "name a recording that was cut off")
    refuse_existing(goal)
    try:
        trace = read_stream(partial)
    except ScenarioError:
        raise UserError(f"{partial} holds no samples", "delete it") from None
    trace.header.environment["link"] = gaps.summary(trace)
    formats.write(trace, goal)
    partial.unlink()
    return goal


def read_recording(path: Path) -> Trace:
    """A recording, finished or cut off; its times are those of the device.

    Raises UserError for what is none.
    """
    return formats.read(path)
