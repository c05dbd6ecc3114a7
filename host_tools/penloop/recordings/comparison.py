"""Recordings side by side: what they were made from where that differs, then their figures."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from penfw import settings
from penhost.units import show
from penloop.recordings.figures import Figure, figures
from penloop.recordings.readings import TWINS
from pensim.trace import Trace

HASH = 12  # digits of a hash that people see
NONE = "–"
SETTING = "setting "  # before the name of one
IDENTITY = ("product", "board", "pen_id", "firmware_version", "firmware_hash", "protocol")


@dataclass(frozen=True)
class Difference:
    """What the recordings were made from: a name and its value in each, as people read it."""

    name: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Row:
    """A figure of each recording; None where one does not have it."""

    name: str
    unit: str
    values: tuple[float | None, ...]
    help: str

    @property
    def changes(self) -> tuple[float | None, ...]:
        """Each later one less the first."""
        first, *later = self.values
        return tuple(
            value - first if value is not None and first is not None else None for value in later
        )

    def told(self) -> list[str]:
        """The first value, then each later one with its change."""
        cells = [shown(self.values[0], self.unit)]
        for value, change in zip(self.values[1:], self.changes):
            cells += [shown(value, self.unit), signed(change, self.unit)]
        return cells


def shown(value: float | None, unit: str) -> str:
    """A figure as people read it."""
    if value is None:
        return NONE
    if unit == "%":
        return f"{round(value, 2) + 0.0:.2f} %"  # no -0.00
    if unit == "us":
        return duration(value)
    return show(round(value), TWINS.get(unit, unit))


def duration(value_us: float) -> str:
    """To a thousandth of what is read, or a microsecond."""
    if abs(value_us) < 1000:
        return f"{value_us:.0f} us"
    return f"{value_us / 1e3:.2f} ms" if abs(value_us) < 1e6 else f"{value_us / 1e6:.3f} s"


def signed(value: float | None, unit: str) -> str:
    """A change, with its sign; nothing where there is none."""
    if value is None:
        return ""
    text = shown(value, unit)
    if not any(digit in text for digit in "123456789"):
        return "="
    return text if text.startswith("-") else f"+{text}"


def rows(traces: Sequence[Trace]) -> list[Row]:
    """Every figure that one of the traces has."""
    found = [{one.name: one for one in figures(trace)} for trace in traces]
    return [
        Row(name, one.unit, tuple(_value(each, name) for each in found), one.help)
        for name, one in _merged(found).items()
    ]


def _merged(found: Sequence[dict[str, Figure]]) -> dict[str, Figure]:
    """All names, in an order that keeps that of each."""
    order: list[str] = []
    for one in found:
        place = 0
        for name in one:
            if name in order:
                place = order.index(name) + 1
            else:
                order.insert(place, name)
                place += 1
    return {name: next(one[name] for one in found if name in one) for name in order}


def _value(found: dict[str, Figure], name: str) -> float | None:
    return found[name].value if name in found else None


def differences(traces: Sequence[Trace]) -> list[Difference]:
    """Identity, firmware, settings and set-up, where they are not the same in all.

    A setting whose unit a file does not tell has that of the others, or of the firmware here.
    """
    facts = [{**dict(_facts(trace)), **_settings(trace)} for trace in traces]
    units = {f"{SETTING}{row[0]}": row[2] for row in settings.SETTINGS}
    for trace in traces:
        told = trace.header.environment.get("setting_units", {})
        units |= {f"{SETTING}{name}": unit for name, unit in told.items()}
    names = dict.fromkeys(name for one in facts for name in one)
    return [
        Difference(name, tuple(_told(one.get(name), units.get(name, "")) for one in facts))
        for name in names
        if len({one.get(name) for one in facts}) > 1
    ]


def _told(value: Any, unit: str) -> str:
    if value is None:
        return NONE
    return show(value, unit) if unit and isinstance(value, int) else str(value)


def _facts(trace: Trace) -> Iterator[tuple[str, str]]:
    environment, reproduce = trace.header.environment, trace.header.reproduce
    pen = environment.get("pen", {})
    for name in IDENTITY:
        if name in pen:
            yield f"pen's {name.replace('_', ' ')}", _short(name, pen[name])
    if "port" in environment:
        yield "port", environment["port"]
    for name, value in environment.get("simulated", {}).items():
        yield f"simulated {name}", str(value)
    if "firmware" in reproduce:
        yield "firmware hash", str(reproduce["firmware"])[:HASH]
    for name in ("seed", "engine"):
        for part in (reproduce, environment):
            if name in part:
                yield name, str(part[name])
    if "period_us" in environment:
        yield "period", duration(environment["period_us"])


def _settings(trace: Trace) -> dict[str, Any]:
    header = trace.header
    values = header.environment.get("settings") or header.reproduce.get("settings") or {}
    return {f"{SETTING}{name}": value for name, value in values.items()}


def _short(name: str, value: Any) -> str:
    return str(value)[:HASH] if name == "firmware_hash" else str(value)


def document(names: Sequence[str], traces: Sequence[Trace], moment: str) -> dict[str, Any]:
    """For scripts: everything, in raw units."""
    return {
        "files": list(names),
        "align": moment,
        "differences": {one.name: list(one.values) for one in differences(traces)},
        "figures": [
            {"name": one.name, "unit": one.unit, "values": list(one.values),
             "changes": list(one.changes), "help": one.help}
            for one in rows(traces)
        ],
    }  # fmt: skip
