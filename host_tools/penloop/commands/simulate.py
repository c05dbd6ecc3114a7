"""`penloop sim`: a pen in real time for any serial program."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated
from urllib.parse import urlencode

import typer

from penfw import faults, states
from penloop.engine_option import Engine
from penloop.errors import UserError
from penloop.person import HELP, ControlPipe, Keyboard, Person
from penloop.server import CableEnd, PenServer, PseudoTerminal, TcpPort, tcp_address
from pensim import Bench
from pensim.errors import ScenarioError
from pensim.pen_url import PORTS, PenUrl

Wiring = Annotated[str, typer.Option("--wiring", help="bare, or two GP numbers exchanged: 16-21.")]
Control = Annotated[
    Path | None, typer.Option("--control", help="A FIFO that takes the person's acts, by line.")
]
PenPort = Annotated[
    str, typer.Option("--port", help="Of the pen: uart, or usb, its own one with the REPL.")
]
Link = Annotated[
    Path | None, typer.Option("--link", help="A link to the pseudo-terminal, removed at the end.")
]
ZONE = "cheek"  # that the key t touches
NEW = "12 needles"


def register(app: typer.Typer) -> None:
    """Adds the commands of this group."""
    app.command("sim")(sim)


def sim(
    pty: Annotated[bool, typer.Option("--pty", help="On a pseudo-terminal, the default.")] = False,
    link: Link = None,
    tcp: Annotated[str, typer.Option("--tcp", metavar="HOST:PORT", help="On a TCP port.")] = "",
    zone: Annotated[str, typer.Option("--zone", help="On this skin from the start.")] = "",
    cartridge: Annotated[str, typer.Option("--cartridge", help="In the pen, or none.")] = NEW,
    seed: Annotated[int, typer.Option("--seed", help="Of all that is random.")] = 0,
    engine: Engine = "cpython",
    firmware: Annotated[str, typer.Option("--firmware", help="A directory with another one.")] = "",
    operator: Annotated[str, typer.Option("--operator", help="A script for the person.")] = "",
    pen: Annotated[str, typer.Option("--pen", help="A preset's name, or FILE.toml.")] = "reference",
    wiring: Wiring = "",
    control: Control = None,
    port: PenPort = "uart",
    pace: Annotated[float, typer.Option("--pace", help="Of time: 1 is real time.")] = 1.0,
) -> None:
    """Serve a simulated pen in real time; its port's name is the first line printed."""
    if not pace > 0:
        raise UserError(f"a pace of {pace:g}", "give more than 0; 1 is real time")
    if tcp and (pty or link):
        raise UserError("both --tcp and --pty", "choose one")
    options = {
        "zone": zone, "cartridge": cartridge, "seed": seed, "engine": engine,
        "firmware": firmware, "operator": operator, "port": port, "pen": pen,
        "wiring": wiring,
    }  # fmt: skip
    given = urlencode({key: value for key, value in options.items() if value})
    url = PenUrl.parse("sim://?" + given)
    with served(tcp, link) as end, controlled(control) as pipe, url.make_bench() as bench:
        print(end.name, flush=True)
        person = Person(bench, zone or ZONE)
        with Keyboard() as keyboard:
            _serve(PenServer(bench, end, pace, PORTS[port]), person, keyboard, pipe)


@contextmanager
def served(tcp: str, link: Path | None) -> Iterator[CableEnd]:
    """The cable's end that was asked for."""
    end: CableEnd = TcpPort(*tcp_address(tcp)) if tcp else PseudoTerminal(link)
    try:
        yield end
    finally:
        end.close()


@contextmanager
def controlled(path: Path | None) -> Iterator[ControlPipe | None]:
    """The pipe for the person's acts, if one was asked for."""
    pipe = ControlPipe(path) if path else None
    try:
        yield pipe
    finally:
        if pipe:
            pipe.close()


def _serve(server: PenServer, person: Person, keyboard: Keyboard, pipe: ControlPipe | None) -> None:
    if keyboard.there:
        print(HELP, flush=True)
    told = ""
    while True:
        server.step()
        keys = keyboard.keys()
        if "q" in keys:
            return
        for letter in keys:
            print(f"  {person.key(letter)}", flush=True)
        for line in pipe.lines() if pipe else []:
            if line == "q":
                return
            _obey(person, line)
        now = condition(server.bench)
        if now != told:
            told = now
            print(f"{server.bench.now_s:9.3f} s  {told}", flush=True)


def _obey(person: Person, line: str) -> None:
    try:
        person.line(line)
    except ScenarioError as error:
        print(f"  refused: {error}", flush=True)


def condition(bench: Bench) -> str:
    """State of the pen and its latched faults, as a person would see them; empty before boot."""
    try:
        state, word = bench.signal("state"), bench.signal("faults")
    except (ValueError, TypeError):  # the firmware does not show its signals yet
        return ""
    names = [row[1] for row in faults.FAULTS if word >> row[0] & 1]
    return " ".join([states.STATES[state], *(f"[{name}]" for name in names)])
