"""Recordings of faults on pens whose skin, hand and battery the reader does not know."""

from pathlib import Path
from typing import Any

from penhost import Pen
from penloop.commands import blackbox
from penloop.scenarios import execution
from penloop.scenarios.scenario_reader import scenario_of
from pensim.serial_port import SimulatedPort

HIDDEN_CHARGE = 0.37


def treated(part: str = "", at_s: float = 3.4137, **act: Any) -> dict[str, Any]:
    """A treatment in which a part fails, or the person does something."""
    steps: list[dict[str, Any]] = [
        {"at": "0.3 s", "do": "insert_cartridge"},
        {"at": "1.1 s", "do": "click"},
        {"at": "3.05 s", "do": "touch", "zone": "hidden", "standoff": "0.1 mm"},
    ]
    document = {
        "about": "A treatment in the field.",
        "duration": "7 s",
        "expect": ["no fault"],
        "seed": 7,
        "pen": {
            "settings": {"stroke_rate": "95 Hz", "depth": "0.9 mm"},
            "parameters": {
                "battery.charge_fraction": HIDDEN_CHARGE,
                "battery.resistance_ohm": 0.14,
                "sensors.tachometer_tolerance_deg": 0.5,
            },
        },
        "skin": {"hidden": {"like": "nose", "full_force_n": 0.22}},
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
