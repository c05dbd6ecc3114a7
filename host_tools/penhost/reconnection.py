"""A pen whose port may vanish and return, and which may be reset: its samples go on behind the gap.

    with Reconnection(lambda: Pen("/dev/ttyACM0")) as steady:
        steady.subscribe(["rate", "current"])
        for block in steady.blocks():
            ...

Only a subscription is taken up again. A command whose outcome is unknown is never repeated, and
nothing that runs the motor is: a pen whose host went silent stops by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from types import TracebackType
from typing import NamedTuple

from penhost.errors import (
    LineNoisy,
    NotAPen,
    PenError,
    PenExchanged,
    PenRestarted,
    PenSilent,
    PortError,
)
from penhost.pen import Pen
from penhost.telemetry import TIME, Block, Gap

PATIENCE_S = 60.0
RETRY_US = 250_000  # between two tries to come back
# What may pass: the rest, such as a signal that is not there any more, is for the caller.
PASSING = (PortError, PenSilent, LineNoisy, NotAPen, PenRestarted)

Told = Callable[[PenError], None]


class _Heard(NamedTuple):
    """The last samples that came: who sent them, the last one's time, when the next is due, and
    when they came."""

    boot_session: int
    last_us: int
    due_us: int
    clock_us: int


class Continuity:
    """Makes one stream of blocks over interruptions: marks the gaps, and lets times only grow."""

    def __init__(self) -> None:
        self._heard: _Heard | None = None
        self._cause: PenError | None = None  # of a gap that no samples have ended yet
        self._offset_us = 0

    def interrupted(self, cause: PenError) -> None:
        """The stream has ended; of several causes until it goes on, the first one counts."""
        self._cause = self._cause or cause

    def continued(self, block: Block, now_us: int) -> Block:
        """The block as it follows the one before; `now_us` is of the host's clock."""
        if self._cause is not None:
            block = replace(block, gap=self._gap(self._cause, block, now_us))
            self._cause = None
        if self._offset_us:
            samples = block.samples.copy()
            samples[TIME] += self._offset_us
            block = replace(block, samples=samples)
        last_us = int(block.samples[TIME][-1])
        self._heard = _Heard(block.boot_session, last_us, last_us + block.period_us, now_us)
        return block

    def _gap(self, cause: PenError, block: Block, now_us: int) -> Gap:
        first_us = int(block.samples[TIME][0])
        begin_us = first_us + self._offset_us
        heard = self._heard or _Heard(block.boot_session, begin_us - 1, begin_us, now_us)
        restarted = block.boot_session != heard.boot_session or (
            begin_us <= heard.last_us  # a pen whose flash was erased, too
        )
        if restarted:
            lasted_us = max(0, now_us - heard.clock_us - len(block.samples) * block.period_us)
            self._offset_us = heard.due_us + lasted_us - first_us
        end_us = first_us + self._offset_us
        return Gap(
            cause=cause.message,
            boot_before=heard.boot_session,
            boot_after=block.boot_session,
            restarted=restarted,
            start_us=min(heard.due_us, end_us),  # asked anew, a slow stream goes on sooner
            end_us=end_us,
            missing=max(0, round((end_us - heard.due_us) / block.period_us)),
            offset_us=self._offset_us,
        )


class Reconnection:
    """Holds a connection, as `pen`, and a subscription over interruptions; a context manager.

    `connect()` opens the port. `told(error)` hears of each loss. A loss that has lasted for
    `patience_s` is raised, as any other error is at once. `reopens` is False for a port that
    cannot return once it is closed, such as a simulated one of this process: there only the
    session is opened anew.
    """

    def __init__(
        self,
        connect: Callable[[], Pen],
        *,
        patience_s: float = PATIENCE_S,
        told: Told = lambda _error: None,
        reopens: bool = True,
    ) -> None:
        self.pen = connect()
        self._connect = connect
        self._patience_us = round(patience_s * 1e6)
        self._told = told
        self._reopens = reopens
        self._wanted: tuple[list[str], int] = ([], 0)
        self._continuity = Continuity()

    def __enter__(self) -> Reconnection:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Gives the port back."""
        self.pen.close()

    def stop(self) -> None:
        """Stops the motor and parks the needles. Raises when the connection is lost."""
        self.pen.stop()

    def subscribe(self, signals: Sequence[str], period_ms: int = 10) -> None:
        """As Pen.subscribe; asked for again after each interruption."""
        self.pen.subscribe(signals, period_ms)
        self._wanted = (list(signals), period_ms)

    def blocks(self) -> Iterator[Block]:
        """As Pen.blocks; the first block behind an interruption has a `gap`.

        Times of samples go on growing over a reset of the pen, by the host's clock. Raises what
        lasts longer than the patience, PenExchanged when another pen answers.
        """
        while True:
            try:
                for block in self.pen.blocks():
                    yield self._continuity.continued(block, self.pen.clock.now_us())
                return
            except PASSING as error:
                self.come_back(error)

    def come_back(self, error: PenError) -> None:
        """Connects and subscribes again after an error of PASSING. Raises the last one."""
        if not self._patience_us or (isinstance(error, PortError) and not self._reopens):
            raise error
        self._continuity.interrupted(error)
        clock = self.pen.clock
        end_us = clock.now_us() + self._patience_us
        self._told(error)
        while True:
            try:
                self._renew(error)
                return
            except PASSING as another:
                error = another
                if clock.now_us() >= end_us:
                    raise
            clock.sleep_us(RETRY_US)

    def _renew(self, error: PenError) -> None:
        before = self.pen.info
        if self._reopens and not isinstance(error, PenRestarted):
            self.pen.close()
            self.pen = self._connect()
        else:
            self.pen.renew()
        if self.pen.info.pen_id != before.pen_id:
            raise PenExchanged(
                f"the pen {self.pen.info.pen_id} answers, not {before.pen_id}",
                "connect the one from before, or begin anew with this one",
            )
        signals, period_ms = self._wanted
        if signals:
            self.pen.subscribe(signals, period_ms)
