"""A trace as MCAP, for Foxglove and PlotJuggler.

A topic a family of signals, `/pen`, `/plant`, a message a row, as JSON with a JSON schema. Fields
carry their unit, `rate_Hz`, in which people read them; states and faults also have their names.
The log time is the trace's time in ns. What happened, states, faults and gaps, are messages of
`foxglove.Log` on `/log`. Metadata records hold the header, and what makes a trace of it again.
"""

import heapq
import json
from array import array
from collections.abc import Iterable, Iterator
from importlib.metadata import version
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np
from mcap.reader import make_reader
from mcap.writer import Writer
from numpy.typing import NDArray

from penloop.recordings import words
from penloop.recordings.happenings import Happening, happenings
from penloop.recordings.readings import Reading, is_counted, reading
from pensim.trace import Column, Trace, TraceHeader

NS = 1000  # of a microsecond
PART_ROWS = 20_000
SPARSE = "link"  # the family that has a message only where it changes
HEADER, COLUMNS = "penloop", "penloop.columns"  # names of metadata records
LEVELS = {"info": 2, "warning": 3, "error": 4}  # of foxglove.Log
LOG_SCHEMA = {
    "title": "foxglove.Log",
    "type": "object",
    "properties": {
        "timestamp": {
            "type": "object",
            "title": "time",
            "properties": {"sec": {"type": "integer"}, "nsec": {"type": "integer"}},
        },
        "level": {"type": "integer"},
        "message": {"type": "string"},
        "name": {"type": "string"},
        "file": {"type": "string"},
        "line": {"type": "integer"},
    },
}


def write_mcap(trace: Trace, path: Path) -> None:
    """Writes the trace."""
    with path.open("wb") as file:
        writer = Writer(file)
        writer.start(profile="", library=f"penloop {version('penloop')}")
        families = _families(trace)
        for name, data in _metadata(trace):
            writer.add_metadata(name, data)
        channels = {name: _channel(writer, name, family) for name, family in families.items()}
        for part in _parts(trace):
            streams = [
                _messages(_told_rows(part, name, family), family, channels[name])
                for name, family in families.items()
            ]
            for time_ns, channel, row in heapq.merge(*streams, key=itemgetter(0)):
                writer.add_message(channel, time_ns, row, time_ns)
        _write_log(writer, trace)
        writer.finish()


def _parts(trace: Trace) -> Iterator[Trace]:
    """The trace in pieces: a piece's numbers are objects while it is written."""
    for at in range(0, len(trace), PART_ROWS):
        rows = slice(at, at + PART_ROWS)
        pairs = [(column, values[rows]) for column, values in trace.columns()[1:]]
        yield Trace(trace.time_us[rows], pairs, trace.header)


def _families(trace: Trace) -> dict[str, list[Column]]:
    """The columns by the first part of their names."""
    found: dict[str, list[Column]] = {}
    for column, _ in trace.columns()[1:]:
        found.setdefault(column.name.partition(".")[0], []).append(column)
    return found


def _field(column: Column) -> str:
    return reading(column).named(column.name.partition(".")[2] or column.name)


def _channel(writer: Writer, name: str, family: list[Column]) -> int:
    properties: dict[str, Any] = {}
    for column in family:
        one = reading(column)
        kind = "integer" if is_counted(column) else "number"
        properties[_field(column)] = {"type": kind, "description": _told(column, one)}
        for text in _texts(column):
            properties[text] = {"type": "string", "description": f"{column.name} in words"}
    schema = {"title": f"penloop.{name}", "type": "object", "properties": properties}
    number = writer.register_schema(f"penloop.{name}", "jsonschema", json.dumps(schema).encode())
    return writer.register_channel(f"/{name}", "json", number)


def _told(column: Column, one: Reading) -> str:
    return f"{column.name} in {one.symbol}" if not is_counted(column) else column.name


def _texts(column: Column) -> list[str]:
    """The fields of words beside a number's."""
    return {"pen.state": ["state_name"], "pen.faults": ["fault_names"]}.get(column.name, [])


def _told_rows(trace: Trace, name: str, family: list[Column]) -> Trace:
    """The rows that have a message: all, but of what the host notes those that change."""
    if name != SPARSE:
        return trace
    changed = np.arange(len(trace)) == 0
    for column in family:
        changed |= np.diff(trace[column.name], prepend=trace[column.name][:1]) != 0
    pairs = [(column, values[changed]) for column, values in trace.columns()[1:]]
    return Trace(trace.time_us[changed], pairs, trace.header)


