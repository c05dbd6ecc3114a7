"""`penloop desk-check`: exercises a board and what is wired to it, part by part."""

import json
from dataclasses import asdict

import typer
from rich.console import Console

from penloop.commands.flash import need_packages
from penloop.connection import AsJson, Port
from penloop.engine_option import Engine

MARKS = {True: "passed", False: "FAILED", None: "open  "}


def register(app: typer.Typer) -> None:
    """Adds the commands of this group."""
    app.command("desk-check")(desk_check)


def desk_check(port: Port = "", as_json: AsJson = False, engine: Engine = "cpython") -> None:
    """Check button, sensors, lights, outputs, stop paths and restarts against the simulator."""
    need_packages()
    from penloop.desk_check.check import desk_check as check
    from penloop.flashing.discovery import only_board
    from penloop.flashing.line import Line

    console = Console(highlight=False, soft_wrap=True, stderr=as_json)
    line = Line(port or only_board())
    results = []
    try:
        for result in check(line, console, engine):
            results.append(result)
            console.print(f"  {MARKS[result.passed]}  {result.name}: {result.detail}")
    finally:
        line.close()
        if as_json:
            print(json.dumps([asdict(result) for result in results]))
    failed = sum(result.passed is False for result in results)
    unproved = sum(result.passed is None for result in results)
    console.print(f"{len(results)} steps, {failed} failed, {unproved} not proved")
    if failed:
        raise typer.Exit(1)
