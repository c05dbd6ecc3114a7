"""Software timers, the watchdog and the clock."""

from collections.abc import Callable

from pensim.board.near._layout import (
    ARG0,
    CLOCK,
    CLOCK_START_S,
    RESULT,
    TIMER,
    WDT_FED,
    WDT_START,
)
from pensim.board.processor import TICKS_MASK, Interrupt, Processor
from pensim.board.profile import BoardProfile
from pensim.board.virtual_time import Alarm, VirtualTime

SECOND_US = 1_000_000


class Timers:
    """`machine.Timer`: alarms that raise interrupts."""

    def __init__(self, time: VirtualTime, processor: Processor, profile: BoardProfile) -> None:
        self._time = time
        self._processor = processor
        self._latency_us = profile.interrupt_latency_us
        self._timers: dict[int, _Timer] = {}
        processor.serve[TIMER] = self._serve_timer

    def reset(self) -> None:
        """Stops all timers."""
        for timer in self._timers.values():
            timer.stop()
        self._timers.clear()

    def _serve_timer(self, _payload: bytes) -> bytes:
        number, seconds, rest_us, periodic = self._processor.words[ARG0 : ARG0 + 4]
        period_us = seconds * SECOND_US + rest_us
        timer = self._timers.pop(number, None)
        if timer is not None:
            timer.stop()
        if period_us:
            interrupt = Interrupt(number, self._latency_us, samples=True)
            timer = _Timer(self._time, self._processor, interrupt, period_us, bool(periodic))
            self._timers[number] = timer
        return b""


class _Timer(Alarm):
    """An alarm that raises an interrupt, again and again if it is periodic.

    Periods that pass while interrupts are held back are made up for, one after another, as the
    port's alarm pool does.
    """

    def __init__(
        self,
        time: VirtualTime,
        processor: Processor,
        interrupt: Interrupt,
        period_us: int,
        periodic: bool,
    ) -> None:
        super().__init__(time, lambda: None)
        self._processor = processor
        self._interrupt = interrupt
        self._period_us = period_us if periodic else 0
        self.arm(processor.moment_us() + period_us)

    def ring(self) -> None:
        due_us = self._due_us
        if self._time._now != due_us:
            return
        self._processor.raise_again(self._interrupt)
        if self._period_us and not self._interrupt.dead:
            self.arm(due_us + self._period_us)
        else:
            self._due_us = -1

    def stop(self) -> None:
        super().stop()
        self._processor.drop_interrupt(self._interrupt)


class Watchdog:
    """`machine.WDT`: once started it cannot be stopped, and resets the board when not fed."""

    def __init__(
        self, time: VirtualTime, processor: Processor, on_bite: Callable[[], None]
    ) -> None:
        self._time = time
        self._words = processor.words
        self._ticks_offset_us = processor.ticks_offset_us
        self._alarm = Alarm(time, self._check)
        self._on_bite = on_bite
        self._timeout_us = 0
        processor.serve[WDT_START] = self._serve_start

    def reset(self) -> None:
        """The watchdog is off after a reset of the chip."""
        self._timeout_us = 0
        self._alarm.stop()

    def _serve_start(self, _payload: bytes) -> bytes:
        self._timeout_us = self._words[ARG0] * 1_000
        self._check()
        return b""

    def _check(self) -> None:
        """Bites, or looks again when it is due unless it is fed: feeding costs no exchange."""
        now = self._time._now
        fed_ago_us = (now + self._ticks_offset_us - self._words[WDT_FED]) & TICKS_MASK
        left_us = self._timeout_us - fed_ago_us
        if left_us <= 0:
            self._on_bite()
        else:
            self._alarm.arm(now + left_us)


class RealTimeClock:
    """The clock of `time.time`: it begins anew at each reset of the chip."""

    def __init__(self, processor: Processor) -> None:
        self._processor = processor
        self._start_us = 0
        processor.serve[CLOCK] = self._serve

    def reset(self) -> None:
        """The clock stands at its start."""
        self._start_us = self._processor.now_us

    def seconds(self) -> int:
        """Seconds of the epoch of 1970."""
        return CLOCK_START_S + (self._processor.now_us - self._start_us) // SECOND_US

    def _serve(self, _payload: bytes) -> bytes:
        words = self._processor.words
        now = self._processor.moment_us()
        if words[ARG0 + 1]:
            self._start_us = now - words[ARG0] * SECOND_US
        words[RESULT], words[ARG0] = divmod(now - self._start_us, SECOND_US)
        return b""
