"""What may be behind a fault: a part that fails, or what the person or the host does."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from penfw import faults
from penloop.evidence.fault_expectations import EXPECTED
from penloop.reproduction.fault_record import FaultRecord
from penloop.scenarios.documents import Document
from pensim.hazards import HAZARDS

_AGAIN = 0.4  # s until the cartridge or the supply is back
Edit = Callable[[Document, float], None]


@dataclass(frozen=True)
class Cause:
    """Something that leads to faults.

    name: as people read it
    add: adds it to a scenario, at a time in s
    varied: the key of what it has added whose time is unknown; empty where there is none
    more: what else is unknown, as in a campaign's [vary]
    span_s: between which times it may come, where it has a story of its own
    """

    name: str
    add: Edit
    varied: str = ""
    more: tuple[tuple[str, Any], ...] = ()
    span_s: tuple[float, float] | None = None


def causes_of(record: FaultRecord) -> list[Cause]:
    """Those that may be behind the record's fault, what needs no failed part first."""
    wanted = record.number
    acts = [_ACTS[wanted]] if wanted in _ACTS else []
    parts = [
        _part(name)
        for name in HAZARDS
        if wanted in EXPECTED[name].told or wanted in _ALSO.get(name, ())
    ]
    return [_NOTHING, *acts, *parts]


def _part(name: str) -> Cause:
    def add(document: Document, time_s: float) -> None:
        document.setdefault("fault", []).append({"part": name, "at": _at(time_s)})

    return Cause(name.replace("_", " "), add, "fault.1.at")


def _at(time_s: float) -> str:
    return f"{time_s:.6f} s"


def _step(document: Document, time_s: float, name: str, **keys: Any) -> None:
    document.setdefault("step", []).append({"at": _at(time_s), "do": name, **keys})


def _person(name: str, **keys: Any) -> Edit:
    return lambda document, time_s: _step(document, time_s, name, **keys)


def _worn(document: Document, _time_s: float) -> None:
    for step in document["step"]:
        if step["do"] == "insert_cartridge":
            step["strokes"] = 60  # less than a second


def _damaged(document: Document, time_s: float) -> None:
    document["step"] = [step for step in document["step"] if step["do"] != "insert_cartridge"]
    _step(document, max(time_s, 0.05), "insert_cartridge", damaged=True)


def _used_again(document: Document, time_s: float) -> None:
    """A short run, then the cartridge goes out, and in again at that time."""
    document["step"] = [step for step in document["step"] if step["do"] != "insert_cartridge"]
    _step(document, 0.05, "insert_cartridge")
    _step(document, 0.45, "click")
    _step(document, 0.9, "click")
    _step(document, time_s - _AGAIN, "remove_cartridge")
    _step(document, time_s, "insert_it_again")


def _host_leaves(document: Document, time_s: float) -> None:
    for act in document.get("link", []):
        if "presence" in act:
            act["presence"] = f"{time_s - float(act['at'].split()[0]):.6f} s"


# What a part leads to where the campaign of faults has another one first.
_ALSO = {
    "tachometer_open": (faults.STALL,),
    "tachometer_shorted": (faults.STALL,),
    "top_dead_centre_shorted": (faults.STALL,),
    "top_dead_centre_open": (faults.STALL,),
    "motor_jammed": (faults.OVERCURRENT,),
}
_LAST = "step.-1.at"  # the last of the steps
_NOTHING = Cause("no part fails", lambda _document, _time_s: None)
# What the person or the host does that leads to a fault.
_ACTS = {
    faults.CARTRIDGE_REMOVED: Cause("the cartridge is removed", _person("remove_cartridge"), _LAST),
    faults.USB_POWER: Cause("USB power is connected", _person("usb_power"), _LAST),
    faults.BUTTON_STUCK: Cause("the button is held", _person("hold", hold="12 s"), _LAST),
    faults.MOTOR_MOVES: Cause("the shaft is turned", _person("turn_shaft", turns=3), _LAST),
    faults.CARTRIDGE_INVALID: Cause("a damaged cartridge", _damaged),
    faults.CARTRIDGE_EXPIRED: Cause("a worn cartridge", _worn),
    faults.CARTRIDGE_USED: Cause("a used cartridge is inserted again", _used_again, _LAST,
                                 span_s=(2.1, 2.4)),
    faults.LINK_LOST: Cause("the host leaves", _host_leaves),
    faults.OVER_TEMPERATURE: Cause("the room is hot", lambda _document, _time_s: None,
                                   more=(("thermal.housing_c", {"uniform": [55.0, 80.0]}),)),
}  # fmt: skip