def _messages(trace: Trace, family: list[Column], channel: int) -> Iterator[tuple[int, int, bytes]]:
    """(time ns, channel, JSON) a row; put together from texts, as that is much faster."""
    fields = [field for column in family for field in _fields(trace, column)]
    names = (json.dumps(name).replace("%", "%%") for name, _ in fields)
    form = "{" + ",".join(f"{name}:%s" for name in names) + "}"
    for time_us, *values in zip(trace.time_us.tolist(), *(values for _, values in fields)):
        yield time_us * NS, channel, (form % tuple(values)).encode()


def _fields(trace: Trace, column: Column) -> Iterator[tuple[str, Iterable[str]]]:
    """The names of a column's fields, and the JSON of each value."""
    values = trace[column.name]
    numbers = values if is_counted(column) else reading(column).of(values)
    yield _field(column), map(repr, numbers.tolist())
    for name in _texts(column):
        say = words.state_name if name == "state_name" else words.faults_text
        texts = {value: json.dumps(say(trace, value)) for value in np.unique(values).tolist()}
        yield name, [texts[value] for value in values.tolist()]


def _write_log(writer: Writer, trace: Trace) -> None:
    schema = writer.register_schema("foxglove.Log", "jsonschema", json.dumps(LOG_SCHEMA).encode())
    channel = writer.register_channel("/log", "json", schema)
    for one in happenings(trace):
        data = json.dumps(_log_message(one)).encode()
        writer.add_message(channel, one.time_us * NS, data, one.time_us * NS)


def _log_message(one: Happening) -> dict[str, Any]:
    seconds, micros = divmod(one.time_us, 1_000_000)
    stamp = {"sec": seconds, "nsec": micros * NS}
    message = {"timestamp": stamp, "level": LEVELS[one.level], "message": one.text}
    return message | {"name": "pen", "file": "", "line": 0}


def _metadata(trace: Trace) -> Iterator[tuple[str, dict[str, str]]]:
    header = {"reproduce": trace.header.reproduce, "environment": trace.header.environment}
    texts = {name: json.dumps(part, sort_keys=True) for name, part in header.items()}
    yield HEADER, {**texts, "digest": trace.digest()}
    yield COLUMNS, {column.name: column.unit for column, _ in trace.columns()}
    for name, part in trace.header.environment.items():
        if isinstance(part, dict):  # who and what, for people who open the file elsewhere
            yield f"penloop.{name}", {key: str(value) for key, value in part.items()}


def read_mcap(path: Path) -> Trace:
    """A trace that `write_mcap` wrote. Raises KeyError for another one's file, McapError."""
    with path.open("rb") as file:
        reader = make_reader(file)
        return _read(reader, {one.name: one.metadata for one in reader.iter_metadata()})


def _read(reader: Any, found: dict[str, dict[str, str]]) -> Trace:
    units = found[COLUMNS]
    columns = [Column(name, unit) for name, unit in units.items() if name != "time"]
    stores = [array("q" if is_counted(column) else "d") for column in columns]
    times: dict[str, Any] = {}
    fields: dict[str, list[tuple[str, Any]]] = {}
    for column, store in zip(columns, stores):
        topic = "/" + column.name.partition(".")[0]
        fields.setdefault(topic, []).append((_field(column), store))
        times.setdefault(topic, array("q"))
    for _schema, channel, message in reader.iter_messages(topics=list(fields)):
        row = json.loads(message.data)
        for name, store in fields[channel.topic]:
            store.append(row[name])
        times[channel.topic].append(message.log_time // NS)
    return _trace(columns, stores, times, found[HEADER])


def _trace(
    columns: list[Column], stores: list[Any], times: dict[str, Any], header: dict[str, str]
) -> Trace:
    """Of the messages of all topics; what has fewer messages than rows holds until the next."""
    every = np.array(max(times.values(), key=len), np.int64)
    pairs = []
    for column, store in zip(columns, stores):
        own = np.array(times["/" + column.name.partition(".")[0]], np.int64)
        values = _integers(column, store)
        if len(own) < len(every):
            values = values[np.searchsorted(own, every, "right") - 1]
        pairs.append((column, values))
    parts = (json.loads(header[key]) for key in ("reproduce", "environment"))
    return Trace(every, pairs, TraceHeader(*parts))


def _integers(column: Column, store: Any) -> NDArray[np.int64]:
    if is_counted(column):
        return np.array(store, np.int64)
    return reading(column).raw(np.array(store, np.float64))
