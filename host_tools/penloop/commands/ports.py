"""`penloop ports`: what could be a pen."""

import typer
from rich.console import Console
from rich.table import Table
from serial.tools import list_ports


def register(app: typer.Typer) -> None:
    """Adds the commands of this group."""
    app.command("ports")(ports)


def ports() -> None:
    """List the serial ports of this computer, and the simulated one."""
    table = Table(box=None, pad_edge=False)
    table.add_column("port")
    table.add_column("what it is")
    for port in sorted(list_ports.comports()):
        details = [port.description, port.manufacturer, port.serial_number]
        named = [text for text in details if text and text != "n/a"]
        table.add_row(port.device, ", ".join(named) or "serial port")
    table.add_row("sim://", "a simulated pen in virtual time, always there")
    Console().print(table)
