"""The grammar of what a person writes in a scenario: what must hold, and what is measured."""

from functools import lru_cache
from typing import Any

from lark import Lark, Transformer
from lark.exceptions import UnexpectedInput, VisitError

from penhost import BadValue
from penloop.errors import UserError
from penloop.scenarios import vocabulary

EXPECTATION, MEASURE, CONDITION = "expectation", "measure", "condition_alone"

# Longest first, and a name's words may be joined by "_".
_WORDS_AFTER = "of|and|or|for|from|until|after|before|within|at|once|always"
_UNIT = rf"(?!({_WORDS_AFTER})\b)[A-Za-z%°µΩ][\w%°\/]*"
_GRAMMAR = r"""
expectation: never? condition timing?
never: "never"
measure: STATISTIC QUANTITY span? -> statistic
    | "time" "from" event "to" (event_after | condition) -> delay
    | "count" "of" event -> count
// What can be read as an event is one: it has to come anew, a condition may hold already.
event_after.2: event
?condition_alone: condition
?condition: either
?either: both ("or" both)*
?both: one ("and" one)*
?one: "not" one -> negated
    | "(" condition ")"
    | QUANTITY "within" value "of" value -> near
    | QUANTITY ("above" | ">") value -> above
    | QUANTITY ("below" | "<") value -> below
    | QUANTITY ("at" "least" | ">=") value -> at_least
    | QUANTITY ("at" "most" | "<=") value -> at_most
    | QUANTITY "between" value "and" value -> between
    | "state" "is" "not" STATE -> not_state
    | "state" "is" STATE -> in_state
    | "fault" FAULT -> has_fault
    | CONDITION -> named
?timing: span
    | "once" -> sometime
    | "within" time "of" event ("," "for" time)? -> prompt
?span: "always" -> whole
    | "at" "the" "end" -> last
    | "at" time -> moment
    | "for" time "after" event -> after
    | "from" point ("until" point)? -> stretch
    | "until" point -> first_stretch
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
STATISTIC: "greatest" | "least" | "mean" | "final"
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
    return Lark(grammar, parser="earley", lexer="dynamic", start=[EXPECTATION, MEASURE, CONDITION])


def understood(text: str, kind: str, reader: Transformer[Any, Any], advice: str) -> Any:
    """What the reader makes of a sentence of this kind: EXPECTATION, MEASURE or CONDITION.

    Raises UserError that shows where it stops being understood, with the advice.
    """
    try:
        return reader.transform(_parser().parse(text, start=kind))
    except UnexpectedInput as error:
        place = min(getattr(error, "column", len(text) + 1) - 1, len(text))
        place = len(text) if place < 0 else place
        raise UserError(
            f"not understood at {text[place : place + 24]!r} in {text!r}",
            f"{advice}; `penloop run --words` lists all words",
        ) from None
    except VisitError as error:
        if isinstance(error.orig_exc, BadValue):
            raise UserError(
                f"{error.orig_exc.message} in {text!r}", error.orig_exc.remedy
            ) from None
        raise
