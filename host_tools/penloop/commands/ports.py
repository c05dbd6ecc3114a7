"""`penloop ports`: what could be a pen."""

import json
import os
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from penhost import PenError
from penhost.tables import Identity
from penloop.connection import AsJson
from penloop.port_discovery import USUAL_PORT, SerialPort, ask_all, serial_ports

SIMULATED = SerialPort("sim://", "a simulated pen in virtual time, always there", False)


def register(app: typer.Typer) -> None:
    """Adds the commands of this group."""
    app.command("ports")(ports)


def ports(
    probe: Annotated[bool, typer.Option("--probe", help="Ask who answers; harmless.")] = False,
    as_json: AsJson = False,
) -> None:
    """List the serial ports of this computer, and the simulated one."""
    rows = [*serial_ports(), SIMULATED]
    usual = os.environ.get(USUAL_PORT, "")
    if usual:
        what = f"of {USUAL_PORT}: commands without --port use it"
        others = [port for port in rows if not _same(port.device, usual)]
        rows = [SerialPort(usual, what, True), *others]
    answers = ask_all([port.device for port in rows if port.likely]) if probe else {}
    if as_json:
        print(json.dumps([_document(port, answers.get(port.device)) for port in rows]))
        return
    table = Table(box=None, pad_edge=False)
    for head in ("port", "what it is", *(["who answers"] if probe else [])):
        table.add_column(head)
    for port in rows:
        told = [_told(answers.get(port.device))] if probe else []
        table.add_row(port.device, port.details, *told)
    Console().print(table)


def _same(device: str, other: str) -> bool:
    """Whether two names are of one port, as a link and what it leads to."""
    return device == other or os.path.realpath(device) == os.path.realpath(other)


def _told(answer: Identity | PenError | None) -> str:
    if answer is None:
        return "not asked"
    if isinstance(answer, PenError):
        return answer.message
    return f"pen {answer.pen_id} on {answer.board}, firmware {answer.firmware_version}"


def _document(port: SerialPort, answer: Identity | PenError | None) -> dict[str, object]:
    """A row as JSON; `pen` and `error` are null where nobody was asked."""
    pen = answer.pen_id if isinstance(answer, Identity) else None
    error = str(answer) if isinstance(answer, PenError) else None
    return {
        "port": port.device, "what": port.details, "likely": port.likely, "pen": pen,
        "error": error,
    }  # fmt: skip
