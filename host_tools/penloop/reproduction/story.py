"""The scenario for a record and a cause, and what is unknown of it.

Settings, cartridge, state and the winding's temperature stand in the record. Unknown are skin,
hand, battery, and the moment of the cause: of the stroke, and from the contact on.
"""

from typing import Any

import numpy as np

from penfw import faults, settings
from penhost.units import show
from penloop.campaigns.cases import Template
from penloop.campaigns.variables import Variable, variables_of
from penloop.errors import UserError
from penloop.reproduction.causes import Cause
from penloop.reproduction.fault_record import FaultRecord
from penloop.scenarios.documents import Document

ZONE = "patient"
CLICK_S = 0.45
RUNS_S = 0.72  # the motor turns: press, proof of the stop paths
TREATS_S = 2.0  # long enough in RUNNING that the rows of the black box begin behind the start
RESTS_S = 0.9
STOPS_S = 1.9  # of a run, where the fault comes in PARKING
SERVES_S = 5.2
BOOT_US = 1_000_000  # a fault of SELF_TEST before that is one of the start-up
WARM_US = 30_000_000  # after power-up; before, the estimate of the winding is above the winding
LOOKED_AT_S = 1.0  # after the cause
LATE_S = {
    faults.WATCHDOG_RESET: 3.2,
    faults.BUTTON_STUCK: 11.0,
    faults.POWER_LOST: 2.6,
    faults.SETTINGS_CORRUPT: 1.5,
}
EARLIER_S = 0.6  # a cause may be so much before its fault, where the run had just begun

Vary = dict[str, Any]


def template_of(record: FaultRecord, cause: Cause, name: str) -> tuple[Template, list[Variable]]:
    """The scenario with that cause, as a template of what is unknown, and how that may lie."""
    if record.state == "FAULT":
        raise UserError(
            f"the fault {record.name!r} came up in FAULT, after another one",
            "reproduce the record of that one: `penloop blackbox` shows them",
        )
    moments_s = cause.span_s or _moments_s(record)
    document = _story(record)
    cause.add(document, moments_s[0])
    vary = _unknowns(document, moments_s[0])
    vary.update(cause.more)
    if cause.varied:
        place = cause.varied.replace("-1", str(len(document["step"])))
        vary[place] = {"uniform": [f"{moment:.6f} s" for moment in moments_s]}
    last_s = moments_s[1] + LATE_S.get(record.number, LOOKED_AT_S)
    document["duration"] = f"{last_s:.6f} s"
    variables = variables_of(vary, document)
    places = tuple(variable.place for variable in variables)
    return Template(name, document, places), list(variables)


def _moments_s(record: FaultRecord) -> tuple[float, float]:
    """Between which times the cause may come."""
    state = record.state
    stroke_s = 1000.0 / max(record.settings.get("stroke_rate", 100_000), 25_000)
    if state == "RUNNING":
        since_s = record.in_state_s
        if since_s is None:
            return TREATS_S, TREATS_S + stroke_s
        return max(CLICK_S + 0.01, RUNS_S + since_s - EARLIER_S), RUNS_S + since_s
    if state == "PARKING":
        return STOPS_S - 0.05, STOPS_S + 0.25
    if state == "SERVICE":
        return SERVES_S, SERVES_S + stroke_s
    if _after_a_run(record):
        return STOPS_S + 0.15, STOPS_S + 0.6
    if _boots(record):
        return 0.0, 0.001
    if state == "SELF_TEST":
        return RESTS_S - 0.5, RESTS_S
    return RESTS_S, RESTS_S + stroke_s


def _after_a_run(record: FaultRecord) -> bool:
    return record.state in ("STANDBY", "READY") and record.came_from("RUNNING", "PARKING")


def _boots(record: FaultRecord) -> bool:
    return record.state == "SELF_TEST" and record.time_us < BOOT_US


