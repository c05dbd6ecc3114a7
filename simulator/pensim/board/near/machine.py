"""MicroPython's `machine` for the RP2040, in virtual time."""

import _callbacks
from _adc import ADC
from _board import (
    COST_PIN,
    TICKS_MASK,
    W,
    ask,
    disable_irq,
    enable_irq,
    exchange,
    integer,
    left_us,
    now_us,
    spend,
    wait,
    wait_event,
)
from _i2c import I2C, SoftI2C
from _layout import ARG0, IN_IRQ, LISTEN, PINS, PULSE, REBOOT, RESET
from _pin import Pin, Signal, pin_number
from _profile import CPU_HZ, RESET_CAUSE, UNIQUE_ID
from _pwm import PWM
from _timer import RTC, WDT, Timer
from _uart import UART

PWRON_RESET = 1
WDT_RESET = 3

__all__ = (
    "ADC", "I2C", "PWM", "RTC", "UART", "WDT", "Pin", "Signal", "SoftI2C", "Timer", "disable_irq",
    "enable_irq",
)  # fmt: skip


def reset():
    ask(RESET)


def soft_reset():
    """Ends the script as `sys.exit` does; the board then starts it again."""
    W[REBOOT] = 1
    raise SystemExit


def reset_cause():
    return RESET_CAUSE


def unique_id():
    return bytes(UNIQUE_ID)


def freq(hz=None, _peripheral_hz=None):
    spend(COST_PIN)
    if hz is None:
        return CPU_HZ
    if integer(hz) != CPU_HZ:
        raise ValueError("cannot change frequency: the virtual board keeps %d Hz" % CPU_HZ)
    return None


def idle():
    spend(COST_PIN)
    wait_event(1000)


def lightsleep(time_ms=None):
    """Sleeps until an interrupt, at most `time_ms`."""
    spend(COST_PIN)
    if time_ms is None:
        wait_event(TICKS_MASK)
    elif integer(time_ms) <= 1:
        wait(max(time_ms, 0) * 1000)
    elif time_ms * 1000 >= TICKS_MASK:
        raise ValueError("sleep too long")
    else:
        wait_event(time_ms * 1000)


def deepsleep(time_ms=None):
    lightsleep(time_ms)
    reset()


def bootloader(timeout_ms=0):
    raise NotImplementedError("the virtual board has no USB boot loader")


def time_pulse_us(pin, pulse_level, timeout_us=1000000):
    """Width of the next pulse, -2 when none began in time, -1 when it did not end in time.

    The port looks at the pin in a loop of its own: hard interrupts run meanwhile, soft callbacks
    wait.
    """
    number = pin_number(pin)
    limit_us = integer(timeout_us)
    if W[IN_IRQ]:
        raise RuntimeError("time_pulse_us is not served inside an interrupt")
    ask(LISTEN, number)
    _callbacks.hold(True)
    try:
        return _pulse(number, 1 if pulse_level else 0, limit_us)
    finally:
        _callbacks.hold(False)


def _pulse(number, level, limit_us):
    start_us = now_us()
    for timed_out in (-2, -1):
        before_us = start_us
        while (W[PINS] >> number) & 1 != level:
            W[ARG0] = number
            W[ARG0 + 1] = left_us(start_us, limit_us)
            if W[ARG0 + 1] <= 0:
                return timed_out
            exchange(PULSE)
        level = 1 - level
        start_us = now_us()
    return (start_us - before_us) & TICKS_MASK


class _Absent:
    """What the chip has and the virtual board has not."""

    def __init__(self, *_arguments, **_options):
        raise NotImplementedError(
            "the virtual board has no %s: it has Pin, Signal, PWM, ADC, Timer, UART, I2C, SoftI2C, "
            "WDT and RTC" % type(self).__name__
        )


class SPI(_Absent):
    pass


class SoftSPI(_Absent):
    pass


class I2S(_Absent):
    pass


class I2CTarget(_Absent):
    pass


class bitstream(_Absent):
    pass
