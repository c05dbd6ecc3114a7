"""The processor: grants time to the firmware, lets interrupts in, and moves the world along.

The rule that all engines share. Virtual time passes only in board calls. The main loop is
granted the time up to a horizon, the next event that could touch it; the world is integrated
ahead to find that event, and rewound if the main loop asks for something before it. An interrupt
enters at the end of a grant, sees a snapshot of all inputs taken at its entry, and its writes
take effect together at its return.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from pensim.board.near import _layout as layout
from pensim.board.near._layout import (
    ARG0,
    CLOCK_MS,
    CLOCK_REST,
    CLOCK_US,
    DIRTY,
    ELAPSED,
    IRQ,
    LEVELS,
    LIMIT,
    REASON,
    RECEIVED,
    RESULT,
    SECONDS,
    SOFT,
    STATUS,
    TICKS_US,
)
from pensim.board.virtual_time import NEVER, VirtualTime
from pensim.errors import BoardFault

TICKS_MASK = 0x3FFFFFFF
FOREVER_US = 0x3FFFFFFF
CLOCK_LASTS_US = 1 << 28  # for so long `ticks_ms` may count from one moment
RTC_START_S = 1_609_459_200  # the rp2 port's clock starts at 2021-01-01
TICKS_OFFSET_US = ((1 << 30) * 1000) - 5_000_000  # both tick counters wrap 5 s after power-up
DEAD = (
    "nothing can happen any more: the firmware waits forever and no event is due; check for a "
    "missing timer, interrupt or serial input"
)


class World(Protocol):
    """What the board is wired to; the pen's plant, or nothing."""

    changed: int

    def advance(self, until_us: int) -> int: ...
    def save(self) -> None: ...
    def restore(self) -> None: ...


class Engine(Protocol):
    """Runs the firmware; `resume` returns when its main loop exchanges."""

    def resume(self, payload: bytes) -> bytes: ...
    def interrupt(self, number: int) -> int: ...


@dataclass(slots=True)
class Interrupt:
    """A source of interrupts: the number of its callback, and what taking it costs."""

    number: int
    latency_us: int
    samples: bool = False  # the recorder takes its row when this one returns
    dead: bool = False  # its callback raised: the port never calls it again


class EmptyWorld:
    """A bare board: nothing moves by itself."""

    changed = 0

    def advance(self, until_us: int) -> int:
        return until_us

    def save(self) -> None:
        pass

    def restore(self) -> None:
        pass


