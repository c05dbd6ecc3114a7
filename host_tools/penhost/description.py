"""What a pen says of itself."""

from __future__ import annotations

from functools import cached_property

from penhost import tables
from penhost.session import Session
from penhost.tables import Command, Fault, Setting, Signal


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
