"""Pins: modes, pulls, outside drivers, jumper wires, edge interrupts and PWM duties.

The level of a net (pins joined by wires) is what drives it: an output, an open drain that pulls
low, or an outside part; else a pull; else it floats and reads low.
"""

from collections.abc import Callable

from pensim.board.near._layout import DIRTY, DUTY0, EDGES0, LEVELS, PINS
from pensim.board.processor import Interrupt, Processor
from pensim.board.profile import BoardProfile
from pensim.board.pwm import CHANNELS, FULL, PwmSlices

IN, OUT, OPEN_DRAIN, ALT = 0, 1, 2, 3
PULL_UP, PULL_DOWN = 1, 2
FALLING, RISING = 4, 8
PIN_COUNT = 30


class Gpio:
    """All pins of one board."""

    def __init__(self, processor: Processor, profile: BoardProfile) -> None:
        self._processor = processor
        self._words = processor.words
        self._wired: list[tuple[int, ...]] = [(n,) for n in range(PIN_COUNT)]
        self._drivers: list[int | None] = [None] * PIN_COUNT
        self._listeners: dict[int, Callable[[int], None]] = {}
        self._simple_outputs: dict[int, Callable[[int], None]] = {}  # by bit; see _is_simple
        self._duty_listeners: dict[int, Callable[[int], None]] = {}
        self.pwm = PwmSlices(processor, profile.cpu_hz, self._settle)
        processor.on_outputs = self._outputs_changed
        self._clear()

    def _clear(self) -> None:
        self._modes = [IN] * PIN_COUNT
        self._pulls = [PULL_DOWN] * PIN_COUNT
        self._edges = [0] * PIN_COUNT
        self._interrupts: list[Interrupt | None] = [None] * PIN_COUNT
        self._functions: dict[int, int | None] = {}  # level that a peripheral drives, by pin
        self._readers: set[int] = set()  # pins whose level the firmware reads
        self._latched = 0
        self.refresh()

    def reset(self) -> None:
        """What a processor reset leaves: inputs with the pads' pull-down, no PWM."""
        powered = [pin for pin in self._duty_listeners if self._modes[pin] != IN]
        self.pwm.reset()
        self._clear()
        for pin in powered:
            self._duty_listeners[pin](0)
        for pin in range(PIN_COUNT):
            self._settle(pin)

    def soft_reset(self) -> None:
        """Pins and PWM stay as they are, without interrupts."""
        for pin in range(PIN_COUNT):
            self.set_interrupt(pin, None, 0)

    # The world around the board

    def wire(self, first: int, second: int) -> None:
        """Joins two pins with a jumper wire."""
        net = tuple(sorted(set(self._wired[first] + self._wired[second])))
        for pin in net:
            self._wired[pin] = net
        self.refresh()
        self._settle(first)

    def joined(self, first: int, second: int) -> bool:
        """Whether a wire leads from one pin to the other."""
        return second in self._wired[first]

    def listen(self, pin: int, listener: Callable[[int], None]) -> None:
        """Calls `listener(level)` when the pin's level changes."""
        self._listeners[pin] = listener
        self.refresh()

    def unlisten(self, pin: int) -> Callable[[int], None] | None:
        """Takes a pin's listener away and returns it."""
        listener = self._listeners.pop(pin, None)
        self.refresh()
        return listener

    def listen_duty(self, pin: int, listener: Callable[[int], None]) -> None:
        """Calls `listener(duty_u16)` when the pin's mean level changes; in place of `listen`."""
        self._duty_listeners[pin] = listener
        self._listeners[pin] = lambda level: self._driven(pin, level)
        self.refresh()

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
        if mode == ALT:
            return self._functions[pin] if pin in self._functions else self.pwm.level(pin)
        return None

    def _changed(self, pin: int, level: int) -> None:
        listener = self._listeners.get(pin)
        if listener is not None:
            listener(level)
        interrupt = self._interrupts[pin]
        if interrupt is not None:
            edge = RISING if level else FALLING
            if self._edges[pin] & edge:
                self._raise(pin, edge, interrupt)

    def _raise(self, pin: int, edge: int, interrupt: Interrupt) -> None:
        pending = self._processor.pending
        if interrupt in pending:
            self._words[EDGES0 + pin] |= edge
        elif not interrupt.dead:
            pending.append(interrupt)
            self._words[EDGES0 + pin] = edge

    def _driven(self, pin: int, level: int) -> None:
        if self._modes[pin] == OUT:
            self._duty_listeners[pin](FULL if level else 0)

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
        for bit, word, listener in self._duty_outputs:
            if dirty & bit:
                listener(self._words[word])
        if dirty & self._watched:
            for channel in range(16):
                if dirty & self._watched & 1 << channel:
                    self.pwm.duty_changed(channel)

    # What the firmware makes of its pins

    def set_mode(self, pin: int, mode: int, pulls: int) -> None:
        """An input, an output or an open drain; a peripheral loses the pin."""
        self._pulls[pin] = pulls
        self.pwm.disconnect(pin)
        self._functions.pop(pin, None)
        self._modes[pin] = mode
        if mode in (IN, OPEN_DRAIN):
            self._readers.add(pin)
        self._adopt(pin)

    def set_pulls(self, pin: int, pulls: int) -> None:
        """PULL_* bits."""
        self._pulls[pin] = pulls
        self._adopt(pin)

    def give_to_pwm(self, pin: int) -> None:
        """The pin becomes its PWM channel's output; `pwm_changed` has to follow."""
        self._functions.pop(pin, None)
        self._readers.discard(pin)  # until it is read again
        self._modes[pin] = ALT
        self.pwm.connect(pin)

    def give_to_peripheral(self, pin: int, level: int | None, pulls: int = 0) -> None:
        """Another peripheral has the pin, and drives it to `level` or leaves it alone."""
        self._pulls[pin] = pulls
        self.pwm.disconnect(pin)
        self._modes[pin] = ALT
        self._functions[pin] = level
        self._adopt(pin)

    def set_interrupt(self, pin: int, interrupt: Interrupt | None, edges: int) -> None:
        """Edges of the pin raise the interrupt, in place of an earlier one."""
        old = self._interrupts[pin]
        if old is not None:
            self._processor.drop_interrupt(old)
        self._interrupts[pin] = interrupt
        self._edges[pin] = edges
        self.refresh()

    def add_reader(self, pin: int) -> None:
        """The firmware reads this pin's level, whatever its mode."""
        self._readers.add(pin)
        self.refresh()

    def _adopt(self, pin: int) -> None:
        self.refresh()
        self._settle(pin)
        listener = self._duty_listeners.get(pin)
        if listener is not None:
            listener(self.duty(pin))

    def pwm_changed(self, slice_number: int) -> None:
        """A slice has another frequency, stands or inverts."""
        self.refresh()
        for pin in self.pwm.connected():
            if (pin & 15) >> 1 == slice_number:
                self._adopt(pin)

    def duty(self, pin: int) -> int:
        """Mean level of a pin as a duty."""
        if self._modes[pin] == ALT and pin not in self._functions:
            return self.pwm.duty(pin & 15)
        return FULL if self._output_level(pin) else 0

    def refresh(self) -> None:
        """Who drives and who watches has changed: works out again what is quick, and PWM edges."""
        self._simple_outputs.clear()
        self._watched = 0
        self._duty_outputs: list[tuple[int, int, Callable[[int], None]]] = []
        for pin in self.pwm.connected():
            channel = pin & 15
            if any(self._is_watched(member) for member in self._wired[pin]):
                self._watched |= 1 << channel
            listener = self._duty_listeners.get(pin)
            if listener is not None and self.pwm.running(channel):
                tell = _inverting(listener) if self.pwm.inverted(channel) else listener
                self._duty_outputs.append((1 << channel, DUTY0 + channel, tell))
        for channel in range(CHANNELS):
            self.pwm.watch(channel, bool(self._watched & 1 << channel))

    def _is_watched(self, pin: int) -> bool:
        """Whether somebody wants to see the edges that come to this pin."""
        heard = pin in self._listeners and pin not in self._duty_listeners
        return heard or pin in self._readers or self._interrupts[pin] is not None


def _ignore(_level: int) -> None:
    pass


def _inverting(listener: Callable[[int], None]) -> Callable[[int], None]:
    return lambda duty: listener(FULL - duty)
