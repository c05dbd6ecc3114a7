"""Pins: modes, pulls, outside drivers, jumper wires, edge interrupts and PWM duties.

The level of a net (pins joined by wires) is what drives it: an output, an open drain that pulls
low, or an outside part; else a pull; else it floats and reads low.
"""

from collections.abc import Callable

from pensim.board.near._layout import (
    ARG0,
    DIRTY,
    DUTY0,
    ERROR_VALUE,
    LEVELS,
    PIN_INIT,
    PIN_IRQ,
    PINS,
    PWM_INIT,
)
from pensim.board.processor import BoardRefusal, Interrupt, Processor
from pensim.board.profile import BoardProfile

IN, OUT, OPEN_DRAIN, ALT = 0, 1, 2, 3
PULL_UP, PULL_DOWN = 1, 2
FALLING, RISING = 4, 8
PIN_COUNT = 30


class Gpio:
    """All pins of one board."""

    def __init__(self, processor: Processor, profile: BoardProfile) -> None:
        self._processor = processor
        self._words = processor.words
        self._profile = profile
        self._wired: list[tuple[int, ...]] = [(n,) for n in range(PIN_COUNT)]
        self._drivers: list[int | None] = [None] * PIN_COUNT
        self._listeners: dict[int, Callable[[int], None]] = {}
        self._simple_outputs: dict[int, Callable[[int], None]] = {}  # by bit; see _is_simple
        self._duty_listeners: dict[int, Callable[[int], None]] = {}
        processor.serve[PIN_INIT] = self._serve_init
        processor.serve[PIN_IRQ] = self._serve_irq
        processor.serve[PWM_INIT] = self._serve_pwm
        processor.on_outputs = self._outputs_changed
        self.pwm_hz = [0] * 16
        self.reset()

    def reset(self) -> None:
        """What a processor reset leaves: inputs with the pads' pull-down, no PWM."""
        stopped = [n for n in range(PIN_COUNT) if self.pwm_hz[n & 15] or self._words[DUTY0 + (n & 15)]]
        self._modes = [IN] * PIN_COUNT
        self._pulls = [PULL_DOWN] * PIN_COUNT
        self._edges = [0] * PIN_COUNT
        self._interrupts: list[Interrupt | None] = [None] * PIN_COUNT
        self._latched = 0
        self._simple_outputs.clear()
        self.pwm_hz = [0] * 16
        for pin in stopped:
            self._notify_duty(pin, 0)
        for pin in range(PIN_COUNT):
            self._settle(pin)

    def wire(self, first: int, second: int) -> None:
        """Joins two pins with a jumper wire."""
        net = tuple(sorted(set(self._wired[first] + self._wired[second])))
        for pin in net:
            self._wired[pin] = net
        self._simple_outputs.clear()
        self._settle(first)

    def listen(self, pin: int, listener: Callable[[int], None]) -> None:
        """Calls `listener(level)` when the pin's level changes."""
        self._listeners[pin] = listener
        self._simple_outputs.clear()

    def listen_duty(self, pin: int, listener: Callable[[int], None]) -> None:
        """Calls `listener(duty_u16)` when the pin's PWM changes."""
        self._duty_listeners[pin] = listener

    def drive(self, pin: int, level: int | None) -> None:
        """An outside part drives the pin to `level`; `None` lets it go."""
        if (level is None) != (self._drivers[pin] is None):
            self._simple_outputs.clear()
        self._drivers[pin] = level
        if level is None or self._modes[pin] != IN or len(self._wired[pin]) > 1:
            self._settle(pin)
        elif (self._words[PINS] >> pin) & 1 != level:  # the usual case: an input of its own
            self._words[PINS] ^= 1 << pin
            self._changed(pin, level)

    def level(self, pin: int) -> int:
        """Level at the pin, 0 or 1."""
        return (self._words[PINS] >> pin) & 1

    def is_output(self, pin: int) -> bool:
        """Whether the firmware made the pin an output."""
        return self._modes[pin] == OUT

    def _settle(self, pin: int) -> None:
        """Works the net's level out and tells everyone when it has changed."""
        net = self._wired[pin]
        level = self._resolve(net)
        words = self._words
        for member in net:
            if (words[PINS] >> member) & 1 != level:
                words[PINS] ^= 1 << member
                self._changed(member, level)

    def _resolve(self, net: tuple[int, ...]) -> int:
        pulls = 0
        high = False
        for pin in net:
            outside = self._drivers[pin]
            own = self._output_level(pin)
            if outside == 0 or own == 0:
                return 0
            high = high or outside == 1 or own == 1
            pulls |= self._pulls[pin]
        return 1 if high or pulls & PULL_UP else 0

    def _output_level(self, pin: int) -> int | None:
        """What the board itself drives onto the pin, or None."""
        mode = self._modes[pin]
        if mode == OUT:
            return (self._latched >> pin) & 1
        if mode == OPEN_DRAIN and not (self._latched >> pin) & 1:
            return 0
        return None

    def _changed(self, pin: int, level: int) -> None:
        listener = self._listeners.get(pin)
        if listener is not None:
            listener(level)
        interrupt = self._interrupts[pin]
        if interrupt is not None and self._edges[pin] & (RISING if level else FALLING):
            self._processor.raise_interrupt(interrupt)

    def _outputs_changed(self) -> None:
        """The firmware wrote latches or duties; most often one pin, known from the last time."""
        words = self._words
        levels = words[LEVELS]
        changed = self._latched ^ levels
        self._latched = levels
        listener = self._simple_outputs.get(changed)
        if listener is not None:
            words[PINS] ^= changed
            listener(1 if levels & changed else 0)
        elif changed:
            self._latches_changed(changed)
        dirty = words[DIRTY]
        if dirty:
            words[DIRTY] = 0
            self._duties_changed(dirty)

    def _latches_changed(self, changed: int) -> None:
        while changed:
            bit = changed & -changed
            changed ^= bit
            listener = self._simple_outputs.get(bit)
            if listener is not None:
                self._words[PINS] ^= bit
                listener(1 if self._latched & bit else 0)
                continue
            pin = bit.bit_length() - 1
            self._settle(pin)
            if self._is_simple(pin):
                self._simple_outputs[bit] = self._listeners.get(pin, _ignore)

    def _is_simple(self, pin: int) -> bool:
        """An output that nothing else drives or watches: its level is its latch."""
        alone = len(self._wired[pin]) == 1 and self._drivers[pin] is None
        return alone and self._modes[pin] == OUT and self._interrupts[pin] is None

    def _duties_changed(self, dirty: int) -> None:
        for pin, listener in self._duty_listeners.items():
            if dirty >> (pin & 15) & 1 and self._modes[pin] == ALT:
                listener(self._words[DUTY0 + (pin & 15)])

    def _notify_duty(self, pin: int, duty: int) -> None:
        listener = self._duty_listeners.get(pin)
        if listener is not None:
            listener(duty)

    def _serve_init(self, _payload: bytes) -> bytes:
        pin, mode, pull = self._words[ARG0 : ARG0 + 3]
        if pull not in (-1, 0, PULL_UP, PULL_DOWN):
            raise BoardRefusal(ERROR_VALUE, "invalid pull")
        self._simple_outputs.clear()
        if mode != -1:
            self._modes[pin] = mode
        if pull != -1:
            self._pulls[pin] = pull
        self._settle(pin)
        return b""

    def _serve_irq(self, _payload: bytes) -> bytes:
        pin, edges, number = self._words[ARG0 : ARG0 + 3]
        self._edges[pin] = edges
        latency_us = self._profile.interrupt_latency_us
        self._interrupts[pin] = None if number < 0 else Interrupt(number, latency_us)
        self._simple_outputs.clear()
        return b""

    def _serve_pwm(self, _payload: bytes) -> bytes:
        pin, hz, channel = self._words[ARG0 : ARG0 + 3]
        self.pwm_hz[channel] = hz
        self._simple_outputs.clear()
        self._modes[pin] = ALT if hz else IN
        self._notify_duty(pin, self._words[DUTY0 + channel] if hz else 0)
        return b""


def _ignore(_level: int) -> None:
    pass
