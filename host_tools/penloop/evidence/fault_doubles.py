"""Two parts that fail one after another, at several moments and places."""

import math
from dataclasses import dataclass

from penloop.evidence.fault_pairs import DEEPER_UM
from penloop.evidence.fault_runs import Reaction, reaction
from penloop.evidence.fault_situations import BEAT_US, BY_NAME

DOUBLE_MS = 1500  # by then the motor is off, whatever two parts do
DOUBLE_SITUATIONS = ("air", "skin cheek", "skin scar")
DOUBLE_MOMENTS, SHORT_DOUBLE_MOMENTS = 12, 1

# Two parts that fail one after another, 50 ms apart, and why it matters.
DOUBLES = (
    (("tachometer_open", "bridge_shorted"), "blind, then overspeed"),
    (("top_dead_centre_open", "bridge_shorted"), "the other sensor, then overspeed"),
    (("shunt_open", "motor_jammed"), "no current is seen, then a stall"),
    (("shunt_open", "bridge_shorted"), "no current is seen, then full voltage"),
    (("tachometer_open", "top_dead_centre_open"), "both sensors of the turn"),
    (("tachometer_open", "motor_jammed"), "blind, then a stall"),
    (("load_switch_shorted", "motor_jammed"), "one stop path, then a stall"),
    (("load_switch_shorted", "interrupts_held"), "one stop path, then a late interrupt"),
    (("position_open", "axis_jammed"), "depth is not seen, then does not move"),
    (("battery_open", "motor_jammed"), "voltage is not seen, then a stall"),
    (("bridge_open", "top_dead_centre_open"), "no drive, and no park to be seen"),
)


@dataclass(frozen=True)
class Double:
    """Two parts that fail one after another, over moments and places."""

    parts: tuple[str, ...]
    why: str
    reactions: tuple[Reaction, ...]

    @property
    def worst(self) -> Reaction:
        """The one whose drive ends last."""
        return max(self.reactions, key=lambda one: never_last(one.off_ms))

    def verdict(self) -> str:
        """What is wrong, or empty."""
        for one in self.reactions:
            if not one.names or one.state != "FAULT":
                return f"not noticed: ends in {one.state}"
            if not one.off_ms <= DOUBLE_MS:
                return "not off in time"
            if one.excess_um > DEEPER_UM:
                return f"needles {one.excess_um} um further out than set"
        return ""


def never_last(value_ms: float) -> float:
    """For a comparison: what never came is the latest."""
    return math.inf if math.isnan(value_ms) else value_ms


def double(row: tuple[tuple[str, ...], str], moments: int) -> Double:
    """Plays one of DOUBLES at so many moments in each place."""
    parts, why = row
    found = (
        reaction(parts, situation, situation.fault_us + round(number * BEAT_US / moments))
        for situation in map(BY_NAME.__getitem__, DOUBLE_SITUATIONS)
        for number in range(moments)
    )
    return Double(parts, why, tuple(found))
