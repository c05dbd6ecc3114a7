"""MicroPython's `machine` for the RP2040, in virtual time."""

from _board import (
    COST_ADC,
    COST_PIN,
    COST_PWM,
    TICKS_MASK,
    W,
    add_handler,
    ask,
    attach_probe,
    commit,
    disable_irq,
    enable_irq,
    sense,
    set_handler,
    spend,
    sync,
    wait,
    wait_event,
)
from _layout import (
    ADC0,
    DIRTY,
    DUTY0,
    ELAPSED,
    I2C_TRANSFER,
    IN_IRQ,
    LEVELS,
    LIMIT,
    PIN_INIT,
    PIN_IRQ,
    PINS,
    PULSE,
    PWM_INIT,
    RESET,
    RESET_HARD,
    RESET_SOFT,
    RESULT,
    TIMER,
    WDT_FEED,
    WDT_START,
)
from _profile import CPU_HZ, PIN_NAMES, PINS_ADC, PINS_PWM, RESET_CAUSE, UNIQUE_ID
from _serial import UART

PWRON_RESET = 1
WDT_RESET = 3

__all__ = ("UART", "disable_irq", "enable_irq")


def reset():
    ask(RESET, RESET_HARD)


def soft_reset():
    ask(RESET, RESET_SOFT)


def reset_cause():
    return RESET_CAUSE


def unique_id():
    return bytes(UNIQUE_ID)


def freq(hz=None):
    spend(COST_PIN)
    if hz is not None and hz != CPU_HZ:
        raise ValueError("the virtual board's clock is fixed at %d Hz" % CPU_HZ)
    return CPU_HZ


def idle():
    spend(COST_PIN)
    wait_event(1000)


def lightsleep(time_ms=None):
    if time_ms is None:
        wait_event(TICKS_MASK)
    else:
        wait(time_ms * 1000)


def deepsleep(time_ms=None):
    lightsleep(time_ms)
    reset()


def bootloader(_timeout_ms=0):
    raise NotImplementedError("the virtual board has no USB boot loader")


def time_pulse_us(pin, pulse_level, timeout_us=1000000):
    ask(PULSE, pin._n, pulse_level, timeout_us)
    return W[RESULT]


def _pin_number(pin):
    if isinstance(pin, Pin):
        return pin._n
    if isinstance(pin, str):
        if pin not in PIN_NAMES:
            raise ValueError("unknown named pin \"%s\"" % pin)
        return PIN_NAMES[pin]
    if not isinstance(pin, int):
        raise TypeError("can't convert %s to int" % type(pin).__name__)
    if pin not in PIN_NAMES.values():
        raise ValueError("invalid pin")
    return pin


class Pin:
    IN = 0
    OUT = 1
    OPEN_DRAIN = 2
    ALT = 3
    PULL_UP = 1
    PULL_DOWN = 2
    IRQ_FALLING = 4
    IRQ_RISING = 8

    def __init__(self, id, mode=-1, pull=-1, *, value=None, alt=None):
        self._n = _pin_number(id)
        self._bit = 1 << self._n
        self._irq = None
        self._open_drain = False
        if mode != -1 or pull != -1 or value is not None:
            self.init(mode, pull, value=value, alt=alt)

    def init(self, mode=-1, pull=-1, *, value=None, alt=None):
        if value is not None:
            self._latch(value)
        if mode != -1 and mode not in (0, 1, 2, 3):
            raise ValueError("invalid pin mode: %d" % mode)
        self._open_drain = mode == Pin.OPEN_DRAIN
        ask(PIN_INIT, self._n, mode, 0 if pull is None else pull)

    def _latch(self, level):
        levels = W[LEVELS]
        W[LEVELS] = levels | self._bit if level else levels & ~self._bit

    def value(self, level=None):
        W[ELAPSED] += COST_PIN
        if W[ELAPSED] >= W[LIMIT]:
            sync()
        if level is None:
            return (W[PINS] >> self._n) & 1
        levels = W[LEVELS]
        wanted = levels | self._bit if level else levels & ~self._bit
        if wanted != levels:
            W[LEVELS] = wanted
            if not W[IN_IRQ]:
                commit()
        return None

    __call__ = value

    def on(self):
        self.value(1)

    def off(self):
        self.value(0)

    high = on
    low = off

    def toggle(self):
        self.value(0 if W[LEVELS] & self._bit else 1)

    def irq(self, handler=None, trigger=12, priority=1, wake=None, hard=False):
        if handler is None:
            if self._irq is not None:
                ask(PIN_IRQ, self._n, 0, -1)
            return
        if self._irq is None:
            self._irq = add_handler(handler, self, hard)
        else:
            set_handler(self._irq, handler, hard)
        ask(PIN_IRQ, self._n, trigger, self._irq)
        return

    def __repr__(self):
        return "Pin(GPIO%d)" % self._n


