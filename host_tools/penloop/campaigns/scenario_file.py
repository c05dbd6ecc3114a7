"""Writes a scenario file: whole or not at all, and never over another one unasked."""

import os
from pathlib import Path

from penloop.errors import UserError
from penloop.scenarios.documents import Document
from penloop.scenarios.scenario_writer import toml_of


def check_free(path: Path, force: bool) -> None:
    """Raises UserError where a file is that must not be lost."""
    if path.exists() and not force:
        raise UserError(f"{path} is there already", "name another file with --out, or add --force")


def write(document: Document, path: Path, force: bool) -> None:
    """Writes the document to the path. Raises UserError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fresh.write_text(toml_of(document))
    try:
        if force:
            fresh.replace(path)
        else:
            os.link(fresh, path)  # unlike a rename, it fails where something is
    except FileExistsError:
        check_free(path, force)
    finally:
        fresh.unlink(missing_ok=True)
