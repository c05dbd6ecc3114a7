"""Files that a command will write at its end, looked at before its work."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from penloop.errors import UserError

PICTURES = (".png", ".svg")
AWAY = "choose another name or move it away"

Force = Annotated[bool, typer.Option("--force", help="Replace a file that exists.")]


def check_new(path: Path, force: bool, suffixes: Sequence[str] = ()) -> None:
    """As check_writable. Raises UserError also for a suffix that is none of those, if there are
    any, and where there is a file that may not be replaced."""
    if suffixes:
        check_suffix(path, suffixes)
    if not force:
        refuse_existing(path, "choose another name, or give --force")
    check_writable(path)


def check_report(path: Path) -> None:
    """As check_writable, of a report, whose folder is made: a build has none before."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"{path} cannot be written: {error.strerror}", "name another") from None
    check_writable(path)


def check_suffix(path: Path, known: Sequence[str]) -> None:
    """Raises UserError for a file whose suffix names no known format."""
    if path.suffix.lower() not in known:
        what = f"has the suffix {path.suffix}" if path.suffix else "has no suffix"
        raise UserError(f"{path} {what}", f"let it end in {', '.join(known)}")


def refuse_existing(path: Path, remedy: str = AWAY) -> None:
    """Raises UserError where something would be overwritten."""
    if path.exists():
        raise UserError(f"{path} exists", remedy)


def check_writable(path: Path) -> None:
    """Raises UserError where the file could not be written."""
    if path.is_dir():
        raise UserError(f"{path} is a folder", "name a file")
    if not path.parent.exists():
        raise UserError(f"no folder {path.parent}", "make it first")
    trial = path.with_name(path.name + ".part")
    try:
        trial.touch()
        trial.unlink()
    except OSError as error:
        raise UserError(f"{path} cannot be written: {error.strerror}", "name another") from None


def free_name(path: Path) -> Path:
    """That name, or with the first number behind it that is free: run.png, run-2.png."""
    free, number = path, 1
    while free.exists():
        number += 1
        free = path.with_stem(f"{path.stem}-{number}")
    return free
