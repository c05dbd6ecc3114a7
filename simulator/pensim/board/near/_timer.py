"""MicroPython's `machine.Timer`, `machine.WDT` and `machine.RTC` for the RP2040."""

from time import gmtime, mktime, time

import _callbacks
from _board import COST_CALL, W, ask, attach_probe, integer, now_us, spend
from _layout import CLOCK, CLOCK_START_S, TIMER, WDT_FED, WDT_START
from _profile import HARD_TIMER, WDT_LIMIT_MS

_SECOND_US = 1000000


class Timer:
    """A software timer (id -1), as the rp2 port has them."""

    ONE_SHOT = 0
    PERIODIC = 1

    def __init__(self, id=-1, **options):
        if integer(id) != -1:
            raise ValueError("Timer doesn't exist")
        self._number = _callbacks.add(_callbacks.nothing, self, False)
        self._periodic = True
        self._period_us = 0
        if options:
            self.init(**options)

    def init(
        self, *, mode=1, callback=None, period=0xFFFFFFFF, tick_hz=1000, freq=None, hard=False
    ):
        if hard and not HARD_TIMER:
            raise ValueError("hard Timers are not implemented")
        if freq is None:
            self._period_us = _period_us(integer(period), integer(tick_hz))
        else:
            self._period_us = _freq_us(freq)
        self._periodic = integer(mode) != Timer.ONE_SHOT
        _callbacks.change(self._number, callback or _callbacks.nothing, bool(hard))
        attach_probe()
        seconds, rest_us = divmod(self._period_us, _SECOND_US)
        ask(TIMER, self._number, seconds, rest_us, 1 if self._periodic else 0)

    def deinit(self):
        ask(TIMER, self._number)

    def __repr__(self):
        mode = "PERIODIC" if self._periodic else "ONE_SHOT"
        return "Timer(mode=%s, tick_hz=1000000, period=%d)" % (mode, self._period_us)


def _period_us(period, tick_hz):
    """A period in ticks. The port takes zero for a microsecond, which only hangs the board."""
    if period <= 0 or tick_hz <= 0:
        raise ValueError("period must be above zero")
    return max(period * _SECOND_US // tick_hz, 1)


def _freq_us(freq):
    if not isinstance(freq, (int, float)):
        raise TypeError("can't convert %s to float" % type(freq).__name__)
    if freq <= 0:
        raise ValueError("freq must be above zero")
    period_us = _SECOND_US // freq if isinstance(freq, int) else int(_SECOND_US / freq)
    return max(period_us, 1)


class WDT:
    """The watchdog: once started it cannot be stopped."""

    def __init__(self, id=0, timeout=5000):
        if integer(id) != 0:
            raise ValueError("WDT(%d) doesn't exist" % id)
        if integer(timeout) > WDT_LIMIT_MS:
            raise ValueError("timeout exceeds %d" % WDT_LIMIT_MS)
        if timeout <= 0:
            raise ValueError("timeout must be above zero")
        W[WDT_FED] = now_us()
        ask(WDT_START, timeout)

    def feed(self):
        spend(COST_CALL)
        W[WDT_FED] = now_us()


class RTC:
    """The clock of `time.time`: 2021-01-01 at power-up."""

    def datetime(self, fields=None):
        if fields is None:
            year, month, day, hour, minute, second, weekday, _ = gmtime(time())
            return (year, month, day, weekday, hour, minute, second, 0)
        year, month, day, _, hour, minute, second, _ = fields
        seconds = mktime((year, month, day, hour, minute, second, 0, 0))
        ask(CLOCK, seconds - CLOCK_START_S, 1)
        return None
