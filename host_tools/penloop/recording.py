"""Recordings of a pen's telemetry on disk.

While it goes on, a recording is an append-only Arrow IPC stream beside its goal, flushed several
times a second, so that a killed process loses less than a second. A clean end makes it Parquet by
an atomic rename. Columns are those of a simulated trace, `pen.rate` and so on, and the same
readers take both.
"""

import json
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from penhost.tables import Signal
from penloop.errors import UserError
from pensim.errors import ScenarioError
from pensim.stream import read_stream
from pensim.trace import Trace, read_parquet

PARTIAL = ".partial.arrows"  # after the goal's name, while the recording goes on
FLUSH_S = 0.1  # wall time


class RecordingFile:
    """Takes blocks of telemetry and writes them. Raises UserError when it would overwrite."""

    def __init__(self, goal: Path, signals: Sequence[Signal], environment: dict[str, Any]) -> None:
        self.goal = goal
        self.partial = goal.with_name(goal.name + PARTIAL)
        _refuse_existing(goal, "choose another name or move it away")
        _refuse_existing(self.partial, f"run `penloop record --recover {goal}` first")
        fields = [_field("time", "us"), *(_field(f"pen.{one.name}", one.unit) for one in signals)]
        header = {"reproduce": json.dumps({}), "environment": json.dumps(environment)}
        self._schema = pa.schema(fields, metadata=header)
        self._file = self.partial.open("xb")
        self._writer = pa.ipc.new_stream(self._file, self._schema)
        self._waiting: list[Any] = []
        self._flushed_s = time.monotonic()
        self.rows = 0

    def add(self, samples: Any) -> None:
        """Takes samples of a block and puts them on disk, or with those of the next 0.1 s."""
        columns = [pa.array(samples[name], pa.int64()) for name in samples.dtype.names]
        self._waiting.append(pa.record_batch(columns, schema=self._schema))
        self.rows += len(samples)
        if time.monotonic() - self._flushed_s > FLUSH_S:
            self.flush()

    def flush(self) -> None:
        """Puts all that was taken on disk."""
        if self._waiting:
            whole = pa.Table.from_batches(self._waiting).combine_chunks()
            self._writer.write_table(whole)
            self._waiting.clear()
        self._file.flush()
        self._flushed_s = time.monotonic()

    def close(self) -> Path | None:
        """Ends the recording; returns the Parquet file, or None where there was nothing."""
        self.flush()
        self._writer.close()
        self._file.close()
        if self.rows:
            return recover(self.goal)
        self.partial.unlink()
        return None


def _field(name: str, unit: str) -> Any:
    return pa.field(name, pa.int64(), metadata={"unit": unit})


def _refuse_existing(path: Path, remedy: str) -> None:
    if path.exists():
        raise UserError(f"{path} exists", remedy)


def recover(path: Path) -> Path:
    """Makes Parquet of a recording that was cut off, given by its goal or its partial file.

    Raises UserError when there is none, or nothing in it.
    """
    goal = path.with_name(path.name.removesuffix(PARTIAL))
    partial = goal.with_name(goal.name + PARTIAL)
    if not partial.exists():
        raise UserError(f"no {partial}", "name a recording that was cut off")
    _refuse_existing(goal, "choose another name or move it away")
    try:
        table = read_stream(partial).to_arrow()
    except ScenarioError:
        raise UserError(f"{partial} holds no samples", "delete it") from None
    finished = goal.with_name(goal.name + ".partial")
    pq.write_table(table, finished, compression="zstd")
    os.replace(finished, goal)
    partial.unlink()
    return goal


def read_recording(path: Path) -> Trace:
    """A recording, finished or cut off; its times are those of the device."""
    return read_stream(path) if path.name.endswith(PARTIAL) else read_parquet(path)
