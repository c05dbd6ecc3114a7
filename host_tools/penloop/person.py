"""The person at a pen that is served in real time: keys of a terminal, lines of a FIFO."""

import os
import select
import stat
import sys
from collections.abc import Callable
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Any

from penloop.errors import UserError
from pensim import Bench
from pensim.operator_script import perform

HELP = (
    "keys: b click, h hold 3.5 s (service), a hold 1.5 s (acknowledge), c cartridge in or out, "
    "t touch or lift, u USB power on or off, r turn the shaft by hand, l look at the lights, "
    "q quit"
)
HOLD_SERVICE_S, HOLD_ACKNOWLEDGE_S = 3.5, 1.5


class Person:
    """Turns keys into acts of the operator; switches know what they did last."""

    def __init__(self, bench: Bench, zone: str) -> None:
        self._operator = bench.operator
        self._electronics = bench.electronics
        self._zone = zone
        self._usb = False
        self._keys: dict[str, Callable[[], str]] = {
            "b": lambda: self._click(0.15),
            "h": lambda: self._click(HOLD_SERVICE_S),
            "a": lambda: self._click(HOLD_ACKNOWLEDGE_S),
            "c": self._swap_cartridge,
            "t": self._touch_or_lift,
            "u": self._switch_usb,
            "r": self._turn_shaft,
            "l": self._look,
        }

    def key(self, letter: str) -> str:
        """Acts; returns what was done, or how to use the keys."""
        return self._keys.get(letter, lambda: HELP)()

    def line(self, text: str) -> None:
        """Acts on a line: a key's letter, or an action of an operator script with its arguments.

        Raises ScenarioError.
        """
        if text in self._keys:
            self._keys[text]()
        else:
            perform(self._operator, text)

    def _click(self, hold_s: float) -> str:
        self._operator.click(hold_s)
        return f"button pressed for {hold_s:g} s"

    def _swap_cartridge(self) -> str:
        if self._operator.cartridge is not None:
            self._operator.remove_cartridge()
            return "cartridge removed"
        self._operator.insert_cartridge()
        return "new cartridge inserted"

    def _touch_or_lift(self) -> str:
        if self._operator.hand.touching:
            self._operator.lift()
            return "lifted off"
        self._operator.touch(self._zone)
        return f"on the {self._zone}"

    def _turn_shaft(self) -> str:
        self._operator.turn_shaft()
        return "shaft turned by hand"

    def _look(self) -> str:
        return ", ".join(self._electronics.to_be_noticed()) or "no light, no sound"

    def _switch_usb(self) -> str:
        self._usb = not self._usb
        self._operator.usb_power(self._usb)
        return f"USB power {'on' if self._usb else 'off'}"


class Keyboard:
    """Single keys of the terminal on stdin, without waiting; nothing where it is none."""

    def __init__(self) -> None:
        terminal = sys.stdin and sys.stdin.isatty() and find_spec("termios")
        self._descriptor = sys.stdin.fileno() if terminal else -1
        self._before: Any = None

    def __enter__(self) -> "Keyboard":
        if self._descriptor >= 0:
            import termios
            import tty

            self._before = termios.tcgetattr(self._descriptor)
            tty.setcbreak(self._descriptor)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._before is not None:
            import termios

            termios.tcsetattr(self._descriptor, termios.TCSADRAIN, self._before)

    @property
    def there(self) -> bool:
        """Whether somebody can press keys."""
        return self._descriptor >= 0

    def keys(self) -> str:
        """The keys pressed since the last look."""
        if self._descriptor < 0 or not select.select([self._descriptor], [], [], 0)[0]:
            return ""
        return os.read(self._descriptor, 64).decode(errors="replace")


class ControlPipe:
    """Lines that other programs write into a FIFO, made here unless it is there."""

    def __init__(self, path: Path) -> None:
        self._made = not path.exists()
        self._path = path
        self._rest = b""
        if self._made:
            if not hasattr(os, "mkfifo"):
                raise UserError("--control needs named pipes", "leave it out on this system")
            os.mkfifo(path)
        elif not stat.S_ISFIFO(path.stat().st_mode):
            raise UserError(f"{path} exists and is no named pipe", "give another path")
        self._descriptor = os.open(path, os.O_RDWR | os.O_NONBLOCK)  # open for writing: no end

    def lines(self) -> list[str]:
        """The whole lines that came since the last look."""
        with suppress(BlockingIOError):
            self._rest += os.read(self._descriptor, 4096)
        *whole, self._rest = self._rest.split(b"\n")
        return [line.decode(errors="replace").strip() for line in whole if line.strip()]

    def close(self) -> None:
        """Closes the pipe, and removes it where it was made here."""
        os.close(self._descriptor)
        if self._made:
            self._path.unlink(missing_ok=True)
