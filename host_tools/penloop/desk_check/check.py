"""Runs the steps on a board and on its twin, the simulator, and compares what they read."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from importlib.resources import files
from types import ModuleType

from mpremote.transport import TransportExecError
from rich.console import Console

from penfw import pins_esp32, pins_pico
from penloop.desk_check.hands import Hands, SimulatedOperator, hands_at
from penloop.desk_check.steps import (
    ENDINGS,
    LEFT,
    ON_BEFORE_SOFT_RESET,
    STEPS,
    WAIT_S,
    WITH_LOAD,
    Step,
)
from penloop.errors import BoardError
from penloop.flashing.line import Line, Prompt
from penloop.flashing.procedure import ask_for_prompt, prompt_there, pulse_of
from penloop.flashing.target import identify

TWIN = "sim://?port=usb&cartridge=none&seed=20"
TWIN_WITH_LOAD = TWIN + "&pen=dummy load"
SPARE_S = 10.0  # beyond what a person may take
RUNNING_S = 10.0  # until the firmware, started at the prompt, says that it runs
ALL_OFF = ["motor", "0", "load_switch", "0"]
BOARD_SIDE = "penloop.desk_check.board_side"
NOT_PROVED = "levels only, not proved: no dummy load"

Readings = dict[str, str]


@dataclass(frozen=True)
class Result:
    """One step's outcome; `passed` is None where it was not proved."""

    name: str
    passed: bool | None
    detail: str = ""


@dataclass
class Side:
    """A board at its prompt, and who stands by it."""

    line: Line
    hands: Hands
    prompt: Prompt

    def read(self, step: Step) -> Readings:
        """Runs a step; its readings by name."""
        if step.act:
            self.hands.act(step.act)
        lines = self.prompt.run(step.code, WAIT_S + SPARE_S).splitlines()
        readings = dict(line.split(" ", 1) for line in lines if " " in line)
        if step.question:
            readings["noticed"] = str(self.hands.notices(step.question))
        if step.after:
            self.prompt.exec(step.after)
        return readings


def desk_check(line: Line, console: Console, engine: str) -> Iterator[Result]:
    """Yields the result of each step. Ends with the pen's own firmware running again.

    `engine` runs the twin.
    """
    hands = hands_at(line.port, console)
    ask_for_prompt(line, console.print)
    load = hands.dummy_load()
    twin_line = Line((TWIN_WITH_LOAD if load else TWIN) + f"&engine={engine}")
    try:
        ask_for_prompt(twin_line, lambda _text: None)
        twin_hands = hands_at(twin_line.port, console)
        pins = _pins(line)
        yield from _parts(line, hands, twin_line, twin_hands, pins, load)
        yield from _endings(line, pins)
    finally:
        twin_line.close()
    yield _boot(line)


def _pins(line: Line) -> ModuleType:
    with line.prompt() as prompt:
        return pins_esp32 if identify(prompt).board() == "esp32" else pins_pico


def _setting_up(pins: ModuleType) -> str:
    """The pin map and the functions, as text for the board."""
    return _map_text(pins) + files(BOARD_SIDE).joinpath("parts.py").read_text()


def _map_text(pins: ModuleType) -> str:
    numbers = {name: value for name, value in vars(pins).items() if name.isupper()}
    return f"PINS = {numbers!r}\n"


def _parts(
    line: Line, hands: Hands, twin_line: Line, twin_hands: Hands, pins: ModuleType, load: bool
) -> Iterator[Result]:
    with ExitStack() as stack:
        board = Side(line, hands, stack.enter_context(line.prompt()))
        twin = Side(twin_line, twin_hands, stack.enter_context(twin_line.prompt()))
        board.prompt.exec(_setting_up(pins))
        twin.prompt.exec(_setting_up(pins_pico))
        _mirror_cartridge(board, twin, pins)
        for step in STEPS:
            yield _compared(step, board, twin)
        if load and _button_confirms(board):
            yield _compared(WITH_LOAD, board, twin)
        else:
            yield Result(WITH_LOAD.name, None, NOT_PROVED)


