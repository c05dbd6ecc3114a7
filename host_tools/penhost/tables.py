"""What the pen says of itself: its identity and its tables, learned over the link.

A newer pen's additional columns are passed over, an older pen's missing ones are empty.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from penfw import protocol
from penhost import units
from penhost.errors import BadValue, ProtocolMismatch
from penhost.session import Session
from penhost.units import Quantity

_INT32 = range(-(2**31), 2**31)


@dataclass(frozen=True)
class Identity:
    """Who answers. `time_us` is the device time, since boot, at which the pen greeted."""

    product: str
    board: str
    pen_id: str
    firmware_version: str
    firmware_hash: str
    protocol: int
    boot_session: int
    time_us: int


@dataclass(frozen=True)
class Setting:
    """A row of the settings table; its values are integers in `unit`."""

    index: int
    name: str
    type: str
    unit: str
    default: int
    minimum: int
    maximum: int
    access: str
    help: str

    def value_of(self, given: int | str | Quantity) -> int:
        """The integer to send for an integer in `unit`, a text or a quantity. Raises BadValue."""
        return _value_of(self.name, self.unit, given)

    def quantity(self, value: int) -> Quantity:
        """A value of this setting with its unit."""
        return Quantity(value, self.unit)


@dataclass(frozen=True)
class Signal:
    """A row of the signals table; `code` is the type code of its samples."""

    index: int
    name: str
    code: str
    unit: str
    help: str


@dataclass(frozen=True)
class Command:
    """A row of the commands table; `unit` is that of its argument."""

    index: int
    name: str
    unit: str
    help: str

    def value_of(self, given: int | str | Quantity) -> int:
        """The integer to send as argument. Raises BadValue."""
        return _value_of(self.name, self.unit, given)


@dataclass(frozen=True)
class Fault:
    """A row of the faults table. `reaction` is CUT or PARK, within `reaction_ms`."""

    number: int
    name: str
    reaction: str
    reaction_ms: int
    cause: str
    remedy: str


def identity(hello: dict[str, Any]) -> Identity:
    """HELLO's fields; texts that an older pen does not send are empty."""
    return Identity(
        product=hello.get("product", ""),
        board=hello.get("board", ""),
        pen_id=hello.get("pen_id", ""),
        firmware_version=hello.get("firmware_version", ""),
        firmware_hash=hello.get("firmware_hash", ""),
        protocol=hello["protocol"],
        boot_session=hello["boot_session"],
        time_us=time_us(hello),
    )


def time_us(fields: dict[str, Any]) -> int:
    """Device time of a message."""
    seconds: int = fields["time_s"]
    micros: int = fields["fraction_us"]
    return seconds * 1_000_000 + micros


def settings(session: Session) -> dict[str, Setting]:
    """The settings table by name."""
    read = rows(session, protocol.TABLE_SETTINGS)
    return {row[0]: _setting(index, row) for index, row in enumerate(read)}


def signals(session: Session) -> dict[str, Signal]:
    """The signals table by name."""
    read = rows(session, protocol.TABLE_SIGNALS)
    return {row[0]: Signal(index, *row) for index, row in enumerate(read)}


def commands(session: Session) -> dict[str, Command]:
    """The commands table by name."""
    read = rows(session, protocol.TABLE_COMMANDS)
    return {row[0]: Command(index, *row) for index, row in enumerate(read)}


def faults(session: Session) -> dict[int, Fault]:
    """The faults table by number."""
    table = [_fault(row) for row in rows(session, protocol.TABLE_FAULTS)]
    return {fault.number: fault for fault in table}


def states(session: Session) -> list[str]:
    """Names of the states, by number."""
    return [row[0] for row in rows(session, protocol.TABLE_STATES)]


def messages(session: Session) -> list[list[str]]:
    """The pen's messages: number, name, request, reply, as docs/protocol.md writes them."""
    return rows(session, protocol.TABLE_MESSAGES)


def rows(session: Session, table: int) -> list[list[str]]:
    """Rows of cells, as many cells as the table has columns here."""
    width = len(protocol.TABLES[table][2])
    read: list[list[str]] = []
    while True:
        most = int(session.noisy)  # a row at a time
        reply = session.request(protocol.DESCRIBE, table, len(read), most)
        lines = _text(reply["rows"]).split("\n") if reply["rows"] else []
        read += [_cells(line, width) for line in lines]
        if len(read) >= reply["total"] or not lines:
            return read


def _text(rows: bytes) -> str:
    try:
        return rows.decode()
    except UnicodeDecodeError as error:
        remedy = "update the pen's firmware"
        raise ProtocolMismatch(f"the pen's table is no text ({error})", remedy) from error


def _cells(line: str, width: int) -> list[str]:
    cells = line.split("\t")[:width]
    return cells + [""] * (width - len(cells))


def _setting(index: int, row: Sequence[str]) -> Setting:
    name, kind, unit, default, minimum, maximum, access, text = row
    low, high = _integer(name, minimum), _integer(name, maximum)
    return Setting(index, name, kind, unit, _integer(name, default), low, high, access, text)


def _fault(row: Sequence[str]) -> Fault:
    number, name, reaction, reaction_ms, cause, remedy = row
    return Fault(_integer(name, number), name, reaction, _integer(name, reaction_ms), cause, remedy)


def _integer(name: str, cell: str) -> int:
    try:
        return int(cell)
    except ValueError:
        remedy = "update penloop"
        raise ProtocolMismatch(f"the pen's row of {name} holds {cell!r}", remedy) from None


def _value_of(name: str, unit: str, given: int | str | Quantity) -> int:
    if isinstance(given, Quantity):
        given = f"{given.value}{given.unit}"
    if isinstance(given, str):
        try:
            given = units.parse(given, unit)
        except BadValue as error:
            raise BadValue(f"{name}: {error.message}", error.remedy) from None
    if not isinstance(given, int):
        raise BadValue(f"{name}: {given!r} is no value", "give an integer or a text with a unit")
    if given not in _INT32:
        raise BadValue(f"{name}: {given} does not fit 32 bits", "give a smaller number")
    return given
