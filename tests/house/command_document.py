"""docs/commands.md as data: the text of each section, and what the program's commands have."""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import typer.main

from penloop.cli import app

PATH = Path(__file__).parents[2] / "docs" / "commands.md"
SHARED = "Options of many commands"


def commands() -> dict[str, Any]:
    """Every command of the program by its words, such as `params dump`."""
    return dict(_below("", typer.main.get_command(app).commands))


def _below(prefix: str, table: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name in table:
        command, words = table[name], f"{prefix}{name}"
        if hasattr(command, "commands"):
            yield from _below(f"{words} ", command.commands)
        elif not command.hidden:
            yield words, command


def options(command: Any) -> set[str]:
    """The longest spelling of each option."""
    return {
        max(parameter.opts, key=len)
        for parameter in command.params
        if parameter.param_type_name == "option" and not parameter.hidden
    }


@cache
def sections() -> dict[str, str]:
    """Text below each heading, by the heading's words."""
    pieces = re.split(r"^##+ (.*)\n", PATH.read_text(), flags=re.M)
    return dict(zip(pieces[1::2], pieces[2::2], strict=True))


def told(text: str) -> set[str]:
    """The options that a text names in backticks."""
    return {
        word for mark in re.findall(r"`([^`\n]+)`", text) for word in re.findall(r"-[-\w]+", mark)
    }
