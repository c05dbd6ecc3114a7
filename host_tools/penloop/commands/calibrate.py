"""`penloop calibrate`: what a pen's own sensors read, measured once for each pen."""

import sys
from collections.abc import Mapping
from typing import Annotated

import typer

from penfw import protocol
from penhost import BadValue, Pen, Refused
from penhost.units import parse, show
from penloop import calibration, changes, service_state
from penloop.confirmation import confirm
from penloop.connection import AsJson, Port, connected, seconds
from penloop.errors import BoardError, UserError
from penloop.question import answered

Battery = Annotated[
    str, typer.Option("--battery", metavar="3.92V", help="What a meter at the cell reads.")
]
Gauge = Annotated[
    list[str] | None,
    typer.Option(
        "--gauge", metavar="0.5mm=0.51mm", help="What a gauge reads at 0.5 and at 1.25 mm."
    ),
]
Wait = Annotated[str, typer.Option("--wait", help="Wait so long for SERVICE to be entered: 60s.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Measure and show, but change nothing.")]
Forget = Annotated[
    bool, typer.Option("--forget", help="Declare the pen uncalibrated, its button held.")
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Without asking.")]
LOOK_S = 0.2
NEXT = "a press at the pen leaves SERVICE; it then tests itself and is ready"
HOLD_S = 60.0  # so long a person at the pen is waited for
HOLD = "hold the pen's button for 5 s"
FORGOTTEN = (
    "the pen is not calibrated now: let go, acknowledge its fault, lift it off and press "
    "where its light asks for it, hold the button for 3 s for SERVICE, then `penloop calibrate`"
)


def register(app: typer.Typer) -> None:
    """Adds the command of this group."""
    app.command("calibrate")(calibrate)


def calibrate(
    port: Port = "",
    battery: Battery = "",
    gauge: Gauge = None,
    wait: Wait = "",
    dry_run: DryRun = False,
    forget: Forget = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Measure shunt, position sensor, play and battery of a pen in SERVICE, and store them."""
    meter_mV = _millivolts(battery) if battery else None
    points = dict(_point(text) for text in gauge or [])
    with connected(port) as pen:
        if forget:
            _forget(pen, seconds(wait) if wait else HOLD_S)
            print(FORGOTTEN)
            return
        service_state.demand(pen, seconds(wait) if wait else 0.0)
        asks = sys.stdin.isatty() and not yes
        if asks and meter_mV is None:
            text = ask(pen, "Voltage at the cell by a meter, such as 3.92V (Enter: leave it out):")
            meter_mV = _millivolts(text) if text else None
        values = calibration.measure(pen, meter_mV, _gauge(pen, points, asks))
        steps = changes.planned(pen, dict(values))
        if dry_run or not as_json:
            changes.show(steps, as_json)
        if dry_run:
            return
        _agree(pen, asks, yes)
        calibration.verify(pen, values)
    if as_json:
        changes.show(steps, as_json)
    else:
        print(f"calibrated and stored; {NEXT}")


def _gauge(pen: Pen, points: Mapping[int, int], asks: bool) -> calibration.Read:
    """What a gauge reads at a depth, um: as it was given, or as the person says."""

    def read(depth_um: int) -> int | None:
        if depth_um in points or not asks:
            return points.get(depth_um)
        text = ask(pen, f"Depth by a gauge at {show(depth_um, 'um')} (Enter: leave it out):")
        return parse(text, "um") if text else None

    return read


def _forget(pen: Pen, wait_s: float) -> None:
    """Outside of SERVICE somebody has to hold the pen's button. Raises Refused or BoardError."""
    told = False
    while not _forgotten(pen):
        if not told:
            print(HOLD, file=sys.stderr, flush=True)
            told = True
        if wait_s <= 0:
            raise BoardError("nobody held the pen's button for 3 s", "hold it, and try again")
        pen.wait(LOOK_S)
        wait_s -= LOOK_S


def _forgotten(pen: Pen) -> bool:
    try:
        pen.set({"calibrated": 0})
    except Refused as refusal:
        if refusal.reason != protocol.SERVICE_ONLY:
            raise
        return False
    return True


def _agree(pen: Pen, asks: bool, yes: bool) -> None:
    """Raises UserError unless the person says yes."""
    if not asks:
        confirm("Store these values?", yes)
    elif ask(pen, "Store these values? [y/N]:").lower() not in ("y", "yes"):
        raise UserError("nothing was changed", "answer y, or give --yes")


def ask(pen: Pen, question: str) -> str:
    """An answer at the prompt, in SERVICE."""

    def attend() -> None:
        if pen.heartbeat() != "SERVICE":
            raise BoardError("SERVICE has ended", service_state.HOW)

    return answered(question, attend)


def _millivolts(text: str) -> int:
    return parse(text, "mV")


def _point(text: str) -> tuple[int, int]:
    """Depth and what the gauge reads there, um. Raises BadValue."""
    depth, given, read = text.partition("=")
    depth_um = parse(depth, "um") if given else 0
    if depth_um not in calibration.GAUGE_UM:
        raise BadValue(f"{text!r} is no point of the gauge", "write 0.5mm=0.51mm, 1.25mm=1.26mm")
    return depth_um, parse(read, "um")
