"""How many samples a second fit on the line to a pen, told before they are lost."""

from collections.abc import Sequence

from serial.tools import list_ports

from penfw import protocol
from penhost.tables import Signal
from penhost.telemetry import wire_type
from penloop.port_discovery import BOARDS

BAUD = 115_200  # of a pen's UART, which every port is opened with
BITS = 10  # of a byte on the line
FRAME_BYTES = 29  # of a frame of TELEMETRY beside its samples: head 4, fields 20, CRC 4, zero 1


def samples_that_fit(signals: Sequence[Signal]) -> int:
    """Samples a second of these signals that a UART carries at most, in full frames."""
    size = wire_type(signals).itemsize
    count = protocol.SAMPLES_MAX // size
    return BAUD * count // (BITS * (count * size + FRAME_BYTES))


def is_uart(port: str) -> bool:
    """Whether the pen's UART is known to be behind a port: one of a simulated pen, or a serial
    port of this computer that is not the board's own USB, which no baud rate bounds."""
    if port.startswith("sim:"):
        return "port=usb" not in port
    return any(
        one.device == port and one.vid is not None and one.vid not in BOARDS
        for one in list_ports.comports()
    )


def warning(port: str, signals: Sequence[Signal], period_ms: int) -> str | None:
    """What to say where more samples are asked for than the line takes."""
    fit = samples_that_fit(signals)
    if period_ms * fit >= 1000 or not is_uart(port):
        return None
    return (
        f"{fit} samples a second of these signals fit the line at {BAUD:,} baud, the others will "
        "be lost and counted: name fewer signals or a lower --rate"
    )
