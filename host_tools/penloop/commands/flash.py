"""`penloop flash`: puts a version of the firmware on a board, or goes back to the one before."""

import os
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from penloop.connection import Port
from penloop.engine_option import Engine
from penloop.errors import UserError
from pensim import Firmware

BOARDS = ("pico", "pico2", "esp32")
Image = Annotated[Path | None, typer.Option("--image", help="Write a filesystem image instead.")]
Rollback = Annotated[bool, typer.Option("--rollback", help="Go back to the version before.")]
NoRehearsal = Annotated[
    bool, typer.Option("--no-rehearsal", help="Without trying it on the simulator first.")
]


def register(app: typer.Typer) -> None:
    """Adds the commands of this group."""
    app.command("flash")(flash)


def flash(
    port: Port = "",
    board: Annotated[str, typer.Option("--board", help="pico, pico2 or esp32; checked.")] = "",
    mpy: Annotated[
        bool, typer.Option("--mpy", help="Compiled; the default on a real board.")
    ] = False,
    source: Annotated[bool, typer.Option("--source", help="As source text.")] = False,
    firmware: Annotated[str, typer.Option("--firmware", help="A directory with another one.")] = "",
    rollback: Rollback = False,
    image: Image = None,
    no_rehearsal: NoRehearsal = False,
    engine: Engine = "",
) -> None:
    """Flash the firmware: rehearse, copy, verify, switch over, see it start."""
    _check_options(board, mpy, source, rollback, image)
    need_packages()
    chosen = Firmware.from_directory(firmware) if firmware else Firmware.installed()
    if image is not None:
        _write_image(chosen, board, source, image)
        return
    from penloop.flashing.discovery import only_board
    from penloop.flashing.line import Line
    from penloop.flashing.procedure import Wish, roll_back
    from penloop.flashing.procedure import flash as flash_it

    console = Console(highlight=False, soft_wrap=True)
    line = Line(port or only_board())
    try:
        if rollback:
            roll_back(line, console)
        else:
            form = "mpy" if mpy else "source" if source else ""
            flash_it(line, Wish(chosen, board, form, not no_rehearsal, engine), console)
    finally:
        line.close()


def _check_options(board: str, mpy: bool, source: bool, rollback: bool, image: Path | None) -> None:
    if board and board not in BOARDS:
        raise UserError(f"no board {board!r}", f"choose {', '.join(BOARDS)}")
    if mpy and source:
        raise UserError("both --mpy and --source", "choose one")
    if rollback and image:
        raise UserError("both --rollback and --image", "choose one")
    if image and not board:
        raise UserError("--image needs a board", f"give --board {'|'.join(BOARDS)}")


def need_packages() -> None:
    """Raises UserError when what speaks with a board's prompt is not installed."""
    try:
        import mpremote  # noqa: F401
    except ImportError:
        raise UserError("flashing needs mpremote", "pip install 'penloop[flash]'") from None


def _write_image(firmware: Firmware, board: str, source: bool, path: Path) -> None:
    from penloop.flashing.bundle import SOURCE, Bundle
    from penloop.flashing.image import PARTITIONS, image_of, loading

    bundle = Bundle.of(firmware, SOURCE if source else PARTITIONS[board].architecture)
    fresh = path.with_name(path.name + ".part")
    fresh.write_bytes(image_of(bundle, board))
    os.replace(fresh, path)
    print(f"{path}: bundle {bundle.hash} ({bundle.architecture}) for {board}")
    print(f"program it with: {loading(board, path)}")
