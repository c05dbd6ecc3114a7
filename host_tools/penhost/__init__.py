"""The serial client of the pen: `with Pen("/dev/ttyACM0") as pen: print(pen.get("depth"))`."""

from penhost.errors import BadValue, NoTrigger, PenError, Refused
from penhost.pen import Pen
from penhost.reconnection import Reconnection
from penhost.scope import Capture
from penhost.telemetry import Block, Gap, Recording
from penhost.units import Quantity

__all__ = [
    "BadValue", "Block", "Capture", "Gap", "NoTrigger", "Pen", "PenError", "Quantity",
    "Reconnection", "Recording", "Refused",
]  # fmt: skip
