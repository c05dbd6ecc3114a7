"""Who may import whom: the layout is the architecture, and dependencies point one way."""

from collections.abc import Collection
from pathlib import Path

from tests.house.sources import PACKAGES, Finding, imports

OURS = frozenset(PACKAGES)
# Of the firmware what is data on a line or on the flash, never what runs on the board: a pen's
# settings are on the flash of a simulated one before its firmware starts (penfw.store).
ALLOWED = {
    "penfw": ("penfw",),
    "pensim": ("pensim", "penfw.protocol", "penfw.settings", "penfw.store"),
    "penhost": ("penhost", "penfw.protocol", "penfw.settings"),
    "penloop": tuple(OURS),
}

# What the boards' MicroPython has, of that what the firmware needs.
BOARD_MODULES = frozenset(
    "array binascii errno gc machine micropython os select struct sys time uctypes".split()
)

# Files that run on the board's side: the simulator's on three interpreters, the desk-check's.
BOARD_SIDE = (
    PACKAGES["pensim"] / "board" / "near",
    PACKAGES["pensim"] / "engines" / "guest",
    PACKAGES["penloop"] / "desk_check" / "board_side",
)
# Modules that an engine, or the firmware itself, provides there.
ENGINE_MODULES = frozenset({"_link", "_profile", "builtins", "host", "io", "vfs"})

CLOCK = PACKAGES["penhost"] / "clock.py"


def is_board_side(path: Path) -> bool:
    """Whether a file runs where the firmware runs."""
    return path.parent in BOARD_SIDE


def board_side_modules() -> frozenset[str]:
    """Bare names by which files on the board's side know each other."""
    return frozenset(path.stem for folder in BOARD_SIDE for path in folder.glob("*.py"))


def forbidden_directions(source: str, package: str) -> list[Finding]:
    """Imports of our packages that point the wrong way."""
    return [
        Finding(line, f"{package} must not import {name}")
        for line, name in imports(source)
        if name.split(".")[0] in OURS and not _is_within(name, ALLOWED[package])
    ]


def foreign_imports(source: str, known: Collection[str]) -> list[Finding]:
    """Imports of anything but the modules that are known."""
    return [
        Finding(line, f"{name} is not there: {', '.join(sorted(known))} are")
        for line, name in imports(source)
        if name.split(".")[0] not in known
    ]


def relative_imports(source: str) -> list[Finding]:
    """Imports that do not name their package, so that no boundary can be read off them."""
    return [
        Finding(line, f"import {name} by its full name")
        for line, name in imports(source)
        if name.startswith(".")
    ]


def clock_imports(source: str) -> list[Finding]:
    """Uses of the wall clock's module: time-outs must run in the port's own time."""
    return [
        Finding(line, "take the time from penhost.clock")
        for line, name in imports(source)
        if name.split(".")[0] == "time"
    ]


def _is_within(name: str, parents: Collection[str]) -> bool:
    return any(name == parent or name.startswith(parent + ".") for parent in parents)
