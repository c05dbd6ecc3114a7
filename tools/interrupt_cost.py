"""Derives what the control interrupt costs on the chip from its source, and writes the table.

Every operation on the longest way through each function is weighed with the figures that were
measured on an RP2040 at 125 MHz (the project's FACTS), calls into C included. Branches that
exclude each other (even and odd ticks, measuring and steering) are followed apart. It is an upper
bound: of two branches the dearer counts, even where both dear ones cannot come in one tick.

    python -m tools.interrupt_cost  # writes docs/interrupt-cost.md, to which a test holds it
"""

import ast
import re
from dataclasses import dataclass
from pathlib import Path

from penloop.mpy import NATIVE_MODULES

ROOT = Path(__file__).parents[1]
SOURCES = ROOT / "firmware" / "penfw"
MODULES = (
    "control_setup",
    *NATIVE_MODULES,
)  # the first tells which of the board's methods it calls
TABLE = ROOT / "docs" / "interrupt-cost.md"

# Microseconds of bytecode: measured.
ADD, ATTRIBUTE, STORE_ATTRIBUTE, METHOD_CALL = 1.6, 1.7, 2.4, 12.2
C_CALLS = {"value": 7.3, "duty_u16": 8.0, "read_u16": 8.4, "ticks_us": 3.9}
ENTRY = 11.0  # hard timer interrupt with an empty handler
NATIVE = 68 / 91  # the same PI step as native code and as bytecode; C calls cost what they cost
# Microseconds of bytecode: by their likeness to those.
LOCAL = 0.0  # measured with the operation that uses it
JUMP = 0.3
GLOBAL = 1.7  # a dictionary lookup, as an attribute
SUBSCRIPT, STORE_SUBSCRIPT = 2.0, 2.4
ROW_COPY = 20.0  # `array[:] = array` of all signals
BUILTIN = 6.0  # `len`

BUDGET_NATIVE = 250.0
EDGE_BUDGET = 45.0  # of all edge handlers in a millisecond, at 150 Hz and seven edges a turn

VARIANTS = (  # what is known in each kind of tick: source of an expression, its truth
    ("odd, measuring", {"odd": True, "self.slot & 1": True, "pair is not None": False}),
    ("odd, steering", {"odd": True, "self.slot & 1": False, "pair is not None": False}),
    ("odd, measuring, scope", {"odd": True, "self.slot & 1": True, "pair is not None": True}),
    ("odd, steering, scope", {"odd": True, "self.slot & 1": False, "pair is not None": True}),
    ("even", {"odd": False}),
)


@dataclass(frozen=True)
class Cost:
    """Microseconds as bytecode: the interpreter's, and those of C."""

    python: float = 0.0
    c: float = 0.0

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(self.python + other.python, self.c + other.c)

    def times(self, count: int) -> "Cost":
        """The cost of a loop's body."""
        return Cost(self.python * count, self.c * count)

    @property
    def bytecode(self) -> float:
        """Total as bytecode."""
        return self.python + self.c

    @property
    def native(self) -> float:
        """Total as native code."""
        return self.python * NATIVE + self.c


def dearest(costs: list[Cost]) -> Cost:
    """The one that costs most as native code."""
    return max(costs, key=lambda cost: cost.native, default=Cost())


class Sources:
    """The functions that an interrupt can reach, by name, and what the code calls by another."""

    def __init__(self, folder: Path = SOURCES, modules: tuple[str, ...] = MODULES) -> None:
        self.functions: dict[str, ast.FunctionDef] = {}
        self.constants: set[str] = set()
        self.bound: dict[str, str] = {}  # attribute: the board's or a module's function
        self.slots: list[str] = []
        self.turns: dict[str, int] = {}  # of a loop, by the source of what it goes through
        for name in modules:
            self._read(folder / f"{name}.py")

    def _read(self, path: Path) -> None:
        text = path.read_text()
        for match in re.finditer(r" in (.+):  # <= (\d+) turns", text):
            self.turns[match[1]] = int(match[2])
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef):
                self.functions[node.name] = node
            elif isinstance(node, ast.Assign):
                self._assignment(node)

    def _assignment(self, node: ast.Assign) -> None:
        target, value = node.targets[0], node.value
        if isinstance(target, ast.Name) and ast.unparse(value).startswith("const("):
            self.constants.add(target.id)
        if isinstance(target, ast.Attribute) and isinstance(value, ast.Attribute):
            self.bound[target.attr] = value.attr
        if isinstance(target, ast.Attribute) and target.attr == "slots":
            assert isinstance(value, ast.Tuple)
            self.slots = [item.attr for item in value.elts if isinstance(item, ast.Attribute)]


