"""The twin as a pen's file, which `sim://?pen=FILE` and `penloop sim --pen FILE` take."""

import json
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

from pensim.plant.parameters import PenParameters


def write(path: Path, twin: PenParameters, pen_id: str) -> None:
    """Writes what differs from the reference pen."""
    path.write_text("\n".join(_lines(twin, pen_id)) + "\n", encoding="utf-8")


def _lines(twin: PenParameters, pen_id: str) -> Iterator[str]:
    yield "# The twin of a pen, by `penloop tune`: sim://?pen=FILE, penloop sim --pen FILE."
    yield 'base = "reference"'
    reference = PenParameters()
    for part in fields(PenParameters):
        changed = list(_changed(getattr(twin, part.name), getattr(reference, part.name)))
        if changed:
            yield f"\n[{part.name}]"
            yield from changed
    yield f"\n[about]\npen_id = {json.dumps(pen_id)}"


def _changed(part: Any, reference: Any) -> Iterator[str]:
    for item in fields(part):
        value = getattr(part, item.name)
        if value != getattr(reference, item.name):
            yield f"{item.name} = {value:.5g}"
