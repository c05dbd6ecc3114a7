"""The command `penloop`: its root, and how every error becomes one line.

Its commands are in command_table.py, a row each.
"""

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from typing import Annotated

import typer

from penloop import interruption
from penloop.command_table import CommandGroup
from penloop.errors import BoardError, UserError

USAGE = 2
INTERRUPTED = 130  # as shells count it: 128 + SIGINT

app = typer.Typer(
    name="penloop",
    cls=CommandGroup,
    help="Firmware of a microneedling pen, its simulator, and the serial tool for both.",
    invoke_without_command=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _show_version(wanted: bool) -> None:
    if wanted:
        try:
            print(f"penloop {version('penloop')}")
        except PackageNotFoundError:
            print("penloop, not installed")
        raise typer.Exit


@app.callback()
def root(
    context: typer.Context,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks of errors.")] = False,
    show_version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """Options that stand before the command."""
    if context.invoked_subcommand is None:
        print(context.get_help())
        raise typer.Exit(USAGE)


def main() -> None:
    """The console entry."""
    interruption.install()
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str], in_shell: bool = False) -> int:
    """Runs one command line; returns its exit code. Every error is one line on stderr.

    `in_shell` is for its hint: there, help is had by `help COMMAND`.
    """
    try:
        code = _run(arguments, in_shell)
        interruption.check()
        return code
    except KeyboardInterrupt:
        return INTERRUPTED


def _run(arguments: Sequence[str], in_shell: bool) -> int:
    debug = "--debug" in arguments
    try:
        code = app(args=list(arguments), prog_name="penloop", standalone_mode=False)
        sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except Exception as error:
        if debug and not isinstance(error, BrokenPipeError):
            raise
        code = _report(error, in_shell)
        ending = interruption.behind(error)
        if ending is not None:  # it failed while it was being ended
            raise ending from None
        return code


def _report(error: Exception, in_shell: bool) -> int:
    """Prints an error as one line; returns the exit code: 2 for what was typed, else 1."""
    if isinstance(error, BrokenPipeError):  # whoever read our output has gone, as `| head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    if isinstance(error, typer.TyperException):
        what = error.format_message().rstrip(".")
        return _fail(f"{what}: see `{_help_of(error, in_shell)}`", USAGE)
    if isinstance(error, UserError):
        return _fail(str(error), USAGE)
    from penhost.errors import (
        BadValue,
        PenError,
    )  # here: what only helps or completes shall start fast
    from pensim.errors import SimulatorError

    if isinstance(error, BadValue):
        return _fail(str(error), USAGE)
    if isinstance(error, (PenError, SimulatorError, BoardError)):
        return _fail(str(error), 1)
    if isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename else ""
        return _fail(f"{where}{error.strerror or error}: check path, permissions and room", 1)
    kind = type(error).__name__
    return _fail(f"internal error, {kind}: {error}; run `penloop --debug …` and report it", 1)


def _help_of(error: typer.TyperException, in_shell: bool) -> str:
    """What to type for help on the command that was mistyped."""
    context = getattr(error, "ctx", None)
    command = context.command_path if context else "penloop"
    return f"help{command.removeprefix('penloop')}" if in_shell else f"{command} --help"


def _fail(text: str, code: int) -> int:
    with suppress(OSError):  # the terminal may have gone
        print("penloop: error: " + " ".join(text.split()), file=sys.stderr)
    return code
