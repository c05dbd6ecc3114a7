"""Files that a command will write at its end, looked at before its work."""

from pathlib import Path

from penloop.errors import UserError


def check_new(path: Path, force: bool) -> None:
    """As check_writable. Raises UserError also where there is a file that may not be replaced."""
    if path.exists() and not force:
        raise UserError(f"{path} exists", "choose another name, or give --force")
    check_writable(path)


def check_report(path: Path) -> None:
    """As check_writable, of a report, whose folder is made: a build has none before."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"{path} cannot be written: {error.strerror}", "name another") from None
    check_writable(path)


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
