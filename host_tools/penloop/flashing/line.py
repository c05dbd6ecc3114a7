"""The way to one board: its pen and its MicroPython prompt by turns, on one port.

A board with USB of its own leaves the bus in a reset, and its port vanishes: it is waited for and
opened anew. The port of a simulated pen is kept open, as closing it ends the pen.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

from mpremote.transport import TransportError, TransportExecError
from mpremote.transport_serial import SerialTransport
from serial import SerialException

from penhost import Pen
from penhost.clock import clock_of
from penhost.errors import PenError, PortError
from penhost.ports import READ_TIMEOUT_S
from penloop.connection import open_pen_port
from penloop.errors import BoardError, BoardLost

RESET_S = 10.0  # until a board that was reset answers
PROMPT_S = 3.0  # until a board at its prompt answers
READ_S = 0.05  # one wait for a byte
LOOK_S = 0.2  # between two looks for a port that has vanished

_T = TypeVar("_T")


class Line:
    """Owns the port. `pen()` and `prompt()` each use it for as long as their block lasts."""

    def __init__(self, port: str) -> None:
        """Raises UserError, PortError."""
        self.name = port
        self._port = open_pen_port(port)
        self.clock = clock_of(self._port)
        self._vanishes = not hasattr(self._port, "now_us")

    def close(self) -> None:
        """Gives the port back."""
        with suppress(OSError):
            self._port.close()

    @property
    def port(self) -> Any:
        """The port that is open now."""
        return self._port

    @contextmanager
    def pen(self) -> Iterator[Pen]:
        """The pen that answers now. Raises PenError."""
        self._port.timeout = READ_TIMEOUT_S
        with Pen(_Kept(self._port)) as pen:
            yield pen

    @contextmanager
    def prompt(self) -> Iterator["Prompt"]:
        """The board's MicroPython prompt. Raises BoardError when there is none."""
        prompt = Prompt(self._port, self.clock)
        try:
            prompt.enter()
            yield prompt
        except (SerialException, TransportError, OSError) as error:
            raise _meaning(error) from error

    def after_reset(self, look: Callable[[], _T], seconds: float = RESET_S) -> _T:
        """What `look` returns once the board answers it again. Raises what it raised at last.

        A port that is still there is kept: closing it would move DTR.
        """
        end_us = self.clock.now_us() + round(seconds * 1e6)
        while True:
            try:
                return look()
            except (PenError, BoardError) as error:
                if self.clock.now_us() >= end_us:
                    raise
                self.clock.sleep_us(round(LOOK_S * 1e6))
                if isinstance(error, (PortError, BoardLost)):
                    self._open_anew()

    def _open_anew(self) -> None:
        """The port has vanished; it comes back when the board has booted, or at the next look."""
        if self._vanishes:
            self.close()
            with suppress(PortError):
                self._port = open_pen_port(self.name)


class _Kept:
    """A port that outlives whoever closes it."""

    def __init__(self, port: Any) -> None:
        self._port = port

    def __getattr__(self, name: str) -> Any:
        return getattr(self._port, name)

    def close(self) -> None:
        """Left to the line."""


class Prompt(SerialTransport):
    """mpremote's raw REPL on a port that is open, in the port's own time.

    DTR and RTS stay as they are.
    """

    def __init__(self, port: Any, clock: Any) -> None:
        self.in_raw_repl = False
        self.use_raw_paste = True
        self.device_name = str(getattr(port, "name", "given"))
        self.mounted = False
        self.serial = port
        self.is_pty = False
        self._clock = clock

    def enter(self) -> None:
        """Stops a script that runs, and takes the prompt. Raises BoardError."""
        self.serial.timeout = READ_S
        self.serial.write(b"\r\x03\x03")
        self._drain()
        self.serial.write(b"\r\x01")
        greeting = self.read_until(1, b"raw REPL; CTRL-B to exit\r\n", PROMPT_S, None, PROMPT_S)
        if not greeting.endswith(b"exit\r\n"):
            raise BoardError(
                "no MicroPython prompt answers",
                "give the port of the board's own USB; if a pen that does not answer runs there,"
                " hold its button for 3 to 8 s while it starts (docs/hardware.md)",
            )
        self.serial.timeout = PROMPT_S
        self.in_raw_repl = True

    def _drain(self) -> None:
        while self.serial.read(256):
            pass

    def read_until(
        self,
        min_num_bytes: int,
        ending: bytes,
        timeout: float | None = 10,
        data_consumer: Callable[[bytes], None] | None = None,
        timeout_overall: float | None = None,
    ) -> bytes:
        """As mpremote's, in the port's time; a simulated board's is virtual."""
        data = b""
        start_us = last_us = self._clock.now_us()
        while not data.endswith(ending):
            piece = self.serial.read(1)
            now_us = self._clock.now_us()
            if piece:
                last_us = now_us
                data = piece if data_consumer else data + piece
                if data_consumer:
                    data_consumer(piece)
            elif _over(now_us - last_us, timeout) or _over(now_us - start_us, timeout_overall):
                break
        return data

    def run(self, code: str, silence_s: float) -> str:
        """What code prints that may say nothing for a while. Raises TransportExecError."""
        said, error = self.exec_raw(code, timeout=silence_s)
        if error:
            raise TransportExecError(said, error.decode())
        return bytes(said).decode()

    def write_text(self, path: str, text: str) -> None:
        """Replaces a small file in one step: a power cut leaves the old one or the new one."""
        fresh = path + ".new"
        self.exec(
            f"import os\nf=open({fresh!r},'w')\nf.write({text!r})\nf.close()\n"
            f"os.rename({fresh!r},{path!r})"
        )

    def read_text(self, path: str) -> str:
        """A small file; empty when it is not there."""
        content = self.read_file(path)
        return content.decode() if content is not None else ""

    def read_file(self, path: str) -> bytes | None:
        """A file's bytes, or None when it is not there."""
        if not self.fs_exists(path):
            return None
        return bytes(self.fs_readfile(path))

    def reset(self) -> None:
        """Resets the board into its firmware; this is not a watchdog's reset.

        Works also where a command was broken off: the prompt is entered anew.
        """
        for command in ("open('/intended','w').close()", "import machine\nmachine.reset()"):
            with suppress(TransportError, BoardError, OSError):
                self.enter()
                self.exec_raw_no_follow(command)
                self.serial.timeout = READ_S
                self._drain()  # the reset says nothing; the board goes


def _meaning(error: Exception) -> BoardError:
    """A file operation that failed, code that raised, or a board that is gone."""
    if isinstance(error, TransportExecError) or not isinstance(
        error, (SerialException, TransportError)
    ):
        remedy = "make room on its flash, or install an official MicroPython build"
        return BoardError(f"the board could not do it ({_line_of(error)})", remedy)
    remedy = "check the cable, then run the same command again; the board still starts"
    return BoardLost(f"the board was lost ({_line_of(error)})", remedy)


def _over(span_us: int, limit_s: float | None) -> bool:
    return limit_s is not None and span_us >= limit_s * 1e6


def _line_of(error: Exception) -> str:
    lines = [line for line in str(error).splitlines() if line.strip()]
    return lines[-1].strip() if lines else type(error).__name__
