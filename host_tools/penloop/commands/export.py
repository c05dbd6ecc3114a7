"""`penloop export`: a recording or trace in another format."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from penloop import completion
from penloop.errors import UserError
from penloop.output_file import Force, check_new
from penloop.recordings import formats, selection


def register(app: typer.Typer) -> None:
    """Adds the command of this group."""
    app.command("export")(export)


def export(
    source: Annotated[Path, typer.Argument(metavar="FILE", show_default=False)],
    goal: Annotated[Path, typer.Argument(metavar="OUT", show_default=False)],
    signals: Annotated[
        str,
        typer.Option(
            "--signals",
            "-s",
            help="Names, separated by commas; all by default.",
            autocompletion=completion.signals,
        ),
    ] = "",
    start: Annotated[str, typer.Option("--from", help="Since the first sample: 1.5s.")] = "",
    end: Annotated[str, typer.Option("--to", help="Since the first sample: 2.5s.")] = "",
    force: Force = False,
) -> None:
    """Write a recording or trace as OUT: .vcd for GTKWave and PulseView, .mcap, .parquet, .csv."""
    check_new(goal, force, tuple(formats.WRITERS))
    if goal.exists() and goal.samefile(source):
        raise UserError(f"{goal} is the file that is read", "choose another name")
    whole = formats.read(source)
    trace = selection.span(whole, start, end, int(whole.time_us[0]), str(source))
    if signals:
        trace = selection.with_signals(trace, selection.signal_names(trace, signals))
    with Console(stderr=True).status(f"writing {goal}"):
        formats.write(trace, goal)
    count = len(trace.columns()) - 1
    print(f"{len(trace):,} rows of {count} signals in {goal}")
