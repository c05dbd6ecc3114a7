"""A column in the unit that people read, for files and axes."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from penhost.units import usual
from pensim.trace import Column

TWINS = {"mdegC": "mC", "1": ""}  # the plant's names of the host's units
SHARE_U16 = "u16"  # a duty of 65,535 parts
SYMBOLS = {"C": "°C", "deg": "°", "Ohm": "Ω", "uAh": "µAh"}
WORDS = {"%": "percent"}
COUNTED = ("", "bits")  # units of what jumps: states, counts, words


@dataclass(frozen=True)
class Reading:
    """How a column is read: `values / divisor` (exact in doubles) in `unit`."""

    unit: str
    divisor: float

    @property
    def symbol(self) -> str:
        """The unit as an axis shows it."""
        return SYMBOLS.get(self.unit, self.unit)

    def named(self, name: str) -> str:
        """A name with its unit at the end: `rate_Hz`."""
        return f"{name}_{WORDS.get(self.unit, self.unit)}" if self.unit not in COUNTED else name

    def of(self, values: NDArray[np.int64]) -> NDArray[np.float64]:
        """The values in the unit."""
        return values / self.divisor

    def raw(self, values: NDArray[np.float64]) -> NDArray[np.int64]:
        """The column's integers again."""
        return np.rint(np.asarray(values, np.float64) * self.divisor).astype(np.int64)


def reading(column: Column) -> Reading:
    """The usual reading of a column."""
    if column.unit == SHARE_U16:
        return Reading("%", 655.35)
    unit, size = usual(TWINS.get(column.unit, column.unit))
    return Reading(unit, float(1 / size))


def is_counted(column: Column) -> bool:
    """A state, a count or a word of bits: drawn in steps, never interpolated."""
    return TWINS.get(column.unit, column.unit) in COUNTED
