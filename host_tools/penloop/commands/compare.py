"""`penloop compare`: runs or firmware versions side by side."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from penloop.commands.plot import Align, End, Out, Signals, Start
from penloop.connection import AsJson
from penloop.errors import UserError
from penloop.output_file import Force, check_new
from penloop.recordings import alignment, comparison
from penloop.recordings.picture_choice import made_picture, read_all, told
from penloop.recordings.picture_file import KINDS, write_picture
from penloop.recordings.source import Source
from penloop.recordings.source import sources as aligned


def register(app: typer.Typer) -> None:
    """Adds the command of this group."""
    app.command("compare")(compare)


def compare(
    sources: Annotated[list[Path], typer.Argument(metavar="FILE", show_default=False)],
    signals: Signals = "",
    start: Start = "",
    end: End = "",
    out: Out = None,
    align: Align = "",
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Show runs side by side: what they were made from where that differs, then their figures.

    Changes are against the first file. --out adds a picture of all over each other.
    """
    if len(sources) < 2:
        raise UserError("one file", "name two or more to compare")
    if out is not None:
        check_new(out, force, KINDS)
    named = read_all(sources)
    moment = alignment.chosen([trace for _, trace in named], align)
    shown = aligned(named, moment, start, end)
    if as_json:
        names, traces = [one.name for one in shown], [one.trace for one in shown]
        print(json.dumps(comparison.document(names, traces, moment)))
    else:
        _show(shown)
    if out is not None:
        _draw(shown, out, signals, moment)
        if not as_json:
            print(out)


def _show(shown: Sequence[Source]) -> None:
    console = Console()
    traces = [one.trace for one in shown]
    differences = comparison.differences(traces)
    if differences:
        cells = [(one.name, *one.values) for one in differences]
        console.print(_table(["differs", *(one.name for one in shown)], cells))
    else:
        console.print("pen, firmware and settings are the same", markup=False)
    console.print()
    rows = [(row.name, *row.told()) for row in comparison.rows(traces)]
    console.print(_table(_heads(shown), rows))


def _heads(shown: Sequence[Source]) -> list[str]:
    first, *later = [one.name for one in shown]
    return ["figure", first, *(head for name in later for head in (name, "change"))]


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for place, head in enumerate(heads):
        table.add_column(head, justify="right" if place else "left", overflow="fold")
    for row in rows:
        table.add_row(*row)
    return table


def _draw(shown: Sequence[Source], out: Path, signals: str, moment: str) -> None:
    traces, names = [one.trace for one in shown], [one.name for one in shown]
    drawn = made_picture(shown, signals, moment, " against ".join(names))
    differences = [(one.name, *one.values) for one in comparison.differences(traces)]
    rows = [(row.name, *row.told(), row.help) for row in comparison.rows(traces)]
    above = ("What differs", ["", *names], differences)
    write_picture(drawn, out, told(shown), [above], [("Figures", [*_heads(shown), ""], rows)])