class Signal:
    """A pin with an active level."""

    def __init__(self, pin, *arguments, invert=False):
        self._pin = pin if isinstance(pin, Pin) else Pin(pin, *arguments)
        self._invert = 1 if invert else 0

    def value(self, level=None):
        if level is None:
            return self._pin.value() ^ self._invert
        self._pin.value((1 if level else 0) ^ self._invert)
        return None

    __call__ = value

    def on(self):
        self.value(1)

    def off(self):
        self.value(0)


class PWM:
    """Two channels a slice, eight slices: GPn is channel n % 16."""

    def __init__(self, dest, freq=0, duty_u16=None, duty_ns=None, invert=False):
        self._n = _pin_number(dest)
        if self._n not in PINS_PWM:
            raise ValueError("Pin(GPIO%d) doesn't support PWM" % self._n)
        self._channel = self._n & 15
        self._dirty = 1 << self._channel
        self._freq = 0
        self._invert = invert
        self.init(freq, duty_u16, duty_ns)

    def init(self, freq=0, duty_u16=None, duty_ns=None, invert=None):
        if freq:
            self.freq(freq)
        if duty_u16 is not None:
            self.duty_u16(duty_u16)
        if duty_ns is not None:
            self.duty_ns(duty_ns)

    def freq(self, hz=None):
        if hz is None:
            return self._freq
        if not isinstance(hz, int):
            raise TypeError("can't convert float to int")
        if hz < 8 or hz > CPU_HZ // 2:
            raise ValueError("freq too small" if hz < 8 else "freq too large")
        self._freq = hz
        ask(PWM_INIT, self._n, hz, self._channel)
        return None

    def duty_u16(self, duty=None):
        W[ELAPSED] += COST_PWM
        if W[ELAPSED] >= W[LIMIT]:
            sync()
        if duty is None:
            return W[DUTY0 + self._channel]
        if duty.__class__ is not int:
            raise TypeError("can't convert %s to int" % type(duty).__name__)
        if duty < 0 or duty > 65535:
            duty = 0 if duty < 0 else 65535
        if W[DUTY0 + self._channel] != duty:
            W[DUTY0 + self._channel] = duty
            W[DIRTY] |= self._dirty
            if not W[IN_IRQ]:
                commit()
        return None

    def duty_ns(self, ns=None):
        if ns is None:
            return W[DUTY0 + self._channel] * 1000000000 // (65535 * self._freq)
        self.duty_u16(ns * self._freq * 65535 // 1000000000)
        return None

    def deinit(self):
        W[DUTY0 + self._channel] = 0
        ask(PWM_INIT, self._n, 0, self._channel)


class ADC:
    """GP26 to GP29 and the chip's own temperature, channel 4."""

    CORE_TEMP = 4

    def __init__(self, pin):
        if isinstance(pin, int) and not isinstance(pin, bool) and pin <= 4:
            self._word = ADC0 + pin
            return
        number = _pin_number(pin)
        if number not in PINS_ADC:
            raise ValueError("Pin doesn't have ADC capabilities")
        self._word = ADC0 + PINS_ADC.index(number)

    def read_u16(self):
        W[ELAPSED] += COST_ADC
        if W[ELAPSED] >= W[LIMIT]:
            sync()
        if not W[IN_IRQ]:
            sense()
        return W[self._word]


class Timer:
    """A software timer (id -1), as the rp2 port has them."""

    ONE_SHOT = 0
    PERIODIC = 1

    def __init__(self, id=-1, *, mode=1, period=-1, freq=-1, callback=None, hard=False):
        if id != -1:
            raise ValueError("Timer doesn't exist")
        self._irq = add_handler(callback, self, hard)
        if period != -1 or freq != -1:
            self.init(mode=mode, period=period, freq=freq, callback=callback, hard=hard)

    def init(self, *, mode=1, period=-1, freq=-1, callback=None, hard=False):
        if freq != -1:
            if freq <= 0:
                raise ValueError("freq must be above zero")
            period_us = int(1000000 // freq)
        else:
            if period <= 0:
                raise ValueError("period must be above zero")
            period_us = period * 1000
        set_handler(self._irq, callback, hard)
        attach_probe()
        ask(TIMER, self._irq, period_us, mode)

    def deinit(self):
        ask(TIMER, self._irq, 0, 0)


class WDT:
    def __init__(self, id=0, timeout=5000):
        if id != 0:
            raise ValueError("WDT(%d) doesn't exist" % id)
        if not 1 <= timeout <= 8388:
            raise ValueError("timeout exceeds 8388" if timeout > 0 else "invalid timeout")
        ask(WDT_START, timeout)

    def feed(self):
        ask(WDT_FEED)


class I2C:
    """A controller on the bus `id`; each transfer takes its bits' time."""

    def __init__(self, id, *, scl=None, sda=None, freq=400000, timeout=50000):
        if id not in (0, 1):
            raise ValueError("I2C(%d) doesn't exist" % id)
        self._id = id
        self._freq = freq

    def init(self, *, scl=None, sda=None, freq=400000):
        self._freq = freq

    def _transfer(self, address, written, read_count, stop):
        if not 0 <= address <= 127:
            raise ValueError("invalid address")
        spend((len(written) + read_count + 1) * 9 * 1000000 // self._freq)
        return ask(I2C_TRANSFER, self._id, address, read_count, 1 if stop else 0, bytes(written))

    def writeto(self, addr, buf, stop=True):
        self._transfer(addr, buf, 0, stop)
        return len(buf)

    def readfrom(self, addr, nbytes, stop=True):
        return self._transfer(addr, b"", nbytes, stop)

    def readfrom_into(self, addr, buf, stop=True):
        buf[:] = self._transfer(addr, b"", len(buf), stop)

    def writevto(self, addr, vector, stop=True):
        return self.writeto(addr, b"".join([bytes(part) for part in vector]), stop)

    def readfrom_mem(self, addr, memaddr, nbytes, *, addrsize=8):
        return self._transfer(addr, _address(memaddr, addrsize), nbytes, True)

    def readfrom_mem_into(self, addr, memaddr, buf, *, addrsize=8):
        buf[:] = self._transfer(addr, _address(memaddr, addrsize), len(buf), True)

    def writeto_mem(self, addr, memaddr, buf, *, addrsize=8):
        self._transfer(addr, _address(memaddr, addrsize) + bytes(buf), 0, True)

    def scan(self):
        return [address for address in range(8, 120) if self._present(address)]

    def _present(self, address):
        try:
            self._transfer(address, b"", 0, True)
        except OSError:
            return False
        return True


SoftI2C = I2C


def _address(memory_address, bits):
    return bytes([(memory_address >> shift) & 255 for shift in range(bits - 8, -1, -8)])


