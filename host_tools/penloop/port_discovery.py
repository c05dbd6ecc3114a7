"""Finds the pen that is plugged in. To ask a port is harmless: a greeting resets nothing."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from serial.tools import list_ports
from serial.tools.list_ports_common import ListPortInfo

from penhost import Pen, PenError
from penhost.ports import open_port
from penhost.tables import Identity
from penloop.errors import UserError

BOARDS = {
    0x2E8A: "Raspberry Pi",  # RP2040 and RP2350 with MicroPython
    0x303A: "Espressif",  # ESP32 with USB of its own
}
# Vendors behind whose USB identity a pen may be: the boards' own serial port, and the chips of
# serial adapters. What others make, such as modems and positioning receivers, is never asked.
# Sources: the USB IDs in MicroPython's ports and in the chips' documentation.
VENDORS = BOARDS | {
    0x0403: "FTDI",
    0x10C4: "Silicon Labs",  # CP210x
    0x1A86: "WCH",  # CH340, CH9102
    0x067B: "Prolific",
}
ADAPTERS = {(0x04D8, 0x00DD), (0x04D8, 0x000A)}  # Microchip MCP2221 and MCP2200
USUAL_PORT = "PENLOOP_PORT"  # in the environment: the port of commands without --port
REMEDY = f"plug a pen in, use --port or set {USUAL_PORT}; `penloop ports --probe` tells who answers"


@dataclass(frozen=True)
class SerialPort:
    """A serial port of this computer; `likely` when a pen may be behind it."""

    device: str
    details: str
    likely: bool


def serial_ports() -> list[SerialPort]:
    """All of this computer's, by name."""
    return [
        SerialPort(port.device, _details(port), _likely(port.vid, port.pid))
        for port in sorted(list_ports.comports())
    ]


def _details(port: ListPortInfo) -> str:
    named = [port.description, port.manufacturer, port.serial_number]
    return ", ".join(text for text in named if text and text != "n/a") or "serial port"


def _likely(vendor: int | None, product: int | None) -> bool:
    return vendor in VENDORS or (vendor, product) in ADAPTERS


def ask(device: str) -> Identity | PenError:
    """Who answers there, or why nobody does."""
    try:
        with Pen(open_port(device)) as pen:
            return pen.info
    except PenError as error:
        return error


def ask_all(devices: Sequence[str]) -> dict[str, Identity | PenError]:
    """The same of several, side by side: one where nobody answers takes four seconds."""
    if not devices:
        return {}
    with ThreadPoolExecutor(len(devices)) as pool:
        return dict(zip(devices, pool.map(ask, devices)))


def only_pen() -> str:
    """The port of the one pen that is there. Raises UserError for none or several.

    The only likely port is not asked: whoever opens it sees what it is.
    """
    likely = [port.device for port in serial_ports() if port.likely]
    if len(likely) == 1:
        return likely[0]
    pens = [name for name, who in ask_all(likely).items() if isinstance(who, Identity)]
    if len(pens) == 1:
        return pens[0]
    if pens:
        raise UserError(f"several pens: {', '.join(pens)}", "choose one with --port")
    asked = f"; nobody answers as one on {', '.join(likely)}" if likely else ""
    raise UserError(f"no port given and no pen found{asked}", REMEDY)
