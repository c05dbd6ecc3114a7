"""The firmware's side of the virtual board: clock, horizon and requests.

Every board call adds its cost to ELAPSED. In the main loop it exchanges with the simulator when
the horizon is reached; in an interrupt it never does. The same source runs on all engines; only
the engine's `_link` differs: `words`, `costs`, `exchange`, `immediate`, `heap_lock`,
`heap_unlock`, `format_exception`, `modules`, `probe`; `main`, the main module's names, `path`,
`mpy`, `file_code`, `compile`, `set_builtin` and `is_host_error`.
"""

import _link
from _layout import (
    ARG0,
    CLOCK_REST,
    CLOCK_US,
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
    RESULT,
    SENSE,
    SOFT,
    STALL,
    STATUS,
    TICKS_US,
    WAIT,
    WAKE_INTERRUPT,
    WRITE,
)

W = _link.words
COST_PIN, COST_PWM, COST_ADC, COST_TICKS, COST_CALL = _link.costs

TICKS_MASK = 0x3FFFFFFF
FOREVER = 0x3FFFFFFF  # us, "until an interrupt"

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
    if W[SOFT]:
        run_soft()
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


def ask_number(reason, a0=0, a1=0, payload=b""):
    """A request whose answer is one number."""
    ask(reason, a0, a1, payload=payload)
    return W[RESULT]


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


def integer(value):
    """The value as an int, as the port's functions take their arguments."""
    if isinstance(value, int):
        return int(value)
    raise TypeError("can't convert %s to int" % type(value).__name__)


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


def into_millisecond_us():
    """Microseconds since ticks_ms has counted."""
    return (W[CLOCK_REST] + ((now_us() - W[CLOCK_US]) & TICKS_MASK)) % 1000


def left_us(start_us, duration_us):
    """What is left of `duration_us` since `start_us`; zero or less when it is over."""
    return duration_us - ((now_us() - start_us) & TICKS_MASK)


def wait(duration_us):
    """Sleeps; hard interrupts and soft callbacks run meanwhile."""
    if W[IN_IRQ]:
        W[ELAPSED] += duration_us
        return
    start_us = now_us()
    rest_us = duration_us
    while rest_us > 0:
        W[ARG0] = rest_us
        W[ARG0 + 1] = 0
        exchange(WAIT)
        rest_us = left_us(start_us, duration_us)


def spin(duration_us):
    """A busy wait in the port's own code: soft callbacks have to wait too."""
    if W[IN_IRQ]:
        W[ELAPSED] += duration_us
    elif duration_us > 0:
        W[ARG0] = duration_us
        exchange(STALL)


def wait_event(limit_us, wake=WAKE_INTERRUPT):
    """Sleeps until an event of the kinds `wake`, at most `limit_us` (machine.idle)."""
    if W[IN_IRQ]:
        return
    W[ARG0] = limit_us
    W[ARG0 + 1] = wake
    exchange(WAIT)


def disable_irq():
    """Holds interrupts back; returns the state for `enable_irq`."""
    return ask_number(MASK, 1)


def enable_irq(state):
    """The state that `disable_irq` returned: lets interrupts in again, unless it was nested."""
    ask(MASK, integer(state))


def attach_probe():
    """Lets the recorder read the firmware's signal array, as a debug probe reads memory."""
    signals = _link.modules.get("penfw.signals")
    if signals is None or _probe[0] is not None:
        return
    _probe[0] = signals.values
    _link.probe(signals.values)
    names = "\n".join([row[0] + "\t" + row[2] for row in signals.SIGNALS])
    ask(PROBE, len(signals.values), payload=names.encode())


from _callbacks import dispatch, run_soft  # noqa: E402 (it needs what stands above)

__all__ = ("dispatch",)
