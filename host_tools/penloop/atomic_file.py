"""A file that is there whole, or as it was before, whatever breaks its writing off."""

import os
from pathlib import Path

WRITING = ".writing"  # behind the name of what is not finished


def write(path: Path, text: str) -> None:
    """Writes text as UTF-8, beside its place first. Raises OSError."""
    scratch = path.with_name(path.name + WRITING)
    scratch.write_text(text, "utf-8")
    os.replace(scratch, path)
