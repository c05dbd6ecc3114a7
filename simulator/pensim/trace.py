"""Traces: named integer columns over virtual time, with the header that reproduces them.

A trace's identity is its digest: SHA-256 over the names, the units and the raw columns, in the
order of the columns. Container files only need to hold the same values.
"""

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Column:
    """Name and unit of a signal; the unit is empty for counts, bits and states."""

    name: str
    unit: str


@dataclass
class TraceHeader:
    """`reproduce` says how to get this trace again; `environment` what it was made with."""

    reproduce: dict[str, Any] = field(default_factory=dict)
    environment: dict[str, Any] = field(default_factory=dict)

    def digest(self) -> str:
        """SHA-256 of the reproducing part."""
        text = json.dumps(self.reproduce, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


class TraceDigest:
    """Digest of a trace that comes in pieces: one hash a column, one over all of them."""

    def __init__(self) -> None:
        self._columns: dict[tuple[str, str], Any] = {}
        self._rows = 0

    def update(self, trace: "Trace") -> None:
        """Takes the next piece. A column that is new has been 0 until now."""
        for column, values in trace.columns():
            key = (column.name, column.unit)
            if key not in self._columns:
                self._columns[key] = hashlib.sha256(bytes(8 * self._rows))
            self._columns[key].update(np.ascontiguousarray(values, dtype="<i8").tobytes())
        self._rows += len(trace)

    def hexdigest(self) -> str:
        """The digest of what has been taken so far."""
        total = hashlib.sha256()
        for (name, unit), column in self._columns.items():
            total.update(f"{name}\0{unit}\0{self._rows}\0".encode() + column.digest())
        return total.hexdigest()


class Trace:
    """`time_us` and the columns, all int64 arrays of one length."""

    def __init__(
        self,
        time_us: NDArray[np.int64],
        columns: list[tuple[Column, NDArray[np.int64]]],
        header: TraceHeader | None = None,
    ) -> None:
        self.time_us = time_us
        self._columns = columns
        self._by_name = {column.name: values for column, values in columns}
        self.header = header or TraceHeader()

    def __len__(self) -> int:
        return len(self.time_us)

    def __contains__(self, name: str) -> bool:
        return name in self._by_name

    def __getitem__(self, name: str) -> NDArray[np.int64]:
        """Values of a signal; KeyError names the nearest ones."""
        if name not in self._by_name:
            raise KeyError(f"no signal {name!r} in this trace; it has {', '.join(self._by_name)}")
        return self._by_name[name]

    @property
    def time_s(self) -> NDArray[np.float64]:
        """Time in seconds."""
        return self.time_us / 1e6

    def columns(self) -> list[tuple[Column, NDArray[np.int64]]]:
        """All columns with the time first."""
        return [(Column("time", "us"), self.time_us), *self._columns]

    def select(self, prefix: str) -> "Trace":
        """The signals whose name begins with `prefix`."""
        chosen = [pair for pair in self._columns if pair[0].name.startswith(prefix)]
        return Trace(self.time_us, chosen, self.header)

    def digest(self) -> str:
        """SHA-256 over names, units and raw columns."""
        digest = TraceDigest()
        digest.update(self)
        return digest.hexdigest()

    def to_arrow(self) -> Any:
        """An Arrow table; units are metadata of the fields, the header of the table."""
        import pyarrow as pa

        fields, arrays = [], []
        for column, values in self.columns():
            fields.append(pa.field(column.name, pa.int64(), metadata={"unit": column.unit}))
            arrays.append(pa.array(values))
        header = {
            "reproduce": json.dumps(self.header.reproduce, sort_keys=True),
            "environment": json.dumps(self.header.environment, sort_keys=True),
            "digest": self.digest(),
        }
        return pa.Table.from_arrays(arrays, schema=pa.schema(fields, metadata=header))

    def write_parquet(self, path: Path) -> None:
        """Writes the trace as Parquet."""
        import pyarrow.parquet as pq

        pq.write_table(self.to_arrow(), path, compression="zstd")


def read_parquet(path: Path) -> Trace:
    """Reads a trace that `Trace.write_parquet` wrote."""
    import pyarrow.parquet as pq

    table = pq.read_table(path)
    meta = {key.decode(): value.decode() for key, value in table.schema.metadata.items()}
    header = TraceHeader(json.loads(meta["reproduce"]), json.loads(meta["environment"]))
    pairs = []
    for item in table.schema:
        unit = (item.metadata or {}).get(b"unit", b"").decode()
        pairs.append((Column(item.name, unit), table[item.name].to_numpy()))
    return Trace(pairs[0][1], pairs[1:], header)
