"""What the firmware asks of its pins: modes, interrupts, PWM, pulses."""

from collections.abc import Callable

from pensim.board.gpio import ALT, Gpio
from pensim.board.near._layout import (
    ARG0,
    LISTEN,
    PIN_INIT,
    PIN_IRQ,
    PULSE,
    PWM_INIT,
    WAKE_EDGE,
)
from pensim.board.processor import Interrupt, Processor
from pensim.board.profile import BoardProfile


class PinControl:
    """Serves the requests of `machine.Pin`, `machine.PWM` and `machine.time_pulse_us`."""

    def __init__(self, gpio: Gpio, processor: Processor, profile: BoardProfile) -> None:
        self._gpio = gpio
        self._processor = processor
        self._words = processor.words
        self._latency_us = profile.interrupt_latency_us
        self._awaited: tuple[int, Callable[[int], None] | None] | None = None
        serve = processor.serve
        serve[PIN_INIT] = self._serve_init
        serve[PIN_IRQ] = self._serve_irq
        serve[PWM_INIT] = self._serve_pwm
        serve[LISTEN] = self._serve_listen
        serve[PULSE] = self._serve_pulse

    def _serve_init(self, _payload: bytes) -> bytes:
        pin, mode, pulls = self._words[ARG0 : ARG0 + 3]
        if mode < 0:
            self._gpio.set_pulls(pin, pulls)
        elif mode < ALT:
            self._gpio.set_mode(pin, mode, pulls)
        else:
            self._gpio.give_to_peripheral(pin, None, pulls)
        return b""

    def _serve_irq(self, _payload: bytes) -> bytes:
        pin, edges, number = self._words[ARG0 : ARG0 + 3]
        interrupt = None if number < 0 else Interrupt(number, self._latency_us)
        self._gpio.set_interrupt(pin, interrupt, edges)
        return b""

    def _serve_pwm(self, _payload: bytes) -> bytes:
        pin, divider, top, packed = self._words[ARG0 : ARG0 + 4]
        channel, inverted = packed & 255, bool(packed >> 8)
        pwm = self._gpio.pwm
        if divider > 0:
            pwm.run(channel >> 1, divider, top)
        elif divider < 0:
            pwm.stop(channel >> 1)
        pwm.invert(channel, inverted)
        if pin >= 0:
            self._gpio.give_to_pwm(pin)
        self._gpio.pwm_changed(channel >> 1)
        return b""

    def _serve_listen(self, _payload: bytes) -> bytes:
        self._gpio.add_reader(self._words[ARG0])
        return b""

    def _serve_pulse(self, _payload: bytes) -> bytes:
        """The main loop waits for the pin's next edge."""
        pin, limit_us = self._words[ARG0 : ARG0 + 2]
        self._stop_waiting()
        self._awaited = (pin, self._gpio.unlisten(pin))
        self._gpio.listen(pin, self._edge_came)
        self._processor.wait_for_edge(limit_us)
        return b""

    def _edge_came(self, level: int) -> None:
        listener = self._stop_waiting()
        if listener is not None:
            listener(level)
        self._processor.wake_for(WAKE_EDGE)

    def _stop_waiting(self) -> Callable[[int], None] | None:
        """Puts the pin's own listener back, and returns it."""
        if self._awaited is None:
            return None
        pin, listener = self._awaited
        self._awaited = None
        self._gpio.unlisten(pin)
        if listener is not None:
            self._gpio.listen(pin, listener)
        return listener
