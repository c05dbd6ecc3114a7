"""A trace as CSV: a row a sample, names with their unit, values in it, exact."""

import csv
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from penloop.recordings import words
from penloop.recordings.readings import SHARE_U16, is_counted, reading
from pensim.trace import Column, Trace

PART_ROWS = 20_000  # that are texts at a time


def write_csv(trace: Trace, path: Path) -> None:
    """Writes the trace; the header's metadata has no place in it."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow([_head(column) for column, _ in trace.columns()])
        for at in range(0, len(trace), PART_ROWS):
            rows = slice(at, at + PART_ROWS)
            columns = [(column, values[rows]) for column, values in trace.columns()]
            writer.writerows(zip(*(_cells(trace, *column) for column in columns)))


def _head(column: Column) -> str:
    return reading(column).named(column.name)


def _cells(trace: Trace, column: Column, values: NDArray[np.int64]) -> Iterator[str]:
    if column.name == "pen.state":
        return (words.state_name(trace, value) for value in values.tolist())
    if column.name == "pen.faults":
        return (words.faults_text(trace, value) for value in values.tolist())
    if is_counted(column):
        return (str(value) for value in values.tolist())
    if column.unit == SHARE_U16:
        return (f"{value:.4f}" for value in reading(column).of(values).tolist())
    return (repr(value) for value in reading(column).of(values).tolist())
