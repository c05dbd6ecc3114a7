"""A pen as an experiment uses it, whose samples are shown on the page as well."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from penhost import Block, Pen


class MirroredPen:
    """All of a pen; `began(signals)` hears of subscriptions, `showed(block)` of blocks."""

    def __init__(
        self, pen: Pen, began: Callable[[Sequence[str]], None], showed: Callable[[Block], None]
    ) -> None:
        self._pen = pen
        self._began = began
        self._showed = showed

    def __getattr__(self, name: str) -> Any:
        return getattr(self._pen, name)

    def subscribe(self, signals: Sequence[str], period_ms: int = 10) -> None:
        """As Pen.subscribe."""
        self._pen.subscribe(signals, period_ms)
        self._began(signals)

    def unsubscribe(self) -> None:
        """As Pen.unsubscribe."""
        self._pen.unsubscribe()

    def blocks(self) -> Iterator[Block]:
        """As Pen.blocks."""
        for block in self._pen.blocks():
            self._showed(block)
            yield block
