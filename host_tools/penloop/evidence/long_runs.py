"""Results of the long forms are kept beside the sources, so that every clone has them."""

from pathlib import Path

import penloop
from penloop import atomic_file

ROOT = Path(penloop.__file__).parents[2]
KEPT = ROOT / "docs" / "safety" / "long-runs"


def folder_of(part: str) -> Path:
    """That of a part of the evidence."""
    return KEPT / part


def write(file: Path, text: str) -> None:
    """Whole or not at all, in a folder that is made."""
    file.parent.mkdir(parents=True, exist_ok=True)
    atomic_file.write(file, text)
