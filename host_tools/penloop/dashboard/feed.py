"""Samples on their way from the pen's thread to those who draw them."""

import threading
from collections import deque
from dataclasses import dataclass
from typing import Any

from penhost.tables import Signal
from penloop.dashboard.phase import Phase

KEPT_BLOCKS = 6000  # two minutes at a block each 20 ms


@dataclass(frozen=True)
class Layout:
    """The columns of a subscription; `number` grows with each."""

    number: int
    signals: tuple[Signal, ...]
    period_us: int


@dataclass(frozen=True)
class Piece:
    """Samples of one block, the crank's phase at the last of them, and what was lost before."""

    layout: Layout
    samples: Any
    phase: Phase | None
    lost: int


class Feed:
    """One thread adds, others read what they have not seen; what nobody reads is forgotten."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pieces: deque[Piece] = deque(maxlen=KEPT_BLOCKS)
        self._added = 0

    def add(self, piece: Piece) -> None:
        """Puts samples behind the others."""
        with self._lock:
            self._pieces.append(piece)
            self._added += 1

    def since(self, seen: int) -> tuple[list[Piece], int]:
        """What came after the first `seen` pieces as far as it is kept, and how many came in all.

        The same `layout` object comes with all pieces of one subscription.
        """
        with self._lock:
            missed = min(self._added - seen, len(self._pieces))
            pieces = [self._pieces[len(self._pieces) - missed + n] for n in range(missed)]
            return pieces, self._added
