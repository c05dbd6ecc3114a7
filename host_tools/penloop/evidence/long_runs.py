"""Results of the long forms are kept beside the sources, so that every clone has them."""

from pathlib import Path

import penloop

ROOT = Path(penloop.__file__).parents[2]
KEPT = ROOT / "docs" / "safety" / "long-runs"


def folder_of(part: str) -> Path:
    """That of a part of the evidence."""
    return KEPT / part


def write(file: Path, text: str) -> None:
    """Whole or not at all, whatever breaks it off."""
    file.parent.mkdir(parents=True, exist_ok=True)
    aside = file.with_suffix(".new")
    aside.write_text(text)
    aside.replace(file)
