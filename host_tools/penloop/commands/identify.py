"""`penloop identify`: the twin of a pen, from a recording."""

import json
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from penhost import BadValue, Pen
from penloop import completion, service_state
from penloop.connection import AsJson, Port, connected
from penloop.errors import UserError
from penloop.identification import evidence, experiment, preset
from penloop.identification.excitation import STEPS
from penloop.identification.fit import Fit, fit
from penloop.identification.model import NAMES, SKIN, Guess
from penloop.identification.verdict import Verdict, verdicts
from penloop.output_file import PICTURES, Force, check_new
from penloop.recordings.provenance import environment
from penloop.recordings.recording_file import RecordingFile, check_goal
from pensim.pen_file import PenPreset, find_pen
from pensim.plant.presets import PENS, SKINS

Record = Annotated[
    bool, typer.Option("--record", help="Run the motor in SERVICE, and make FILE first.")
]
OnSkin = Annotated[bool, typer.Option("--skin", help="With --record: on skin, too.")]
Needles = Annotated[int | None, typer.Option("--needles", min=1, max=200, help="Of the cartridge.")]
Zone = Annotated[
    str,
    typer.Option(
        "--zone", help="Of the skin, whose give is known.", autocompletion=lambda: list(SKINS)
    ),
]
Base = Annotated[
    str,
    typer.Option(
        "--base",
        help="A pen's name, or FILE.toml: all else is its.",
        autocompletion=lambda: list(PENS),
    ),
]
Only = Annotated[
    str,
    typer.Option(
        "--only", help="Parameters, separated by commas.", autocompletion=completion.any_of(NAMES)
    ),
]
Twin = Annotated[
    Path | None,
    typer.Option(
        "--out", "-o", metavar="FILE", help="The twin: a pen's file, for sim://?pen=FILE."
    ),
]
Plot = Annotated[
    Path | None,
    typer.Option("--plot", metavar="FILE", help="A picture of pen and twin: .png, .svg."),
]
WAIT_S = 60.0  # for SERVICE


def register(app: typer.Typer) -> None:
    """Adds the commands of this group."""
    app.command("identify")(identify)


def identify(
    recording: Annotated[Path, typer.Argument(metavar="FILE", show_default=False)],
    record: Record = False,
    skin: OnSkin = False,
    port: Port = "",
    needles: Needles = None,
    zone: Zone = "cheek",
    base: Base = "reference",
    only: Only = "",
    twin: Twin = None,
    picture: Plot = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Fit the simulator's parameters to a recording: a pen's twin."""
    wanted = _wanted(only, record and not skin)
    if twin is not None and base.endswith(".toml"):
        raise UserError("a twin's base is a named pen", "leave --out or the file of --base away")
    known = find_pen(base)
    zones = {**SKINS, **known.skins}
    if zone not in zones:
        raise UserError(f"no skin zone {zone!r}", f"choose {', '.join(zones)}")
    for goal, kinds in (twin, (".toml",)), (picture, PICTURES):
        if goal is not None:
            check_new(goal, force, kinds)
    if record:
        _record(recording, port, skin)
    guess = Guess(known.parameters, zones[zone])
    found = _fit(recording, known, guess, needles)
    told = verdicts(found, guess, needles or found.measured.needles, wanted)
    if twin is not None:
        preset.write(twin, base, zone, found, told)
    if picture is not None:
        from penloop.identification.picture import draw

        draw(found, picture)
    (_print_json if as_json else _print)(found, told, recording, twin)
    if not all(one.told for one in told):
        raise typer.Exit(1)


def _wanted(only: str, off_skin: bool) -> list[str]:
    """By default all; of a recording that is made off the skin, those of the motor."""
    every = [name for name in NAMES if not (off_skin and name in SKIN)]
    names = [name.strip() for name in only.split(",") if name.strip()] or every
    unknown = [name for name in names if name not in NAMES]
    if unknown:
        raise UserError(f"no parameter {unknown[0]!r}", f"choose {', '.join(NAMES)}")
    return names


def _record(goal: Path, port: str, skin: bool) -> None:
    check_goal(goal)
    with ExitStack() as afterwards, connected(port) as pen:
        service_state.demand(pen, WAIT_S)
        rows = [pen.signals[name] for name in evidence.USED]
        about = environment(pen, rows, experiment.PERIOD_MS)
        about["cartridge"] = _cartridge(pen)
        recording = RecordingFile(goal, rows, about)
        afterwards.callback(recording.close)
        experiment.perform(pen, recording, skin, _tell)


def _cartridge(pen: Pen) -> dict[str, int]:
    try:
        held = pen.cartridge()
    except BadValue:  # an older pen does not tell
        return {}
    return {"needles": held.needles} if held.present and held.needles else {}


def _tell(text: str) -> None:
    print(f"penloop: {text}", file=sys.stderr, flush=True)


def _fit(recording: Path, known: PenPreset, guess: Guess, needles: int | None) -> Fit:
    seen = evidence.read(recording, known.parameters.battery.resistance_ohm)
    try:
        return fit(seen, guess, needles or seen.needles)
    except ValueError as error:
        remedy = f"{STEPS}; where the rate does not settle, `penloop tune` first"
        raise UserError(f"{recording}: {error}", remedy) from None


def _print(found: Fit, told: list[Verdict], recording: Path, twin: Path | None) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("parameter", "value", "95 %", "base", ""):
        table.add_column(title, overflow="fold", no_wrap=title != "")
    for one in told:
        unit, scale = one.parameter.unit, one.parameter.scale
        value = low = ""
        if one.value is not None and one.low is not None and one.high is not None:
            value = f"{one.value / scale:.4g} {unit}"
            low = f"{one.low / scale:.4g} to {one.high / scale:.4g}"
        verdict = "told" if one.told else "cannot be told"
        table.add_row(one.parameter.name, value, low, f"{one.base / scale:.4g} {unit}", verdict)
    Console(soft_wrap=not sys.stdout.isatty(), highlight=False, markup=False).print(table)
    for one in told:
        if not one.told:
            print(f"{one.parameter.name}: {one.trouble}: {one.remedy}")
    for name, rms, unit in found.residuals():
        print(f"the twin's {name} differs by {rms:.3g} {unit} (rms of means over 50 ms)")
    if found.measured.missing:
        print(f"not in {recording}: {', '.join(found.measured.missing)}")
    if twin is not None:
        what = "twin" if any(one.told for one in told) else "nothing was told: the base alone"
        print(f"{what} in {twin}: penloop info --port 'sim://?pen={twin}'")


def _print_json(found: Fit, told: list[Verdict], _recording: Path, _twin: Path | None) -> None:
    rows: dict[str, Any] = {
        one.parameter.name: {
            "value": one.value,
            "low": one.low,
            "high": one.high,
            "base": one.base,
            "told": one.told,
            "trouble": one.trouble,
            "remedy": one.remedy,
        }
        for one in told
    }
    residuals = {name: {"rms": rms, "unit": unit} for name, rms, unit in found.residuals()}
    whole = {"parameters": rows, "residuals": residuals, "missing": found.measured.missing}
    print(json.dumps(whole, indent=2))
