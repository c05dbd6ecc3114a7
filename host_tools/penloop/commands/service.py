"""`penloop service`, `run-motor`, `park` and `stop`: the motor by the host, with somebody there."""

import json
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from penhost import Pen
from penhost.errors import BadValue
from penhost.units import Quantity, parse, show
from penloop import service_state
from penloop.connection import AsJson, Port, connected, seconds
from penloop.errors import BoardError, UserError

SHOWN = ("rate", "current", "battery")
LINE_S = 0.5  # from one line to the next
RUN_UP_S = 1.0  # what a mean leaves out
Wait = Annotated[
    str, typer.Option("--wait", help="Wait so long for SERVICE to be entered at the pen: 60s.")
]


def register(app: typer.Typer) -> None:
    """Adds the commands of this group."""
    app.command("service")(service)
    app.command("run-motor")(run_motor)
    app.command("park")(park)
    app.command("stop")(stop)


def service(
    port: Port = "",
    wait: Wait = "",
    end: Annotated[bool, typer.Option("--end", help="Leave SERVICE; the needles park.")] = False,
    as_json: AsJson = False,
) -> None:
    """Tell whether SERVICE is on and how to enter it at the pen; wait for it; leave it."""
    if end and wait:
        raise UserError("--end and --wait contradict each other", "give one of them")
    with connected(port) as pen:
        state = pen.heartbeat()
        if end and state == "SERVICE":
            state = _left(pen)
        elif wait:
            service_state.demand(pen, seconds(wait))
            state = "SERVICE"
    on = state == "SERVICE"
    if as_json:
        print(json.dumps({"state": state, "service": on}))
    elif on:
        print("SERVICE is on: a press at the pen, or `penloop service --end`, leaves it")
    else:
        print(f"SERVICE is off, the pen is in {state}: to enter it, {service_state.told(state)}")


def _left(pen: Pen) -> str:
    pen.command("end_service")
    for _ in range(30):
        pen.wait(service_state.LOOK_S)
        state = pen.heartbeat()
        if state not in ("SERVICE", "PARKING"):
            break
    service_state.raise_fault(pen)
    if state in ("SERVICE", "PARKING"):
        raise BoardError(f"the pen is still in {state}", "press its button")
    return state


def run_motor(
    rate: Annotated[str, typer.Argument(metavar="RATE", help="110Hz, 6600rpm")],
    port: Port = "",
    duration: Annotated[str, typer.Option("--for", help="How long: 5s. Else until Ctrl-C.")] = "",
    wait: Wait = "",
    as_json: AsJson = False,
) -> None:
    """Run the motor in SERVICE, show its rate and current, and park the needles at the end."""
    asked = Quantity(_rate(rate), "mHz")
    span_s = seconds(duration) if duration else None
    wait_s = seconds(wait) if wait else 0.0
    with connected(port) as pen:
        _check_bounds(pen, asked)
        service_state.demand(pen, wait_s)
        with service_state.parked_at_the_end(pen), pen.presence():
            pen.command("run", asked)
            rates = _watched(pen, span_s, as_json)
    settled = rates[round(RUN_UP_S / 0.02) :]
    mean_mHz = round(sum(settled) / len(settled)) if settled else None
    if as_json:
        spread = {
            "lowest_mHz": min(settled, default=None),
            "highest_mHz": max(settled, default=None),
        }
        print(json.dumps({"asked_mHz": asked.value, "mean_mHz": mean_mHz, **spread}))
        return
    told = f"ended in its run-up of {RUN_UP_S:g} s"
    mean = told if mean_mHz is None else f"mean {show(mean_mHz, 'mHz')}"
    print(f"asked {asked}, {mean}; stopped, needles parked")


def _check_bounds(pen: Pen, asked: Quantity) -> None:
    """The motor is run within the bounds of a treatment's rate. Raises UserError."""
    row = pen.settings["stroke_rate"]
    if not row.minimum <= asked.value <= row.maximum:
        bounds = f"{row.quantity(row.minimum)} to {row.quantity(row.maximum)}"
        raise UserError(f"{asked} is out of bounds", f"give {bounds}")


def _rate(text: str) -> int:
    if text.strip().replace(".", "").isdigit():
        raise BadValue(f"{text!r} has no unit", "write 110Hz or 6600rpm")
    return parse(text, "mHz")


def _watched(pen: Pen, span_s: float | None, quiet: bool) -> list[int]:
    """Rates of the run, mHz, a sample each 20 ms; prints a line now and then. Raises PenFault."""
    pen.subscribe([*SHOWN, "state", "duty"], 20)
    units = [pen.signals[name].unit for name in SHOWN]
    rates: list[int] = []
    for sample in pen.samples():
        if pen.states[sample["state"]] != "SERVICE":
            service_state.raise_fault(pen)
            raise BoardError("SERVICE has ended at the pen", service_state.HOW)
        rates.append(int(sample["rate"]))
        passed_s = len(rates) * 0.02
        if not quiet and len(rates) % round(LINE_S / 0.02) == 0:
            values = [show(int(sample[name]), unit) for name, unit in zip(SHOWN, units)]
            print(_line(passed_s, values))
            sys.stdout.flush()
        if span_s is not None and passed_s >= span_s:
            break
        if passed_s > RUN_UP_S and not sample["duty"] and not sample["rate"]:
            raise BoardError("the motor was stopped at the pen", "run it again when nobody objects")
    pen.unsubscribe()
    return rates


def _line(passed_s: float, values: Sequence[str]) -> str:
    return f"{passed_s:7.1f} s  " + "  ".join(
        f"{name} {value:>10}" for name, value in zip(SHOWN, values)
    )


def park(port: Port = "", as_json: AsJson = False) -> None:
    """Bring the needles to top dead centre, in SERVICE."""
    with connected(port) as pen:
        service_state.demand(pen)
        pen.command("park")
        service_state.await_rest(pen)
        state = pen.status().state
    print(json.dumps({"state": state, "parked": True}) if as_json else "the needles are parked")


def stop(port: Port = "", as_json: AsJson = False) -> None:
    """Stop a treatment or a service run; the needles are parked."""
    with connected(port) as pen:
        pen.stop()
        service_state.await_rest(pen)
        state = pen.status().state
    print(json.dumps({"state": state}) if as_json else f"stopped; the pen is in {state}")
