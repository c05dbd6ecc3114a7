"""`penloop scope`: a capture in the pen itself, 1 ms from sample to sample, around a trigger."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
from rich.progress import Progress as Bar
from rich.table import Table

from penhost import Capture, Pen
from penhost.scope import ARMED, MOST_SAMPLES, READING, TRIGGERED, Progress
from penhost.telemetry import TIME
from penhost.units import parse, show
from penloop import completion
from penloop.commands.monitor import Signals, signal_names
from penloop.connection import AsJson, Port, connected, seconds
from penloop.output_file import Force, check_new
from penloop.recordings import formats
from penloop.recordings.capture import capture_trace
from penloop.recordings.picture_choice import made_picture
from penloop.recordings.picture_file import KINDS, write_picture
from penloop.recordings.provenance import environment
from penloop.recordings.source import Source
from penloop.scope_trigger import already_there

Trigger = Annotated[
    str,
    typer.Option(
        "--trigger",
        "-t",
        help="now, 'current > 800mA', 'rate rising 100Hz', 'fault stall', 'state RUNNING'.",
        autocompletion=completion.triggers,
    ),
]
Before = Annotated[str, typer.Option("--before", help="Share before the trigger.")]
Samples = Annotated[
    int,
    typer.Option("--samples", show_default=False, help="How many; else what the pen can hold."),
]
Wait = Annotated[
    str, typer.Option("--wait", help="How long for the trigger: 10s. Else until Ctrl-C.")
]
Out = Annotated[
    Path | None, typer.Option("--out", "-o", metavar="FILE", help="A .parquet or .mcap file.")
]
Plot = Annotated[
    Path | None, typer.Option("--plot", metavar="PICTURE", help="A .png, .svg or .html file.")
]
DEFAULT = "current,duty,rate,state"
STAGES = {ARMED: "waiting for the trigger", TRIGGERED: "triggered", READING: "reading"}


def register(app: typer.Typer) -> None:
    """Adds the command of this group."""
    app.command("scope")(scope)


def scope(
    port: Port = "",
    signals: Signals = DEFAULT,
    trigger: Trigger = "now",
    before: Before = "25%",
    samples: Samples = MOST_SAMPLES,
    wait: Wait = "",
    out: Out = None,
    plot: Plot = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Capture signals in the pen, 1 ms apart, around a trigger; then read them."""
    for path, kinds in (out, formats.RECORDED), (plot, KINDS):
        if path is not None:
            check_new(path, force, kinds)
    share, wait_s = parse(before, "permille") / 1e3, seconds(wait) if wait else None
    names = signal_names(signals)
    with connected(port) as pen:
        warning = already_there(pen, trigger)
        if warning:
            print(f"penloop: {warning}", file=sys.stderr, flush=True)
        capture = _captured(pen, names, trigger, share, samples, wait_s)
        about = environment(pen, [pen.signals[name] for name in names], 1)
        states = pen.states
    trace = capture_trace(capture, {**about, "trigger": trigger})
    if out is not None:
        formats.write(trace, out)
    if plot is not None:
        source = Source("scope", trace, capture.trigger_us)
        write_picture(made_picture([source], ",".join(names), "trigger", trigger), plot)
    if as_json:
        print(json.dumps(_document(capture, trigger)))
        return
    _show(capture, trigger, states)
    for path in (out, plot):
        if path is not None:
            print(path)


def _captured(
    pen: Pen, names: Sequence[str], trigger: str, share: float, samples: int, wait_s: float | None
) -> Capture:
    console = Console(stderr=True)
    with Bar(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("samples"),
        console=console, transient=True, disable=not console.is_terminal,
    ) as bar:  # fmt: skip
        task = bar.add_task("", total=None)

        def show_progress(progress: Progress) -> None:
            told = STAGES[progress.stage]
            bar.update(task, description=told, completed=progress.done, total=progress.total)

        return pen.scope(
            names, trigger, before=share, samples=samples, wait=wait_s, watch=show_progress
        )


def _show(capture: Capture, trigger: str, states: Sequence[str]) -> None:
    when = show(capture.trigger_us, "us")
    print(f"{len(capture.samples):,} samples, 1 ms apart, {capture.trigger:,} of them before")
    print(f"the trigger {trigger!r}, {when} after power-up{_missing(capture)}")
    table = Table(box=None, pad_edge=False)
    for head in ("signal", "at the trigger", "least", "greatest"):
        table.add_column(head, justify="left" if head == "signal" else "right")
    for name, unit in capture.units.items():
        values = capture.samples[name]
        shown = [int(value) for value in (values[capture.trigger], values.min(), values.max())]
        if name == "state" and shown[0] < len(states):
            table.add_row(name, states[shown[0]])  # no state is less than another
            continue
        table.add_row(name, *(show(one, unit) for one in shown))
    Console().print(table)


def _missing(capture: Capture) -> str:
    count = int(capture.missing.sum())
    return f"; {count:,} are missing, where the pen kept no ticks" if count else ""


def _document(capture: Capture, trigger: str) -> dict[str, Any]:
    columns = (TIME, *capture.units)
    return {
        "trigger": trigger,
        "trigger_us": capture.trigger_us,
        "trigger_row": capture.trigger,
        "boot_session": capture.boot_session,
        "missing": int(capture.missing.sum()),
        "units": capture.units,
        "samples": {name: capture.samples[name].tolist() for name in columns},
    }
