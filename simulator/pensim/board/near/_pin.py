"""MicroPython's `machine.Pin` and `machine.Signal` for the RP2040.

There is one Pin object a pin, as on the port: `Pin(2) is Pin(2)`.
"""

import _callbacks
from _board import COST_PIN, W, ask, commit, integer, sync
from _layout import EDGES0, ELAPSED, IN_IRQ, LEVELS, LIMIT, PIN_INIT, PIN_IRQ, PINS
from _profile import HARD_TIMER, PIN_COUNT, PIN_NAMES

_UNCHANGED = -1
_NO_HANDLER = object()
_MODES = {0: "IN", 1: "OUT", 2: "OPEN_DRAIN"}
_FUNCTIONS = {1: "SPI", 2: "UART", 3: "I2C", 4: "PWM", 5: "SIO", 6: "PIO0", 7: "PIO1", 9: "USB"}
_pins = {}


def pin_number(pin):
    """The number of a pin given as a Pin, a name or a number. Raises ValueError."""
    if isinstance(pin, Pin):
        return pin._n
    if isinstance(pin, str):
        if pin not in PIN_NAMES:
            raise ValueError('unknown named pin "%s"' % pin)
        return PIN_NAMES[pin]
    if isinstance(pin, int) and 0 <= pin < PIN_COUNT:
        return int(pin)
    raise ValueError("invalid pin")


class _Names:
    """`Pin.board` and `Pin.cpu`: the pins by their names."""

    def __init__(self, of_chip):
        self._of_chip = of_chip

    def __getattr__(self, name):
        if name in PIN_NAMES and name.startswith("GPIO") == self._of_chip:
            return Pin(name)
        raise AttributeError("no such attribute: " + name)


class Pin:
    IN = 0
    OUT = 1
    OPEN_DRAIN = 2
    ALT = 3
    PULL_UP = 1
    PULL_DOWN = 2
    IRQ_FALLING = 4
    IRQ_RISING = 8
    ALT_SPI = 1
    ALT_UART = 2
    ALT_I2C = 3
    ALT_PWM = 4
    ALT_SIO = 5
    ALT_PIO0 = 6
    ALT_PIO1 = 7
    ALT_GPCK = 8
    ALT_USB = 9
    board = _Names(False)
    cpu = _Names(True)

    def __new__(cls, id, *arguments, **options):
        number = pin_number(id)
        pin = _pins.get(number)
        if pin is None or cls is not Pin:
            pin = object.__new__(cls)
            pin._n = number
            pin._bit = 1 << number
            pin._mode = -1
            pin._pull = Pin.PULL_DOWN
            pin._function = 31  # what the chip's reset leaves: none
            pin._irq = None
            _pins[number] = pin
        return pin

    def __init__(self, id, *arguments, **options):
        if arguments or options:
            self.init(*arguments, **options)

    def init(self, mode=None, pull=None, *, value=None, alt=5):
        mode = _UNCHANGED if mode is None else integer(mode)
        pull = 0 if pull is None else integer(pull) & 3
        if mode == Pin.OPEN_DRAIN:
            self._latch(value is None or value)
        elif mode == Pin.OUT and value is not None:
            self._latch(value)
        elif mode > Pin.OPEN_DRAIN and alt not in _FUNCTIONS:
            raise ValueError("invalid pin af: %d" % alt)
        self._pull = pull
        if mode != _UNCHANGED:
            self._mode = mode
            self._function = alt if mode == Pin.ALT else Pin.ALT_SIO
        ask(PIN_INIT, self._n, mode, pull)

    def _latch(self, level):
        levels = W[LEVELS]
        W[LEVELS] = levels | self._bit if level else levels & ~self._bit

    def value(self, level=None):
        words = W
        words[ELAPSED] = elapsed = words[ELAPSED] + COST_PIN
        if elapsed >= words[LIMIT]:
            sync()
        if level is None:
            return (words[PINS] >> self._n) & 1
        levels = words[LEVELS]
        wanted = levels | self._bit if level else levels & ~self._bit
        if wanted != levels:
            words[LEVELS] = wanted
            if not words[IN_IRQ]:
                commit()
        return None

    def __call__(self, level=None):
        return self.value(level)

    def on(self):
        self.value(1)

    def off(self):
        self.value(0)

    high = on
    low = off

    def toggle(self):
        self.value(0 if W[LEVELS] & self._bit else 1)

    def irq(self, handler=_NO_HANDLER, trigger=12, hard=None):
        if hard is not None and not HARD_TIMER:  # a port without hard interrupts lacks the word
            raise TypeError("extra keyword arguments given")
        if self._irq is None:
            self._irq = _PinIrq(self)
        if handler is not _NO_HANDLER or trigger != 12 or hard:
            self._irq._configure(None if handler is _NO_HANDLER else handler, trigger, hard)
        return self._irq

    def __repr__(self):
        mode = _MODES.get(self._mode, "ALT") if self._function == Pin.ALT_SIO else "ALT"
        text = "Pin(GPIO%d, mode=%s" % (self._n, mode)
        names = [name for bit, name in ((1, "PULL_UP"), (2, "PULL_DOWN")) if self._pull & bit]
        if names:
            text += ", pull=" + "|".join(names)
        if self._function != Pin.ALT_SIO:
            text += ", alt=" + _FUNCTIONS.get(self._function, str(self._function))
        return text + ")"


class _PinIrq:
    """What `Pin.irq` returns: the interrupt of one pin."""

    def __init__(self, pin):
        self._pin = pin
        self._trigger = 0
        self._hard = False
        self._number = _callbacks.add(_callbacks.nothing, pin, False)

    def _configure(self, handler, trigger, hard):
        self._hard = bool(hard)
        _callbacks.change(self._number, handler or _callbacks.nothing, self._hard)
        self._arm(integer(trigger), handler is not None)

    def _arm(self, trigger, enabled):
        self._trigger = trigger
        ask(PIN_IRQ, self._pin._n, trigger, self._number if enabled and trigger else -1)

    def flags(self):
        """The edges that raised the interrupt the last time."""
        return W[EDGES0 + self._pin._n]

    def trigger(self, trigger=None):
        """The edges that raise it; sets them when some are given."""
        before = self._trigger
        if trigger is not None:
            self._arm(integer(trigger), True)
        return before

    def __call__(self):
        callback = _callbacks.handler(self._number)
        if self._hard:
            callback(self._pin)
        else:
            _callbacks.schedule(callback, self._pin)


class Signal:
    """A pin with an active level."""

    def __init__(self, pin, *arguments, **options):
        invert = options.pop("invert", False)
        if isinstance(pin, Pin):
            if arguments or options:
                raise TypeError("a Signal of a Pin takes invert only")
        else:
            if invert and options.get("value") is not None:
                options["value"] = not options["value"]
            pin = Pin(pin, *arguments, **options)
        self._pin = pin
        self._invert = 1 if invert else 0

    def value(self, level=None):
        if level is None:
            return self._pin.value() ^ self._invert
        self._pin.value((1 if level else 0) ^ self._invert)
        return None

    def __call__(self, level=None):
        return self.value(level)

    def on(self):
        self.value(1)

    def off(self):
        self.value(0)
