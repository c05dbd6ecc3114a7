"""MicroPython's `micropython` module on the virtual board."""

import _callbacks
import _link
from _board import integer
from _profile import HEAP_FREE, HEAP_SIZE, STACK_SIZE
from _usb import set_interrupt

_opt_level = [0]
_locks = [0]


def const(value):
    return value


def alloc_emergency_exception_buf(size):
    integer(size)


def schedule(function, argument):
    if not _callbacks.schedule(function, argument):
        raise RuntimeError("schedule queue full")


def kbd_intr(character):
    set_interrupt(integer(character))


def heap_lock():
    _locks[0] += 1
    _link.heap_lock()


def heap_unlock():
    """Returns how many locks are left."""
    _link.heap_unlock()
    _locks[0] -= 1
    return _locks[0]


def mem_info(verbose=None):
    """The profile's figures: the host interpreter's heap says nothing about the board's."""
    print("stack: 516 out of %d" % STACK_SIZE)
    used = HEAP_SIZE - HEAP_FREE
    print("GC: total: %d, used: %d, free: %d" % (HEAP_SIZE, used, HEAP_FREE))


def qstr_info(verbose=None):
    print("qstr pool: n_pool=1, n_qstr=0, n_str_data_bytes=0, n_total_bytes=0")


def opt_level(level=None):
    if level is None:
        return _opt_level[0]
    _opt_level[0] = integer(level)
    return None


def stack_use():
    return 516


def native(function):
    return function


viper = native


def asm_thumb(function):
    raise NotImplementedError("the virtual board runs no assembler")
