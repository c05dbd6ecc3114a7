"""Ends firmware that makes no board call: virtual time stands still then, and so would its host.

A thread looks from time to time whether code of a firmware runs while nothing has changed on its
board, and raises FirmwareSpins there, so that the traceback shows the line.
"""

import ctypes
import gc
import sys
import threading
import time
from contextlib import suppress
from typing import Any, Protocol
from weakref import WeakKeyDictionary

from pensim.errors import EngineError

PATIENCE_S = 20.0  # wall time without a board call
LOOKS = 4  # within that time


class FirmwareSpins(EngineError):
    """The firmware's code goes on without a board call."""

    def __init__(self) -> None:
        super().__init__(
            "no board call for a long time, so virtual time stands still: call time.sleep_ms, "
            "machine.idle or another function of the board in this loop"
        )


class Watched(Protocol):
    """An engine that runs in this process."""

    words: Any

    def owns(self, frame: Any) -> bool:
        """Whether this frame is firmware of this engine."""


class _Guard(threading.Thread):
    def __init__(self) -> None:
        super().__init__(name="pensim spin guard", daemon=True)
        self.engines: WeakKeyDictionary[Any, list[Any]] = WeakKeyDictionary()

    def run(self) -> None:
        while True:
            time.sleep(PATIENCE_S / LOOKS)
            with suppress(RuntimeError):  # an engine came or went: look again the next time
                for engine, record in list(self.engines.items()):
                    self._look(engine, record)

    def _look(self, engine: Watched, record: list[Any]) -> None:
        """`record` is [thread, words at the last look, looks without a change]."""
        thread, before, _ = record
        now = list(engine.words)
        if now != before:
            record[1:] = [now, 0]
            return
        frame = _frames().get(thread)
        if frame is None or not engine.owns(frame):  # nobody runs it, or a debugger holds it
            return
        record[2] += 1
        if record[2] >= LOOKS:
            record[2] = 0
            error = ctypes.py_object(FirmwareSpins)
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), error)


def _frames() -> dict[int, Any]:
    """What each thread runs. A collection within it can stop the process for good: it is asked
    under the interpreter's lock of threads, which finalisers want too (CPython gh-106883)."""
    collects = gc.isenabled()
    gc.disable()
    try:
        return sys._current_frames()
    finally:
        if collects:
            gc.enable()


_guard: _Guard | None = None


def watch(engine: Watched) -> None:
    """Watches an engine that runs in the present thread, for as long as it lives."""
    global _guard
    if _guard is None or not _guard.is_alive():
        _guard = _Guard()
        _guard.start()
    _guard.engines[engine] = [threading.get_ident(), [], 0]
