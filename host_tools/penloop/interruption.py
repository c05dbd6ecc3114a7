"""Ctrl-C and SIGTERM at safe moments.

A simulated board lives in this process: an exception out of nowhere would hit the firmware's own
code, which takes it for its own, or the plant in the middle of a step. So a signal that comes while
a board is at work waits for the next `check()`, which whoever runs one in the main thread calls now
and then; a second one does not wait. Everywhere else it acts at once, and whoever holds a pen tells
it to stop.
"""

import signal
import threading
import time
from types import FrameType
from typing import Any

SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")  # where the system has them
# One of these runs while a board is at work, its plant beneath it; a plant alone may be left.
BOARD = ("pensim.bench", "pensim.board.", "pensim.engines.")
SAME_S = 0.5  # so soon it is the same signal: a terminal that closes sends two


class Ended(SystemExit):
    """SIGTERM or SIGHUP came; its code is as shells count it."""


_pending = 0
_came_s = -SAME_S


def install() -> None:
    """Takes the signals over, in the main thread of a program of ours."""
    for name in SIGNALS:
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _came)


def check() -> None:
    """A safe moment: raises KeyboardInterrupt or Ended when a signal waits."""
    global _pending
    if _pending and threading.current_thread() is threading.main_thread():
        number, _pending = _pending, 0
        raise _exception(number)


def behind(error: BaseException | None) -> BaseException | None:
    """The interruption that an error is, or that it came of, as on a terminal that has gone."""
    while error is not None and not isinstance(error, (KeyboardInterrupt, Ended)):
        error = error.__context__
    return error


def _came(number: int, frame: FrameType | None) -> None:
    global _pending, _came_s
    before_s, _came_s = _came_s, time.monotonic()
    if _came_s < before_s + SAME_S:
        return
    on_board = _on_board(frame)
    if (on_board or _in_callback(frame)) and not _pending:
        _pending = number
        return
    _pending = 0
    if on_board:
        raise KeyboardInterrupt  # a SystemExit the firmware would take for its own
    raise _exception(number)


def _in_callback(frame: FrameType | None) -> bool:
    """Where what is raised is lost: a weak reference's callback."""
    return frame is not None and frame.f_globals.get("__name__") in ("weakref", "_weakrefset")


def _on_board(frame: FrameType | None) -> bool:
    while frame is not None:
        module = str(frame.f_globals.get("__name__", ""))
        if module.startswith(BOARD) and frame.f_code.co_name != "<module>":  # not as it is loaded
            return True
        frame = frame.f_back
    return False


def _exception(number: int) -> BaseException:
    if number == signal.SIGINT:
        return KeyboardInterrupt()
    return Ended(128 + number)


class InterruptiblePort:
    """A simulated port whose every read is a safe moment; all else goes straight through."""

    def __init__(self, port: Any) -> None:
        self._port = port
        self.now_us = port.now_us
        self.sleep_us = port.sleep_us
        self.write = port.write

    def __getattr__(self, name: str) -> Any:
        return getattr(self._port, name)

    @property
    def timeout(self) -> float | None:
        """What a read waits at most, seconds."""
        limit: float | None = self._port.timeout
        return limit

    @timeout.setter
    def timeout(self, limit: float | None) -> None:
        self._port.timeout = limit

    @property
    def in_waiting(self) -> int:
        """Bytes that can be read now."""
        check()
        waiting: int = self._port.in_waiting
        return waiting

    def read(self, size: int = 1) -> bytes:
        """Up to `size` bytes."""
        data: bytes = self._port.read(size)
        check()
        return data
