"""Reads expectations as a person writes them.

stroke rate within 2 % of 110 Hz from 0.4 s after contact until lift-off
drive off and brake on within 20 ms of overcurrent
never needle depth above 1.0 mm
state is FAULT within 100 ms of fault stall, for 1 s
parked at the end
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
from lark import Lark, Token, Transformer
from lark.exceptions import UnexpectedInput, VisitError

from penhost import BadValue
from penhost.units import parse, show
from penloop.errors import UserError
from penloop.scenarios import monitor, vocabulary
from penloop.scenarios.expectation import Condition, Expectation, Place, Timing
from penloop.scenarios.vocabulary import Quantity
from pensim import Trace

# Longest first, and a name's words may be joined by "_".
_WORDS_AFTER = "of|and|or|for|from|until|after|before|within|at|once|always"
_UNIT = rf"(?!({_WORDS_AFTER})\b)[A-Za-z%°µΩ][\w%°\/]*"
_GRAMMAR = r"""
start: never? condition timing?
never: "never"
?condition: either
?either: both ("or" both)*
?both: one ("and" one)*
?one: "not" one -> negated
    | "(" condition ")"
    | QUANTITY "within" value "of" value -> near
    | QUANTITY ("above" | ">") value -> above
    | QUANTITY ("below" | "<") value -> below
    | QUANTITY ("at" "least" | ">=") value -> above
    | QUANTITY ("at" "most" | "<=") value -> below
    | QUANTITY "between" value "and" value -> between
    | "state" "is" "not" STATE -> not_state
    | "state" "is" STATE -> in_state
    | "fault" FAULT -> has_fault
    | CONDITION -> named
?timing: "always" -> whole
    | "once" -> sometime
    | "at" "the" "end" -> last
    | "at" time -> moment
    | "within" time "of" event ("," "for" time)? -> prompt
    | "for" time "after" event -> after
    | "from" point ("until" point)? -> span
    | "until" point -> first_span
?point: time "after" event -> later
    | time "before" event -> earlier
    | "the" "end" -> the_end
    | time -> absolute
    | event -> happening
event: "fault" FAULT -> fault_event
    | "state" STATE -> state_event
    | EVENT -> named_event
value: NUMBER UNIT?
time: NUMBER UNIT
QUANTITY: /@QUANTITY@/
CONDITION: /@CONDITION@/
STATE: /@STATE@/
FAULT.2: /@FAULT@/
EVENT.1: /@EVENT@/
NUMBER: /[-+]?(\d+(\.\d*)?|\.\d+)/
UNIT: /@UNIT@/
%import common.WS
%ignore WS
"""


class _Reader(Transformer[Token, Expectation]):
    """From the parse tree to an expectation."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text

    def start(self, parts: list[Any]) -> Expectation:
        never = parts[0] == "never"
        condition, *timing = parts[1:] if never else parts
        if never:
            condition = _not(condition)
        return Expectation(self._text, condition, timing[0] if timing else Timing("span"))

    def never(self, _parts: list[Any]) -> str:
        return "never"

    # Conditions

    def negated(self, parts: list[Any]) -> Condition:
        return _not(parts[0])

    def both(self, parts: list[Condition]) -> Condition:
        return _joined(parts, " and ", monitor.conjunction)

    def either(self, parts: list[Condition]) -> Condition:
        return _joined(parts, " or ", monitor.disjunction)

    def near(self, parts: list[Any]) -> Condition:
        quantity, name = _quantity(parts[0])
        centre = _value(parts[2], quantity.unit)
        share = parts[1][1] == "%"
        span = abs(centre) * float(parts[1][0]) / 100 if share else _value(parts[1], quantity.unit)
        text = f"|{name} - {_show(centre, quantity)}| <= {_show(span, quantity)}"
        return _on(quantity, text, lambda values: (span - np.abs(values - centre)) / (span or 1.0))

    def above(self, parts: list[Any]) -> Condition:
        quantity, name = _quantity(parts[0])
        limit = _value(parts[1], quantity.unit)
        text = f"{name} > {_show(limit, quantity)}"
        return _on(quantity, text, lambda values: (values - limit) / quantity.tolerance)

    def below(self, parts: list[Any]) -> Condition:
        quantity, name = _quantity(parts[0])
        limit = _value(parts[1], quantity.unit)
        text = f"{name} < {_show(limit, quantity)}"
        return _on(quantity, text, lambda values: (limit - values) / quantity.tolerance)

    def between(self, parts: list[Any]) -> Condition:
        return _joined([self.above(parts[:2]), self.below([parts[0], parts[2]])], " and ",
                       monitor.conjunction)  # fmt: skip

    def in_state(self, parts: list[Any]) -> Condition:
        name = str(parts[0])
        return _flag(f"state is {name}", "pen.state", lambda t: vocabulary.state_margin(t, name))

    def not_state(self, parts: list[Any]) -> Condition:
        return _not(self.in_state(parts))

    def has_fault(self, parts: list[Any]) -> Condition:
        name = _words(parts[0])
        return _flag(f"fault {name}", "pen.faults", lambda t: vocabulary.fault_margin(t, name))

    def named(self, parts: list[Any]) -> Condition:
        name = _words(parts[0])
        evaluate = vocabulary.CONDITIONS[name][0]
        return _flag(name, _COLUMN_OF.get(name, "pen.state"), evaluate)

    # Times

    def value(self, parts: list[Token]) -> tuple[str, str]:
        return str(parts[0]), str(parts[1]) if len(parts) > 1 else ""

    def time(self, parts: list[Token]) -> int:
        return parse(f"{parts[0]} {parts[1]}", "us")

    def fault_event(self, parts: list[Any]) -> str:
        return f"fault {_words(parts[0])}"

    def state_event(self, parts: list[Any]) -> str:
        return f"state {parts[0]}"

    def named_event(self, parts: list[Any]) -> str:
        return _words(parts[0])

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
        return Timing("prompt", Place(parts[1]), limit_us=parts[0], hold_us=hold_us)

    def after(self, parts: list[Any]) -> Timing:
        return Timing("span", Place(parts[1]), Place(parts[1], parts[0]))

    def span(self, parts: list[Any]) -> Timing:
        end = parts[1] if len(parts) > 1 else Place("", end=True)
        return Timing("span", parts[0], end)

    def first_span(self, parts: list[Any]) -> Timing:
        return Timing("span", Place(""), parts[0])


