"""The host's commands but `stop`, by their numbers. In memory meanwhile only, see tables.py.

Nothing here moves a pen that nobody holds: the motor and the axis in SERVICE only, which is entered
at the pen, and after `acknowledge` nothing until a fresh press there.
"""

from penfw import protocol, settings, states, tables

RUN = 1
PARK = 2
END_SERVICE = 3
HAND_OVER = 4
TRIAL = 5
KEEP = 6
REVERT = 7
ACKNOWLEDGE = 8
HERE_OR_NOT = 1  # hand_over's argument: also where the link is not on the prompt's port


def command(pen, number, argument):
    """(status, value): the value is a reason where the status is REFUSED."""
    if pen.trial is not None:
        pen.trial.renew()
    task, in_service_only = _TASKS[number - RUN]
    if in_service_only and pen.control.state != states.SERVICE:
        return protocol.REFUSED, protocol.SERVICE_ONLY
    reason = task(pen, argument)
    if reason:
        return protocol.REFUSED, reason
    if number == REVERT and pen.trial is not None:
        return protocol.PENDING, argument
    return protocol.APPLIED, argument


def _hand_over(pen, argument):
    if not pen.board.on_usb and argument != HERE_OR_NOT:
        return protocol.PROMPT_ELSEWHERE
    pen.stop()
    pen.flash_window.hand_over_due = True
    return 0


def _run(pen, rate_mHz):
    number = settings.index("stroke_rate")
    if not settings.MINIMA[number] <= rate_mHz <= settings.MAXIMA[number]:
        return protocol.BAD_ARGUMENT
    reason = pen.service.refusal()
    if not reason:
        pen.service.run(rate_mHz)
    return reason


def _park(pen, _argument):
    pen.service.park()
    return 0


def _end_service(pen, _argument):
    pen.control.main_conditions |= states.SERVICE_OFF
    return 0


def _trial(pen, span_ms):
    """Opens one; of one that is open the values before stay, and all else is as of a new one."""
    least_ms, most_ms = tables.read("settings_trial", "SPAN_MS")
    if not least_ms <= span_ms <= most_ms:
        return protocol.BAD_ARGUMENT
    before = pen.trial
    if before is not None and before.over:
        return protocol.WRONG_STATE
    pen.trial = tables.read("settings_trial", "SettingsTrial")(pen, span_ms)
    if before is not None:
        pen.trial.take_over(before)
    return 0


def _keep(pen, _argument):
    if not _open_trial(pen):
        return protocol.NO_TRIAL
    pen.trial = None
    pen.flash_window.settings_due = True
    return 0


def _revert(pen, _argument):
    """Also of one that is over and waits for its motor: the client looks until it is gone."""
    if pen.trial is None:
        return protocol.NO_TRIAL
    pen.trial.over = True
    pen.trial.step()
    return 0


def _open_trial(pen):
    """Whether one is open as this request is served, not only when it was last looked at."""
    if pen.trial is not None:
        pen.trial.step()
    return pen.trial is not None and not pen.trial.over


def _acknowledge(pen, _argument):
    """As the button does. But whoever asks may be far from the pen: it wants a press to move."""
    control = pen.control
    seen = control.state == pen.seen_state == states.FAULT
    if not seen or control.button_down:
        return protocol.WRONG_STATE
    if pen.blackbox.fault or control.faults != pen.seen_faults:
        return protocol.NOT_RECORDED
    if not pen.acknowledge():
        return protocol.CAUSE_REMAINS
    pen.top_in_doubt = True  # so the self-test waits for a press, and parks the needles on it
    pen.button.forget()  # one whose release has not been seen yet is not fresh
    return 0


# by number, from RUN on: what does it, and whether in SERVICE only
_TASKS = (
    (_run, True), (_park, True), (_end_service, True), (_hand_over, False),
    (_trial, True), (_keep, False), (_revert, False), (_acknowledge, False),
)  # fmt: skip
