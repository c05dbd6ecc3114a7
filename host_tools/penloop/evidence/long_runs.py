"""Results of the long forms are kept beside the sources, so that every clone has them."""

from pathlib import Path

import penloop

ROOT = Path(penloop.__file__).parents[2]
KEPT = ROOT / "docs" / "safety" / "long-runs"


def folder_of(part: str) -> Path:
    """That of a part of the evidence."""
    folder = KEPT / part
    folder.mkdir(parents=True, exist_ok=True)
    return folder
