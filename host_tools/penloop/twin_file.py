"""A twin as a pen's file, which `sim://?pen=FILE` and `penloop sim --pen FILE` take.

Its form is pensim.pen_file's: a base, tables of what differs from it, and where it comes from.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path


def write(
    path: Path,
    command: str,
    base: str,
    tables: Mapping[str, Iterable[str]],
    about: Mapping[str, str],
) -> None:
    """Writes it; `tables` holds the lines of each table, and one without lines is left out."""
    text = "\n".join(_lines(command, base, tables, about))
    path.write_text(text + "\n", encoding="utf-8")


def _lines(
    command: str, base: str, tables: Mapping[str, Iterable[str]], about: Mapping[str, str]
) -> Iterator[str]:
    yield f"# The twin of a pen, by `{command}`: sim://?pen=FILE, penloop sim --pen FILE."
    yield f"base = {json.dumps(base)}"
    for name, lines in tables.items():
        held = list(lines)
        if held:
            yield f"\n[{name}]"
            yield from held
    yield "\n[about]"
    yield from (f"{key} = {json.dumps(text)}" for key, text in about.items())
