"""Interrupts that do not come as they should: held back, lost or taken twice, by chance."""

from dataclasses import dataclass

from pensim.board.chance import draw, draw_between
from pensim.board.processor import Interrupt, Processor

DRAWS = 1 << 32


@dataclass(frozen=True)
class Disturbance:
    """Shares 0..1 of all interrupts of which the next thing happens instead.

    late: it waits for up to `late_us`, and with it all others and the main loop, as where a driver
        has switched interrupts off
    lost: it is never taken
    doubled: it is taken twice in succession, as by a bouncing edge
    """

    late: float = 0.0
    late_us: int = 0
    lost: float = 0.0
    doubled: float = 0.0


class InterruptDisturbance:
    """Stands in a processor's way to its interrupts; equal for equal seeds."""

    def __init__(self, processor: Processor, disturbance: Disturbance, seed: int) -> None:
        self.lost = self.doubled = self.late = 0  # so many by now
        self._processor = processor
        self._disturbance = disturbance
        self._seed = seed
        self._count = 0
        self._decided: Interrupt | None = None  # it waits because of us: it is taken now
        processor.spoil = self._spoil

    def _spoil(self, interrupt: Interrupt) -> bool:
        if interrupt is self._decided:
            self._decided = None
            return False
        how = self._disturbance
        self._count += 1
        share = draw(self._seed, "interrupt", self._count) / DRAWS
        if share < how.lost:
            self.lost += 1
            return True
        if share < how.lost + how.doubled:
            self.doubled += 1
            self._again(interrupt)
            return False
        if share < how.lost + how.doubled + how.late:
            self.late += 1
            self._again(interrupt)
            bounds = (1, how.late_us)
            self._processor.hold(draw_between(self._seed, "late", self._count, bounds))
            return True
        return False

    def _again(self, interrupt: Interrupt) -> None:
        self._decided = interrupt
        self._processor.take_next(interrupt)
