"""Reads expectations as a person writes them.

stroke rate within 2 % of 110 Hz from 0.4 s after contact until lift-off
drive off and brake on within 20 ms of overcurrent
never needle depth above 1.0 mm
state is FAULT within 100 ms of fault stall, for 1 s
parked at the end
"""

from functools import lru_cache
from typing import Any

from penhost import BadValue
from penloop.scenarios.condition_reader import ConditionReader, opposite
from penloop.scenarios.expectation import Condition, Expectation, Timing
from penloop.scenarios.grammar import CONDITION, EXPECTATION, understood
from penloop.scenarios.timing_reader import TimingReader

_NEVER = "write `not CONDITION within …`, or never with a span of time"
_ADVICE_CONDITION = "write a condition without a time, such as `state is RUNNING`"
_ADVICE = "write such as `stroke rate within 2 % of 110 Hz from 0.4 s after contact until lift-off`"


class _Reader(ConditionReader, TimingReader):
    """From the parse tree to an expectation."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text

    def expectation(self, parts: list[Any]) -> Expectation:
        never = parts[0] == "never"
        condition, *timing = parts[1:] if never else parts
        found = timing[0] if timing else Timing("span")
        if never and found.kind != "span":
            raise BadValue("never does not go with once or within", _NEVER)
        return Expectation(self._text, opposite(condition) if never else condition, found)

    def never(self, _parts: list[Any]) -> str:
        return "never"


@lru_cache(maxsize=4096)
def read(text: str) -> Expectation:
    """Reads one expectation. Raises UserError that shows where it stops being understood."""
    found: Expectation = understood(text, EXPECTATION, _Reader(text), _ADVICE)
    return found


@lru_cache(maxsize=4096)
def read_condition(text: str) -> Condition:
    """Reads a condition alone, with no word of when. Raises UserError as `read` does."""
    found: Condition = understood(text, CONDITION, ConditionReader(), _ADVICE_CONDITION)
    return found
