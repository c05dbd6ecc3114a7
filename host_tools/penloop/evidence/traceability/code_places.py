"""Where a place of the code is: "penfw.control:Control.tick", or a module or package alone."""

import ast
from functools import cache
from pathlib import Path

PACKAGES = {
    "penfw": "firmware",
    "pensim": "simulator",
    "penhost": "host_tools",
    "penloop": "host_tools",
}


def file_of(root: Path, place: str) -> Path | None:
    """The file of a place's module; None when there is no such module."""
    module = place.partition(":")[0]
    folder = PACKAGES.get(module.partition(".")[0])
    if folder is None:
        return None
    stem = root / folder / module.replace(".", "/")
    candidates = (stem.with_name(stem.name + ".py"), stem / "__init__.py")
    return next((path for path in candidates if path.is_file()), None)


def line_in(root: Path, place: str) -> int | None:
    """The line on which it is defined; None when there is no such place."""
    path = file_of(root, place)
    name = place.partition(":")[2]
    if path is None:
        return None
    return _definitions(path).get(name) if name else 1


@cache
def _definitions(path: Path) -> dict[str, int]:
    return dict(_defined(ast.parse(path.read_text()).body, ""))


def _defined(body: list[ast.stmt], prefix: str) -> list[tuple[str, int]]:
    found = []
    for node in body:
        for name in _names(node):
            found.append((prefix + name, node.lineno))
        if isinstance(node, ast.ClassDef):
            found += _defined(node.body, f"{prefix}{node.name}.")
    return found


def _names(node: ast.stmt) -> list[str]:
    if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        return [node.name]
    targets = node.targets if isinstance(node, ast.Assign) else ()
    named = [node.target] if isinstance(node, ast.AnnAssign) else targets
    return [one.id for one in ast.walk(ast.Tuple(list(named))) if isinstance(one, ast.Name)]
