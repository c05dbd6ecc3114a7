"""Recordings of faults on pens whose skin, hand and battery the reader does not know."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from penhost import Pen
from penloop.commands import blackbox
from penloop.scenarios import execution
from penloop.scenarios.scenario_reader import scenario_of
from pensim.serial_port import SimulatedPort


@dataclass(frozen=True)
class HiddenPen:
    """What the reader of a recording does not know: battery, skin and hand."""

    charge: float
    resistance_ohm: float
    zone: str
    full_force_n: float
    standoff_mm: float


HIDDEN = (
    HiddenPen(0.37, 0.14, "nose", 0.22, 0.1),
    HiddenPen(0.82, 0.07, "cheek", 0.12, 0.03),
    HiddenPen(0.55, 0.2, "forehead", 0.3, 0.2),
)


def treated(
    part: str = "", at_s: float = 3.4137, hidden: HiddenPen = HIDDEN[0], **act: Any
) -> dict[str, Any]:
    """A treatment in which a part fails, or the person does something."""
    standoff = f"{hidden.standoff_mm} mm"
    steps: list[dict[str, Any]] = [
        {"at": "0.3 s", "do": "insert_cartridge"},
        {"at": "1.1 s", "do": "click"},
        {"at": "3.05 s", "do": "touch", "zone": "hidden", "standoff": standoff},
    ]
    document = {
        "about": "A treatment in the field.",
        "duration": "7 s",
        "expect": ["no fault"],
        "seed": 7,
        "pen": {
            "settings": {"stroke_rate": "95 Hz", "depth": "0.9 mm"},
            "parameters": {
                "battery.charge_fraction": hidden.charge,
                "battery.resistance_ohm": hidden.resistance_ohm,
                "sensors.tachometer_tolerance_deg": 0.5,
            },
        },
        "skin": {"hidden": {"like": hidden.zone, "full_force_n": hidden.full_force_n}},
        "step": [*steps, {"at": f"{at_s} s", **act}] if act else steps,
    }
    if part:
        document["fault"] = [{"part": part, "at": f"{at_s} s"}]
    return document


def resting(part: str = "", at_s: float = 2.0, **act: Any) -> dict[str, Any]:
    """The same, of a pen that has not been started."""
    document = treated(part, at_s, **act)
    keep = [step for step in document["step"] if step["do"] not in ("click", "touch")]
    return {**document, "step": keep}


def record(document: dict[str, Any], path: Path) -> Path:
    """Plays the document, reads the pen's black box as a host does, and writes the newest."""
    scenario = scenario_of(document, "hidden", "hidden", checked=True)
    with execution.make_bench(scenario, "cpython", document["seed"]) as bench:
        execution.play(scenario, bench)
        with Pen(SimulatedPort.on_bench(bench)) as pen:
            blackbox.write(path, pen, pen.blackbox()[0])
    return path
