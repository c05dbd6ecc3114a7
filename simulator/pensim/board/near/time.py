"""MicroPython's `time` in virtual time."""

from _board import COST_TICKS, TICKS_MASK, W, spend, sync, wait
from _layout import CLOCK_MS, CLOCK_REST, CLOCK_US, ELAPSED, LIMIT, SECONDS, TICKS_US

_HALF = 0x20000000
_DAYS = (0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334)


def ticks_us():
    W[ELAPSED] += COST_TICKS
    if W[ELAPSED] >= W[LIMIT]:
        sync()
    return (W[TICKS_US] + W[ELAPSED]) & TICKS_MASK


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
    if us > 0:
        spend(COST_TICKS)
        wait(us)


def sleep_ms(ms):
    while ms > 1000000:
        wait(1000000000)
        ms -= 1000000
    spend(COST_TICKS)
    if ms > 0:
        wait(ms * 1000)


def sleep(seconds):
    sleep_ms(int(seconds * 1000))


def time():
    spend(COST_TICKS)
    return W[SECONDS]


def time_ns():
    spend(COST_TICKS)
    return W[SECONDS] * 1000000000


def gmtime(seconds=None):
    """(year, month, day, hour, minute, second, weekday, yearday), epoch 1970 as on rp2."""
    seconds = int(time() if seconds is None else seconds)
    days, rest = divmod(seconds, 86400)
    weekday = (days + 3) % 7
    year = 1970
    while days >= _year_days(year):
        days -= _year_days(year)
        year += 1
    month = 12
    while _month_start(year, month) > days:
        month -= 1
    day = days - _month_start(year, month) + 1
    return (year, month, day, rest // 3600, rest // 60 % 60, rest % 60, weekday, days + 1)


def mktime(fields):
    days = sum([_year_days(year) for year in range(1970, fields[0])])
    days += _month_start(fields[0], fields[1]) + fields[2] - 1
    return days * 86400 + fields[3] * 3600 + fields[4] * 60 + fields[5]


localtime = gmtime


def _year_days(year):
    return 366 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 365


def _month_start(year, month):
    leap = 1 if month > 2 and _year_days(year) == 366 else 0
    return _DAYS[month - 1] + leap


