"""The formats of recordings, by the suffix of a file: writing, and reading by what is in it."""

import os
import struct
from collections.abc import Callable
from pathlib import Path
from textwrap import shorten

from mcap.exceptions import McapError
from pyarrow import ArrowException
from pyarrow import parquet as pq

from penloop.errors import UserError
from penloop.output_file import check_suffix
from penloop.recordings.csv_file import write_csv
from penloop.recordings.mcap_file import read_mcap, write_mcap
from penloop.recordings.vcd_file import write_vcd
from pensim.errors import ScenarioError
from pensim.stream import read_stream
from pensim.trace import Trace, read_parquet

PARTIAL = ".partial.arrows"  # after the goal's name, while the recording goes on
RECORDED = (".parquet", ".mcap")  # what loses nothing, so that it can be read again
WRITERS: dict[str, Callable[[Trace, Path], None]] = {
    ".parquet": lambda trace, path: trace.write_parquet(path),
    ".mcap": write_mcap,
    ".vcd": write_vcd,
    ".csv": write_csv,
}
READERS: dict[bytes, Callable[[Path], Trace]] = {  # by a file's first bytes
    b"PAR1": lambda path: _whole_parquet(path),
    b"\x89MCAP": read_mcap,
    b"\xff\xff\xff\xff": read_stream,
}
MAGIC = 8  # bytes that tell
# What the libraries raise on a damaged file.
BROKEN = (
    ArrowException, McapError, ScenarioError, OSError, ValueError, AttributeError, TypeError,
    struct.error, EOFError,
)  # fmt: skip


def write(trace: Trace, path: Path) -> None:
    """Writes a trace in the format of the file's suffix; the file is there whole or not at all.

    Raises UserError for an unknown suffix.
    """
    check_suffix(path, tuple(WRITERS))
    fresh = path.with_name(path.name + ".partial")
    try:
        WRITERS[path.suffix.lower()](trace, fresh)
        os.replace(fresh, path)
    finally:
        fresh.unlink(missing_ok=True)


def read(path: Path) -> Trace:
    """A recording or trace with a row at least, whatever its name: Parquet, MCAP, or the stream
    of a recording under way or cut off.

    Raises UserError for what is none, is empty, or was cut off where it cannot be read.
    """
    if path.is_dir():
        raise UserError(f"{path} is a folder", "name a recording")
    if not path.exists() and partial_of(path).exists():
        raise UserError(f"{path} was cut off", _remedy(path))
    if not path.exists():
        raise UserError(f"there is no {path}", "name a recording, such as run.parquet")
    with path.open("rb") as file:
        start = file.read(MAGIC)
    if not start:
        raise UserError(f"{path} is empty", _remedy(path))
    for magic, reader in READERS.items():
        if start.startswith(magic):
            return _read(path, reader)
    raise UserError(f"{path} is no recording", "name a Parquet or MCAP file of penloop's")


def _whole_parquet(path: Path) -> Trace:
    """Raises ValueError where the columns are not those that were written."""
    trace = read_parquet(path)
    written = (pq.read_schema(path).metadata or {}).get(b"digest", b"").decode()
    if written not in ("", trace.digest()):
        raise ValueError("its samples are damaged")
    return trace


def _read(path: Path, reader: Callable[[Path], Trace]) -> Trace:
    try:
        trace = reader(path)
    except KeyError:
        raise UserError(f"{path} is not one of penloop's recordings", "name one that is") from None
    except BROKEN as error:
        raise UserError(f"{path} cannot be read ({_first_line(error)})", _remedy(path)) from None
    if not len(trace):
        raise UserError(f"{path} holds no samples", "record it anew")
    return trace


def _first_line(error: Exception) -> str:
    line = (str(error).splitlines() or [type(error).__name__])[0]
    return shorten(line.split(". ")[0], 100, placeholder=" …").rstrip(".")


def partial_of(goal: Path) -> Path:
    """The stream of a recording while it goes on, beside its goal."""
    return goal.with_name(goal.name + PARTIAL)


def _remedy(path: Path) -> str:
    if partial_of(path).exists():
        return f"finish it with `penloop record --recover {path}`"
    return "it was cut off or damaged: record or export it anew"
