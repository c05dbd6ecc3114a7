"""Runs a MicroPython script on a bare virtual board, for the tests of the board."""

import textwrap
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from pensim.board.board import VirtualBoard
from pensim.board.profile import PICO, BoardProfile
from pensim.board.virtual_time import NEVER
from pensim.errors import BoardFault
from pensim.firmware import Firmware

CALM = replace(PICO, gc_interval_us=(0, 0))  # no garbage collection by itself


@dataclass
class Outcome:
    """What a script left behind."""

    printed: str
    reports: str  # tracebacks
    exit_code: int | None
    end_us: int
    board: VirtualBoard = field(repr=False)

    @property
    def lines(self) -> list[str]:
        return self.printed.split("\n")[:-1]

    @property
    def numbers(self) -> list[int]:
        """All integers that were printed."""
        return [int(word) for word in self.printed.split()]


def firmware(script: str, files: dict[str, str] | None = None) -> Firmware:
    """A script as the board's `/main.py`, with other files by their names."""
    texts = {"/main.py": script} | {"/" + name: text for name, text in (files or {}).items()}
    return Firmware(tuple((name, textwrap.dedent(text).encode()) for name, text in texts.items()))


def run(
    script: str,
    engine: str = "cpython",
    seconds: float | None = None,
    wires: Iterable[tuple[int, int]] = (),
    files: dict[str, str] | None = None,
    profile: BoardProfile = PICO,
    seed: int = 0,
    loops_tick: bool = False,
    prepare: Callable[[VirtualBoard], None] = lambda _board: None,
) -> Outcome:
    """Runs the script until it ends, nothing can happen any more, or the time is over."""
    board = VirtualBoard(firmware(script, files), engine, profile, seed, loops_tick=loops_tick)
    printed: list[bytes] = []
    reports: list[str] = []
    for first, second in wires:
        board.gpio.wire(first, second)
    board.serial.usb.connected = True
    board.serial.usb.reader = printed.append
    board.on_report = reports.append
    board.power_on()
    prepare(board)
    limit_us = NEVER if seconds is None else round(seconds * 1e6)
    try:
        while board.exit_code is None and board.now_us < limit_us:
            board.run(limit_us)
    except BoardFault as fault:
        reports.append(str(fault))
    finally:
        board.close()
    text = b"".join(printed).decode().replace("\r\n", "\n")
    return Outcome(text, "".join(reports), board.exit_code, board.now_us, board)


def result(expression: str, setup: str = "", **options: object) -> str:
    """What an expression prints, or the class of the exception that it raises."""
    script = f"{setup}\ntry:\n    print({expression})\nexcept Exception as e:\n"
    script += "    print(type(e).__name__)\n"
    outcome = run(script, **options)  # type: ignore[arg-type]
    assert outcome.exit_code == 0, outcome.reports
    return outcome.printed.strip()
