"""The test functions of the source tree and the requirements that they name, read, not run."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

MARK = "verifies"


@dataclass(frozen=True)
class TestFunction:
    """A test by its node id without parameters, such as "tests/a.py::test_b".

    requirements: those of `@pytest.mark.verifies(...)`, on the function or on one of its parameters
    """

    __test__ = False  # for pytest: it is none itself

    node: str
    line: int
    requirements: tuple[str, ...]

    @property
    def file(self) -> str:
        """The file's path from the root."""
        return self.node.partition("::")[0]

    @property
    def place(self) -> str:
        """File and line."""
        return f"{self.file}:{self.line}"


def test_functions(root: Path) -> list[TestFunction]:
    """All below tests/, in the order of files and lines."""
    paths = sorted((root / "tests").rglob("test_*.py"))
    return [one for path in paths for one in _in_file(path, path.relative_to(root).as_posix())]


def _in_file(path: Path, name: str) -> Iterator[TestFunction]:
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            yield TestFunction(f"{name}::{node.name}", node.lineno, tuple(_named(node)))


def _named(function: ast.FunctionDef) -> Iterator[str]:
    for decorator in function.decorator_list:
        for node in ast.walk(decorator):
            if isinstance(node, ast.Call) and _is_mark(node.func):
                yield from (one.value for one in node.args if _is_text(one))  # type: ignore[attr-defined]


def _is_mark(node: ast.expr) -> bool:
    return isinstance(node, ast.Attribute) and node.attr == MARK


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)
