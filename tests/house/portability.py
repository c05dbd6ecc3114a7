"""What firmware must not use, so that it runs alike on every interpreter and chip.

Dict order, floats, object identities and heap figures differ between CPython and the MicroPython
builds; native code and small-int overflow are the build's business.
"""

import ast
import builtins
from collections.abc import Iterator

from tests.house.sources import PACKAGES, Finding, dotted, imports

# Where the control interrupt's code starts; what these import from penfw may run in it too.
INTERRUPT_ROOTS = ("board", "control")

UNPORTABLE_CALLS = frozenset({"hash", "id", "float", "complex"})
UNPORTABLE_NAMES = frozenset({"sys.implementation", "gc.mem_alloc", "gc.mem_free"})
CODE_EMITTERS = frozenset({"native", "viper", "asm_thumb", "asm_pio", "asm_xtensa"})
ORDERED_BY_DICT = frozenset({"items", "keys", "values", "popitem"})
CONSUMERS = frozenset({"list", "tuple", "iter", "enumerate", "zip", "map", "filter"})
UNORDERED = (ast.Dict, ast.Set, ast.DictComp, ast.SetComp)


def interrupt_modules() -> set[str]:
    """Modules of penfw that the control interrupt may run."""
    found: set[str] = set()
    waiting = set(INTERRUPT_ROOTS)
    while waiting:
        found |= waiting
        imported = (imports((PACKAGES["penfw"] / f"{name}.py").read_text()) for name in waiting)
        parts = [name.split(".") for names in imported for _, name in names]
        waiting = {part[1] for part in parts if part[0] == "penfw" and len(part) > 1} - found
    return found


def unportable(source: str) -> list[Finding]:
    """Everything in one firmware file that another interpreter or chip would do otherwise."""
    tree = ast.parse(source)
    found = [*_numbers(tree), *_names(tree), *_emitters(tree), *_orders(tree), *_error_texts(tree)]
    return sorted(found, key=lambda finding: finding.line)


def formatted_strings(source: str) -> list[Finding]:
    """F-strings: they allocate, which an interrupt must not."""
    return [
        Finding(node.lineno, "an f-string allocates")
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.JoinedStr)
    ]


def _numbers(tree: ast.AST) -> Iterator[Finding]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, (float, complex)):
            yield Finding(node.lineno, f"{node.value!r} is a float")
        elif isinstance(node, (ast.BinOp, ast.AugAssign)) and isinstance(node.op, ast.Div):
            yield Finding(node.lineno, "/ makes a float: use //")


def _names(tree: ast.AST) -> Iterator[Finding]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and dotted(node.func) in UNPORTABLE_CALLS:
            yield Finding(node.lineno, f"{dotted(node.func)}() differs between interpreters")
        elif isinstance(node, ast.Attribute) and dotted(node) in UNPORTABLE_NAMES:
            yield Finding(node.lineno, f"{dotted(node)} differs between interpreters")
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                if f"{node.module}.{alias.name}" in UNPORTABLE_NAMES:
                    yield Finding(node.lineno, f"{alias.name} differs between interpreters")


def _emitters(tree: ast.AST) -> Iterator[Finding]:
    for node in ast.walk(tree):
        for decorator in getattr(node, "decorator_list", ()):
            target = decorator.func if isinstance(decorator, ast.Call) else decorator
            if dotted(target).split(".")[-1] in CODE_EMITTERS:
                yield Finding(decorator.lineno, "the build decides on native code, no decorator")


def _orders(tree: ast.AST) -> Iterator[Finding]:
    unordered = _names_of_unordered(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Attribute) and node.func.attr in ORDERED_BY_DICT:
                yield Finding(node.lineno, f".{node.func.attr}() has no portable order")
            if dotted(node.func) in CONSUMERS:
                yield from (_order(item) for item in node.args if _is_unordered(item, unordered))
        elif isinstance(node, (ast.For, ast.comprehension)) and _is_unordered(node.iter, unordered):
            yield _order(node.iter)
        elif isinstance(node, ast.Starred) and _is_unordered(node.value, unordered):
            yield _order(node.value)


def _order(node: ast.expr) -> Finding:
    return Finding(node.lineno, "a dict or set has no portable order: iterate over a tuple")


def _names_of_unordered(tree: ast.AST) -> set[str]:
    """Last names (`x`, or `x` of `self.x`) to which this file assigns a dict or a set."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, (ast.Assign, ast.AnnAssign)) and _is_unordered(node.value, ()):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names |= {dotted(target).split(".")[-1] for target in targets}
    return names - {""}


def _is_unordered(node: ast.expr | None, names: set[str] | tuple) -> bool:
    if isinstance(node, UNORDERED):
        return True
    if isinstance(node, ast.Call):
        return dotted(node.func) in ("dict", "set", "frozenset")
    return isinstance(node, (ast.Name, ast.Attribute)) and dotted(node).split(".")[-1] in names


def _error_texts(tree: ast.AST) -> Iterator[Finding]:
    for handler in ast.walk(tree):
        if isinstance(handler, ast.ExceptHandler) and _catches_an_interpreters(handler):
            for node in ast.walk(handler):
                if _tells_text_of(node, handler.name or ""):
                    yield Finding(node.lineno, "exception texts differ: record class and site")


def _catches_an_interpreters(handler: ast.ExceptHandler) -> bool:
    """Whether it names an exception whose text is not the firmware's own."""
    caught = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return bool(handler.name) and any(hasattr(builtins, dotted(kind)) for kind in caught)


def _tells_text_of(node: ast.AST, name: str) -> bool:
    if isinstance(node, ast.Call) and dotted(node.func) in ("str", "repr", "print"):
        return any(dotted(argument) == name for argument in node.args)
    return isinstance(node, ast.Attribute) and dotted(node) == f"{name}.args"
