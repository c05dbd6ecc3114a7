"""A pen's records of treatments, with the wall time of those whose power-up this computer saw."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from penhost import Pen
from penhost.records import Spent, TreatmentRecord
from penhost.units import show
from penloop import pen_memory

PASSED_MS = 50  # at a depth, as on the way to another one


@dataclass(frozen=True)
class Treatment:
    """A record, and when it began if that is known."""

    record: TreatmentRecord
    began: datetime | None

    def when(self) -> str:
        """By the clock where it is known, else by the pen's own time."""
        if self.began is not None:
            return f"{self.began.astimezone():%Y-%m-%d %H:%M:%S}"
        return f"{duration(self.record.time_us // 1000)} after power-up {self.record.boot_session}"

    def document(self) -> dict[str, Any]:
        """As JSON holds it; values in raw units."""
        began = self.began.isoformat(timespec="seconds") if self.began else None
        return {"began": began, **asdict(self.record)}


def treatments(pen: Pen) -> list[Treatment]:
    """The newest first."""
    power_ups = {} if pen.clock_is_virtual else pen_memory.power_ups(pen.info.pen_id)
    return [Treatment(record, _began(record, power_ups)) for record in pen.sessions()]


def _began(record: TreatmentRecord, power_ups: dict[int, datetime]) -> datetime | None:
    power_up = power_ups.get(record.boot_session)
    return power_up and power_up + timedelta(microseconds=record.time_us)


def duration(time_ms: int) -> str:
    """As a person says it: 4.2 s, 3 min 12 s, 1 h 2 min."""
    seconds, minutes = time_ms / 1000, time_ms // 60_000
    if minutes >= 60:
        return f"{minutes // 60} h {minutes % 60} min"
    return f"{minutes} min {seconds % 60:.0f} s" if minutes else f"{seconds:.1f} s"


def lasting(record: TreatmentRecord) -> list[Spent]:
    """What was spent at each depth and rate, without what was only passed through."""
    return [one for one in record.spent if one.time_ms >= PASSED_MS] or list(record.spent)


def reached(record: TreatmentRecord) -> str:
    """The deepest setting of a treatment."""
    return show(max((one.depth_um for one in lasting(record)), default=0), "um")


def lines(found: Sequence[Treatment]) -> list[tuple[str, ...]]:
    """A row of cells for each, with a head; what was spent at other depths in rows below."""
    rows: list[tuple[str, ...]] = [HEAD]
    for one in found:
        record = one.record
        spent = [
            (show(part.depth_um, "um"), show(part.rate_mHz, "mHz"), duration(part.time_ms))
            for part in lasting(record)
        ] or [("-", "-", "-")]
        cells = (one.when(), duration(record.duration_ms), f"{record.strokes:,}")
        serial = str(record.cartridge_serial)
        rows.append((*cells, serial, *spent[0], ", ".join(record.faults) or "-"))
        rows += [("", "", "", "", *part, "") for part in spent[1:]]
    return rows


HEAD = ("began", "duration", "strokes", "cartridge", "depth", "rate", "for", "faults")
