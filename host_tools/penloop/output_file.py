"""Files that a command will write at its end, looked at before its work."""

from pathlib import Path

from penloop.errors import UserError


def check_writable(path: Path) -> None:
    """Makes the file's folder. Raises UserError where the file could not be written."""
    if path.is_dir():
        raise UserError(f"{path} is a folder", "name a file")
    trial = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        trial.touch()
        trial.unlink()
    except OSError as error:
        raise UserError(f"{path} cannot be written: {error.strerror}", "name another") from None
