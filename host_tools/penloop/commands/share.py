"""`penloop share`: one owner of the pen's port, and others that look on over TCP."""

import sys
from ipaddress import ip_address
from typing import Annotated

import typer

from penloop.connection import Port, Wait, reconnecting
from penloop.errors import UserError
from penloop.server import tcp_address
from penloop.sharing.share import VIEWERS_MAX, Door, Share
from penloop.sharing.shared_pen import SharedPen


def register(app: typer.Typer) -> None:
    """Adds the commands of this group."""
    app.command("share")(share)


def share(
    port: Port = "",
    tcp: Annotated[
        str, typer.Option("--tcp", metavar="HOST:PORT", help="Where viewers come in.")
    ] = "127.0.0.1:7770",
    owner: Annotated[
        str,
        typer.Option(
            "--owner", metavar="HOST:PORT", help="Where one client at a time may change things."
        ),
    ] = "",
    anywhere: Annotated[
        bool, typer.Option("--anywhere", help="Let --owner be reached from other computers.")
    ] = False,
    wait: Wait = "60s",
) -> None:
    """Hold a pen's port, and let others look on over TCP, read-only."""
    door = Door(*tcp_address(tcp), VIEWERS_MAX)
    owners_door = Door(*_owners_address(owner, anywhere), 1) if owner else None
    with reconnecting(_paced(port), wait) as steady:
        shared = Share(SharedPen(steady), door, owners_door)
        with shared.open():
            print(door.name, flush=True)
            if owners_door:
                print(f"{owners_door.name} may change things", flush=True)
            _serve(shared)


def _serve(shared: Share) -> None:
    told = 0
    while True:
        shared.step()
        if len(shared.clients) != told:
            told = len(shared.clients)
            print(f"{told} client{'s' if told != 1 else ''}", flush=True)


def _paced(port: str) -> str:
    """A simulated pen goes at the pace of those who look on."""
    if not port.startswith("sim:") or "pace=" in port:
        return port
    return port + ("&" if "?" in port else "?") + "pace=1"


def _owners_address(text: str, anywhere: bool) -> tuple[str, int]:
    """This computer's own, unless somebody wants another. Raises UserError."""
    host, port = tcp_address(text)
    if _on_loopback(host):
        return host, port
    if not anywhere:
        what = f"{host} lets other computers run the pen"
        raise UserError(what, "write 127.0.0.1:PORT, or give --anywhere where that is wanted")
    print(f"{host}:{port}: whoever reaches it can run the pen", file=sys.stderr, flush=True)
    return host, port


def _on_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
