"""MicroPython's `gc` on the virtual board: a collection takes the profile's time."""

import _board
from _layout import STALL
from _profile import GC_US, HEAP_FREE


def collect():
    _board.ask(STALL, GC_US)


def enable():
    pass


disable = enable


def isenabled():
    return True


def mem_free():
    return HEAP_FREE


def mem_alloc():
    return 0


def threshold(_amount=None):
    return -1
