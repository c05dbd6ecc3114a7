"""Interrupt handlers and what waits for the main loop: MicroPython's scheduler.

A hard handler runs in the interrupt, with the heap locked. A soft one is queued and runs in the
main loop; a full queue drops it without a word, as on the port.
"""

import _board
import _link
from _board import COST_CALL, W
from _layout import ELAPSED, IN_IRQ, RESULT, SOFT, STATUS, UNHANDLED

DEPTH = 8  # MICROPY_SCHEDULER_DEPTH of the rp2 port, a power of two

_heap_lock = _link.heap_lock
_heap_unlock = _link.heap_unlock
_CAUGHT = (Exception, SystemExit)  # a tuple made in an interrupt would be an allocation

_callbacks = []
_arguments = []
_hard = []
_queue = [None] * DEPTH  # a ring, so that an interrupt can queue without allocating
_queue_arguments = [None] * DEPTH
_first = [0]  # place of the oldest in the ring
_running = [False]  # a soft callback is not interrupted by another
_failures = []  # exceptions of hard handlers


def add(callback, argument, hard):
    """A number by which the simulator can raise this callback."""
    _callbacks.append(callback)
    _arguments.append(argument)
    _hard.append(hard)
    return len(_callbacks) - 1


def change(number, callback, hard):
    """Another callback for a number that exists."""
    _callbacks[number] = callback
    _hard[number] = hard


def handler(number):
    """The callback behind a number, or None."""
    return _callbacks[number]


def schedule(callback, argument):
    """Queues a callback for the main loop; False when the queue is full. Allocates nothing."""
    waiting = W[SOFT]
    if waiting >= DEPTH:
        return False
    at = (_first[0] + waiting) & (DEPTH - 1)
    _queue[at] = callback
    _queue_arguments[at] = argument
    W[SOFT] = waiting + 1
    return True


def hold(held):
    """Keeps soft callbacks waiting while the port's own code runs."""
    _running[0] = held


def run_soft():
    """Runs what waits for the main loop; what is queued meanwhile waits for the next time."""
    if _running[0]:
        return
    _running[0] = True
    status, result = W[STATUS], W[RESULT]
    left = W[SOFT]
    try:
        while left:
            left -= 1
            _run_oldest()
        while _failures:
            _report(_failures.pop(0), b"Uncaught exception in IRQ callback handler\n")
    finally:
        _running[0] = False
    W[STATUS] = status
    W[RESULT] = result


def _run_oldest():
    at = _first[0]
    callback, argument = _queue[at], _queue_arguments[at]
    _first[0] = (at + 1) & (DEPTH - 1)
    W[SOFT] -= 1
    W[ELAPSED] += COST_CALL
    try:
        callback(argument)
    except (Exception, KeyboardInterrupt, SystemExit) as error:
        _report(error, b"")


def _report(error, headline):
    """An exception in a callback is printed, as on the port."""
    _board.ask(UNHANDLED, payload=headline + _link.format_exception(error))


def dispatch(number):
    """Takes the interrupt `number`; called by the engine, never by the firmware.

    Returns 1 when a hard callback raised: the port then never calls it again.
    """
    callback = _callbacks[number]
    if not _hard[number]:
        schedule(callback, _arguments[number])
        return 0
    words = W
    failure = None
    words[IN_IRQ] = 1
    _heap_lock()
    try:
        callback(_arguments[number])
    except _CAUGHT as error:
        failure = error
    _heap_unlock()
    words[IN_IRQ] = 0
    if failure is None:
        return 0
    _callbacks[number] = nothing
    _failures.append(failure)
    schedule(nothing, None)  # wakes the main loop to print it; a full queue does so anyway
    return 1


def nothing(_argument):
    """The callback of whoever has none."""
