"""`penloop dashboard`: a local page on one pen."""

import sys
from importlib.util import find_spec
from typing import Annotated

import typer

from penhost import PenError
from penloop import interruption
from penloop.connection import Port
from penloop.dashboard.pen_owner import PenOwner
from penloop.dashboard.pen_source import pen_source
from penloop.dashboard.view import Link
from penloop.errors import UserError
from penloop.port_discovery import only_pen


def register(app: typer.Typer) -> None:
    """Adds the commands of this group."""
    app.command("dashboard")(dashboard)


def dashboard(
    port: Port = "",
    page_port: Annotated[
        int, typer.Option("--page-port", min=0, max=65535, help="Of the page; 0 is any free one.")
    ] = 0,
) -> None:
    """Show a pen on a local page: state, faults, live plots, settings, scope, recording, stop."""
    if find_spec("nicegui") is None:
        raise UserError("the dashboard needs NiceGUI", "pip install 'penloop[dashboard]'")
    from penloop.dashboard.server import listening_socket, serve

    listening = listening_socket(page_port)
    owner = PenOwner(pen_source(port or only_pen()))
    owner.start()
    try:
        interruption.check()
        serve(owner, listening, _tell)
    finally:
        _close(owner)


def _tell(url: str) -> None:
    print(f"dashboard: {url}", flush=True)
    print("Whoever knows this address can run the pen. Ctrl-C stops the pen and ends it.")
    sys.stdout.flush()


def _close(owner: PenOwner) -> None:
    told = owner.view.link is Link.UP
    answer = owner.stop()
    owner.close()
    if not told:
        return
    try:
        answer.result(timeout=0)
        print("penloop: ended, the pen was told to stop", file=sys.stderr)
    except (PenError, TimeoutError):
        print("penloop: ended, the pen did not answer: stop it by its button", file=sys.stderr)
