"""What the traced path must not compute with, so that a trace has the same bits everywhere.

Sine, exponential, logarithm and power differ in the last bit between C libraries, and numpy's
differ from both; + - * / and sqrt are exact by IEEE 754. Randomness is keyed by seed and stream.
"""

import ast
from collections.abc import Iterator

from tests.house.sources import Finding, dotted, imports

# Files of pensim whose numbers reach no trace, each with its reason. All others are traced.
OFF_TRACE: dict[str, str] = {}

EXACT = frozenset({"sqrt"})
RANDOM_MODULES = frozenset({"cmath", "random", "secrets", "uuid"})
INEXACT_NUMPY = frozenset(
    "random sin cos tan arcsin arccos arctan arctan2 sinh cosh tanh arcsinh arccosh arctanh asin "
    "acos atan atan2 asinh acosh atanh exp exp2 expm1 log log2 log10 log1p logaddexp logaddexp2 "
    "power pow float_power hypot cbrt sinc i0".split()
)


def inexact(source: str) -> list[Finding]:
    """Everything in one traced file whose result depends on library, platform or chance."""
    tree = ast.parse(source)
    found = [*_imports(source), *_library_calls(tree), *_powers(tree)]
    return sorted(found, key=lambda finding: finding.line)


def _imports(source: str) -> Iterator[Finding]:
    for line, name in imports(source):
        module, _, member = name.partition(".")
        if module in RANDOM_MODULES:
            yield Finding(line, f"{module} gives other bits elsewhere")
        elif _is_inexact(module, member.split(".")[0]):
            yield Finding(line, f"{name} gives other bits elsewhere")


def _library_calls(tree: ast.AST) -> Iterator[Finding]:
    aliases = _aliases(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            module = aliases.get(node.value.id, "")
            if _is_inexact(module, node.attr):
                yield Finding(node.lineno, f"{module}.{node.attr} gives other bits elsewhere")


def _aliases(tree: ast.AST) -> dict[str, str]:
    """Names by which this file knows `math` and `numpy`."""
    return {
        alias.asname or alias.name: alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
    }


def _is_inexact(module: str, member: str) -> bool:
    if not member:
        return False
    if module == "math":
        return member not in EXACT
    if module == "os":
        return member == "urandom"
    return module == "numpy" and member in INEXACT_NUMPY


def _powers(tree: ast.AST) -> Iterator[Finding]:
    for node in ast.walk(tree):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
            if not (_is_integer(node.left) and _is_integer(node.right)):
                yield Finding(node.lineno, "** calls the C library's pow: multiply")
        elif isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Pow):
            yield Finding(node.lineno, "**= calls the C library's pow: multiply")
        elif isinstance(node, ast.Call) and dotted(node.func) == "pow" and len(node.args) == 2:
            yield Finding(node.lineno, "pow() calls the C library's pow: multiply")


def _is_integer(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and type(node.value) is int
