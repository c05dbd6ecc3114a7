"""Flashing from the host's side: asks the pen for its prompt, rehearses, installs, sees it start.

Whatever goes wrong on the way, the board is reset and starts the version that it had.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from mpremote.transport import TransportError
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

from penhost import Pen
from penhost.errors import LineNoisy, NotAPen, PenError, PenRestarted, PenSilent
from penhost.tables import Identity
from penloop.errors import BoardError, UserError
from penloop.flashing.bundle import SOURCE, Bundle
from penloop.flashing.installer import Installer
from penloop.flashing.line import Line, Prompt
from penloop.flashing.target import Target, check, identify
from penloop.rehearsal import rehearse
from pensim import Firmware

START_S = 12.0  # until a pen answers that finds its button held at power-up
TRIAL_S = 12.0  # that a version which answers is watched
GIVE_WAY_S = 35.0  # until a version that does not answer has given way to the one before
HAND_OVER = "hand_over"

Say = Callable[[str], None]


@dataclass(frozen=True)
class Pulse:
    """What a pen said of itself."""

    identity: Identity
    state: str
    faults: frozenset[str]


@dataclass(frozen=True)
class Wish:
    """What is to be flashed, and how."""

    firmware: Firmware
    board: str = ""  # one of target.BOARDS; empty: whichever is there
    form: str = ""  # "mpy", "source", or what the board takes
    rehearsal: bool = True
    engine: str = ""  # for the rehearsal; "": the faster real one


def flash(line: Line, wish: Wish, console: Console) -> None:
    """Puts a version on the board and sees it start. Raises BoardError, PenError, UserError."""
    say = console.print
    before = ask_for_prompt(line, say)
    with at_prompt(line) as prompt:
        target = identify(prompt)
        check(prompt, target, wish.board)
        bundle = Bundle.of(wish.firmware, _architecture(wish, target))
        say(f"{target.machine}, MicroPython {target.version_text}; bundle {bundle.hash}"
            f" ({bundle.architecture}, {bundle.size_bytes / 1000:.0f} kB)")  # fmt: skip
        installer = Installer(prompt)
        if wish.rehearsal:
            _rehearse(wish, installer.settings(), say)
        else:
            say("rehearsal skipped, as asked")
        _copy(installer, bundle, console)
        say(f"verified by SHA-256; switched over; watching its trial for {TRIAL_S:.0f} s")
    _see_it_start(line, bundle.hash, before, say)


def roll_back(line: Line, console: Console) -> None:
    """Goes back to the version before. Raises BoardError, PenError."""
    ask_for_prompt(line, console.print)
    with at_prompt(line) as prompt:
        left, chosen = Installer(prompt).roll_back()
    console.print(f"switched back from {left} to {chosen}")
    _see_it_start(line, chosen, None, console.print)


def ask_for_prompt(line: Line, say: Say) -> Pulse | None:
    """Has a pen that runs hand over; returns what it said of itself, None where none answers."""
    pulse = line.after_reset(lambda: _handed_over(line), START_S)
    if pulse is None:
        say("no pen answers here, but a MicroPython prompt")
        return None
    say(f"pen {pulse.identity.pen_id} in {pulse.state} stops, parks and hands over")
    try:
        line.after_reset(lambda: prompt_there(line))
    except (PenError, BoardError) as error:
        raise BoardError(
            "the pen has handed over, but its MicroPython prompt is not on this port",
            "give the port of the board's own USB; until then it waits with its outputs off,"
            " switch it off and on to start it again",
        ) from error
    return pulse


def _handed_over(line: Line) -> Pulse | None:
    """Raises BoardError when neither pen nor prompt answers."""
    try:
        with line.pen() as pen:
            pulse = pulse_of(pen)
            if HAND_OVER not in pen.commands:
                raise UserError(
                    f"the pen's firmware {pulse.identity.firmware_version} cannot hand over",
                    "hold its button for 3 to 8 s while it starts, then flash again",
                )
            pen.command(HAND_OVER)
            return pulse
    except (NotAPen, PenSilent, LineNoisy):
        prompt_there(line)
        return None


def prompt_there(line: Line) -> None:
    """Raises BoardError unless the prompt answers."""
    with line.prompt() as prompt:
        prompt.exit_raw_repl()


def pulse_of(pen: Pen) -> Pulse:
    """Asks a pen what it is and how it does."""
    latched = frozenset(fault.name for fault in pen.faults() if fault.latched)
    return Pulse(pen.info, pen.status().state, latched)


@contextmanager
def at_prompt(line: Line) -> Iterator[Prompt]:
    """The prompt; at the end, however it comes, the board is reset and starts its firmware."""
    with line.prompt() as prompt:
        try:
            yield prompt
        finally:
            prompt.reset()


def _architecture(wish: Wish, target: Target) -> str:
    if wish.form == SOURCE:
        return SOURCE
    if wish.form == "mpy" and target.architecture == SOURCE:
        raise UserError(
            f"--mpy, but MicroPython {target.version_text} on this board takes no .mpy of this"
            " format",
            "give --source",
        )
    return target.architecture


def _rehearse(wish: Wish, slots: dict[str, bytes], say: Say) -> None:
    say("rehearsal on the simulator, with this board's settings:")
    failed = False
    for name, reason in rehearse(wish.firmware, slots, wish.engine):
        say(f"  {'failed' if reason else 'passed'}: {name}" + (f": {reason}" if reason else ""))
        failed = failed or bool(reason)
    if failed:
        raise BoardError(
            "the rehearsal failed, so nothing was copied",
            "correct the firmware or the settings; --no-rehearsal flashes it all the same",
        )


def _copy(installer: Installer, bundle: Bundle, console: Console) -> None:
    columns = (TextColumn("copying"), BarColumn(bar_width=40), DownloadColumn())
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("copy", total=bundle.size_bytes)
        installer.install(bundle, lambda count: progress.advance(task, count))
    installer.switch(bundle)
    installer.put_main(bundle)
    installer.sweep()


def _see_it_start(line: Line, wanted: str, before: Pulse | None, say: Say) -> None:
    """Waits until the trial is over, and tells which version runs."""
    try:
        pulse = _after_trial(line)
    except (PenError, TransportError) as error:
        raise BoardError(
            f"nothing answers {GIVE_WAY_S:.0f} s after the start ({error})",
            "switch the pen off and on; hold the button for 3 to 8 s while it starts to get the"
            " prompt",
        ) from error
    running = pulse.identity.firmware_hash
    if running != wanted:
        raise BoardError(
            f"version {wanted} did not pass its trial; the pen went back to {running}",
            "run it on the simulator with `penloop sim --firmware`, and look at its traceback",
        )
    fresh = pulse.faults - before.faults if before else frozenset()
    if fresh and before:
        _take_back(line, fresh, say)
    say(f"version {running} runs, in {pulse.state}; faults: {', '.join(pulse.faults) or 'none'}")


def _after_trial(line: Line) -> Pulse:
    end_us = 0
    while True:
        pulse = line.after_reset(lambda: _pulse(line), GIVE_WAY_S)
        end_us = end_us or line.clock.now_us() + round(TRIAL_S * 1e6)
        left_us = end_us - line.clock.now_us()
        if left_us <= 0:
            return pulse
        try:
            with line.pen() as pen:
                pen.wait(min(left_us / 1e6, 1.0))
                pen.status()
        except (PenRestarted, PenSilent, NotAPen):
            continue


def _pulse(line: Line) -> Pulse:
    with line.pen() as pen:
        return pulse_of(pen)


def _take_back(line: Line, fresh: frozenset[str], say: Say) -> None:
    names = ", ".join(sorted(fresh))
    ask_for_prompt(line, say)
    with at_prompt(line) as prompt:
        left, chosen = Installer(prompt).roll_back()
    _after_trial(line)
    raise BoardError(
        f"version {left} reports {names}, which the one before did not: went back to {chosen}",
        "find the cause with `penloop faults`, or flash again once it is gone",
    )
