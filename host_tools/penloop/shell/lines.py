"""What is typed in a shell: a line is a command of `penloop`, without the port."""

import shlex
import sys
from collections.abc import Iterable
from itertools import takewhile

from penhost import PenError
from penloop import cli
from penloop.command_table import ROWS
from penloop.errors import UserError
from penloop.shell.link import Link

LEAVE = ("exit", "quit")
OTHERS = ("exit", "help", "quit", "status", "stop")  # beside the commands of the command line
HELP = """In this shell:
  status      As `info`
  stop        Stop the motor, as F10 and Ctrl-X do at any moment
  record end  End the recording that goes on behind the prompt
  help NAME   Show what a command does
  exit        Leave, as Ctrl-D does; the pen goes on with what it does
"""
# They open the port themselves, or take the terminal over.
ELSEWHERE = ("shell", "flash", "desk-check", "share", "dashboard", "doctor", "sim", "demo")


def words_of(line: str) -> list[str]:
    """The words of a line. Raises UserError on a quotation mark without its twin."""
    try:
        return shlex.split(line, comments=True)
    except ValueError as error:
        raise UserError(f"{line.strip()!r} cannot be read ({error})", "close it") from None


def run_all(text: Iterable[str], link: Link) -> int:
    """Runs lines until one that leaves; returns the worst exit code."""
    kept = takewhile(lambda line: not leaves(line), text)
    return max((run(line, link) for line in kept), default=0)


def leaves(line: str) -> bool:
    """Whether a line is one of LEAVE, with a comment or without."""
    return line.partition("#")[0].strip() in LEAVE


def run(line: str, link: Link) -> int:
    """Runs a line; every error is told. Returns the exit code, as of the command line."""
    try:
        words = words_of(line)
        if not words:
            return 0
        if words[0] in ELSEWHERE:
            remedy = f"leave by Ctrl-D, then run `penloop {words[0]}`"
            raise UserError(f"{words[0]} is not for the shell", remedy)
        return _command(words, link)
    except (UserError, PenError) as error:
        print(f"penloop: error: {error}", file=sys.stderr)
        return 1


def _command(words: list[str], link: Link) -> int:
    if words == ["stop"]:
        print(link.stop())
        return 0
    if words == ["record", "end"]:
        print(link.end_recording())
        return 0
    if words[0] == "help":
        code = cli.run([*words[1:], "--help"])
        if words == ["help"]:
            print(HELP)
        return code
    if words[0] == "status":
        words = ["info", *words[1:]]
    if any(word.partition("=")[0] == "--port" or word[:2] == "-p" for word in words):
        raise UserError("the shell has its pen already", "leave --port out")
    if "--help" in words or words[0] not in ROWS:
        return cli.run(words, in_shell=True)  # nothing of the pen is wanted
    recovers = any(word.startswith("--recover") for word in words)
    if words[0] == "record" and link.records and not recovers:
        raise UserError("a recording goes on already", "end it by `record end`")
    with link.lent():
        return cli.run(words, in_shell=True)
