"""What a pen says of itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from functools import cached_property
from typing import TypeVar
from zlib import crc32

from penhost import tables
from penhost.errors import BadValue
from penhost.session import Session
from penhost.tables import Command, Fault, Setting, Signal

Row = TypeVar("Row")


def fingerprint(rows: Iterable[Sequence[str]]) -> str:
    """Of settings by name, type and unit: equal where a profile of one pen fits another."""
    return f"{crc32(chr(10).join(chr(9).join(row) for row in rows).encode()):08x}"


class Description:
    """The tables of the pen on a session; each is read when it is first used."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def forget(self) -> None:
        """The tables are read anew when they are used next: another firmware answers."""
        for name in ("settings", "signals", "commands", "fault_table", "states"):
            self.__dict__.pop(name, None)

    @cached_property
    def settings(self) -> dict[str, Setting]:
        """The settings table by name."""
        return tables.settings(self._session)

    @property
    def schema(self) -> str:
        """The fingerprint of its settings; editing fits wherever it is the same."""
        return fingerprint((row.name, row.type, row.unit) for row in self.settings.values())

    @cached_property
    def signals(self) -> dict[str, Signal]:
        """The signals table by name."""
        return tables.signals(self._session)

    @cached_property
    def commands(self) -> dict[str, Command]:
        """The commands table by name."""
        return tables.commands(self._session)

    @cached_property
    def fault_table(self) -> dict[int, Fault]:
        """The faults table by number."""
        return tables.faults(self._session)

    @cached_property
    def states(self) -> list[str]:
        """Names of the states, by number."""
        return tables.states(self._session)


def named(table: Mapping[str, Row], kind: str, names: Iterable[str]) -> list[Row]:
    """The table's rows of these names. Raises BadValue, naming what is near, else what is there."""
    for name in names:
        if name not in table:
            near = get_close_matches(name, table)
            meant = f"did you mean {' or '.join(near)}?" if near else f"it has {', '.join(table)}"
            raise BadValue(f"this pen has no {kind} {name!r}", meant)
    return [table[name] for name in names]
