"""`penloop board`: runs a MicroPython script on a bare virtual Pico.

What the script prints goes to stdout as it happens, exceptions go to stderr as the board prints
them; piped input reaches the script's `sys.stdin`.
"""

import io
import re
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Annotated, Any, BinaryIO, TextIO

import typer

from penhost import units
from penhost.errors import BadValue
from penloop import interruption
from penloop.engine_option import Engine
from penloop.errors import UserError
from pensim.board.board import VirtualBoard
from pensim.board.gpio import PIN_COUNT
from pensim.board.virtual_time import NEVER
from pensim.errors import BoardFault, ScenarioError
from pensim.firmware import Firmware

ENDED_BY_HAND = 130  # as shells count it: 128 + SIGINT
SLICE_US = 100_000  # from one look for signals to the next
FAILED = 1
HOST_OPENS_US = 1_000  # when the host's side of the USB serial is there and begins to send
IMPORT = re.compile(rb"^\s*(?:import\s+([\w., \t]+)|from\s+(\w[\w.]*))", re.MULTILINE)
LEVELS = {"3V3": 1, "GND": 0}  # what a wire may lead to besides a pin


def register(app: typer.Typer) -> None:
    """Adds the commands of this group."""
    app.command("board")(board)


def board(
    script: Annotated[Path, typer.Argument(metavar="FILE.py", help="A MicroPython script.")],
    wire: Annotated[
        list[str] | None,
        typer.Option(
            "--wire",
            metavar="GP2=GP3",
            help="A jumper wire between two pins, or from a pin to 3V3 or GND. Several: repeat "
            "the option, or divide by commas.",
        ),
    ] = None,
    time: Annotated[
        str, typer.Option("--time", metavar="10s", help="End after so much virtual time.")
    ] = "",
    seed: Annotated[int, typer.Option("--seed", help="Of all that is random.")] = 0,
    engine: Engine = "cpython",
) -> int:
    """Run a MicroPython script on the bare virtual Pico, in virtual time."""
    run = BoardRun(script, wire or [], time, seed, engine)
    return run.finish()


class BoardRun:
    """One script on one board.

    Parameters
    ----------
    script: the file; modules and packages beside it can be imported
    wires: each "GP2=GP3", "GP2=3V3" or "GP2=GND", or several divided by commas
    limit: virtual time after which it ends, "10s"; "" for no limit
    Raises UserError for what makes no sense.
    """

    def __init__(
        self,
        script: Path,
        wires: Sequence[str] = (),
        limit: str = "",
        seed: int = 0,
        engine: str = "cpython",
        out: BinaryIO | None = None,
        err: TextIO | None = None,
        source: TextIO | None = None,
    ) -> None:
        self._script = script
        self._limit_us = _limit_us(limit)
        self._out = out or sys.stdout.buffer
        self._err = err or sys.stderr
        self._source = source or sys.stdin or io.TextIOWrapper(io.BytesIO())
        ends = [_wire(text) for texts in wires for text in texts.split(",")]
        self._firmware = script_firmware(script)
        self._board = VirtualBoard(self._firmware, engine, seed=seed, loops_tick=True)
        for pin, other, level in ends:
            if level is None:
                self._board.gpio.wire(pin, other)
            else:
                self._board.gpio.drive(pin, level)
        usb = self._board.serial.usb
        usb.connected = True
        usb.reader = self._print
        self._board.on_report = self._report
        self._ctrl_cs = 0

    def finish(self) -> int:
        """Runs to the end; returns the exit code."""
        self._board.power_on()
        self._send_piped()
        try:
            with _ctrl_c(self._interrupt):
                return self._run()
        finally:
            self._board.close()

    def _run(self) -> int:
        board = self._board
        while board.exit_code is None:
            if self._ctrl_cs > 1:
                return ENDED_BY_HAND
            if board.now_us >= self._limit_us:
                seconds = self._limit_us / 1e6
                self._say(f"{self._script.name} was ended after {seconds:g} s of virtual time")
                return 0
            self._go_on()
        return ENDED_BY_HAND if self._ctrl_cs and board.exit_code else board.exit_code

    def _go_on(self) -> None:
        """Runs for a while, or until the board prints or ends something, or needs what a person
        types."""
        since_us = self._board.now_us
        try:
            self._board.run(min(self._limit_us, since_us + SLICE_US))
            interruption.check()
        except BoardFault:
            if not self._board.waits_forever:
                raise
        if self._board.waits_forever and not self._send_typed():
            raise BoardFault(self._why_stuck(since_us))

    def _why_stuck(self, since_us: int) -> str:
        reads = "the input has ended, and " if self._uses_input() else ""
        return (
            f"{self._script.name} waits for ever: {reads}no timer or interrupt is due any more "
            f"({since_us / 1e6:.6f} s); start a timer, connect with --wire what it waits for, or "
            "let it end"
        )

    # What the script sees of the host

    def _print(self, data: bytes) -> None:
        self._out.write(data.replace(b"\r\n", b"\n"))
        self._out.flush()

    def _report(self, text: str) -> None:
        self._out.flush()
        self._err.write(text.replace('File "main.py"', f'File "{self._script.name}"'))
        self._err.flush()

    def _say(self, text: str) -> None:
        self._out.flush()
        print(f"penloop board: {text}", file=self._err, flush=True)

    def _uses_input(self) -> bool:
        """Whether the script or a module that it imports reads the board's USB serial."""
        files = dict(self._firmware.files)
        waiting, seen = {"/main.py"}, set[str]()
        while waiting:
            path = waiting.pop()
            seen.add(path)
            if b"stdin" in files[path] or b"input(" in files[path]:
                return True
            names = imported(files[path])
            waiting |= {path for path in files if _module_name(path) in names} - seen
        return False

    def _send_piped(self) -> None:
        """All of a pipe's content, as a host that has it ready; so a run can be repeated."""
        if not self._uses_input() or self._source.isatty():
            return
        data = self._source.buffer.read()

        def send() -> None:
            self._board.serial.usb.send(data)

        self._board.time.call_at(HOST_OPENS_US, send)

    def _send_typed(self) -> bool:
        """A line from a person, once nothing else can happen; False when there is none."""
        if not self._uses_input() or not self._source.isatty():
            return False
        line = self._source.readline()
        self._board.serial.usb.send(line.encode())
        return bool(line)

    def _interrupt(self) -> None:
        """Ctrl-C: the script gets it first; the second one ends the run, a third does not wait."""
        self._ctrl_cs += 1
        if self._ctrl_cs == 1:
            self._board.processor.interrupt_main()
        elif self._ctrl_cs > 2:
            raise KeyboardInterrupt


