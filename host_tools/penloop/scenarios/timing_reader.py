"""From the parts of a sentence to times: events, points of time, spans."""

from typing import Any

from lark import Token, Transformer

from penhost import BadValue
from penhost.units import parse
from penloop.scenarios.expectation import Place, Timing


class TimingReader(Transformer[Token, Any]):
    """What the grammar says of times."""

    def time(self, parts: list[Token]) -> int:
        return parse(f"{parts[0]} {parts[1]}", "us")

    def fault_event(self, parts: list[Any]) -> str:
        return f"fault {words(parts[0])}"

    def state_event(self, parts: list[Any]) -> str:
        return f"state {parts[0]}"

    def named_event(self, parts: list[Any]) -> str:
        return words(parts[0])

    def later(self, parts: list[Any]) -> Place:
        return Place(parts[1], parts[0])

    def earlier(self, parts: list[Any]) -> Place:
        return Place(parts[1], -parts[0])

    def the_end(self, _parts: list[Any]) -> Place:
        return Place("", end=True)

    def absolute(self, parts: list[Any]) -> Place:
        return Place("", parts[0])

    def happening(self, parts: list[Any]) -> Place:
        return Place(parts[0])

    def whole(self, _parts: list[Any]) -> Timing:
        return Timing("span")

    def sometime(self, _parts: list[Any]) -> Timing:
        return Timing("once")

    def last(self, _parts: list[Any]) -> Timing:
        return Timing("span", start=Place("", end=True))

    def moment(self, parts: list[Any]) -> Timing:
        return Timing("span", Place("", parts[0]), Place("", parts[0]))

    def prompt(self, parts: list[Any]) -> Timing:
        hold_us = parts[2] if len(parts) > 2 else 0
        if parts[0] <= 0:
            raise BadValue("within no time at all", "write such as `within 20 ms of`")
        return Timing("prompt", Place(parts[1]), limit_us=parts[0], hold_us=hold_us)

    def after(self, parts: list[Any]) -> Timing:
        return Timing("span", Place(parts[1]), Place(parts[1], parts[0]))

    def stretch(self, parts: list[Any]) -> Timing:
        end = parts[1] if len(parts) > 1 else Place("", end=True)
        return Timing("span", parts[0], end)

    def first_stretch(self, parts: list[Any]) -> Timing:
        return Timing("span", Place(""), parts[0])


def words(token: Token) -> str:
    """A name, its words apart."""
    return str(token).replace("_", " ")
