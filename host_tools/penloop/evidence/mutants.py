"""Mutants of the firmware: its modules of safety, control and protocol with one thing changed.

The operators are cosmic-ray's, but for numbers. A limit that moves by one unit (149 mA for 150,
or `>=` for `>`) is within the tolerance of the parts: numbers from 16 on are halved and doubled,
smaller ones, which are counts, bits and indices, move by one; comparisons are negated.
"""

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from cosmic_ray import plugins
from cosmic_ray.ast import ast_nodes, get_ast, is_number
from cosmic_ray.mutating import mutate_code
from cosmic_ray.operators.operator import Example, Operator
from parso.python.tree import Number

import penfw

FIRMWARE = Path(next(iter(penfw.__path__)))
SAFETY = (
    "states", "watch", "proof", "limits", "button", "selftest", "flash_window", "service",
    "power_up", "startup", "store", "cartridge", "cartridge_memory",
)  # fmt: skip
CONTROL = ("control", "rate", "parking", "axis", "treatment", "pen")
PROTOCOL = (
    "protocol", "frames", "link", "requests", "transaction", "device", "service_commands",
    "settings_trial",
)  # fmt: skip
MODULES = SAFETY + CONTROL + PROTOCOL

SMALL = 16  # numbers below it are indices, bits and counts
_CORE = (
    "AddNot", "ReplaceAndWithOr", "ReplaceOrWithAnd", "ReplaceTrueWithFalse",
    "ReplaceFalseWithTrue", "ReplaceUnaryOperator_Delete_Not", "ReplaceUnaryOperator_Delete_USub",
    "ReplaceBreakWithContinue", "ReplaceContinueWithBreak", "ZeroIterationForLoop",
    # Each comparison negated.
    "ReplaceComparisonOperator_Eq_NotEq", "ReplaceComparisonOperator_NotEq_Eq",
    "ReplaceComparisonOperator_Lt_GtE", "ReplaceComparisonOperator_LtE_Gt",
    "ReplaceComparisonOperator_Gt_LtE", "ReplaceComparisonOperator_GtE_Lt",
    # Each binary operator for its opposite.
    "ReplaceBinaryOperator_Add_Sub", "ReplaceBinaryOperator_Sub_Add",
    "ReplaceBinaryOperator_Mul_FloorDiv", "ReplaceBinaryOperator_FloorDiv_Mul",
    "ReplaceBinaryOperator_LShift_RShift", "ReplaceBinaryOperator_RShift_LShift",
    "ReplaceBinaryOperator_BitAnd_BitOr", "ReplaceBinaryOperator_BitOr_BitAnd",
    "ReplaceBinaryOperator_Mod_FloorDiv",
)  # fmt: skip


class NumberChange(Operator):
    """A number that is a little or much more, and less."""

    def mutation_positions(self, node: Any) -> Iterator[Any]:
        """Of each number as many as it has changes."""
        if is_number(node):
            for _value in _changed(int(node.value, 0)):
                yield node.start_pos, node.end_pos

    def mutate(self, node: Any, index: int) -> Any:
        """The number's change of that index."""
        value = _changed(int(node.value, 0))[index]
        return Number(node.get_first_leaf().prefix + str(value), node.start_pos)

    @classmethod
    def examples(cls) -> tuple[Any, ...]:
        """As cosmic-ray asks for."""
        return Example("x = 2", "x = 3"), Example("x = 150", "x = 75", occurrence=1)


def _changed(value: int) -> list[int]:
    if value >= SMALL:
        return [value * 2, value // 2]
    return [value + 1, value - 1] if value else [1]


OPERATORS: dict[str, type[Operator]] = {
    name: plugins.get_operator(f"core/{name}") for name in _CORE
}
OPERATORS["NumberChange"] = NumberChange


class Mutant(NamedTuple):
    """One of a module: the operator's change at its nth place, which begins in that line."""

    module: str
    operator: str
    occurrence: int
    line: int


class Change(NamedTuple):
    """What a mutant has changed: the module's text, and its first line that differs."""

    text: str
    before: str
    after: str


def source(module: str) -> str:
    """Text of a module of the firmware."""
    return (FIRMWARE / f"{module}.py").read_text()


@lru_cache
def mutants_of(module: str) -> tuple[Mutant, ...]:
    """All of one module, in order of operator and place."""
    nodes = list(ast_nodes(get_ast(source(module))))
    found = []
    for name, operator in OPERATORS.items():
        places = [place for node in nodes for place in operator().mutation_positions(node)]
        found += [Mutant(module, name, n, place[0][0]) for n, place in enumerate(places)]
    return tuple(found)


def change_of(mutant: Mutant) -> Change | None:
    """None: this one changes nothing."""
    old = source(mutant.module)
    new = mutate_code(old, OPERATORS[mutant.operator](), mutant.occurrence)
    if new is None or new == old:
        return None
    lines = zip(old.splitlines(), new.splitlines(), strict=False)
    before, after = next((a.strip(), b.strip()) for a, b in lines if a != b)
    return Change(new, before, after)
