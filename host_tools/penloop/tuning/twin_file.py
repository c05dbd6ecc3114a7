"""The twin of a tuned pen as a pen's file."""

from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

from penloop import twin_file
from pensim.plant.parameters import PenParameters


def write(path: Path, twin: PenParameters, pen_id: str) -> None:
    """Writes what differs from the reference pen."""
    reference = PenParameters()
    tables = {
        part.name: _changed(getattr(twin, part.name), getattr(reference, part.name))
        for part in fields(PenParameters)
    }
    twin_file.write(path, "penloop tune", "reference", tables, {"pen_id": pen_id})


def _changed(part: Any, reference: Any) -> Iterator[str]:
    for item in fields(part):
        value = getattr(part, item.name)
        if value != getattr(reference, item.name):
            yield f"{item.name} = {value:.5g}"
