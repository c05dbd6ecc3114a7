"""What a board is wired to: something that moves by itself, or nothing."""

from typing import Protocol


class World(Protocol):
    """What the board is wired to; the pen's plant, or nothing."""

    changed: int

    def advance(self, until_us: int) -> int: ...
    def save(self) -> None: ...
    def restore(self) -> None: ...


class EmptyWorld:
    """A bare board: nothing moves by itself."""

    changed = 0

    def advance(self, until_us: int) -> int:
        return until_us

    def save(self) -> None:
        pass

    def restore(self) -> None:
        pass
