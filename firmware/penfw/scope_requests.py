"""The requests of the scope: their fields, and what answers them. In memory while one is answered
only, see tables.py.
"""

from penfw import protocol, tables
from penfw.protocol import NOW
from penfw.requests import Refusal

DATA_MAX = protocol.PAYLOAD_MAX - 3  # bytes of a SCOPE_DATA reply

# Actions of SCOPE.
TELL = 0
ARM = 1
END = 2

# Columns as of protocol.MESSAGES.
MESSAGES = (
    (protocol.SCOPE, "SCOPE",
     (("action", "B"), ("samples", "H"), ("before_permille", "H"), ("trigger", "B"),
      ("signal", "H"), ("level", "i"), ("signals", (("index", "H"),))),
     (("capture", "B"), ("state", "B")) + NOW
     + (("samples", "H"), ("held", "H"), ("before", "H"), ("signals", (("index", "H"),)))),
    (protocol.SCOPE_DATA, "SCOPE_DATA",
     (("capture", "B"), ("first", "H"), ("most", "B")),
     (("capture", "B"), ("first", "H"), ("data", "*"))),
)  # fmt: skip


def _scope(device, action, samples, before_permille, trigger, signal, level, wanted):
    if action > END:
        raise Refusal(protocol.BAD_ARGUMENT, action)
    if action == ARM:
        _check(device, samples, before_permille, trigger, signal, wanted)
    if action != TELL and device.scope is not None:
        device.scope.stop()
        device.scope = None
    if action == ARM:
        indices = [index for (index,) in wanted]
        _arm(device, indices, samples, before_permille, (trigger, signal, level))
    return _told(device)


def _check(device, samples, before_permille, trigger, signal, wanted):
    if len(wanted) > protocol.SIGNALS_MAX:
        raise Refusal(protocol.TOO_MANY, protocol.SIGNALS_MAX)
    if not wanted or not samples:
        raise Refusal(protocol.BAD_ARGUMENT, samples)
    if before_permille > 1000:
        raise Refusal(protocol.BAD_ARGUMENT, before_permille)
    if trigger >= len(protocol.SCOPE_TRIGGERS):
        raise Refusal(protocol.BAD_ARGUMENT, trigger)
    signals = len(device.signals_rows)
    for (index,) in wanted + [[signal]]:
        if index >= signals:
            raise Refusal(protocol.UNKNOWN_SIGNAL, index)


def _arm(device, indices, samples, before_permille, trigger):
    rows = device.signals_rows
    codes = [rows[index][1] for index in indices]
    device.captures = (device.captures + 1) & 0xFF
    try:
        device.scope = tables.read("scope", "Scope")(
            device, indices, codes, samples, before_permille, trigger
        )
    except MemoryError:
        raise Refusal(protocol.NO_MEMORY, samples)


def _told(device):
    scope = device.scope
    if scope is None:
        clock = device.clock
        return 0, 0, device.boot_session, clock.seconds, clock.micros, 0, 0, 0, []
    when = scope.time or (device.clock.seconds, device.clock.micros)
    state = (device.captures, scope.state, device.boot_session) + tuple(when)
    return state + (scope.samples, scope.held, scope.before, [[i] for i in scope.indices])


def _scope_data(device, capture, first, most):
    scope = device.scope
    if scope is None or capture != device.captures:
        raise Refusal(protocol.NO_CAPTURE, capture)
    if not scope.complete():
        raise Refusal(protocol.WRONG_STATE, scope.held)
    return capture, first, scope.data(first, min(most or 255, DATA_MAX))


def request(number):
    """(row of MESSAGES, what answers it, called with the device and the request's fields)."""
    if number == protocol.SCOPE:
        return MESSAGES[0], _scope
    return MESSAGES[1], _scope_data
