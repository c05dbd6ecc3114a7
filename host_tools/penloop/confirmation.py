"""Questions to a person before something that is hard to undo."""

import sys

import typer

from penloop.errors import UserError


def confirm(question: str, yes: bool) -> None:
    """Goes on when the person agrees, or has by --yes. Raises UserError where nobody can."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise UserError(f"{question} nobody is there to agree", "give --yes")
    if not typer.confirm(question, err=True):
        raise UserError("nothing was changed", "answer y, or give --yes")
