"""A hash over files: by it a result tells of which sources it is."""

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path


def sha256(paths: Iterable[Path], root: Path) -> str:
    """Over their paths from the root, and their contents; the same on each machine."""
    total = hashlib.sha256()
    for path in sorted({*paths}):
        total.update(f"{Path(os.path.relpath(path, root)).as_posix()}\0".encode())
        total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()
