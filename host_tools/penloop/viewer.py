"""The viewer: one HTML file in which a trace can be looked at, for any browser, offline.

The page holds every row. All columns stand one after another in one block of little-endian
integers, compressed by zlib, in base64; the page's JSON says where each begins (bytes), its code
(`i4` or `i8`), and how many `changes` it has. A column with changes is that many rows (`i4`)
and then that many values, each from its row on; else it is a value for every row.
"""

import base64
import json
import re
import zlib
from collections.abc import Iterator, Sequence
from html import escape
from importlib.resources import files
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from penhost.units import show
from penloop import palette
from penloop.recordings import words
from penloop.recordings.readings import SYMBOLS, TWINS
from pensim import Trace
from pensim.trace import Column

# Where a caller names no signals: those of these that the trace has.
USUAL = (
    "plant.rate", "pen.rate", "pen.rate_target", "plant.current", "pen.current",
    "plant.penetration", "pen.depth", "pen.duty",
)  # fmt: skip
FIRST = 4  # signals are shown of a trace that has none of these
STEPPED = ("", "bits")  # units of what jumps: drawn in steps, a lane for each
FAULT_BITS = 31
SCRIPTS = ("viewer.js", "viewer_drawing.js", "viewer_controls.js")

Values = NDArray[np.int64]


class Mark(NamedTuple):
    """An expectation and the span in which it was decided."""

    start_us: int
    end_us: int
    text: str
    holds: bool


def viewer_page(
    trace: Trace,
    title: str,
    log: Sequence[tuple[int, str]] = (),
    marks: Sequence[Mark] = (),
    shown: Sequence[str] = (),
) -> str:
    """The page's HTML. `log` is the operator's; `shown` names the signals to begin with."""
    entries, block = packed(trace)
    page = {
        "rows": len(trace),
        "columns": entries,
        "shown": _shown(trace, shown),
        "bands": [*_state_band(trace), *sorted(_fault_bands(trace), key=_start_us)],
        "log": [[int(time_us), text] for time_us, text in log],
        "marks": [[int(a), int(b), text, bool(holds)] for a, b, text, holds in marks],
        "lines": {"light": palette.LINES, "dark": palette.LINES_ON_DARK, "asked": palette.SET},
    }
    parts = {
        "title": escape(title),
        "origin": escape(" · ".join(_origin(trace))),
        "css": _template("viewer.css"),
        "js": "\n".join(_template(name) for name in SCRIPTS),
        "page": json.dumps(page, separators=(",", ":")).replace("<", "\\u003c"),
        "columns": base64.b64encode(block).decode(),
    }
    # In one pass, so that a title may hold whatever looks like a part.
    return re.sub(r"{{(\w+)}}", lambda match: parts[match[1]], _template("viewer.html"))


def _template(name: str) -> str:
    return files("penloop").joinpath("templates", name).read_text("utf-8")


def packed(trace: Trace) -> tuple[list[dict[str, Any]], bytes]:
    """The entry of each column, the time first, and the compressed block of their values."""
    entries, pieces, place = [], [], 0
    for column, values in trace.columns():
        code, changes, piece = _packed_column(values)
        entries.append({**_named(column), "code": code, "changes": changes, "place": place})
        pieces.append(piece)
        place += len(piece)
    return entries, zlib.compress(b"".join(pieces), 6)


def _packed_column(values: Values) -> tuple[str, int, bytes]:
    """Code, number of changes (0: every row's value is there) and bytes."""
    word = np.iinfo(np.int32)
    fits = not len(values) or (values.min() >= word.min and values.max() <= word.max)
    code, size = ("i4", 4) if fits else ("i8", 8)
    whole = values.astype("<" + code).tobytes()
    rows = np.flatnonzero(np.diff(values, prepend=values[:1] - 1))
    if len(rows) * (4 + size) >= len(whole):
        return code, 0, whole
    changed = values[rows].astype("<" + code).tobytes()
    return code, len(rows), rows.astype("<i4").tobytes() + changed


def _named(column: Column) -> dict[str, Any]:
    """Name, shown unit, and what one unit of the column is in it."""
    unit = TWINS.get(column.unit, column.unit)
    size, _, shown = show(1, unit).partition(" ")
    return {
        "name": column.name,
        "unit": SYMBOLS.get(shown, shown),
        "scale": float(size),
        "digits": min(len(size.partition(".")[2]), 6),
        "steps": unit in STEPPED,
    }


def _shown(trace: Trace, wanted: Sequence[str]) -> list[str]:
    names = [column.name for column, _ in trace.columns()[1:]]
    for choice in (wanted, USUAL):
        present = [name for name in choice if name in names]
        if present:
            return present
    return names[:FIRST]


def _origin(trace: Trace) -> Iterator[str]:
    times_us = trace.time_us
    length_us = int(times_us[-1] - times_us[0]) if len(trace) else 0
    yield f"{len(trace):,} {'row' if len(trace) == 1 else 'rows'}, {show(length_us, 'us')}"
    header = trace.header
    if "seed" in header.reproduce:
        yield f"seed {header.reproduce['seed']}"
    if "engine" in header.environment:
        yield f"engine {header.environment['engine']}"
    yield f"digest {trace.digest()[:16]}"


def _state_band(trace: Trace) -> list[dict[str, Any]]:
    """The firmware's states, one after another; nothing without a firmware."""
    if "pen.state" not in trace:
        return []
    spans = [
        [a, b, *_state(trace, value)] for value, a, b in words.spans(trace, trace["pen.state"])
    ]
    return [{"name": "state", "spans": spans}]


def _state(trace: Trace, number: int) -> tuple[str, str, str]:
    """Name, colour and colour of text; a fork's firmware may have more states."""
    name = words.state_name(trace, number)
    ink = palette.PAPER if name in palette.DARK_STATES else palette.INK
    return name, palette.STATES.get(name, palette.SET), ink


def _fault_bands(trace: Trace) -> Iterator[dict[str, Any]]:
    """A band for each fault that was ever latched, over the time for which it was."""
    if "pen.faults" not in trace:
        return
    word = trace["pen.faults"]
    for number in range(FAULT_BITS):
        latched = word >> number & 1
        if latched.any():
            name = words.fault_name(trace, number)
            spans = [(a, b) for value, a, b in words.spans(trace, latched) if value]
            row = [[a, b, name, palette.ALARM, palette.PAPER] for a, b in spans]
            yield {"name": "fault", "spans": row}


def _start_us(band: dict[str, Any]) -> int:
    return int(band["spans"][0][0])
