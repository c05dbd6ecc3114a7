"""MicroPython's `time` in virtual time."""

from _board import COST_TICKS, TICKS_MASK, W, ask, integer, spend, spin, sync, wait
from _layout import (
    ARG0,
    CLOCK,
    CLOCK_MS,
    CLOCK_REST,
    CLOCK_START_S,
    CLOCK_US,
    ELAPSED,
    LIMIT,
    RESULT,
    TICKS_US,
)

_HALF = 0x20000000
_LONGEST_MS = 1000000  # of one wait: its microseconds stay within a small int
_DAYS = (0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334)


def ticks_us():
    words = W
    words[ELAPSED] = elapsed = words[ELAPSED] + COST_TICKS
    if elapsed >= words[LIMIT]:
        sync()
    return (words[TICKS_US] + words[ELAPSED]) & TICKS_MASK


def ticks_ms():
    W[ELAPSED] += COST_TICKS
    if W[ELAPSED] >= W[LIMIT]:
        sync()
    past_us = (W[TICKS_US] - W[CLOCK_US] + W[ELAPSED]) & TICKS_MASK
    return (W[CLOCK_MS] + (W[CLOCK_REST] + past_us) // 1000) & TICKS_MASK


ticks_cpu = ticks_us


def ticks_diff(end, start):
    distance = (end - start) & TICKS_MASK
    return distance - TICKS_MASK - 1 if distance >= _HALF else distance


def ticks_add(ticks, delta):
    if not -_HALF < delta < _HALF:
        raise OverflowError("ticks interval overflow")
    if delta > 0:
        ticks = ticks - TICKS_MASK - 1
    return (ticks + delta) & TICKS_MASK


def sleep_us(us):
    """Up to a millisecond is a busy wait in which no soft callback runs."""
    if us.__class__ is not int:
        us = integer(us)
    if us > 1000:
        sleep_ms(us // 1000)
        us %= 1000
    else:
        spend(COST_TICKS)
    spin(us)


def sleep_ms(ms):
    if ms.__class__ is not int:
        ms = integer(ms)
    while ms > _LONGEST_MS:
        wait(_LONGEST_MS * 1000)
        ms -= _LONGEST_MS
    spend(COST_TICKS)
    if ms > 0:
        wait(ms * 1000)


def sleep(seconds):
    sleep_ms(int(seconds * 1000))


def time():
    ask(CLOCK)
    return CLOCK_START_S + W[RESULT]


def time_ns():
    ask(CLOCK)
    return ((CLOCK_START_S + W[RESULT]) * 1000000 + W[ARG0]) * 1000


def gmtime(seconds=None):
    """(year, month, day, hour, minute, second, weekday, yearday), epoch 1970 as on rp2."""
    seconds = int(time() if seconds is None else seconds)
    days, rest = divmod(seconds, 86400)
    weekday = (days + 3) % 7
    year = 1970
    while days < 0:
        year -= 1
        days += _year_days(year)
    while days >= _year_days(year):
        days -= _year_days(year)
        year += 1
    month = 12
    while _month_start(year, month) > days:
        month -= 1
    day = days - _month_start(year, month) + 1
    return (year, month, day, rest // 3600, rest // 60 % 60, rest % 60, weekday, days + 1)


def mktime(fields):
    """Seconds of the eight fields of `gmtime`; months beyond the year's end count on."""
    if len(fields) not in (8, 9):
        raise TypeError("mktime needs a tuple of length 8 or 9")
    year = fields[0] + (fields[1] - 1) // 12
    days = sum([_year_days(before) for before in range(1970, year)])
    days += _month_start(year, (fields[1] - 1) % 12 + 1) + fields[2] - 1
    return days * 86400 + fields[3] * 3600 + fields[4] * 60 + fields[5]


localtime = gmtime


def _year_days(year):
    return 366 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 365


def _month_start(year, month):
    leap = 1 if month > 2 and _year_days(year) == 366 else 0
    return _DAYS[month - 1] + leap
