"""What the pen's replies and notices mean, as a program or a person wants them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from penfw import protocol
from penhost.errors import Refused
from penhost.session import reason_of
from penhost.tables import Fault, Setting, time_us
from penhost.units import Quantity

_STATUS = {
    protocol.APPLIED: "applied",
    protocol.PENDING: "pending",
    protocol.REFUSED: "refused",
}
_EVENTS = dict(protocol.EVENTS)


@dataclass(frozen=True)
class Change:
    """Outcome of one change: applied, pending or refused; `value` is in force now.

    Of a refusal, `reason` and `text` say why and `limit` what would be accepted, if a number can.
    """

    name: str
    status: str
    value: Quantity
    reason: int
    text: str
    limit: Quantity | None


@dataclass(frozen=True)
class Outcome:
    """What a command has returned; `pending` while the pen is still at it."""

    pending: bool
    value: int


@dataclass(frozen=True)
class FaultRecord:
    """A latched fault, or one of the history, with what to do."""

    number: int
    name: str
    latched: bool
    boot_session: int
    time_us: int
    cause: str
    remedy: str


@dataclass(frozen=True)
class Event:
    """Sent by the pen unasked. `kind` is of protocol.EVENTS; number and value depend on it."""

    boot_session: int
    time_us: int
    kind: str
    number: int
    value: int


@dataclass(frozen=True)
class Status:
    """State and counters: the pen's since boot, the host's since connecting."""

    boot_session: int
    time_us: int
    state: str
    pen_frames: int
    pen_bad_frames: int
    samples_sent: int
    samples_dropped: int
    events_lost: int
    host_frames: int
    host_bad_frames: int
    host_bytes: int
    repeats: int


def change(row: Setting, result: Sequence[int]) -> Change:
    """One row of SET's results."""
    _index, status, value, number, limit = result
    reason = reason_of(number)
    unit = row.unit if reason.limit == "=" else reason.limit
    return Change(
        name=row.name,
        status=_STATUS.get(status, "refused"),
        value=row.quantity(value),
        reason=number,
        text=reason.text if number else "",
        limit=Quantity(limit, unit) if reason.limit else None,
    )


def outcome(name: str, fields: dict[str, Any]) -> Outcome:
    """COMMAND's reply. Raises Refused."""
    status, value = fields["status"], fields["value"]
    if status not in (protocol.APPLIED, protocol.PENDING):
        reason = reason_of(value)
        raise Refused(f"{name} refused, {reason.name}", reason.text, value)
    return Outcome(status == protocol.PENDING, value)


def refusal(changes: Sequence[Change]) -> Refused | None:
    """The error of a transaction with a refused change, naming the ones that caused it."""
    refused = [one for one in changes if one.status == "refused"]
    if not refused:
        return None
    causes = [one for one in refused if one.reason != protocol.OTHERS_REFUSED] or refused
    remedy = "nothing was changed; correct it and set all again"
    limit = causes[0].limit.value if causes[0].limit else 0
    return Refused("; ".join(map(_cause, causes)), remedy, causes[0].reason, limit, changes)


def _cause(refused: Change) -> str:
    limit = f" ({refused.limit})" if refused.limit else ""
    return f"{refused.name} refused, {refused.text}{limit}"


def fault_record(table: dict[int, Fault], row: Sequence[int]) -> FaultRecord:
    """One row of FAULTS; a fault that the table lacks has its number as name."""
    number, latched, boot_session, seconds, micros = row
    known = table.get(number)
    return FaultRecord(
        number=number,
        name=known.name if known else f"fault {number}",
        latched=bool(latched),
        boot_session=boot_session,
        time_us=seconds * 1_000_000 + micros,
        cause=known.cause if known else "",
        remedy=known.remedy if known else "",
    )


def event(fields: dict[str, Any]) -> Event:
    """An EVENT message; of an unknown kind, its number."""
    kind = fields["kind"]
    return Event(
        boot_session=fields["boot_session"],
        time_us=time_us(fields),
        kind=_EVENTS.get(kind, f"event {kind}"),
        number=fields["number"],
        value=fields["value"],
    )
