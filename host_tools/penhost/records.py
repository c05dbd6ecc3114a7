"""The pen's records of faults and treatments, read from its flash and checked.

A record whose CRC-32 is wrong was cut short by a loss of power, and is passed over.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from penfw import protocol
from penhost.errors import BadValue, ProtocolMismatch, Refused
from penhost.session import Session
from penhost.tables import Fault, Setting
from penhost.units import Quantity

_CRC_BYTES = 4
_WRAP_MS = 65536
UNKNOWN_STATE = 255
HOLDER_TRIES = 5
_ROW_TYPE = np.dtype([(name, "<" + _code) for name, _code, _unit, _factor in protocol.ROW_FIELDS])


@dataclass(frozen=True)
class CartridgeUse:
    """The cartridge of a record: what it bears, and what was used of it."""

    serial: int
    needles: int
    kind: int
    max_depth_um: int
    strokes_allowed: int
    minutes_allowed: int
    strokes_used: int
    used_ms: int
    state: int


# By their numbers in the pen.
CARTRIDGE_STATES = ("none", "invalid", "used", "fresh", "in use", "expired")
CARTRIDGE_KINDS = ("treatment", "test")


@dataclass(frozen=True)
class HolderCartridge(CartridgeUse):
    """The cartridge in the holder now; what is used does not count a run that is under way.

    present: by the holder's switch; it is read while the pen is in STANDBY or SERVICE
    removed: it was taken off this pen after use
    """

    present: bool
    removed: bool

    @property
    def condition(self) -> str:
        """none, unread, invalid, used, removed, fresh, in use (by this pen) or expired."""
        if self.state == 0 and self.present:
            return "unread"
        name = CARTRIDGE_STATES[self.state] if self.state < len(CARTRIDGE_STATES) else "unknown"
        return "removed" if name == "used" and self.removed else name

    @property
    def kind_name(self) -> str:
        """treatment or test."""
        return CARTRIDGE_KINDS[self.kind] if self.kind < len(CARTRIDGE_KINDS) else "unknown"


@dataclass(frozen=True)
class BlackBoxRecord:
    """A fault with the signals before it. `time_us` is the device time at which it was seen.

    `faults` are the names of all that were latched when it was written. `rows` has the signals in
    their units and `time_us`, device time; it is empty where `signals_missing`: after a watchdog
    reset or a loss of power `stored_state` is the last state that was stored, if one was.
    """

    sequence: int
    number: int
    name: str
    faults: tuple[str, ...]
    boot_session: int
    time_us: int
    signals_missing: bool
    stored_state: str
    reset_cause: int
    error_site: int
    firmware_hash: str
    firmware_version: str
    cartridge: CartridgeUse
    settings: dict[str, Quantity]
    rows: NDArray[Any]


@dataclass(frozen=True)
class Spent:
    """Time at a depth and a set rate."""

    depth_um: int
    rate_mHz: int
    time_ms: int


@dataclass(frozen=True)
class TreatmentRecord:
    """A treatment: when it began, how long it took, and what it was."""

    sequence: int
    boot_session: int
    time_us: int
    duration_ms: int
    strokes: int
    cartridge_serial: int
    faults: tuple[str, ...]
    spent: tuple[Spent, ...]


def _holder_record(session: Session) -> bytes:
    """The record; read in parts, it may change meanwhile."""
    remedy = "update the pen's firmware with `penloop flash`"
    for _ in range(HOLDER_TRIES):
        try:
            found = read_log(session, protocol.HOLDER)
        except Refused as refusal:
            raise BadValue("this pen does not tell about its cartridge", remedy) from refusal
        if found:
            return found[0]
    raise ProtocolMismatch("the cartridge's record cannot be read", remedy)


def read_log(session: Session, log: int) -> list[bytes]:
    """The whole records of a log, the newest first. Raises ProtocolMismatch for a newer layout."""
    paths, size, _most, layout, _fields = _row(log)
    found: dict[int, bytes] = {}
    for number in range(len(paths)):
        content = _file(session, log, number)
        for at in range(0, len(content) - size + 1, size):
            record = content[at : at + size]
            if crc32(record[:-_CRC_BYTES]) == int.from_bytes(record[-_CRC_BYTES:], "little"):
                kind, sequence = struct.unpack_from("<II", record)
                _check_layout(kind, layout)
                found[sequence] = record[:-_CRC_BYTES]
    return [found[sequence] for sequence in sorted(found, reverse=True)]


def _row(log: int) -> Any:
    return protocol.HOLDER_ROW if log == protocol.HOLDER else protocol.LOGS[log]


def _check_layout(found: int, known: int) -> None:
    if found != known:
        raise ProtocolMismatch(f"a record has the unknown layout {found:#x}", "update penloop")


def _file(session: Session, log: int, number: int) -> bytes:
    content = b""
    while True:
        most = 32 if session.noisy else 0
        reply = session.request(protocol.RECORDS, log, number, len(content), most)
        content += reply["data"]
        if len(content) >= reply["size"] or not reply["data"]:
            return content


def black_box_record(
    record: bytes, faults: dict[int, Fault], states: list[str], settings: dict[str, Setting]
) -> BlackBoxRecord:
    """One record of the black box, its numbers named by the pen's tables.

    Raises ProtocolMismatch.
    """
    fields, at = _fields(protocol.BLACK_BOX, record)
    try:
        values = struct.unpack_from(f"<{fields['settings']}i", record, at)
        at += 4 * len(values)
        raw = np.frombuffer(record, _ROW_TYPE, fields["rows"], at)
    except (struct.error, ValueError) as error:
        raise _unreadable(error) from error
    use = {name: int(fields.get(name, fields.get(f"cartridge_{name}", 0))) for name in _USE}
    stored = fields["stored_state"]
    return BlackBoxRecord(
        sequence=fields["sequence"],
        number=fields["number"],
        name=_fault_name(faults, fields["number"]),
        faults=_fault_names(faults, fields["faults"]),
        boot_session=fields["boot_session"],
        time_us=_time_us(fields),
        signals_missing=bool(fields["signals_missing"]),
        stored_state=states[stored] if stored < len(states) else "",
        reset_cause=fields["reset_cause"],
        error_site=fields["error_site"],
        firmware_hash=fields["firmware_hash"],
        firmware_version=fields["firmware_version"],
        cartridge=CartridgeUse(**use),
        settings=_settings(fields["setting_names"], values, settings),
        rows=_rows(raw, fields["fault_ms"], _time_us(fields)),
    )


_USE = tuple(CartridgeUse.__dataclass_fields__)


def holder_cartridge(session: Session) -> HolderCartridge:
    """The cartridge in the holder. Raises ProtocolMismatch, BadValue for an older pen."""
    fields, _end = _fields(protocol.HOLDER, _holder_record(session))
    use = {name: int(fields.get(name, fields.get(f"cartridge_{name}", 0))) for name in _USE}
    return HolderCartridge(**use, present=bool(fields["present"]), removed=bool(fields["removed"]))


def treatment_record(record: bytes, faults: dict[int, Fault]) -> TreatmentRecord:
    """One record of a treatment. Raises ProtocolMismatch."""
    fields, _end = _fields(protocol.TREATMENTS, record)
    return TreatmentRecord(
        sequence=fields["sequence"],
        boot_session=fields["boot_session"],
        time_us=_time_us(fields),
        duration_ms=fields["duration_ms"],
        strokes=fields["strokes"],
        cartridge_serial=fields["cartridge_serial"],
        faults=_fault_names(faults, fields["faults"]),
        spent=tuple(Spent(depth, rate * 10, ms) for depth, rate, ms in fields["spent"] if ms),
    )


def _fields(log: int, record: bytes) -> tuple[dict[str, Any], int]:
    layout = _row(log)[4]
    try:
        values, at = protocol.unpack_at(layout, record, 0)
        return {name: value for (name, _code), value in zip(layout, values, strict=True)}, at
    except ValueError as error:
        raise _unreadable(error) from error


def _unreadable(error: Exception) -> ProtocolMismatch:
    return ProtocolMismatch(f"a record cannot be read ({error})", "update penloop")


def _time_us(fields: dict[str, Any]) -> int:
    return int(fields["time_s"]) * 1_000_000 + int(fields["fraction_us"])


def _fault_name(faults: dict[int, Fault], number: int) -> str:
    return faults[number].name if number in faults else f"fault {number}"


def _fault_names(faults: dict[int, Fault], word: int) -> tuple[str, ...]:
    return tuple(_fault_name(faults, number) for number in range(32) if word >> number & 1)


def _settings(
    names_crc: int, values: tuple[int, ...], settings: dict[str, Setting]
) -> dict[str, Quantity]:
    """By name; of a firmware with other settings, by number."""
    if names_crc == crc32("\n".join(settings).encode()) and len(values) == len(settings):
        return {
            name: row.quantity(value)
            for (name, row), value in zip(settings.items(), values, strict=True)
        }
    return {f"setting {number}": Quantity(value, "") for number, value in enumerate(values)}


def _rows(raw: NDArray[Any], fault_ms: int, fault_us: int) -> NDArray[Any]:
    """Signals in their units, with device time."""
    names = ["time_us", *(row[0] for row in protocol.ROW_FIELDS[1:])]
    rows = np.zeros(len(raw), [(name, np.int64) for name in names])
    half = _WRAP_MS // 2
    since_ms = (raw["time"].astype(np.int64) - fault_ms + half) % _WRAP_MS - half
    rows["time_us"] = fault_us + since_ms * 1000
    for name, _code, _unit, factor in protocol.ROW_FIELDS[1:]:
        rows[name] = raw[name].astype(np.int64) * factor
    return rows