class Processor:
    """Runs one firmware on one engine in one world.

    `serve[reason]` are the peripherals' answers to requests: called with the words and the
    payload, they return the answer's payload and may set `wake_us`. `sense` brings the
    ADC's conversions up to date; `on_edges`, `on_outputs` and `on_sample` are hooks of the world's
    digital levels, the pins and the recorder.
    """

    def __init__(self, time: VirtualTime, words: "memoryview | list[int]", exit_us: int) -> None:
        self.time = time
        self.words = words
        self.world: World = EmptyWorld()
        self.engine: Engine | None = None
        self.serve: dict[int, Callable[[bytes], bytes]] = {
            layout.HORIZON: lambda _payload: b"",
            layout.WRITE: lambda _payload: b"",
            layout.WAIT: self._serve_wait,
            layout.SENSE: self._serve_sense,
            layout.MASK: self._serve_mask,
            layout.STALL: self._serve_stall,
        }
        self.sense: Callable[[int], None] = lambda _now_us: None
        self.on_edges: Callable[[int], None] = lambda _changed: None
        self.on_outputs: Callable[[], None] = lambda: None
        self.on_sample: Callable[[int], None] = lambda _now_us: None
        self.on_resume: Callable[[int], bytes] | None = None
        self.stopping = False
        self._exit_us = exit_us
        self._pending: list[Interrupt] = []
        self.restart()

    def restart(self) -> None:
        """The state after a reset: no interrupt pending, the main loop ready."""
        for index in range(len(self.words)):
            if index != layout.PINS and not layout.ADC0 <= index < layout.FLAGS:
                self.words[index] = 0
        self.wake_us = self.time._now
        self._wake_on = 0
        self._held_us = 0  # interrupts wait until then: flash work, or masked
        self._clock_due_us = 0
        self._pending.clear()
        self._answer = b""
        self._levels = 0

    @property
    def now_us(self) -> int:
        """Virtual time, microseconds since power-up."""
        return self.time._now

    def stop(self) -> None:
        """`run` returns as soon as the present step is done."""
        self.stopping = True

    def wake_for(self, kind: int) -> None:
        """Ends a wait of the main loop that listens for `kind` (WAKE_* bits)."""
        if self._wake_on & kind:
            self._wake_on = 0
            self.wake_us = min(self.wake_us, self.time._now)

    def hold(self, duration_us: int) -> None:
        """Flash work: neither interrupts nor the main loop run for `duration_us`."""
        self._held_us = self.wake_us = self.time._now + duration_us

    def raise_interrupt(self, interrupt: Interrupt) -> None:
        """The source has an event now; one that waits already is not raised twice."""
        if interrupt not in self._pending and not interrupt.dead:
            self._pending.append(interrupt)

    def run(self, until_us: int) -> None:
        """Runs until `until_us`, or until `stop` is called."""
        time, pending, world = self.time, self._pending, self.world
        queue, advance = time._queue, world.advance
        self.stopping = False
        while not self.stopping:
            now = time._now
            head: int = queue[0][0]  # type: ignore[assignment]
            if head <= now:
                time.step()
            elif pending and now >= self._held_us:
                self._take_interrupt(pending.pop(0))
            elif now >= until_us:
                return
            else:
                target = head if head < until_us else until_us
                wake_us = self.wake_us
                if wake_us <= now:
                    self._run_main(target)
                    continue
                if wake_us < target:
                    target = wake_us
                if pending and self._held_us < target:
                    target = self._held_us
                if target >= NEVER:
                    raise BoardFault(DEAD)
                time._now = advance(target)
                if world.changed:
                    self.on_edges(world.changed)

    def _pass_handler_time(self, target_us: int) -> None:
        """The time of an interrupt's handler: events and edges happen, no code runs."""
        time, world = self.time, self.world
        while True:
            head = time.head_us()
            if head <= time._now:
                time.step()
            elif time._now >= target_us:
                return
            else:
                time._now = world.advance(head if head < target_us else target_us)
                if world.changed:
                    self.on_edges(world.changed)

    def _set_clock(self, now_us: int) -> None:
        """The clock words: `ticks_us` now, and the moment that `ticks_ms` counts from."""
        words = self.words
        ticks = now_us + TICKS_OFFSET_US
        milliseconds, words[CLOCK_REST] = divmod(ticks, 1000)
        words[CLOCK_US] = words[TICKS_US] = (ticks & TICKS_MASK) - 0x40000000
        words[CLOCK_MS] = (milliseconds & TICKS_MASK) - 0x40000000
        self._clock_due_us = now_us + CLOCK_LASTS_US

    def _take_interrupt(self, interrupt: Interrupt) -> None:
        time, words, world = self.time, self.words, self.world
        now = time._now
        self.sense(now)
        if now < self._clock_due_us:
            words[TICKS_US] = ((now + TICKS_OFFSET_US) & TICKS_MASK) - 0x40000000
        else:
            self._set_clock(now)
        words[ELAPSED] = interrupt.latency_us
        words[LIMIT] = FOREVER_US
        failed = self.engine.interrupt(interrupt.number)  # type: ignore[union-attr]
        end = now + words[ELAPSED] + self._exit_us
        if time._queue[0][0] > end:  # the usual case: no event falls into the handler
            time._now = world.advance(end)
            if world.changed:
                self.on_edges(world.changed)
        if time._now < end:
            self._pass_handler_time(end)
        if words[LEVELS] != self._levels or words[DIRTY]:
            self._levels = words[LEVELS]
            self.on_outputs()
        if interrupt.samples:
            self.on_sample(time._now)
        if failed:
            interrupt.dead = True
        if words[SOFT]:
            self.wake_us = min(self.wake_us, time._now)
        elif self._wake_on:
            self.wake_for(layout.WAKE_INTERRUPT)

    def _run_main(self, horizon_us: int) -> None:
        """Grants the main loop the time up to the horizon and serves what it asks for."""
        now = self.time._now
        words = self.words
        world = self.world
        world.save()
        reached = world.advance(horizon_us)
        self._set_clock(now)
        words[SECONDS] = RTC_START_S + now // 1_000_000
        words[ELAPSED] = 0
        words[LIMIT] = reached - now
        words[IRQ] = -1
        self._wake_on = 0
        answer, self._answer = self._answer, b""
        if self.on_resume is not None:
            received = self.on_resume(now)
            words[RECEIVED] = len(received)
            answer = received + answer
        payload = self.engine.resume(answer)  # type: ignore[union-attr]
        self._commit(now + words[ELAPSED], reached)
        self._serve(payload)

    def _commit(self, exchange_us: int, reached_us: int) -> None:
        """The main loop came back at `exchange_us`: rewind what was integrated beyond it."""
        world = self.world
        if exchange_us >= reached_us:
            self.time._now = reached_us
            if world.changed:
                self.on_edges(world.changed)
            return
        world.restore()
        if exchange_us > self.time._now:
            world.advance(exchange_us)
            self.time._now = exchange_us

    def _serve(self, payload: bytes) -> None:
        words = self.words
        if words[LEVELS] != self._levels or words[DIRTY]:
            self._levels = words[LEVELS]
            self.on_outputs()
        self.wake_us = self.time._now
        reason = words[REASON]
        words[STATUS] = 0
        handler = self.serve.get(reason)
        if handler is None:
            raise BoardFault(f"the virtual board has no answer to request {reason}")
        try:
            self._answer = handler(payload)
        except BoardRefusal as refusal:
            words[STATUS] = refusal.status
            self._answer = str(refusal).encode()

    def serve_immediately(self, payload: bytes) -> bytes:
        """A request from inside an interrupt, on the engine that can serve it."""
        wake_us = self.wake_us
        self._serve(payload)
        self.wake_us = wake_us
        answer, self._answer = self._answer, b""
        return answer

    def _serve_wait(self, _payload: bytes) -> bytes:
        duration_us = self.words[ARG0]
        self._wake_on = self.words[ARG0 + 1]
        self.wake_us = NEVER if duration_us >= FOREVER_US else self.time._now + duration_us
        if self.words[SOFT]:
            self.wake_us = self.time._now
        return b""

    def _serve_sense(self, _payload: bytes) -> bytes:
        self.sense(self.time._now)
        return b""

    def _serve_mask(self, _payload: bytes) -> bytes:
        self._held_us = NEVER if self.words[ARG0] else 0
        return b""

    def _serve_stall(self, _payload: bytes) -> bytes:
        self.wake_us = self.time._now + self.words[ARG0]
        self.words[RESULT] = 0
        return b""


class BoardRefusal(Exception):
    """A request that fails as it does on the port; `status` is an errno or an ERROR_* number."""

    def __init__(self, status: int, message: str = "") -> None:
        super().__init__(message)
        self.status = status