def script_firmware(script: Path) -> Firmware:
    """The script as the board's `/main.py`, with the modules beside it.

    Packages, and what lies in `lib`, come along when something imports them. Raises UserError.
    """
    try:
        files = dict(Firmware.from_script(script).files)
    except ScenarioError as error:
        message, _, remedy = str(error).partition("; ")
        raise UserError(message, remedy) from None
    except OSError as error:
        raise UserError(f"{script}: {error.strerror}", "name a file that can be read") from None
    waiting = list(files.values())
    while waiting:
        for name in imported(waiting.pop()):
            for path in _module_files(script.parent, name):
                on_board = "/" + path.relative_to(script.parent).as_posix()
                if on_board not in files:
                    files[on_board] = path.read_bytes()
                    waiting.append(files[on_board])
    return Firmware(tuple(sorted(files.items())), str(script))


def imported(text: bytes) -> set[str]:
    """First names of the modules that a source text imports."""
    names = [name for several, one in IMPORT.findall(text) for name in (several or one).split(b",")]
    return {name.split()[0].decode().partition(".")[0] for name in names if name.strip()}


def _module_name(path: str) -> str:
    """First name by which a file on the board is imported."""
    return path.removeprefix("/lib").strip("/").partition("/")[0].removesuffix(".py")


def _module_files(folder: Path, name: str) -> Iterator[Path]:
    if (folder / "lib" / f"{name}.py").is_file():
        yield folder / "lib" / f"{name}.py"
    for package in (folder / name, folder / "lib" / name):
        if (package / "__init__.py").is_file():
            yield from sorted(package.rglob("*.py"))


def _limit_us(text: str) -> int:
    if not text:
        return NEVER
    try:
        limit_us = units.parse(text, "us")
    except BadValue as error:
        raise UserError(f"--time {text}", error.remedy) from None
    if limit_us <= 0:
        raise UserError(f"--time {text}", "give more than 0, as 10s")
    return limit_us


def _wire(text: str) -> tuple[int, int, int | None]:
    """(pin, other pin, None) of a wire between pins, (pin, 0, level) of one to a supply."""
    ends = text.strip().upper().split("=")
    if len(ends) != 2 or ends[0] == ends[1]:
        raise UserError(f"--wire {text}", "name two pins, as GP2=GP3")
    if ends[0] in LEVELS:
        ends.reverse()
    pin = _pin(text, ends[0])
    if ends[1] in LEVELS:
        return pin, 0, LEVELS[ends[1]]
    return pin, _pin(text, ends[1]), None


def _pin(wire: str, name: str) -> int:
    digits = name.removeprefix("GP").removeprefix("IO")
    if not digits.isdecimal() or int(digits) >= PIN_COUNT:
        raise UserError(
            f"--wire {wire}: no pin {name}", f"use GP0 to GP{PIN_COUNT - 1}, 3V3 or GND"
        )
    return int(digits)


@contextmanager
def _ctrl_c(action: Callable[[], None]) -> Iterator[None]:
    """Ctrl-C does `action` meanwhile."""

    def came(_number: int, _frame: FrameType | None) -> None:
        action()

    try:
        before: Any = signal.signal(signal.SIGINT, came)
    except ValueError:  # not in the main thread: whoever started us has Ctrl-C
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
