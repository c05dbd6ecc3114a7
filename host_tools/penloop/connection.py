"""The one place where commands connect to a pen."""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Annotated, Any

import typer

from penhost import Pen, PenError, Reconnection, Refused
from penhost.errors import PortBusy, PortError, PortLost, PortNotFound
from penhost.ports import open_port
from penhost.units import parse
from penloop import interruption, pen_memory, port_holder, port_name
from penloop.errors import UserError
from penloop.interruption import InterruptiblePort
from penloop.port_discovery import USUAL_PORT, only_pen

Port = Annotated[
    str,
    typer.Option(
        "--port",
        "-p",
        envvar=USUAL_PORT,
        metavar="PORT",
        show_default=False,
        help="A device such as /dev/ttyACM0 or COM3, or a URL: sim://, socket://HOST:PORT."
        " By default the only pen.",
    ),
]
Wait = Annotated[
    str,
    typer.Option("--wait", help="A lost connection is waited for so long; 0s: not at all."),
]
AT_ONCE_S = 1.0  # a network's port that goes so soon serves another client, most likely
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document, values in raw units.")]


def open_pen_port(port: str) -> Any:
    """An open port, by default that of the only pen. Raises UserError, PenError.

    A simulated one takes Ctrl-C at safe moments.
    """
    name = port or only_pen()
    try:
        opened = open_port(name)
    except PortBusy as error:
        raise port_holder.busy(name, error) from None
    except PortError as error:
        raise _said_plainly(name, error) from None
    return InterruptiblePort(opened) if hasattr(opened, "now_us") else opened


def _said_plainly(name: str, error: PortError) -> PortError:
    """A server that does not negotiate is told by pyserial's own insides."""
    if "RFC2217" not in error.message:
        return error
    plain = name.partition("://")[2]
    return PortError(f"port {name} does not speak RFC 2217", f"try socket://{plain}, plain TCP")


def greeted(opened: Any, name: str) -> Pen:
    """The pen on a port that was opened by that name. Raises PenError."""
    began_s = time.monotonic()
    try:
        return Pen(opened)
    except PortLost as error:
        if time.monotonic() > began_s + AT_ONCE_S:
            raise
        raise port_holder.hung_up(name, error) from error


RecordingKeeper = Callable[[Any, Sequence[str], float | None], None]
_held: list[tuple[Pen, RecordingKeeper | None]] = []  # by a shell, for the commands typed in it


def open_pen(port: str) -> Pen:
    """A pen on a port; the time of its power-up is kept. Raises UserError, PenError."""
    name = port or only_pen()
    opened = open_pen_port(name)
    bench = getattr(opened, "bench", None)
    if bench is not None:
        bench.recorder.keep_little()
    pen = greeted(opened, name)
    port_name.keep(pen, name)
    pen_memory.keep_power_up(pen)
    return pen


@contextmanager
def connected(port: str) -> Iterator[Pen]:
    """A pen that is told to stop when the command is interrupted; in a shell, the shell's own."""
    if _held:
        with stopped_on_interruption(_held[-1][0]):
            yield _held[-1][0]
        return
    with open_pen(port) as pen, stopped_on_interruption(pen):
        yield pen
        pen_memory.keep_description(pen, port)


@contextmanager
def held(pen: Pen, keeper: RecordingKeeper | None = None) -> Iterator[None]:
    """Has `connected` and `reconnecting` hand out this pen, for as long as it lasts.

    `keeper(file, signals, seconds)` goes on with the recording of a command that has ended; the
    file is a RecordingFile.
    """
    _held.append((pen, keeper))
    try:
        yield
    finally:
        _held.pop()


def fitting(pen: Pen, signals: Sequence[str]) -> list[str]:
    """Of these signals those that can be watched without holding up a shell's recording."""
    beside = getattr(pen, "fitting", None)
    return beside(signals) if beside else [*signals]


def recording_keeper() -> RecordingKeeper | None:
    """What goes on with a recording when its command has ended; None: the command does itself."""
    return _held[-1][1] if _held else None


@contextmanager
def reconnecting(port: str, wait: str) -> Iterator[Reconnection]:
    """A pen whose connection may be lost for a while; it is told to stop as in `connected`."""
    patience_s = parse(wait, "ms") / 1e3
    if patience_s < 0:
        raise UserError(f"--wait {wait}", "give 0s or more")
    simulated = port.startswith("sim:")  # it lives in this process: closed, it is no more

    def told(error: PenError) -> None:
        print(f"penloop: {error.message}; waiting {wait} at most", file=sys.stderr, flush=True)

    if _held:
        steady = Reconnection(lambda: _held[-1][0], patience_s=patience_s, told=told, reopens=False)
        with stopped_on_interruption(steady):
            yield steady
        return
    with (
        Reconnection(
            _finder(port), patience_s=patience_s, told=told, reopens=not simulated
        ) as steady,
        stopped_on_interruption(steady),
    ):
        yield steady
        pen_memory.keep_description(steady.pen, port)


def _finder(port: str) -> Callable[[], Pen]:
    """What opens the pen, and again after each loss; one that was found by itself is looked for
    anew, as it may return by another name: until then it is a lost one."""
    was_there = False

    def find() -> Pen:
        nonlocal was_there
        try:
            pen = open_pen(port)
        except UserError as error:
            if not was_there:
                raise
            raise PortNotFound(*error.args) from None
        was_there = True
        return pen

    return find


@contextmanager
def stopped_on_interruption(pen: Pen | Reconnection) -> Iterator[None]:
    """Tells the pen to stop before Ctrl-C or SIGTERM goes on."""
    try:
        yield
    except BaseException as error:
        ending = interruption.behind(error)
        if ending is None:
            raise
        try:
            pen.stop()
            told = "the pen was told to stop"
        except Refused as refusal:
            told = f"the pen was not stopped: {refusal}"
        except PenError:
            told = "the pen did not answer: stop it by its button"
        with suppress(OSError):  # the terminal may have gone
            print(f"penloop: interrupted, {told}", file=sys.stderr)
        raise ending from None


def seconds(text: str) -> float:
    """A span of time as a person writes it, `5s`. Raises BadValue, UserError."""
    value = parse(text, "ms") / 1e3
    if value <= 0:
        raise UserError(f"{text!r} is no span of time", "give more than 0 ms")
    return value


def period_ms(rate: str) -> int:
    """Milliseconds between samples at a rate such as `20` or `20Hz`. Raises UserError."""
    text = rate if any(letter.isalpha() for letter in rate) else rate + "Hz"
    millihertz = parse(text, "mHz")
    if not 100 <= millihertz <= 1_000_000:
        raise UserError(f"a rate of {rate!r} is out of range", "give 0.1 to 1000 samples a second")
    return round(1e6 / millihertz)
