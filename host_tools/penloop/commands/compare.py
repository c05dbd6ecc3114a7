"""`penloop compare`: runs or firmware versions side by side."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from penloop.commands.export import End, Start
from penloop.commands.plot import (
    Align,
    Out,
    Overwrite,
    Signals,
    check_goal,
    made_picture,
    read_all,
    told,
)
from penloop.connection import AsJson
from penloop.errors import UserError
from penloop.recordings import alignment, comparison, selection
from penloop.recordings.picture_file import write_picture
from pensim.trace import Trace


def register(app: typer.Typer) -> None:
    """Adds the command of this group."""
    app.command("compare")(compare)


def compare(
    sources: Annotated[list[Path], typer.Argument(metavar="FILE FILE…", show_default=False)],
    signals: Signals = "",
    start: Start = "",
    end: End = "",
    out: Out = None,
    align: Align = "",
    overwrite: Overwrite = False,
    as_json: AsJson = False,
) -> None:
    """Show runs side by side: what they were made from where that differs, then their figures.

    Changes are against the first file. --out adds a picture of all over each other.
    """
    if len(sources) < 2:
        raise UserError("one file", "name two or more to compare")
    if out is not None:
        check_goal(out, overwrite)
    named = [(name, selection.span(trace, start, end)) for name, trace in read_all(sources)]
    traces = [trace for _, trace in named]
    moment = alignment.chosen(traces, align)
    for name, trace in named:
        alignment.zero_us(trace, moment, name)
    if as_json:
        print(json.dumps(comparison.document([name for name, _ in named], traces, moment)))
    else:
        _show(named)
    if out is not None:
        _draw(named, out, signals, moment)
        if not as_json:
            print(out)


def _show(named: Sequence[tuple[str, Trace]]) -> None:
    console = Console()
    traces = [trace for _, trace in named]
    differences = comparison.differences(traces)
    if differences:
        cells = [(one.name, *one.values) for one in differences]
        console.print(_table(["differs", *(name for name, _ in named)], cells))
    else:
        console.print("pen, firmware and settings are the same", markup=False)
    console.print()
    rows = [(row.name, *row.told()) for row in comparison.rows(traces)]
    console.print(_table(_heads(named), rows))


def _heads(named: Sequence[tuple[str, Trace]]) -> list[str]:
    first, *later = [name for name, _ in named]
    return ["figure", first, *(head for name in later for head in (name, "change"))]


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for place, head in enumerate(heads):
        table.add_column(head, justify="right" if place else "left", overflow="fold")
    for row in rows:
        table.add_row(*row)
    return table


def _draw(named: Sequence[tuple[str, Trace]], out: Path, signals: str, moment: str) -> None:
    traces = [trace for _, trace in named]
    drawn = made_picture(named, signals, moment, " against ".join(name for name, _ in named))
    about = [f"{name}: {line}" for name, trace in named for line in told(trace)]
    differences = [(one.name, *one.values) for one in comparison.differences(traces)]
    rows = [(row.name, *row.told(), row.help) for row in comparison.rows(traces)]
    above = ("What differs", ["", *(name for name, _ in named)], differences)
    write_picture(drawn, out, about, [above], [("Figures", [*_heads(named), ""], rows)])