def _mirror_cartridge(board: Side, twin: Side, pins: ModuleType) -> None:
    """The twin has a cartridge in exactly if the board has."""
    level = board.prompt.exec(f"print(Pin({pins.CARTRIDGE_PRESENT}, Pin.IN, Pin.PULL_UP).value())")
    if isinstance(twin.hands, SimulatedOperator):
        twin.hands.seat_cartridge(level.strip() == b"0")


def _button_confirms(board: Side) -> bool:
    """The dummy load is confirmed at the pen, too."""
    board.hands.act("press")
    return board.prompt.run(f"watch({WAIT_S})", WAIT_S + SPARE_S).split()[1:] == ["BUTTON"]


def _compared(step: Step, board: Side, twin: Side) -> Result:
    wanted = twin.read(step)
    try:
        found = board.read(step)
    except (TransportExecError, ValueError) as error:
        return Result(step.name, False, f"{_last_line(error)} (look at {step.parts})")
    wrong = [
        f"{name} is {found.get(name, 'missing')}, the simulator's {value}"
        for name, value in wanted.items()
        if not _agree(value, found.get(name), step.tolerances.get(name, 0))
    ]
    detail = "; ".join(wrong) + f" (look at {step.parts})" if wrong else _shown(found)
    return Result(step.name, not wrong, detail)


def _last_line(error: Exception) -> str:
    return str(error).strip().splitlines()[-1]


def _agree(wanted: str, found: str | None, tolerance: float) -> bool:
    if found is None:
        return False
    try:
        return abs(int(wanted) - int(found)) <= tolerance
    except ValueError:
        return wanted == found


def _shown(readings: Readings) -> str:
    return ", ".join(f"{name} {value}" for name, value in readings.items())


def _endings(line: Line, pins: ModuleType) -> Iterator[Result]:
    """However the firmware ends, the board comes back with both ways to the motor off."""
    source = files(BOARD_SIDE).joinpath("ending.py").read_text()
    for how in ENDINGS:
        with line.prompt() as prompt:
            _end(prompt, f"HOW = {how!r}\n{source}", how)
        line.after_reset(lambda: prompt_there(line))
        with line.prompt() as prompt:
            left = prompt.exec(_map_text(pins) + LEFT).decode().split()
        yield Result(f"ended by {how}", left == ALL_OFF, " ".join(left))
    yield _soft_reset(line, pins)


def _soft_reset(line: Line, pins: ModuleType) -> Result:
    """A soft reset with both outputs on: main.py's first act switches them off."""
    with line.prompt() as prompt:
        prompt.exec(_map_text(pins) + ON_BEFORE_SOFT_RESET)
        prompt.exit_raw_repl()
        prompt.serial.write(b"\x04")
        prompt.read_until(1, b"soft reboot\r\n", RUNNING_S)
        prompt.read_until(1, b">>> ", RUNNING_S)  # main.py has run and found its marker
    with line.prompt() as prompt:
        left = prompt.exec(_map_text(pins) + LEFT).decode().split()
    return Result("ended by soft reset", left == ALL_OFF, " ".join(left))


def _end(prompt: Prompt, source: str, how: str) -> None:
    prompt.exec_raw_no_follow(source)
    said = prompt.read_until(1, b"running\r\n", RUNNING_S)
    if not said.endswith(b"running\r\n"):
        raise BoardError(
            "the firmware does not start at the prompt", "flash it first with `penloop flash`"
        )
    if how == "Ctrl-C":
        prompt.serial.write(b"\x03")


def _boot(line: Line) -> Result:
    with line.prompt() as prompt:
        prompt.reset()

    def look() -> Result:
        with line.pen() as pen:
            pulse = pulse_of(pen)
        faults = ", ".join(sorted(pulse.faults)) or "none"
        return Result("boot", True, f"the pen answers in {pulse.state}; faults: {faults}")

    return line.after_reset(look)
