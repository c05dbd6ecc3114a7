"""What the owner subscribes to, so that every viewer gets its signals and its rate."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import gcd

from penfw import protocol
from penfw.requests import Refusal

STEP_MS = 2  # periods that a pen grants are multiples of it


@dataclass(frozen=True)
class Wish:
    """Signals, as rows of the pen's table, and the time between samples."""

    signals: tuple[int, ...]
    period_ms: int


NOTHING = Wish((), 0)


class Union:
    """Holds the owner's subscription wide and fast enough for all; `subscribe` renews it.

    Signals that nobody wants any more stay for as long as there is room, and a rate that is finer
    than needed stays too: a subscription that is renewed costs every viewer a few samples.
    """

    def __init__(self, subscribe: Callable[[Wish], int]) -> None:
        """`subscribe` returns the period that the pen has granted, ms."""
        self.present = NOTHING
        self._subscribe = subscribe
        self._wishes: dict[object, Wish] = {}

    def grant(self, viewer: object, signals: Iterable[int], period_ms: int) -> int:
        """The period that this viewer gets, ms, near the one that it wishes.

        Raises Refusal, and leaves all as it was, when the signals of all together are too many.
        """
        others = [wish for name, wish in self._wishes.items() if name is not viewer]
        wanted = tuple(signals)
        union = self._signals(others, wanted)
        base_ms = self._base_ms([wish.period_ms for wish in others], period_ms)
        if not set(wanted) <= set(self.present.signals) or base_ms != self.present.period_ms:
            self.present = Wish(union, self._subscribe(Wish(union, base_ms)))
        granted_ms = self.present.period_ms * max(1, round(period_ms / self.present.period_ms))
        self._wishes[viewer] = Wish(wanted, granted_ms)
        return granted_ms

    def leave(self, viewer: object) -> None:
        """A viewer wants nothing any more; when nobody does, the pen sends nothing."""
        self._wishes.pop(viewer, None)
        if not self._wishes and self.present.signals:
            self._subscribe(NOTHING)
            self.present = NOTHING

    def forget(self) -> None:
        """Every viewer has to subscribe again: the pen was reset."""
        self._wishes.clear()
        self.present = NOTHING

    def _signals(self, others: list[Wish], wanted: tuple[int, ...]) -> tuple[int, ...]:
        taken = dict.fromkeys(index for wish in others for index in wish.signals)
        needed = [*taken, *(index for index in dict.fromkeys(wanted) if index not in taken)]
        if len(needed) > protocol.SIGNALS_MAX:
            raise Refusal(protocol.TOO_MANY, protocol.SIGNALS_MAX - len(taken))
        spare = [index for index in self.present.signals if index not in needed]
        return (*needed, *spare)[: protocol.SIGNALS_MAX]

    def _base_ms(self, others_ms: list[int], wanted_ms: int) -> int:
        """A period of which the others' are multiples and that is no longer than the one wanted."""
        even_ms = max(STEP_MS, wanted_ms // STEP_MS * STEP_MS)
        if not others_ms:
            return even_ms
        common_ms = gcd(*others_ms)
        present_ms = self.present.period_ms
        if common_ms % present_ms == 0 and present_ms <= even_ms:
            return present_ms
        divisors = range(STEP_MS, min(common_ms, even_ms) + 1, STEP_MS)
        return max((ms for ms in divisors if common_ms % ms == 0), default=STEP_MS)
