"""SERVICE, as the commands that need it find it: entered at the pen, kept by heartbeats."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from penhost import Pen, Refused
from penhost.errors import PenError
from penloop.errors import BoardError

LOOK_S = 0.1
PARK_S = 3.0  # parking takes at most about one second
HOW = "hold its button for 3 s until the buzzer sounds, then let go"
# Where a hold of the button leads to SERVICE, or what has to be done before.
NOT_YET = {
    "SELF_TEST": f"{HOW}; where its light asks for it, lift off and press once before",
    "STANDBY": HOW,
    "READY": HOW,
    "RUNNING": f"press its button to stop, then {HOW}",
    "PARKING": f"wait a second, then {HOW}",
    "FAULT": f"see `penloop faults`, acknowledge, then {HOW}",
}
TRIAL_S = 30.0  # so long after the last word of this computer, settings on trial go back
PRESENT = 2  # bit of the signal `inputs`: a cartridge is in


class PenFault(PenError):
    """A fault came while a command had the pen do something."""


def demand(pen: Pen, wait_s: float = 0.0) -> None:
    """Waits for SERVICE for so long. Raises BoardError that tells how to enter it."""
    state = pen.heartbeat()
    if state != "SERVICE" and wait_s:
        print(f"the pen is in {state}: {told(state)}", file=sys.stderr, flush=True)
    while state != "SERVICE" and wait_s > 0:
        pen.wait(LOOK_S)
        wait_s -= LOOK_S
        state = pen.heartbeat()
    if state != "SERVICE":
        raise BoardError(f"the pen is in {state}, this needs SERVICE", told(state))


def told(state: str) -> str:
    """How SERVICE is entered from a state."""
    return NOT_YET.get(state, HOW)


@contextmanager
def parked_at_the_end(pen: Pen) -> Iterator[None]:
    """Whatever ends it, the motor is stopped and the needles are parked."""
    try:
        yield
    except BaseException:
        try:
            pen.stop()
        except PenError:
            print("penloop: the pen did not answer: stop it by its button", file=sys.stderr)
        raise
    pen.stop()
    await_rest(pen)


def await_rest(pen: Pen) -> None:
    """Waits until the needles are parked. Raises PenFault."""
    pen.subscribe(["duty", "rate", "state"], 20)
    at_rest = 0
    for number, sample in enumerate(pen.samples()):
        at_rest = 0 if sample["duty"] or sample["rate"] else at_rest + 1
        if at_rest > 10 or number > PARK_S / 0.02:
            break
    pen.unsubscribe()
    raise_fault(pen)


def run(pen: Pen, rate_mhz: int) -> None:
    """Runs the motor. Where the pen has left SERVICE, why: raises PenFault, BoardError."""
    try:
        pen.command("run", rate_mhz)
    except Refused:
        raise_fault(pen)
        demand(pen)
        raise


def raise_fault(pen: Pen) -> None:
    """Raises PenFault if one is latched: name, cause, and remedy."""
    latched = [fault for fault in pen.faults() if fault.latched]
    if latched:
        first = latched[-1]
        names = ", ".join(fault.name for fault in reversed(latched))
        remedy = f"{first.remedy}; `penloop faults` shows it"
        raise PenFault(f"the pen has latched {names} ({first.cause})", remedy)


def reading(pen: Pen, seconds: float, names: list[str]) -> Mapping[str, list[int]]:
    """Samples of some signals over a span."""
    pen.subscribe(names, 10)
    samples = pen.record(seconds).samples
    pen.unsubscribe()
    return {name: [int(value) for value in samples[name]] for name in names}
