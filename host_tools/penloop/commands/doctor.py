"""`penloop doctor`: what is wrong with a connection, and what to do."""

import json
from dataclasses import asdict

import typer

from penloop.connection import AsJson, Port
from penloop.diagnosis import FAIL, Check, diagnose


def register(app: typer.Typer) -> None:
    """Adds the commands of this group."""
    app.command("doctor")(doctor)


def doctor(port: Port = "", as_json: AsJson = False) -> int:
    """Find what is wrong with a connection to a pen, and say what to do."""
    checks = []
    for check in diagnose(port):
        checks.append(check)
        if not as_json:
            print(_line(check), flush=True)
    if as_json:
        print(json.dumps([asdict(check) for check in checks]))
    return int(any(check.verdict == FAIL for check in checks))


def _line(check: Check) -> str:
    remedy = f": {check.remedy}" if check.remedy else ""
    return f"{check.verdict:<4}  {check.name:<10}  {check.found}{remedy}"
