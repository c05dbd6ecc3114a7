"""A trace written while it is recorded: an Arrow IPC stream that survives being cut off.

The stream is flushed at least once a second of wall time; what a killed process has written can
be read up to its last second. A clean end turns it into Parquet by an atomic rename.
"""

import json
import os
import time
from pathlib import Path
from typing import Any

import pyarrow as pa

from pensim.errors import ScenarioError
from pensim.recorder import Recorder
from pensim.trace import Column, Trace, TraceDigest, TraceHeader

FLUSH_S = 0.5  # wall time


class TraceStream:
    """Takes a recorder's rows as they come and writes them to `path`."""

    def __init__(self, path: Path, recorder: Recorder, header: TraceHeader | None = None) -> None:
        self.path = path
        self.digest = TraceDigest()
        self._recorder = recorder
        self._header = header or TraceHeader()
        self._file = path.open("wb")
        self._writer: Any = None
        self._names: list[str] = []
        self._flushed_s = time.monotonic()
        recorder.on_chunk = self._write
        self._beat, recorder.on_beat = recorder.on_beat, self._on_beat

    def _on_beat(self, now_us: int) -> None:
        if self._beat is not None:
            self._beat(now_us)
        if time.monotonic() - self._flushed_s > FLUSH_S:
            self._recorder.flush()

    def _write(self, trace: Trace) -> None:
        self.digest.update(trace)
        names = [column.name for column, _ in trace.columns()]
        if names != self._names:  # the firmware's columns have come: a new stream follows
            self._restart(trace, names)
        arrays = [pa.array(values) for _, values in trace.columns()]
        self._writer.write_batch(pa.record_batch(arrays, names=names))
        self._file.flush()
        self._flushed_s = time.monotonic()

    def _restart(self, trace: Trace, names: list[str]) -> None:
        if self._writer is not None:
            self._writer.close()
        self._names = names
        self._writer = pa.ipc.new_stream(self._file, _schema(trace, self._header))

    def close(self) -> None:
        """Writes what is left and closes the stream."""
        self._recorder.flush()
        self._recorder.on_chunk, self._recorder.on_beat = None, self._beat
        if self._writer is not None:
            self._writer.close()
        self._file.close()

    def to_parquet(self, path: Path) -> None:
        """Closes the stream and turns it into a Parquet file by an atomic rename."""
        self.close()
        partial = path.with_name(path.name + ".partial")
        recovered = read_stream(self.path)
        recovered.write_parquet(partial)
        os.replace(partial, path)
        self.path.unlink()


def _schema(trace: Trace, header: TraceHeader) -> Any:
    fields = [
        pa.field(column.name, pa.int64(), metadata={"unit": column.unit})
        for column, _ in trace.columns()
    ]
    meta = {
        "reproduce": json.dumps(header.reproduce),
        "environment": json.dumps(header.environment),
    }
    return pa.schema(fields, metadata=meta)


def read_stream(path: Path) -> Trace:
    """Reads a stream, cut off or not: everything up to its last whole batch.

    Raises ScenarioError when the file holds none.
    """
    tables: list[Any] = []
    with pa.OSFile(str(path)) as file:
        try:
            while True:
                batches = pa.ipc.open_stream(file)
                collected: list[Any] = []
                tables.append((batches.schema, collected))
                for batch in batches:
                    collected.append(batch)
        except (pa.ArrowInvalid, OSError, EOFError):
            pass  # the end, or where it was cut
    found = [pa.Table.from_batches(batches, schema) for schema, batches in tables if batches]
    if not found:
        raise ScenarioError(f"{path} holds no recorded rows: it was cut before its first flush")
    return _joined(found)


def _joined(tables: list[Any]) -> Trace:
    last = tables[-1]
    whole = pa.concat_tables(tables, promote_options="default")
    meta = {key.decode(): json.loads(value) for key, value in last.schema.metadata.items()}
    pairs = []
    for item in last.schema:
        unit = (item.metadata or {}).get(b"unit", b"").decode()
        values = whole[item.name].fill_null(0).to_numpy()
        pairs.append((Column(item.name, unit), values))
    header = TraceHeader(meta["reproduce"], meta["environment"])
    return Trace(pairs[0][1], pairs[1:], header)
