"""`penloop cartridge`: what is in the pen's holder."""

import json
from dataclasses import asdict

import typer

from penhost import Pen
from penhost.records import HolderCartridge
from penhost.units import show
from penloop.commands.pen import show_rows
from penloop.connection import AsJson, Port, connected

LOOK_S, LOOKS = 0.1, 20
SOON = ("SELF_TEST", "STANDBY", "SERVICE")  # here it is read soon
MEANING = {
    "none": "no cartridge is in",
    "unread": "one is in, it is read in STANDBY or SERVICE",
    "invalid": "its record cannot be read or is damaged: insert another one",
    "used": "it was used before, by another pen or before the power-up: insert a new one",
    "removed": "it was taken off this pen after use: insert a new one",
    "fresh": "not used yet",
    "in use": "used by this pen and not taken off since",
    "expired": "its strokes or minutes are used up: insert a new one",
}


def register(app: typer.Typer) -> None:
    """Adds the command of this group."""
    app.command("cartridge")(cartridge)


def cartridge(port: Port = "", as_json: AsJson = False) -> None:
    """Show the cartridge in the holder: what it is, its state, what it has used of its life."""
    with connected(port) as pen:
        found = _read(pen)
    if as_json:
        document = {**asdict(found), "state": found.condition, "kind": found.kind_name}
        print(json.dumps(document))
        return
    show_rows({"state": f"{found.condition}: {MEANING.get(found.condition, '')}".rstrip(": ")}
              | _told(found))  # fmt: skip


def _read(pen: Pen) -> HolderCartridge:
    """What is in; one that has just come in, or a pen that has just started, is waited for."""
    found = pen.cartridge()
    for _ in range(LOOKS):
        if found.condition != "unread" or pen.status().state not in SOON:
            break
        pen.wait(LOOK_S)
        found = pen.cartridge()
    return found


def _told(found: HolderCartridge) -> dict[str, str]:
    """What its record says; nothing where there is none."""
    if not found.serial:
        return {}
    minutes = found.used_ms / 60_000
    return {
        "serial": str(found.serial),
        "kind": found.kind_name,
        "needles": str(found.needles),
        "maximum depth": show(found.max_depth_um, "um"),
        "strokes": f"{found.strokes_used:,} of {found.strokes_allowed:,} used",
        "minutes": f"{minutes:.1f} of {found.minutes_allowed} used",
    }