class Scale:
    """Weighs functions, with what is known to be true or false in this kind of tick."""

    def __init__(self, sources: Sources, known: dict[str, bool]) -> None:
        self._sources = sources
        self._known = known
        self.weighed: dict[str, Cost] = {}
        self._locals: set[str] = set()
        self._methods: dict[str, str] = {}  # of the function: local name of a method

    def function(self, name: str) -> Cost:
        """Cost of the longest way through a function, the calls that it makes included."""
        if name not in self.weighed:
            node = self._sources.functions[name]
            outer = self._locals, self._methods
            self._locals, self._methods = _locals_of(node), _methods_of(node)
            on, returned = self._block(node.body)
            self.weighed[name] = dearest(on + returned)
            self._locals, self._methods = outer
        return self.weighed[name]

    def _block(self, body: list[ast.stmt]) -> tuple[list[Cost], list[Cost]]:
        """Costs of the dearest way that goes on behind the block (none when there is no such
        way), and of the ways that return from the function."""
        on, returned = [Cost()], []
        for statement in body:
            if not on:
                break
            reached = on[0]
            on, leaves = self._statement(statement)
            on = [reached + dearest(on)] if on else []
            returned += [reached + way for way in leaves]
        return on, returned

    def _statement(self, node: ast.stmt) -> tuple[list[Cost], list[Cost]]:
        """As `_block`."""
        if isinstance(node, ast.If):
            return self._branches(node)
        if isinstance(node, ast.Return):
            return [], [self._value(node.value)]
        if isinstance(node, ast.Try):
            return self._block(node.body)
        if isinstance(node, ast.For):
            return self._loop(node)
        if isinstance(node, ast.Assign):
            stores = [self._store(target) for target in node.targets]
            return [sum(stores, self._value(node.value))], []
        if isinstance(node, ast.AugAssign):
            both = self._value(node.target) + self._value(node.value)
            return [both + Cost(ADD) + self._store(node.target)], []
        if isinstance(node, ast.Expr):
            return [self._value(node.value)], []
        if isinstance(node, ast.Pass):
            return [Cost()], []
        raise ValueError(f"line {node.lineno}: no weight for {ast.unparse(node)}")

    def _branches(self, node: ast.If) -> tuple[list[Cost], list[Cost]]:
        test = self._truth_cost(node.test)
        truth = self._truth(node.test)
        bodies = [node.body] if truth else [node.orelse] if truth is False else []
        on: list[Cost] = []
        returned: list[Cost] = []
        for body in bodies or [node.body, node.orelse]:
            goes_on, leaves = self._block(body)
            on += [test + cost for cost in goes_on]
            returned += [test + cost for cost in leaves]
        return on, returned

    def _loop(self, node: ast.For) -> tuple[list[Cost], list[Cost]]:
        turns = self._sources.turns[ast.unparse(node.iter)]
        step = Cost(SUBSCRIPT) + self._store(node.target)
        on, returned = self._block(node.body)
        start = self._value(node.iter)
        before = start + (step + dearest(on)).times(turns - 1)
        return [before + step + dearest(on)], [before + step + way for way in returned]

    def _truth(self, node: ast.expr) -> bool | None:
        """True or False where the kind of tick decides the test."""
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            inner = self._truth(node.operand)
            return None if inner is None else not inner
        if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.And):
            return False if any(self._truth(part) is False for part in node.values) else None
        return self._known.get(ast.unparse(node))

    def _truth_cost(self, node: ast.expr) -> Cost:
        """A test: the parts behind a false one are not looked at."""
        if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.And):
            cost = Cost()
            for part in node.values:
                cost += self._truth_cost(part)
                if self._truth(part) is False:
                    break
            return cost
        return self._value(node) + Cost(JUMP)

    def _value(self, node: ast.expr | None) -> Cost:
        """An expression."""
        if node is None or isinstance(node, ast.Constant):
            return Cost(LOCAL)
        if isinstance(node, ast.Name):
            known = node.id in self._locals or node.id in self._sources.constants
            return Cost(LOCAL if known else GLOBAL)
        if isinstance(node, ast.Attribute):
            return self._value(node.value) + Cost(ATTRIBUTE)
        if isinstance(node, ast.Subscript):
            return self._value(node.value) + self._value(node.slice) + Cost(SUBSCRIPT)
        if isinstance(node, ast.BinOp):
            return self._value(node.left) + self._value(node.right) + Cost(ADD)
        if isinstance(node, ast.UnaryOp):
            return self._value(node.operand) + Cost(self._unary(node))
        if isinstance(node, ast.Compare):
            parts = [self._value(part) + Cost(ADD) for part in node.comparators]
            return sum(parts, self._value(node.left))
        if isinstance(node, ast.BoolOp):
            return sum((self._value(part) + Cost(JUMP) for part in node.values), Cost())
        if isinstance(node, ast.IfExp):
            ways = dearest([self._value(node.body), self._value(node.orelse)])
            return self._truth_cost(node.test) + ways
        if isinstance(node, ast.Tuple):  # of a swap: it is not built
            return sum((self._value(item) for item in node.elts), Cost(2 * LOCAL))
        if isinstance(node, ast.Call):
            return self._call(node)
        raise ValueError(f"line {node.lineno}: no weight for {ast.unparse(node)}")

    def _unary(self, node: ast.UnaryOp) -> float:
        operand = node.operand
        folded = isinstance(operand, ast.Constant) or (
            isinstance(operand, ast.Name) and operand.id in self._sources.constants
        )
        return 0.0 if folded else JUMP if isinstance(node.op, ast.Not) else ADD

    def _call(self, node: ast.Call) -> Cost:
        arguments = sum((self._value(argument) for argument in node.args), Cost())
        function = node.func
        if isinstance(function, ast.Subscript):  # self.slots[slot]()
            slots = dearest([self.function(name) for name in self._sources.slots])
            return arguments + self._value(function) + Cost(METHOD_CALL) + slots
        is_attribute = isinstance(function, ast.Attribute)
        name = function.attr if is_attribute else ast.unparse(function)
        name = self._methods.get(name, name)
        name = self._sources.bound.get(name, name)
        if name in C_CALLS:
            return arguments + Cost(ATTRIBUTE if is_attribute else LOCAL, C_CALLS[name])
        if name in self._sources.functions:
            return arguments + Cost(METHOD_CALL) + self.function(name)
        if name == "len":
            return arguments + Cost(GLOBAL, BUILTIN)
        raise ValueError(f"line {node.lineno}: no weight for a call of {name}")

    def _store(self, target: ast.expr) -> Cost:
        if isinstance(target, ast.Name):
            return Cost(LOCAL)
        if isinstance(target, ast.Attribute):
            return self._value(target.value) + Cost(STORE_ATTRIBUTE)
        if isinstance(target, ast.Tuple):
            return sum((self._store(item) for item in target.elts), Cost())
        assert isinstance(target, ast.Subscript)
        place = self._value(target.value) + self._value(target.slice)
        copies = isinstance(target.slice, ast.Name) and target.slice.id == "ALL"
        return place + (Cost(STORE_SUBSCRIPT, ROW_COPY) if copies else Cost(STORE_SUBSCRIPT))


