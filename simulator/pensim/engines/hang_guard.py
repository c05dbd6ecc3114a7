"""Ends a subprocess that gives no answer.

A thread looks from time to time whether an engine still waits in the same exchange. The exchange
itself is then a write and a read that blocks: looking with a time-out would add a third to it.
"""

import threading
import time
from contextlib import suppress
from typing import Any, Protocol
from weakref import WeakKeyDictionary

HANG_S = 20.0  # wall time without an answer after which a subprocess counts as hanging
LOOK_S = 0.25


class Watched(Protocol):
    """An engine in a subprocess."""

    words: Any  # as they were sent, while it waits for an answer
    waits: bool

    def give_up(self) -> None:
        """Makes the answer come, or the end; called in the guard's thread."""


class _Guard(threading.Thread):
    def __init__(self) -> None:
        super().__init__(name="pensim hang guard", daemon=True)
        # Of each engine the words that it was seen with, and how often: looks, not a clock, so that
        # a process that was stopped for a while has not been waiting meanwhile.
        self.engines: WeakKeyDictionary[Watched, tuple[Any, int]] = WeakKeyDictionary()

    def run(self) -> None:
        while True:
            time.sleep(LOOK_S)
            with suppress(RuntimeError):  # an engine came or went: look again the next time
                for engine, seen in list(self.engines.items()):
                    self._look(engine, *seen)

    def _look(self, engine: Watched, before: Any, looks: int) -> None:
        words = engine.words[:]
        if words != before or not engine.waits:
            looks = 0
        self.engines[engine] = (words, looks + 1)
        if looks * LOOK_S > HANG_S:
            self.engines[engine] = (words, 0)
            engine.give_up()


_guard: _Guard | None = None


def watch(engine: Watched) -> None:
    """Watches an engine for as long as it lives."""
    global _guard
    if _guard is None or not _guard.is_alive():
        _guard = _Guard()
        _guard.start()
    _guard.engines[engine] = ([], 0)
