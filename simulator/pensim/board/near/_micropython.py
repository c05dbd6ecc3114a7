"""MicroPython's `micropython` module on the virtual board."""

import _board
import _link
from _layout import KBD_INTR


def const(value):
    return value


def alloc_emergency_exception_buf(_size):
    pass


def schedule(function, argument):
    if not _board.schedule(function, argument):
        raise RuntimeError("schedule queue full")


def kbd_intr(character):
    _board.ask(KBD_INTR, character)


def heap_lock():
    return _link.heap_lock()


def heap_unlock():
    return _link.heap_unlock()


def mem_info(_verbose=None):
    pass


def opt_level(level=None):
    return 0 if level is None else None


def stack_use():
    return 0


def native(function):
    return function


viper = native

