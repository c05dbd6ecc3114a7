"""The repository's files, as the lints read them."""

import ast
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = {
    "penfw": ROOT / "firmware" / "penfw",
    "pensim": ROOT / "simulator" / "pensim",
    "penhost": ROOT / "host_tools" / "penhost",
    "penloop": ROOT / "host_tools" / "penloop",
}


@dataclass(frozen=True)
class Finding:
    """A line that breaks a rule, and how."""

    line: int
    text: str


def modules(package: str) -> list[Path]:
    """Every Python file of one of the four packages."""
    return sorted(PACKAGES[package].rglob("*.py"))


def repository_files() -> list[Path]:
    """Every file that git tracks or would take up."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout
    paths = (ROOT / name.decode() for name in names.split(b"\0") if name)
    return sorted(path for path in set(paths) if path.is_file())


def relative(path: Path) -> str:
    """The path as a person names it."""
    return path.relative_to(ROOT).as_posix()


def report(path: Path, findings: list[Finding]) -> list[str]:
    """Findings in the form that editors jump to."""
    return [f"{relative(path)}:{finding.line}: {finding.text}" for finding in findings]


def dotted(node: ast.expr) -> str:
    """`a.b.c` as text; an empty string for any other expression."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        head = dotted(node.value)
        return f"{head}.{node.attr}" if head else ""
    return ""


def imports(source: str) -> Iterator[tuple[int, str]]:
    """Line and full dotted name of everything that is imported, also by name at run time."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            head = "." * node.level + (node.module or "")
            yield from ((node.lineno, f"{head}.{alias.name}") for alias in node.names)
        elif isinstance(node, ast.Call):
            yield from _import_call(node)


def _import_call(node: ast.Call) -> Iterator[tuple[int, str]]:
    if dotted(node.func).split(".")[-1] not in ("__import__", "import_module") or not node.args:
        return
    name = node.args[0]
    if isinstance(name, ast.Constant) and isinstance(name.value, str):
        yield node.lineno, name.value
