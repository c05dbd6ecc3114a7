"""The test functions of the source tree and the requirements that they name, read, not run."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

MARK = "verifies"


@dataclass(frozen=True)
class TestFunction:
    """A test by its node id without parameters, such as "tests/a.py::test_b".

    requirements: those of `@pytest.mark.verifies(...)`, on function, parameter or file
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


def suite(root: Path) -> list[TestFunction]:
    """All below tests/, in the order of files and lines."""
    paths = sorted((root / "tests").rglob("test_*.py"))
    return [one for path in paths for one in _in_file(path, path.relative_to(root).as_posix())]


def _in_file(path: Path, name: str) -> Iterator[TestFunction]:
    body = ast.parse(path.read_text()).body
    of_file = [mark for node in body if _is_file_mark(node) for mark in _named(node)]
    for node in body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            named = [mark for decorator in node.decorator_list for mark in _named(decorator)]
            yield TestFunction(f"{name}::{node.name}", node.lineno, (*of_file, *named))


def _is_file_mark(node: ast.stmt) -> bool:
    """`pytestmark = ...`, which holds for all of a file's tests."""
    return isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "pytestmark"


def _named(within: ast.AST) -> Iterator[str]:
    for node in ast.walk(within):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            texts = node.args if node.func.attr == MARK else ()
            yield from (str(one.value) for one in texts if isinstance(one, ast.Constant))
