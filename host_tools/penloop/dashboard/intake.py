"""Blocks of telemetry as they come: on one axis of time, with the phase, into the feed."""

from collections.abc import Sequence

from penhost import Block, PenError
from penhost.clock import MonotonicClock
from penhost.reconnection import Continuity
from penhost.tables import Signal
from penloop.dashboard.feed import Feed, Layout, Piece
from penloop.dashboard.phase import PhaseTracker


class Intake:
    """Used by the pen's thread; what it has taken is read from `feed`, by any."""

    def __init__(self) -> None:
        self.feed = Feed()
        self._clock = MonotonicClock()
        self._continuity = Continuity()
        self._signals: tuple[Signal, ...] = ()
        self._layout: Layout | None = None
        self._layouts = 0
        self._tracker: PhaseTracker | None = None

    def begin(self, signals: Sequence[Signal]) -> None:
        """A subscription of these signals has begun."""
        self._signals, self._layout = tuple(signals), None

    def interrupted(self, cause: PenError) -> None:
        """The link is gone; the next block is behind a gap."""
        self._continuity.interrupted(cause)

    def another_pen(self) -> None:
        """Time begins anew."""
        self._continuity = Continuity()

    def take(self, block: Block) -> Block:
        """The block as it follows those before, also over an interruption."""
        block = self._continuity.continued(block, self._clock.now_us())
        if self._layout is None or self._tracker is None:
            self._layouts += 1
            self._layout = Layout(self._layouts, self._signals, block.period_us)
            self._tracker = PhaseTracker(block.period_us)
        phase = self._tracker.take(block.samples)
        self.feed.add(Piece(self._layout, block.samples, phase, block.lost))
        return block
