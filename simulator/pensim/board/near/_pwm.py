"""MicroPython's `machine.PWM` for the RP2040: eight slices of two channels, GPn is channel n % 16.

Both channels of a slice have its frequency. The duty that a channel keeps is its 16-bit word; the
slice's counter resolves it in `top + 1` steps, which is what reading it back shows.
"""

from _board import COST_PWM, W, ask, commit, integer, sync
from _layout import DIRTY, DUTY0, ELAPSED, IN_IRQ, LIMIT, LISTEN, PWM_INIT
from _pin import Pin
from _profile import CPU_HZ, PINS_PWM

_FULL = 65535
_TOP_MAX = 65534  # so that a duty of 65535 is always high
_KEEP = 0
_STOP = -1

_dividers = [0] * 8  # of each slice, in 1/16; 0: no frequency set
_tops = [0] * 8
_widths_ns = [None] * 16  # the duty of a channel that was set by `duty_ns`, to keep its width
_words = [0] * 16  # the duty word that came of it


class PWM:
    """A pin as a PWM output."""

    def __init__(self, dest, freq=-1, *, duty_u16=-1, duty_ns=-1, invert=-1):
        pin = dest if isinstance(dest, Pin) else Pin(dest)
        if pin._n not in PINS_PWM:
            raise ValueError("expecting a regular GPIO Pin")
        self._channel = pin._n & 15
        self._slice = self._channel >> 1
        self._dirty = 1 << self._channel
        self._invert = 0
        _widths_ns[self._channel] = None
        self.init(freq, duty_u16=duty_u16, duty_ns=duty_ns, invert=invert)
        pin._function = Pin.ALT_PWM
        pin.value = _listening(pin)
        self._configure(pin._n, _KEEP, 0)

    def init(self, freq=-1, *, duty_u16=-1, duty_ns=-1, invert=-1):
        if integer(freq) != -1:
            self.freq(freq)
        if integer(duty_u16) != -1:
            self.duty_u16(duty_u16)
        if integer(duty_ns) != -1:
            self.duty_ns(duty_ns)
        if integer(invert) != -1:
            self._invert = 1 if invert else 0
            self._configure(-1, _KEEP, 0)

    def _configure(self, pin, divider, top):
        ask(PWM_INIT, pin, divider, top, self._channel | self._invert << 8)

    def freq(self, hz=None):
        if hz is None:
            steps = _dividers[self._slice] * (_tops[self._slice] + 1)
            return (16 * CPU_HZ + steps // 2) // steps if steps else 0
        divider, top = _counter(integer(hz))
        _dividers[self._slice], _tops[self._slice] = divider, top
        self._configure(-1, divider, top)
        for channel in (self._channel, self._channel ^ 1):
            width_ns = _widths_ns[channel]
            if width_ns is not None and W[DUTY0 + channel] == _words[channel]:
                _set_width(channel, width_ns)
        return None

    def duty_u16(self, duty=None):
        words = W
        words[ELAPSED] = elapsed = words[ELAPSED] + COST_PWM
        if elapsed >= words[LIMIT]:
            sync()
        if duty is None:
            return self._resolved()
        if duty.__class__ is not int:
            duty = integer(duty)
        if duty < 0 or duty > 65535:
            duty = 0 if duty < 0 else 65535
        place = DUTY0 + self._channel
        if words[place] != duty:
            words[place] = duty
            words[DIRTY] |= self._dirty
            if not words[IN_IRQ]:
                commit()
        return None

    def _resolved(self):
        """The duty as the counter has it; the word itself in an interrupt, where it must fit."""
        duty = W[DUTY0 + self._channel]
        if W[IN_IRQ] or not _dividers[self._slice]:
            return duty if _dividers[self._slice] else 0
        steps = _tops[self._slice] + 1
        return (_level(duty, steps) * _FULL + steps // 2) // steps

    def duty_ns(self, ns=None):
        if ns is None:
            if not _dividers[self._slice]:
                return 0
            steps = _tops[self._slice] + 1
            hz = _step_hz(self._slice)
            return (_level(W[DUTY0 + self._channel], steps) * 1000000000 + hz // 2) // hz
        _widths_ns[self._channel] = integer(ns)
        if _dividers[self._slice]:
            _set_width(self._channel, ns)
        return None

    def deinit(self):
        """Stops the slice: both of its channels keep the level that they have now."""
        self._configure(-1, _STOP, 0)
        self.duty_u16 = self._restart

    def _restart(self, duty=None):
        del self.duty_u16
        if duty is not None and _dividers[self._slice]:
            self._configure(-1, _dividers[self._slice], _tops[self._slice])
        return self.duty_u16(duty)

    def __repr__(self):
        return "<PWM slice=%d channel=%d invert=%d>" % (
            self._slice,
            self._channel & 1,
            self._invert,
        )


def _counter(hz):
    """(divider in 1/16, top) for a frequency, with as many steps as possible, as on the port."""
    if hz < 1:
        raise ValueError("freq too small")
    if (CPU_HZ + hz // 2) // hz < _TOP_MAX:
        divider, top = 16, (CPU_HZ + hz // 2) // hz - 1
    else:
        divider = (16 * CPU_HZ + _TOP_MAX * hz - 1) // (_TOP_MAX * hz)
        top = (16 * CPU_HZ + divider * hz // 2) // (divider * hz) - 1
    if divider >= 4096:
        raise ValueError("freq too small")
    if top < 1:
        raise ValueError("freq too large")
    return divider, top


def _level(duty, steps):
    """Counts for which the output is high."""
    return (duty * steps + 32767) // _FULL


def _step_hz(slice_number):
    divider = _dividers[slice_number]
    return (16 * CPU_HZ + divider // 2) // divider


def _set_width(channel, width_ns):
    """Sets a channel's duty word so that its pulses are `width_ns` long."""
    steps = _tops[channel >> 1] + 1
    level = (width_ns * _step_hz(channel >> 1) + 500000000) // 1000000000
    level = min(max(level, 0), steps)
    W[DUTY0 + channel] = _words[channel] = (level * _FULL + steps // 2) // steps
    W[DIRTY] |= 1 << channel
    commit()


def _listening(pin):
    """The first read of a pin that is a PWM output tells the board to make its edges."""

    def value(level=None):
        del pin.value
        ask(LISTEN, pin._n)
        return pin.value(level)

    return value
