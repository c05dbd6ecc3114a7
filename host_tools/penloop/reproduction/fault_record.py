"""A black box's record of a fault, as `penloop blackbox --out FILE` has written it."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from penfw import faults, settings, states
from penloop.errors import UserError

SEEN_MS = 20  # a fault is seen by the main loop, and the rows are taken, at most so much later
BUSY_US = 200_000  # for so long a main loop that writes flash sees nothing
_READ = ("number", "name", "faults", "time_us", "settings", "cartridge", "stored_state")


@dataclass(frozen=True)
class FaultRecord:
    """A fault and the signals around it.

    number, name: of the fault that was seen first
    faults: numbers of all that were latched when the record was written
    time_us: of the fault, on the pen's clock
    rows_us: time of each row from the fault on, negative before it; shape (rows,)
    signals: name -> values in the unit of the pen's signal, shape (rows,)
    settings: raw values by name
    cartridge: what it bears and what was used of it; its serial is 0 where there was none
    """

    number: int
    name: str
    faults: frozenset[int]
    time_us: int
    rows_us: NDArray[np.int64]
    signals: dict[str, NDArray[np.int64]]
    settings: dict[str, int]
    cartridge: dict[str, int]
    stored_state: str = ""

    @property
    def state(self) -> str:
        """In which state the fault came up: FAULT only where another one was there long before."""
        if not len(self.rows_us):
            return self.stored_state or states.STATES[states.RUNNING]
        return states.STATES[self._state_until()[0]]

    @property
    def in_state_s(self) -> float | None:
        """For how long it had been in that state, in s; None when the rows begin later."""
        if not len(self.rows_us):
            return None
        number, row = self._state_until()
        others = np.flatnonzero(self.signals["state"][: row + 1] != number)
        return None if not len(others) else float(-self.rows_us[others[-1] + 1]) / 1e6

    def came_from(self, *names: str) -> bool:
        """Whether the rows before the fault have one of these states."""
        numbers = set(self.signals["state"][self.rows_us < 0]) if len(self.rows_us) else set()
        return any(states.STATES.index(name) in numbers for name in names)

    def _state_until(self) -> tuple[int, int]:
        """The state in which the fault came up, and the last row in it.

        A main loop that writes flash sees a fault late, when the interrupt is in FAULT already.
        """
        numbers = self.signals["state"]
        before = np.flatnonzero(self.rows_us <= -SEEN_MS * 1000)
        row = int(before[-1]) if len(before) else 0
        others = np.flatnonzero(numbers[: row + 1] != states.FAULT)
        if len(others) and self.rows_us[row] - self.rows_us[others[-1]] < BUSY_US:
            row = int(others[-1])
        return int(numbers[row]), row


def read(path: Path) -> FaultRecord:
    """Reads a record. Raises UserError where the file is none, or of another firmware's tables."""
    table = _table(path)
    try:
        environment = json.loads((table.schema.metadata or {})[b"environment"])
        told = environment["blackbox"]
        values = {name: told[name] for name in _READ}
    except (KeyError, ValueError, TypeError):
        raise UserError(
            f"{path} is no black box record",
            "write one with `penloop blackbox --out FILE`",
        ) from None
    return _record(path, table, values)


def _table(path: Path) -> pa.Table:
    if not path.is_file():
        raise UserError(f"there is no file {path}", "give what `penloop blackbox --out` wrote")
    try:
        return pq.read_table(path)
    except (pa.ArrowInvalid, OSError):
        raise UserError(
            f"{path} is not Parquet, or only a part of it",
            "write it again with `penloop blackbox --out FILE`",
        ) from None


def _record(path: Path, table: pa.Table, told: dict[str, Any]) -> FaultRecord:
    numbers = {row[1]: row[0] for row in faults.FAULTS}
    unknown = [name for name in told["faults"] if name not in numbers]
    if unknown or told["number"] not in numbers.values():
        raise UserError(
            f"{path} tells of the fault {(unknown or [told['name']])[0]!r}, which this firmware "
            "does not know",
            "use the penloop of that pen's firmware",
        )
    columns = {name: table[name].to_numpy() for name in table.column_names}
    times = columns.pop("time", np.zeros(0, np.int64))
    return FaultRecord(
        told["number"],
        told["name"],
        frozenset({told["number"], *(numbers[name] for name in told["faults"])}),
        told["time_us"],
        times - told["time_us"],
        {name.removeprefix("pen."): values for name, values in columns.items()},
        {name: value for name, value in told["settings"].items() if name in settings.NAMES},
        told["cartridge"],
        told["stored_state"],
    )
