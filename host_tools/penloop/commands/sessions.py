"""`penloop sessions`: the treatments that a pen has recorded."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from penloop import treatment_page, treatments
from penloop.connection import AsJson, Port, connected
from penloop.output_file import Force, check_new


def register(app: typer.Typer) -> None:
    """Adds the command of this group."""
    app.command("sessions")(sessions)


def sessions(
    port: Port = "",
    page: Annotated[
        Path | None,
        typer.Option("--html", metavar="FILE", help="A page to print, for the file of a patient."),
    ] = None,
    last: Annotated[
        int, typer.Option("--last", min=1, help="Only so many, the newest.", show_default=False)
    ] = 1000,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Show the treatments that a pen has recorded: when, how long, how deep, which cartridge."""
    if page is not None:
        check_new(page, force)
    with connected(port) as pen:
        found = treatments.treatments(pen)[:last]
        who = pen.info
    if page is not None:
        page.write_text(treatment_page.page(who, found, datetime.now(UTC)), "utf-8")
    if as_json:
        print(json.dumps([one.document() for one in found]))
        return
    _show(treatments.lines(found))
    if not found:
        print("no treatments have been recorded")
    if page is not None:
        print(f"{len(found)} {'treatment' if len(found) == 1 else 'treatments'} in {page}")


def _show(rows: list[tuple[str, ...]]) -> None:
    if len(rows) < 2:
        return
    widths = [max(map(len, column)) for column in zip(*rows)]
    for row in rows:
        print("  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths)).rstrip())
