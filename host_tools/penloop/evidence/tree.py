"""The files of the source tree: what tests and evidence may read, nothing that they write."""

import os
from collections.abc import Iterator
from pathlib import Path

FOLDERS = (
    "firmware", "simulator", "host_tools", "tests", "tools", "examples", "benchmarks", "docs",
    ".ci",
)  # fmt: skip
AT_ROOT = ("*.md", "*.toml", "*.txt", "*.py", "*.yml", "Makefile", "LICENSE")
# Results of hours, which a long run writes while it goes on: none may make itself stale.
LONG_RUNS = "docs/safety/long-runs"
MADE_FOLDERS = ("__pycache__", "node_modules")
MADE_FILES = (".pyc", ".so", ".mpy", ".new", ".writing", ".egg-info")


def files(root: Path) -> list[Path]:
    """All of them, in order."""
    found = {path for pattern in AT_ROOT for path in root.glob(pattern)}
    for folder in FOLDERS:
        found |= {*below(root / folder)}
    long_runs = root / LONG_RUNS
    return sorted(path for path in found if not path.is_relative_to(long_runs))


def below(folder: Path) -> Iterator[Path]:
    """The files of a folder and of those in it; none that was compiled or installed."""
    for place, folders, names in os.walk(folder):
        kept = (name for name in folders if name not in MADE_FOLDERS and name[:1] != ".")
        folders[:] = [name for name in kept if not name.endswith(MADE_FILES)]
        yield from (Path(place, name) for name in names if not name.endswith(MADE_FILES))
