"""The option `--engine` of every command that runs a firmware on the simulator."""

from typing import Annotated

import typer

from penloop.errors import UserError
from pensim.engines import ENGINES


def known(name: str) -> str:
    """The name of an engine, or none. Raises UserError."""
    if name and name not in ENGINES:
        raise UserError(f"no engine {name!r}", f"choose {', '.join(ENGINES)}")
    return name


Engine = Annotated[
    str,
    typer.Option("--engine", help=f"That runs it: {', '.join(ENGINES)}.", callback=known),
]