_COLUMN_OF = {
    "drive off": "pen.duty", "drive on": "pen.duty", "brake on": "pen.duty",
    "motor still": "plant.rate", "needles retracted": "plant.angle", "parked": "plant.angle",
    "on the skin": "plant.contact", "no fault": "pen.faults",
}  # fmt: skip


def _on(quantity: Quantity, text: str, margin: Callable[[Any], Any]) -> Condition:
    def evaluate(trace: Trace) -> monitor.Margin:
        return vocabulary.margin_of(trace, margin(vocabulary.signal(trace, quantity)))

    return Condition(text, evaluate, (quantity.column,))


def _flag(text: str, column: str, margin: Callable[[Trace], Any]) -> Condition:
    return Condition(
        text, lambda trace: vocabulary.margin_of(trace, margin(trace)), (column,), graded=False
    )


def _not(condition: Condition) -> Condition:
    return Condition(
        f"not ({condition.formula})",
        lambda trace: monitor.negation(condition.evaluate(trace)),
        condition.columns,
        condition.graded,
    )


def _joined(parts: list[Condition], word: str, join: Callable[..., monitor.Margin]) -> Condition:
    return Condition(
        word.join(f"({part.formula})" for part in parts),
        lambda trace: join(*(part.evaluate(trace) for part in parts)),
        tuple(dict.fromkeys(column for part in parts for column in part.columns)),
        any(part.graded for part in parts),
    )


def _quantity(token: Token) -> tuple[Quantity, str]:
    name = _words(token)
    if name in vocabulary.QUANTITIES:
        return vocabulary.QUANTITIES[name], name
    return Quantity(str(token), "", 1.0), str(token)


def _value(pair: tuple[str, str], unit: str) -> float:
    return float(parse(" ".join(pair).strip(), unit))


def _show(value: float, quantity: Quantity) -> str:
    return show(round(value), quantity.unit)


def _words(token: Token) -> str:
    return str(token).replace("_", " ")


def _alternatives(names: list[str]) -> str:
    longest_first = sorted(names, key=len, reverse=True)
    return "(" + "|".join(name.replace(" ", "[ _]") for name in longest_first) + r")(?![\w-])"


@lru_cache(maxsize=1)
def _parser() -> Lark:
    columns = r"|(plant|pen|board)\.\w+"
    events = [*vocabulary.ACTS, *vocabulary.PARTS, *vocabulary.MOMENTS, *vocabulary.EXCESSES]
    words = {
        "UNIT": _UNIT,
        "QUANTITY": _alternatives(list(vocabulary.QUANTITIES)) + columns,
        "CONDITION": _alternatives(list(vocabulary.CONDITIONS)),
        "STATE": _alternatives(list(vocabulary.STATES)),
        "FAULT": _alternatives(list(vocabulary.FAULTS)),
        "EVENT": _alternatives(events),
    }
    grammar = _GRAMMAR
    for name, text in words.items():
        grammar = grammar.replace(f"@{name}@", text)
    return Lark(grammar, parser="earley", lexer="dynamic")


@lru_cache(maxsize=4096)
def read(text: str) -> Expectation:
    """Reads one expectation. Raises UserError that shows where it stops being understood."""
    try:
        return _Reader(text).transform(_parser().parse(text))
    except UnexpectedInput as error:
        place = min(getattr(error, "column", len(text) + 1) - 1, len(text))
        place = len(text) if place < 0 else place
        raise UserError(
            f"not understood at {text[place : place + 24]!r} in {text!r}", _advice()
        ) from None
    except VisitError as error:
        if isinstance(error.orig_exc, BadValue):
            raise UserError(
                f"{error.orig_exc.message} in {text!r}", error.orig_exc.remedy
            ) from None
        raise


def _advice() -> str:
    return (
        "write such as `stroke rate within 2 % of 110 Hz from 0.4 s after contact until lift-off`;"
        " `penloop run --words` lists all words"
    )
