"""The firmware's side of the virtual board: clock, horizon, interrupts and requests.

Every board call adds its cost to ELAPSED. In the main loop it exchanges with the simulator when
the horizon is reached; in an interrupt it never does. The same source runs on all engines; only
the engine's `_link` differs: `words`, `costs`, `exchange`, `immediate`, `heap_lock`,
`heap_unlock`, `format_exception`, `modules`.
"""

import _link
from _layout import (
    ARG0,
    ELAPSED,
    ERROR_TYPE,
    ERROR_VALUE,
    FLAG_INTERRUPT,
    FLAGS,
    HORIZON,
    IN_IRQ,
    LIMIT,
    MASK,
    PROBE,
    REASON,
    RECEIVED,
    SENSE,
    SOFT,
    STATUS,
    TICKS_US,
    UNHANDLED,
    WAIT,
    WAKE_INTERRUPT,
    WRITE,
)

W = _link.words
COST_PIN, COST_PWM, COST_ADC, COST_TICKS, COST_CALL = _link.costs

TICKS_MASK = 0x3FFFFFFF
FOREVER = 0x3FFFFFFF  # us, "until an interrupt"
SOFT_DEPTH = 8  # MICROPY_SCHEDULER_DEPTH of the rp2 port

_callbacks = []
_arguments = []
_hard = []
_soft = []  # pairs (callback, argument) that wait for the main loop
_probe = [None]
_receivers = [None]  # takes the received-data records off an answer


def sync():
    """The main loop has reached its horizon: let time and interrupts pass, then go on."""
    while W[ELAPSED] >= W[LIMIT]:
        over_us = W[ELAPSED] - W[LIMIT]
        W[ELAPSED] = W[LIMIT]
        exchange(HORIZON)
        W[ELAPSED] += over_us


def spend(cost_us):
    """A board call of `cost_us` microseconds."""
    W[ELAPSED] += cost_us
    if W[ELAPSED] >= W[LIMIT]:
        sync()


def exchange(reason, payload=b""):
    """Hands over to the simulator; returns its payload when the main loop may go on."""
    W[REASON] = reason
    answer = _link.exchange(payload)
    if W[RECEIVED]:
        answer = _receivers[0](answer)
    if W[FLAGS] & FLAG_INTERRUPT:
        W[FLAGS] &= ~FLAG_INTERRUPT
        raise KeyboardInterrupt
    if _soft:
        status = W[STATUS]
        run_soft()
        W[STATUS] = status
    return answer


def ask(reason, a0=0, a1=0, a2=0, a3=0, payload=b""):
    """A request to the simulator; returns its payload. Raises what the port would raise."""
    spend(COST_CALL)
    W[ARG0] = a0
    W[ARG0 + 1] = a1
    W[ARG0 + 2] = a2
    W[ARG0 + 3] = a3
    if W[IN_IRQ]:
        W[REASON] = reason
        answer = _link.immediate(payload)
    else:
        answer = exchange(reason, payload)
    if W[STATUS]:
        raise_status(W[STATUS], answer)
    return answer


def raise_status(status, text):
    """Raises the exception that the simulator's answer names."""
    if status > 0:
        raise OSError(status)
    message = str(text, "utf-8")
    if status == ERROR_VALUE:
        raise ValueError(message)
    if status == ERROR_TYPE:
        raise TypeError(message)
    raise RuntimeError(message)


def commit():
    """An output was written: from the main loop it takes effect now, else at the return."""
    if not W[IN_IRQ]:
        exchange(WRITE)


def sense():
    """Fresh ADC conversions for the main loop; an interrupt has those of its entry."""
    if not W[IN_IRQ]:
        ask(SENSE)


def now_us():
    """ticks_us without its cost."""
    return (W[TICKS_US] + W[ELAPSED]) & TICKS_MASK


def wait(duration_us):
    """Sleeps; hard interrupts and soft callbacks run meanwhile."""
    if W[IN_IRQ]:
        W[ELAPSED] += duration_us
        return
    start_us = now_us()
    left_us = duration_us
    while left_us > 0:
        W[ARG0] = left_us
        W[ARG0 + 1] = 0
        exchange(WAIT)
        left_us = duration_us - ((now_us() - start_us) & TICKS_MASK)


def wait_event(limit_us, wake=WAKE_INTERRUPT):
    """Sleeps until an event of the kinds `wake`, at most `limit_us` (machine.idle)."""
    if W[IN_IRQ]:
        return
    W[ARG0] = limit_us
    W[ARG0 + 1] = wake
    exchange(WAIT)


def add_handler(callback, argument, hard):
    """A number by which the simulator can raise this callback."""
    _callbacks.append(callback)
    _arguments.append(argument)
    _hard.append(hard)
    return len(_callbacks) - 1


def set_handler(number, callback, hard):
    """Another callback for a number that exists."""
    _callbacks[number] = callback
    _hard[number] = hard


def schedule(callback, argument):
    """Queues a callback for the main loop; False when the queue is full."""
    if len(_soft) >= SOFT_DEPTH:
        return False
    _soft.append((callback, argument))
    W[SOFT] = len(_soft)
    return True


def run_soft():
    """Runs what waits for the main loop; hard interrupts may enter between board calls."""
    while _soft:
        callback, argument = _soft.pop(0)
        W[SOFT] = len(_soft)
        try:
            callback(argument)
        except Exception as error:
            report(error)


def report(error):
    """An exception in a callback is printed, as on the port."""
    ask(UNHANDLED, payload=_link.format_exception(error))


def dispatch(number):
    """Takes the interrupt `number`; called by the engine, never by the firmware.

    Returns 1 when a hard callback raised: the port then never calls it again.
    """
    if not _hard[number]:
        schedule(_callbacks[number], _arguments[number])
        return 0
    failure = None
    W[IN_IRQ] = 1
    _link.heap_lock()
    try:
        _callbacks[number](_arguments[number])
    except Exception as error:
        failure = error
    _link.heap_unlock()
    W[IN_IRQ] = 0
    if failure is None:
        return 0
    _callbacks[number] = _nothing
    schedule(report, failure)
    return 1


def _nothing(_argument):
    pass


def disable_irq():
    """Holds interrupts back; returns the state for `enable_irq`."""
    ask(MASK, 1)
    return 1


def enable_irq(state):
    """Lets interrupts in again."""
    ask(MASK, 0 if state else 1)


def attach_probe():
    """Lets the recorder read the firmware's signal array, as a debug probe reads memory."""
    signals = _link.modules.get("penfw.signals")
    if signals is None or _probe[0] is not None:
        return
    _probe[0] = signals.values
    _link.probe(signals.values)
    names = "\n".join([row[0] + "\t" + row[2] for row in signals.SIGNALS])
    ask(PROBE, len(signals.values), payload=names.encode())
