"""PWM slices: their counters, and edges at the pins of those channels that somebody watches.

A channel's output is high while its slice's counter is below the duty's level. An edge happens at
the first whole microsecond in which it can be seen; a new duty is taken when the counter wraps.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from pensim.board.near._layout import DUTY0
from pensim.board.processor import Processor
from pensim.board.virtual_time import Alarm

SLICES, CHANNELS = 8, 16
FULL = 65535
_STEPS_PER_CYCLE = 16  # the divider counts in sixteenths of a cycle


@dataclass(slots=True)
class _Slice:
    """One counter: `divider` in sixteenths of a cycle, `start` in the same unit of time."""

    divider: int = 0
    top: int = 0
    start: int = 0
    running: bool = False

    @property
    def period(self) -> int:
        return self.divider * (self.top + 1)


@dataclass(slots=True)
class _Channel:
    """One output: the level that its counter compares with, and who has it."""

    pins: set[int] = field(default_factory=set)
    inverted: bool = False
    frozen: int = 0  # the output while the slice stands
    watched: bool = False
    level: int = 0
    latch: int = -1  # when a new duty is taken, -1: none waits


class PwmSlices:
    """All slices. `settle(pin)` is called when the output at a watched pin may have changed."""

    def __init__(self, processor: Processor, cpu_hz: int, settle: Callable[[int], None]) -> None:
        self._time = processor.time
        self._words = processor.words
        self._cpu_hz = cpu_hz
        self._per_us = cpu_hz * _STEPS_PER_CYCLE // 1_000_000
        self._settle = settle
        self._alarms = [
            Alarm(processor.time, lambda channel=channel: self._edge(channel))  # type: ignore[misc]
            for channel in range(CHANNELS)
        ]
        self.reset()

    def reset(self) -> None:
        """What a reset of the chip leaves: all counters stand."""
        self._slices = [_Slice() for _ in range(SLICES)]
        self._channels = [_Channel() for _ in range(CHANNELS)]
        for alarm in self._alarms:
            alarm.stop()

    def connected(self) -> list[int]:
        """All pins that are PWM outputs."""
        return sorted(pin for channel in self._channels for pin in channel.pins)

    def connect(self, pin: int) -> None:
        """The pin becomes its channel's output."""
        self._channels[pin & 15].pins.add(pin)

    def disconnect(self, pin: int) -> None:
        """The pin has another function now."""
        self._channels[pin & 15].pins.discard(pin)

    def invert(self, channel: int, inverted: bool) -> None:
        """Swaps high and low of a channel's output."""
        self._channels[channel].inverted = inverted
        self._rearm(channel)

    def run(self, slice_number: int, divider: int, top: int) -> None:
        """Sets a counter's frequency and starts it; one that runs keeps its phase."""
        counter = self._slices[slice_number]
        now = self._now()
        start = now
        if counter.running:
            start = now - (now - counter.start) % counter.period
        self._slices[slice_number] = _Slice(divider, top, start, True)
        self._both(slice_number)

    def stop(self, slice_number: int) -> None:
        """The counter stands; both outputs stay as they are."""
        counter = self._slices[slice_number]
        if counter.running:
            for channel in (2 * slice_number, 2 * slice_number + 1):
                self._channels[channel].frozen = self._output(channel)
            counter.running = False
            self._both(slice_number)

    def running(self, channel: int) -> bool:
        """Whether the channel's counter runs."""
        return self._slices[channel >> 1].running

    def inverted(self, channel: int) -> bool:
        """Whether high and low of the channel's output are swapped."""
        return self._channels[channel].inverted

    def duty(self, channel: int) -> int:
        """Mean of the output, 0 to 65535."""
        state = self._channels[channel]
        if not self.running(channel):
            return FULL if state.frozen else 0
        duty = self._words[DUTY0 + channel]
        return FULL - duty if state.inverted else duty

    def watch(self, channel: int, watched: bool) -> None:
        """Whether the channel's edges matter to somebody."""
        state = self._channels[channel]
        if watched and not state.watched:
            state.watched = True
            state.level = self._wanted(channel)
            self._rearm(channel)
        elif state.watched and not watched:
            state.watched = False
            self._alarms[channel].stop()

    def duty_changed(self, channel: int) -> None:
        """A new duty word; a watched output takes it when its counter wraps."""
        state = self._channels[channel]
        counter = self._slices[channel >> 1]
        if state.watched and counter.running:
            now = self._now()
            state.latch = now + counter.period - (now - counter.start) % counter.period
            self._rearm(channel)

    def level(self, pin: int) -> int | None:
        """What the channel drives onto the pin; None when nobody watches its edges."""
        channel = pin & 15
        state = self._channels[channel]
        if not self.running(channel):
            return state.frozen
        return self._output(channel) if state.watched else None

    def _now(self) -> int:
        return self._time._now * self._per_us

    def _both(self, slice_number: int) -> None:
        for channel in (2 * slice_number, 2 * slice_number + 1):
            self._channels[channel].level = self._wanted(channel)
            self._rearm(channel)

    def _wanted(self, channel: int) -> int:
        steps = self._slices[channel >> 1].top + 1
        return (self._words[DUTY0 + channel] * steps + FULL // 2) // FULL

    def _output(self, channel: int) -> int:
        state = self._channels[channel]
        counter = self._slices[channel >> 1]
        level = state.level if state.watched else self._wanted(channel)
        count = (self._now() - counter.start) % counter.period // counter.divider
        return int(count < level) ^ state.inverted

    def _edge(self, channel: int) -> None:
        state = self._channels[channel]
        if 0 <= state.latch <= self._now():
            state.latch = -1
            state.level = self._wanted(channel)
        self._rearm(channel)

    def _rearm(self, channel: int) -> None:
        """Brings the pins up to date and waits for the next edge, or for a duty to be taken."""
        state = self._channels[channel]
        if not state.watched:
            return
        for pin in state.pins:
            self._settle(pin)
        due = self._next_edge(channel)
        if state.latch >= 0:
            due = state.latch if due is None else min(due, state.latch)
        if due is None or not self.running(channel):
            self._alarms[channel].stop()
        else:
            self._alarms[channel].arm(-(-due // self._per_us))

    def _next_edge(self, channel: int) -> int | None:
        counter = self._slices[channel >> 1]
        level = self._channels[channel].level
        if not counter.running or not 0 < level <= counter.top:
            return None
        now = self._now()
        wrapped = now - (now - counter.start) % counter.period
        falls = wrapped + level * counter.divider
        return falls if falls > now else wrapped + counter.period
