"""What a capture of the scope waits for, from a text.

`now`; `current > 800mA`, `battery < 3.4V`: a level; `rate rising 100Hz`, `rate falling 60Hz`: an
edge through a level; `inputs set 1`, `inputs clear 2`: bits of a signal; `fault stall`: a fault is
latched; `state RUNNING`: the pen is in a state.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import NamedTuple

from penfw import protocol
from penhost import units
from penhost.description import Description
from penhost.errors import BadValue

FORMS = "now, 'current > 800mA', 'rate rising 100Hz', 'fault stall' or 'state RUNNING'"
_BITS = "bits"
_KINDS: tuple[str, ...] = protocol.SCOPE_TRIGGERS
_WORDS = {">": "above", "<": "below", "rising": "rising", "falling": "falling", "set": "set",
          "clear": "clear"}  # fmt: skip
_OF_BITS = ("set", "clear")


class Trigger(NamedTuple):
    """A row of protocol.SCOPE_TRIGGERS, the signal that it looks at and a level in its unit."""

    kind: int
    signal: int
    level: int


def parse(text: str, pen: Description) -> Trigger:
    """The trigger of a text, by the pen's own tables. Raises BadValue, naming what would do."""
    words = text.replace(">", " > ").replace("<", " < ").split()
    if words == ["now"]:
        return Trigger(_KINDS.index("now"), 0, 0)
    name, *rest = words or [""]
    if rest and name == "fault":
        return _fault(" ".join(rest), pen)
    if rest and name == "state":
        return _state(" ".join(rest), pen)
    if len(rest) < 2 or rest[0] not in _WORDS:
        raise BadValue(f"{text!r} is no trigger", f"write it like {FORMS}")
    return _of_signal(name, _WORDS[rest[0]], " ".join(rest[1:]), pen)


def _of_signal(name: str, kind: str, level: str, pen: Description) -> Trigger:
    signal = pen.signals.get(name)
    if signal is None:
        raise _unknown("signal", name, pen.signals)
    has_bits = signal.unit == _BITS
    if has_bits != (kind in _OF_BITS):
        remedy = (
            f"write '{name} set 1' or '{name} clear 1'" if has_bits else "use > < rising falling"
        )
        raise BadValue(f"{name} does not go with {kind!r}", remedy)
    return Trigger(
        _KINDS.index(kind), signal.index, units.parse(level, "" if has_bits else signal.unit)
    )


def _fault(name: str, pen: Description) -> Trigger:
    numbers = {fault.name: fault.number for fault in pen.fault_table.values()}
    if name not in numbers:
        raise _unknown("fault", name, numbers)
    return Trigger(_KINDS.index("set"), pen.signals["faults"].index, 1 << numbers[name])


def _state(name: str, pen: Description) -> Trigger:
    if name not in pen.states:
        raise _unknown("state", name, pen.states)
    return Trigger(_KINDS.index("equal"), pen.signals["state"].index, pen.states.index(name))


def _unknown(kind: str, name: str, known: Iterable[str]) -> BadValue:
    near = get_close_matches(name, known) or known
    return BadValue(f"this pen has no {kind} {name!r}", f"it has {', '.join(near)}")