def _story(record: FaultRecord) -> Document:
    """What the person and the host do until the cause comes."""
    state = record.state
    pen: Document = {"settings": _settings(record)}
    winding = record.signals.get("winding")
    if winding is not None and len(winding) and record.time_us > WARM_US:
        warm_c = round(float(winding[0]) / 1000.0, 2)
        pen["parameters"] = {"thermal.winding_c": warm_c}
    position = record.signals.get("position")
    if _boots(record) and position is not None and position.any():
        first_um = int(position[np.flatnonzero(position)[0]])  # before, it was not measured yet
        pen["start_depth"] = f"{min(max(first_um, 0), settings.HARD_DEPTH_UM)} um"
    steps: list[Document] = []
    needs_one = state in ("READY", "RUNNING", "PARKING")
    if needs_one or (record.cartridge.get("needles") and state != "SERVICE"):
        steps.append({"at": "0.05 s", "do": "insert_cartridge", **_cartridge(record)})
    document: Document = {
        "about": f"{record.name} in {state}, as a pen's black box has it.",
        "expect": ["no fault"],
        "pen": pen,
        "step": steps,
    }
    runs = state in ("RUNNING", "PARKING") or _after_a_run(record)
    if runs:
        steps.append({"at": f"{CLICK_S} s", "do": "click"})
        steps.append({"at": f"{TREATS_S - 0.5} s", "do": "touch", "zone": ZONE, "standoff": "0 mm"})
        document["skin"] = {ZONE: {"like": "cheek"}}
    elif state == "SELF_TEST" and not _boots(record):
        steps.append({"at": f"{RESTS_S + 0.02} s", "do": "click"})
    if runs and state != "RUNNING":
        steps.append({"at": f"{STOPS_S} s", "do": "click"})
    if state == "SERVICE":
        _served(document, record)
    else:
        _changed_depth(document, record)
    return document


def _changed_depth(document: Document, record: FaultRecord) -> None:
    """The depth that was set just before the fault, where the rows begin with another one."""
    depth = record.signals.get("depth")
    if depth is None or not len(depth) or _boots(record):
        return
    set_um = record.settings.get("depth", int(depth[0]))
    if abs(int(depth[0]) - set_um) <= settings.DEPTH_STEP_UM:
        return
    document["pen"]["settings"]["depth"] = show(int(depth[0]), "um")
    at_s = _moments_s(record)[1]
    document["link"] = [{"at": f"{at_s:.6f} s", "set": {"depth": show(set_um, "um")}}]


def _served(document: Document, record: FaultRecord) -> None:
    document["step"].append({"at": "0.4 s", "do": "hold", "hold": "3.2 s"})
    link: list[Document] = []
    target = record.signals.get("rate_target")
    rate_mHz = int(target.max()) if target is not None and len(target) else 0
    if rate_mHz:
        link.append({"at": "4 s", "command": "run", "argument": f"{rate_mHz / 1000:g} Hz"})
    rest_s = SERVES_S + LATE_S.get(record.number, LOOKED_AT_S) - 4.1
    link.append({"at": "4.05 s", "presence": f"{rest_s:.6f} s"})
    document["link"] = link


def _settings(record: FaultRecord) -> dict[str, Any]:
    """Those that are not the defaults. Calibration is that pen's own: the simulated one has its."""
    found = {}
    for name, _kind, unit, default, *_limits in settings.SETTINGS:
        value = record.settings.get(name, default)
        access = settings.ACCESSES[settings.index(name)]
        if value != default and access != settings.CALIBRATION:
            found[name] = show(value, unit)
    return found


def _cartridge(record: FaultRecord) -> Document:
    needles = record.cartridge.get("needles", 0)
    if not needles:  # it had been taken out when the record was written
        return {"kind": "12 needles"}
    kind = "1 needle" if needles == 1 else f"{needles} needles"
    return {"kind": kind, "max_depth": f"{record.cartridge['max_depth_um']} um"}


def _unknowns(document: Document, cause_s: float) -> Vary:
    vary: Vary = {
        "battery.charge_fraction": {"uniform": [0.02, 1.0]},
        "battery.resistance_ohm": {"uniform": [0.03, 0.3]},
    }
    touches = [n for n, step in enumerate(document["step"], 1) if step["do"] == "touch"]
    if touches:
        vary[f"skin.{ZONE}.full_force_n"] = {"uniform": [0.02, 0.6]}
        vary[f"skin.{ZONE}.stiffness_n_per_m"] = {"uniform": [500.0, 2500.0]}
        vary[f"step.{touches[0]}.standoff"] = {"uniform": ["0 mm", "0.4 mm"]}
        earliest_s = min(cause_s, TREATS_S) - 0.9
        vary[f"step.{touches[0]}.at"] = {
            "uniform": [f"{max(earliest_s, CLICK_S + 0.1):.6f} s", f"{cause_s + 0.05:.6f} s"]
        }
    return vary
