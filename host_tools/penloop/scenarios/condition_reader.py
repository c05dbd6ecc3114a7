"""From the parts of a sentence to a condition: what holds or not at each moment."""

from collections.abc import Callable
from difflib import get_close_matches
from typing import Any

import numpy as np
from lark import Token, Transformer

from penhost import BadValue
from penhost.units import parse, show
from penloop.scenarios import monitor, vocabulary
from penloop.scenarios.expectation import Condition
from penloop.scenarios.timing_reader import words
from penloop.scenarios.vocabulary import Quantity
from pensim import Trace

BARELY = 1e-9  # the margin of what is just at a limit that belongs to what is allowed


class ConditionReader(Transformer[Token, Any]):
    """What the grammar says of conditions."""

    def value(self, parts: list[Token]) -> tuple[str, str]:
        return str(parts[0]), str(parts[1]) if len(parts) > 1 else ""

    def negated(self, parts: list[Any]) -> Condition:
        return opposite(parts[0])

    def both(self, parts: list[Condition]) -> Condition:
        return _joined(parts, " and ", monitor.conjunction)

    def either(self, parts: list[Condition]) -> Condition:
        return _joined(parts, " or ", monitor.disjunction)

    def near(self, parts: list[Any]) -> Condition:
        quantity, name = quantity_of(parts[0])
        centre = _value(parts[2], quantity.unit)
        share = parts[1][1] == "%"
        span = abs(centre) * float(parts[1][0]) / 100 if share else _value(parts[1], quantity.unit)
        text = f"|{name} - {_show(centre, quantity)}| <= {_show(span, quantity)}"
        return _on(
            quantity,
            text,
            lambda values: _reached((span - np.abs(values - centre)) / (span or 1.0)),
        )

    def above(self, parts: list[Any]) -> Condition:
        return _compared(parts, ">", lambda values, limit: -_reached(limit - values))

    def below(self, parts: list[Any]) -> Condition:
        return _compared(parts, "<", lambda values, limit: -_reached(values - limit))

    def at_least(self, parts: list[Any]) -> Condition:
        return _compared(parts, ">=", lambda values, limit: _reached(values - limit))

    def at_most(self, parts: list[Any]) -> Condition:
        return _compared(parts, "<=", lambda values, limit: _reached(limit - values))

    def between(self, parts: list[Any]) -> Condition:
        return _joined([self.at_least(parts[:2]), self.at_most([parts[0], parts[2]])], " and ",
                       monitor.conjunction)  # fmt: skip

    def in_state(self, parts: list[Any]) -> Condition:
        name = str(parts[0])
        return _flag(f"state is {name}", "pen.state", lambda t: vocabulary.state_margin(t, name))

    def not_state(self, parts: list[Any]) -> Condition:
        return opposite(self.in_state(parts))

    def has_fault(self, parts: list[Any]) -> Condition:
        name = words(parts[0])
        return _flag(f"fault {name}", "pen.faults", lambda t: vocabulary.fault_margin(t, name))

    def named(self, parts: list[Any]) -> Condition:
        name = words(parts[0])
        evaluate = vocabulary.CONDITIONS[name][0]
        return _flag(name, _COLUMN_OF.get(name, "pen.state"), evaluate)


_COLUMN_OF = {
    "drive off": "plant.drive", "drive on": "plant.drive", "brake on": "plant.brake",
    "motor still": "plant.rate", "needles retracted": "plant.angle", "parked": "plant.angle",
    "on the skin": "plant.contact", "no fault": "pen.faults",
}  # fmt: skip


def _on(quantity: Quantity, text: str, margin: Callable[[Any], Any]) -> Condition:
    def evaluate(trace: Trace) -> monitor.Margin:
        return vocabulary.margin_of(trace, margin(vocabulary.signal(trace, quantity)))

    return Condition(text, evaluate, (quantity.column,), past_us=quantity.mean_us)


def _compared(parts: list[Any], symbol: str, excess: Callable[[Any, float], Any]) -> Condition:
    quantity, name = quantity_of(parts[0])
    limit = _value(parts[1], quantity.unit)
    text = f"{name} {symbol} {_show(limit, quantity)}"
    return _on(quantity, text, lambda values: excess(values, limit) / quantity.tolerance)


def _reached(margin: Any) -> Any:
    """A margin that takes in the limit itself: what only reaches it holds, if barely."""
    return np.where(margin == 0, BARELY, margin)


def _flag(text: str, column: str, margin: Callable[[Trace], Any]) -> Condition:
    return Condition(
        text, lambda trace: vocabulary.margin_of(trace, margin(trace)), (column,), graded=False
    )


def opposite(condition: Condition) -> Condition:
    """Holds where the condition does not."""
    return Condition(
        f"not ({condition.formula})",
        lambda trace: monitor.negation(condition.evaluate(trace)),
        condition.columns,
        condition.graded,
        condition.past_us,
    )


def _joined(parts: list[Condition], word: str, join: Callable[..., monitor.Margin]) -> Condition:
    return Condition(
        word.join(f"({part.formula})" for part in parts),
        lambda trace: join(*(part.evaluate(trace) for part in parts)),
        tuple(dict.fromkeys(column for part in parts for column in part.columns)),
        any(part.graded for part in parts),
        max(part.past_us for part in parts),
    )


def quantity_of(token: Token) -> tuple[Quantity, str]:
    """The quantity, or column of a trace, and its name; BadValue for one that no trace has.

    Those of the pen are the firmware's own to name: whether it has one is seen in a run.
    """
    name = words(token)
    if name in vocabulary.QUANTITIES:
        return vocabulary.QUANTITIES[name], name
    column = str(token)
    if not column.startswith("pen.") and column not in vocabulary.COLUMNS:
        near = get_close_matches(column, vocabulary.COLUMNS, 4, 0.3)
        raise BadValue(f"no signal {column!r}", f"choose such as {', '.join(near)}")
    return Quantity(column, "", 1.0), column


def _value(pair: tuple[str, str], unit: str) -> float:
    return float(parse(" ".join(pair).strip(), unit))


def _show(value: float, quantity: Quantity) -> str:
    return show(round(value), quantity.unit)
