"""MicroPython's `gc` on the virtual board: collections take the profile's time."""

from _board import ask, integer
from _layout import GARBAGE, GARBAGE_COLLECT, GARBAGE_OFF, GARBAGE_ON
from _profile import HEAP_FREE, HEAP_SIZE

_enabled = [True]
_threshold = [-1]


def collect():
    ask(GARBAGE, GARBAGE_COLLECT)


def enable():
    _enabled[0] = True
    ask(GARBAGE, GARBAGE_ON)


def disable():
    _enabled[0] = False
    ask(GARBAGE, GARBAGE_OFF)


def isenabled():
    return _enabled[0]


def mem_free():
    """The profile's figure: the host interpreter's heap says nothing about the board's."""
    return HEAP_FREE


def mem_alloc():
    return HEAP_SIZE - HEAP_FREE


def threshold(amount=None):
    if amount is None:
        return _threshold[0]
    _threshold[0] = integer(amount)
    return None
