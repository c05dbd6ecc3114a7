"""A change of several settings: all or none. In memory while it is done only, see tables.py."""

from penfw import protocol, settings, states
from penfw.button import SERVICE_MS
from penfw.limits import lowest_rate_mHz, to_step_um

_RATE = settings.index("stroke_rate")
_DEPTH = settings.index("depth")
_CEILING = settings.index("depth_ceiling")
_CALIBRATED = settings.index("calibrated")


def apply(pen, changes):
    """(status, value, reason, limit) for each change, a pair of index and value."""
    if pen.trial is not None:
        pen.trial.renew()
    proposed = _proposal(pen)
    results = []
    for index, value in changes:
        reason, limit = _refusal(pen, index, value)
        if index == _DEPTH:
            value = to_step_um(value)
        proposed[index] = value
        results.append((reason, limit))
    if not [reason for reason, _limit in results if reason]:
        results = _together(pen.cartridge, changes, proposed)
    if [reason for reason, _limit in results if reason]:
        return [_refused(pen, change, result) for change, result in zip(changes, results)]
    outcome = [_accept(pen, index, proposed[index]) for index, _value in changes]
    pen.settings_changed()
    return outcome


def _proposal(pen):
    """All values as they will be once what is pending has been taken over."""
    return [pen.treatment.pending.get(index, value) for index, value in enumerate(pen.settings)]


def _refused(pen, change, result):
    reason, limit = result
    value = pen.settings[change[0]]
    return (protocol.REFUSED, value, reason or protocol.OTHERS_REFUSED, limit)


def _refusal(pen, index, value):
    """(reason, limit) why one value alone cannot be; (0, 0) when it can."""
    if value < settings.MINIMA[index]:
        return protocol.BELOW_MINIMUM, settings.MINIMA[index]
    if value > settings.MAXIMA[index]:
        return protocol.ABOVE_MAXIMUM, settings.MAXIMA[index]
    closed = settings.ACCESSES[index] != settings.OPEN
    forgets = index == _CALIBRATED and not value and _held_in_fault(pen)
    if closed and pen.control.state != states.SERVICE and not forgets:
        return protocol.SERVICE_ONLY, 0
    if closed and pen.motor_on():
        return protocol.MOTOR_ON, 0
    return 0, 0


def _held_in_fault(pen):
    """Whether somebody holds the button for as long as SERVICE wants it, which FAULT bars.

    So long that no acknowledgement passes for it. A pen that is not calibrated treats nobody, but
    its limits are wider.
    """
    held_ms = pen.button.held_ms(pen.uptime_ms)
    return pen.control.state == states.FAULT and SERVICE_MS[0] <= held_ms <= SERVICE_MS[1]


def _together(cartridge, changes, proposed):
    """(reason, limit) for each change, judged with the others: depth, rate and limits."""
    ceiling_um = proposed[_CEILING]
    slowest_mHz = lowest_rate_mHz(cartridge.needles, proposed[_DEPTH])
    results = []
    for index, _value in changes:
        result = (0, 0)
        if index == _DEPTH and proposed[_DEPTH] > ceiling_um:
            result = (protocol.ABOVE_CEILING, ceiling_um)
        elif index == _DEPTH and 0 < cartridge.max_depth_um < proposed[_DEPTH]:
            result = (protocol.ABOVE_CARTRIDGE, cartridge.max_depth_um)
        elif index in (_DEPTH, _RATE) and proposed[_RATE] < slowest_mHz:
            result = (protocol.RATE_TOO_LOW, slowest_mHz)
        results.append(result)
    return results


def _accept(pen, index, value):
    """Puts one value in force, or keeps it for the next start; returns its result."""
    treats = pen.control.state in (states.RUNNING, states.PARKING)
    deeper = index == _DEPTH and value > pen.settings[_DEPTH]
    slower = index == _RATE and value < pen.settings[_RATE]
    if treats and (deeper or slower):
        pen.treatment.pending[index] = value
        return (protocol.PENDING, pen.settings[index], 0, 0)
    pen.treatment.pending.pop(index, None)
    pen.settings[index] = value
    return (protocol.APPLIED, value, 0, 0)