def _locals_of(node: ast.FunctionDef) -> set[str]:
    stored = {item.id for item in ast.walk(node)
              if isinstance(item, ast.Name) and isinstance(item.ctx, ast.Store)}  # fmt: skip
    return stored | {argument.arg for argument in node.args.args}


def _methods_of(node: ast.FunctionDef) -> dict[str, str]:
    """`read = self.read_shunt`: {"read": "read_shunt"}."""
    return {
        item.targets[0].id: item.value.attr
        for item in ast.walk(node)
        if isinstance(item, ast.Assign)
        and isinstance(item.targets[0], ast.Name)
        and isinstance(item.value, ast.Attribute)
    }


def measure() -> dict[str, tuple[Cost, dict[str, Cost]]]:
    """{kind of interrupt: (cost with its entry, {function: cost})}."""
    sources = Sources()
    found = {}
    for name, known in VARIANTS:
        scale = Scale(sources, known)
        cost = scale.function("tick") + Cost(0.0, ENTRY)
        found[f"tick, {name}"] = (cost, scale.weighed)
    for name in ("tachometer_edge", "top_dead_centre_edge"):
        scale = Scale(sources, {})
        found[name] = (scale.function(name) + Cost(0.0, ENTRY), scale.weighed)
    scale = Scale(sources, {})
    found["after an exception"] = (scale.function("_failed"), scale.weighed)
    return found


HEAD = """# What the control interrupt costs

Written by `python -m tools.interrupt_cost` from the source; tests hold this file to it.
Microseconds on an RP2040 at 125 MHz: the longest way through each function, calls into C and the
entry into the interrupt included. An upper bound on measured weights, not a measurement of its
own: hardware takes 1.0 to 1.6 times as long (flash cache).
"""
BY_FUNCTION = """
## By function

With what it calls, in the kind of tick where it is dearest.
"""


def table(found: dict[str, tuple[Cost, dict[str, Cost]]]) -> str:
    """The document."""
    ticks = {name: cost for name, (cost, _parts) in found.items() if name.startswith("tick")}
    worst = max(ticks, key=lambda name: ticks[name].native)
    functions: dict[str, Cost] = {}
    for _cost, parts in found.values():
        for name, cost in parts.items():
            functions[f"`{name}`"] = dearest([cost, functions.get(f"`{name}`", Cost())])
    dear_first = sorted(functions.items(), key=lambda item: -item[1].native)
    return (
        f"{HEAD}\nWorst tick: **{worst}**, {ticks[worst].native:.0f} us native "
        f"(budget {BUDGET_NATIVE:.0f}), {ticks[worst].bytecode:.0f} us as bytecode.\n\n"
        + _rows("interrupt", {name: cost for name, (cost, _parts) in found.items()})
        + f"{BY_FUNCTION}\n"
        + _rows("function", dict(dear_first))
    )


def _rows(first: str, costs: dict[str, Cost]) -> str:
    lines = [f"| {first} | native | bytecode | of these in C |", "|---|---|---|---|"]
    lines += [
        f"| {name} | {cost.native:.1f} | {cost.bytecode:.1f} | {cost.c:.1f} |"
        for name, cost in costs.items()
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Writes the tables."""
    from tools import interrupt_fuel

    text = table(measure()) + interrupt_fuel.table(interrupt_fuel.measure())
    TABLE.write_text(text)
    print(text)


if __name__ == "__main__":
    main()
