"""What a person should know of a trigger before the scope is armed with it."""

from penhost import Pen


def already_there(pen: Pen, trigger: str) -> str:
    """In words, that the trigger waits for a fault that is latched; else empty."""
    kind, _space, name = trigger.strip().partition(" ")
    if kind != "fault" or name not in {fault.name for fault in pen.faults() if fault.latched}:
        return ""
    return (
        f"the fault {name} is latched already, so the capture begins at once; acknowledge it first"
        " (`penloop faults --clear`) to wait for the next one"
    )
