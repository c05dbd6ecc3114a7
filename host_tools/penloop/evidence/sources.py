"""What the result of a part depends on, as a hash: a page of other sources is a stale one.

Firmware, simulator and client count whole, with all data files of penloop; of penloop's modules
those that the part's own imports, and what these import; of the tests and tables what the part says
that it reads.
"""

import ast
from collections.abc import Iterator
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

from penloop import file_hash
from penloop.evidence import tree
from penloop.evidence.long_runs import ROOT
from penloop.evidence.section import Part

WHOLE = ("penfw", "pensim", "penhost")
PACKAGE = "penloop"


def source_sha256(part: Part) -> str:
    """Of all files that the part's result depends on."""
    return file_hash.sha256(source_files(part), ROOT)


def source_files(part: Part) -> set[Path]:
    """Those files; reads the disk each time, as sources change meanwhile."""
    found = {path for name in WHOLE for path in tree.below(_folder(name))}
    found |= {path for path in tree.below(_folder(PACKAGE)) if path.suffix != ".py"}
    found |= _imported(part.make.__module__)
    if part.reads:
        found |= {path for path in tree.files(ROOT) if _is_read(path, part.reads)}
    return found


def _is_read(path: Path, reads: tuple[str, ...]) -> bool:
    return any(path.is_relative_to(ROOT / name) for name in reads)


@lru_cache
def _folder(package: str) -> Path:
    spec = find_spec(package)
    places = spec.submodule_search_locations if spec else None
    assert places
    return Path(next(iter(places)))


def _imported(module: str) -> set[Path]:
    """Files of a module and of those that it imports, wherever in it, and so on."""
    found: set[Path] = set()
    todo = [module]
    while todo:
        path = _file(todo.pop())
        if path is not None and path not in found:
            found.add(path)
            todo += _imports(path.read_text())
    return found


def _file(module: str) -> Path | None:
    """None: it is no module of penloop."""
    head, *names = module.split(".")
    if head != PACKAGE:
        return None
    place = _folder(PACKAGE).joinpath(*names)
    candidates = (place / "__init__.py", place.with_suffix(".py"))
    return next((path for path in candidates if path.is_file()), None)


@lru_cache(maxsize=1000)
def _imports(text: str) -> tuple[str, ...]:
    """Modules that a text names, and what it takes from them, which may be modules, too."""
    return tuple(_named(ast.parse(text)))


def _named(body: ast.AST) -> Iterator[str]:
    for node in ast.walk(body):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
