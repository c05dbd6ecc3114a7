"""The processor: grants time to the firmware, lets interrupts in, and moves the world along.

The rule that all engines share. Virtual time passes only in board calls. The main loop is
granted the time up to a horizon, the next event that could touch it; the world is integrated
ahead to find that event, and rewound if the main loop asks for something before it. An interrupt
enters at the end of a grant, sees a snapshot of all inputs taken at its entry, and its writes
take effect together at its return.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

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
    SOFT,
    STATUS,
    TICKS_US,
)
from pensim.board.profile import BoardProfile
from pensim.board.refusal import BoardRefusal
from pensim.board.virtual_time import NEVER, VirtualTime
from pensim.board.world import EmptyWorld, World
from pensim.errors import BoardFault

TICKS_MASK = 0x3FFFFFFF
FOREVER_US = 0x3FFFFFFF
CLOCK_LASTS_US = 1 << 28  # for so long `ticks_ms` may count from one moment
LONGEST_GRANT_US = 1 << 20  # so that a Ctrl-C of the host comes through soon
TICKS_MS_WRAP_US = (1 << 30) * 1000  # `ticks_us` wraps then too
MOST_WAITING = 100  # events of held interrupts that are made up for
DEAD = (
    "nothing can happen any more: the firmware waits forever and no event is due; check for a "
    "missing timer, interrupt or serial input"
)


@dataclass(slots=True, eq=False)
class Interrupt:
    """A source of interrupts: the number of its callback, and what taking it costs."""

    number: int
    latency_us: int
    samples: bool = False  # the recorder takes its row when this one returns
    dead: bool = False  # its callback raised: the port never calls it again


class Processor:
    """Runs one firmware on one engine in one world.

    `serve[reason]` are the peripherals' answers to requests: called with the words and the
    payload, they return the answer's payload and may set `wake_us`. `sense` brings the
    ADC's conversions up to date; `on_edges`, `on_outputs` and `on_sample` are hooks of the world's
    digital levels, the pins and the recorder. From `garbage_due_us` on, the main loop's next turn
    begins with a garbage collection: `on_garbage` says how long it takes, and sets when the next
    one is due. `spoil` may keep an interrupt from being taken, see interrupt_disturbance.py.
    """

    def __init__(self, time: VirtualTime, words: Any, profile: BoardProfile) -> None:
        self.time = time
        self.words = words
        self.world: World = EmptyWorld()
        self.engine: Any = None  # a RunningEngine; None while the board is off
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
        self.on_garbage: Callable[[int], int] = lambda _now_us: 0
        self.garbage_due_us = NEVER
        self.spoil: Callable[[Interrupt], bool] | None = None
        self.ticks_offset_us = TICKS_MS_WRAP_US - profile.first_wrap_us
        self.stopping = False
        self._exit_us = profile.interrupt_exit_us
        self._soft_latency_us = profile.soft_latency_us
        self.pending: list[Interrupt] = []
        self.restart()

    def restart(self, outputs_stay: bool = False) -> None:
        """The state after a reset: no interrupt pending, the main loop ready.

        A soft reset leaves the outputs as they are.
        """
        words = self.words
        kept = {layout.PINS, *range(layout.ADC0, layout.FLAGS)}
        if outputs_stay:
            kept |= {LEVELS, layout.WDT_FED, *range(layout.DUTY0, layout.DUTY0 + 16)}
        for index in set(range(len(words))) - kept:
            words[index] = 0
        self.wake_us = self.time._now
        self._wake_on = 0
        self._busy_us = 0  # the main loop cannot go on before: a collection, flash work
        self._held_us = 0  # interrupts wait until then: flash work, or masked
        self._clock_due_us = 0
        self.pending.clear()
        self._answer = b""
        self._kept: tuple[int, int, int] | None = None  # the main loop's answer, in words
        self._levels = words[LEVELS]

    @property
    def now_us(self) -> int:
        """Virtual time, microseconds since power-up."""
        return self.time._now

    def stop(self) -> None:
        """`run` returns as soon as the present step is done."""
        self.stopping = True

    @property
    def idle_forever(self) -> bool:
        """Whether no event is due and no code is to run; a world may still move by itself."""
        return self.wake_us >= NEVER and not self.pending and self.time.head_us() >= NEVER

    def wake_for(self, kind: int) -> None:
        """Ends a wait of the main loop that listens for `kind` (WAKE_* bits)."""
        if self._wake_on & kind:
            self._wake_on = 0
            self._wake_at(self.time._now)

    def _wake_at(self, time_us: int) -> None:
        """The main loop goes on then at the latest, or as soon as it can."""
        self.wake_us = min(self.wake_us, max(time_us, self._busy_us))

    def interrupt_main(self) -> None:
        """Raises KeyboardInterrupt in the main loop, out of its wait if it is in one."""
        self.words[layout.FLAGS] |= layout.FLAG_INTERRUPT
        self._wake_at(self.time._now)

    def hold(self, duration_us: int) -> None:
        """Flash work: neither interrupts nor the main loop run for `duration_us`."""
        if self.words[layout.IN_IRQ]:
            self.words[ELAPSED] += duration_us
            return
        self.stall(duration_us)
        self._held_us = max(self._held_us, self._busy_us)

    def stall(self, duration_us: int) -> None:
        """Hard interrupts run, the main loop and with it the soft ones do not."""
        self._busy_us = self.time._now + duration_us
        self.wake_us = max(self.wake_us, self._busy_us)

    def take_next(self, interrupt: Interrupt) -> None:
        """Before all that wait."""
        self.pending.insert(0, interrupt)

    def raise_interrupt(self, interrupt: Interrupt) -> None:
        """The source has an event now; one that waits already is not raised twice."""
        if interrupt not in self.pending and not interrupt.dead:
            self.pending.append(interrupt)

    def raise_again(self, interrupt: Interrupt) -> None:
        """As `raise_interrupt`, but events that find it waiting are counted, up to a limit."""
        pending = self.pending
        if not interrupt.dead and (not pending or len(pending) < MOST_WAITING):
            pending.append(interrupt)

    def drop_interrupt(self, interrupt: Interrupt) -> None:
        """The source is gone: nothing of it is taken any more."""
        interrupt.dead = True
        while interrupt in self.pending:
            self.pending.remove(interrupt)

    def moment_us(self) -> int:
        """Virtual time as the code that asks sees it; in an interrupt its handler's time too."""
        words = self.words
        return self.time._now + (words[ELAPSED] if words[layout.IN_IRQ] else 0)

    def run(self, until_us: int) -> None:
        """Runs until `until_us`, or until `stop` is called."""
        time, pending, world = self.time, self.pending, self.world
        queue, advance = time._queue, world.advance
        self.stopping = False
        while not self.stopping:
            now = time._now
            head: int = queue[0][0]  # type: ignore[assignment]
            if head <= now:
                time.step()
            elif pending and now >= self._held_us:
                interrupt = pending.pop(0)
                if self.spoil is None or not self.spoil(interrupt):
                    self._take_interrupt(interrupt)
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
        ticks = now_us + self.ticks_offset_us
        milliseconds, words[CLOCK_REST] = divmod(ticks, 1000)
        words[CLOCK_US] = words[TICKS_US] = (ticks & TICKS_MASK) - 0x40000000
        words[CLOCK_MS] = (milliseconds & TICKS_MASK) - 0x40000000
        self._clock_due_us = now_us + CLOCK_LASTS_US

    def _take_interrupt(self, interrupt: Interrupt) -> None:
        time, words, world = self.time, self.words, self.world
        now = time._now
        self.sense(now)
        if now < self._clock_due_us:
            words[TICKS_US] = ((now + self.ticks_offset_us) & TICKS_MASK) - 0x40000000
        else:
            self._set_clock(now)
        words[ELAPSED] = interrupt.latency_us
        words[LIMIT] = FOREVER_US
        failed = self.engine.interrupt(interrupt.number)
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
            self._wake_at(time._now + self._soft_latency_us)
        elif self._wake_on:
            self.wake_for(layout.WAKE_INTERRUPT)

    def _run_main(self, horizon_us: int) -> None:
        """Grants the main loop the time up to the horizon and serves what it asks for."""
        now = self.time._now
        if now >= self.garbage_due_us:
            self.stall(self.on_garbage(now))
            return
        words = self.words
        world = self.world
        world.save()
        longest_us = now + LONGEST_GRANT_US
        reached = world.advance(horizon_us if horizon_us < longest_us else longest_us)
        self._set_clock(now)
        words[ELAPSED] = 0
        words[LIMIT] = reached - now
        words[IRQ] = -1
        self._wake_on = 0
        if self._kept is not None:  # an interrupt asked for something since
            words[STATUS], words[RESULT], words[ARG0] = self._kept
            self._kept = None
        answer, self._answer = self._answer, b""
        if self.on_resume is not None:
            received = self.on_resume(now)
            words[RECEIVED] = len(received)
            answer = received + answer
        payload = self.engine.resume(answer)
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
        words = self.words
        if self._kept is None:
            self._kept = (words[STATUS], words[RESULT], words[ARG0])
        main_loop_s = (self.wake_us, self._busy_us, self._answer)
        self._serve(payload)
        answer = self._answer
        self.wake_us, self._busy_us, self._answer = main_loop_s
        return answer

    def _serve_wait(self, _payload: bytes) -> bytes:
        duration_us = self.words[ARG0]
        self._wake_on = self.words[ARG0 + 1]
        self.wake_us = NEVER if duration_us >= FOREVER_US else self.time._now + duration_us
        if self.words[SOFT]:
            self._wake_at(self.time._now + self._soft_latency_us)
        return b""

    def wait_for_edge(self, limit_us: int) -> None:
        """The main loop waits for `wake_for(WAKE_EDGE)`."""
        self._wake_on = layout.WAKE_EDGE
        self.wake_us = self.time._now + limit_us

    def _serve_sense(self, _payload: bytes) -> bytes:
        self.sense(self.time._now)
        return b""

    def _serve_mask(self, _payload: bytes) -> bytes:
        masked = self._held_us >= NEVER
        self._held_us = NEVER if self.words[ARG0] else 0
        self.words[RESULT] = 1 if masked else 0
        return b""

    def _serve_stall(self, _payload: bytes) -> bytes:
        self.stall(self.words[ARG0])
        return b""
