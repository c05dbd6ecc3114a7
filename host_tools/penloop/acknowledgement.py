"""Acknowledging a pen's faults over its link."""

from penfw import protocol
from penhost import Pen, Refused
from penloop import service_state
from penloop.errors import BoardError

NEXT = "cleared: lift the pen off and press its button once; it parks the needles and tests itself"
TRIES = 40  # while the fault is being recorded
LOOK_S = 0.1
AGAIN_S = 0.5  # a cause that is still there shows within


def acknowledge(pen: Pen) -> None:
    """Clears latched faults. Raises BoardError, Refused, PenFault when a cause is still there."""
    state = pen.status().state
    if state != "FAULT":
        raise BoardError(f"the pen is in {state}, not in FAULT", "there is nothing to clear")
    for _ in range(TRIES):
        try:
            pen.command("acknowledge")
            break
        except Refused as refusal:
            if refusal.reason != protocol.NOT_RECORDED:
                raise
            pen.wait(LOOK_S)
    pen.wait(AGAIN_S)
    service_state.raise_fault(pen)
