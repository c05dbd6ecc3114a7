"""`penloop record`: signals of a pen into a Parquet or MCAP file."""

import json
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from penhost import Reconnection
from penhost.description import named
from penloop import line_capacity
from penloop.commands.monitor import (
    DEFAULT,
    Duration,
    Rate,
    Signals,
    samples_for,
    signal_names,
    subscribe,
)
from penloop.connection import (
    AsJson,
    Port,
    Wait,
    period_ms,
    reconnecting,
    recording_keeper,
    seconds,
)
from penloop.errors import UserError
from penloop.recordings.provenance import environment
from penloop.recordings.recording_file import RecordingFile, check_goal, recover


def register(app: typer.Typer) -> None:
    """Adds the commands of this group."""
    app.command("record")(record)


def record(
    goal: Annotated[Path | None, typer.Argument(metavar="FILE", show_default=False)] = None,
    port: Port = "",
    signals: Signals = DEFAULT,
    rate: Rate = "125",  # at 100 Hz, 100 would meet the same phase of every stroke
    duration: Duration = "",
    wait: Wait = "60s",
    cut_off: Annotated[
        Path | None,
        typer.Option("--recover", metavar="FILE", help="Finish a recording that was cut off."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Record signals of a pen to FILE, .parquet or .mcap; what is on disk survives a crash."""
    if cut_off is not None:
        found = recover(cut_off)
        print(json.dumps({"file": str(found)}) if as_json else f"recovered {found}")
        return
    if goal is None:
        raise UserError("no file given", "name one, such as run.parquet or run.mcap")
    check_goal(goal)
    wait_ms, span_s = period_ms(rate), seconds(duration) if duration else None
    with ExitStack() as afterwards, reconnecting(port, wait) as steady:  # a pen is stopped first
        names = signal_names(signals)
        rows = named(steady.pen.signals, "signal", names)
        about = environment(steady.pen, rows, wait_ms)  # asked before samples fill the line
        granted_ms = subscribe(steady, names, wait_ms)
        short = line_capacity.warning(port, rows, granted_ms)
        if short:
            print(f"penloop: {short}", file=sys.stderr, flush=True)
        about["period_us"] = granted_ms * 1000
        recording = RecordingFile(goal, rows, about)
        keep = recording_keeper()
        if keep is not None:
            keep(recording, names, span_s)
            return
        afterwards.callback(_finish, recording, as_json)
        _take(steady, recording, span_s)


def _finish(recording: RecordingFile, as_json: bool) -> None:
    with Console(stderr=True).status(f"writing {recording.goal}"):
        told = json.dumps(recording.outcome()) if as_json else recording.finish()
    print(told)


def _take(pen: Reconnection, recording: RecordingFile, span_s: float | None) -> None:
    shown = TextColumn("{task.completed:.1f} s recorded")
    console = Console(stderr=True)
    with Progress(
        TextColumn("recording"), BarColumn(), shown,
        console=console, transient=True, disable=not console.is_terminal,
    ) as progress:  # fmt: skip
        task = progress.add_task("", total=span_s)
        first_us = None
        for block, samples in samples_for(pen, span_s):
            recording.add(block, samples)
            times = block.samples["time_us"]
            first_us = times[0] if first_us is None else first_us
            progress.update(task, completed=(times[-1] - first_us) / 1e6)
