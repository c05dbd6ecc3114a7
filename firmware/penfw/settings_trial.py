"""Settings on trial: the changes since its beginning go back, unless a host keeps them.

It is in memory while one is open only, see tables.py. Meanwhile flash_item.py stores `before`.
"""

from penfw import protocol, states

SPAN_MS = (1000, 60000)  # of the host's silence


class SettingsTrial:
    """From the command `trial` to `keep`, or to the return of the values before."""

    def __init__(self, pen, span_ms):
        self._pen = pen
        self.before = list(pen.settings)
        self._pending = dict(pen.treatment.pending)
        self._session = pen.link.session
        self._span_ms = span_ms
        self._heard_ms = pen.uptime_ms
        self.over = False  # the values go back as soon as they may

    def take_over(self, other):
        """The values before are those of the trial that was open."""
        self.before, self._pending = other.before, other._pending

    def renew(self):
        """The host that tries has changed or commanded something. Others may ask meanwhile."""
        self._heard_ms = self._pen.uptime_ms

    def step(self):
        """One look, before anything else of a pass: ended or not, and what follows."""
        pen = self._pen
        heard_ms = max(self._heard_ms, pen.service.heartbeat_ms)
        silent = pen.uptime_ms - heard_ms > self._span_ms
        left = pen.control.state != states.SERVICE
        if silent or left or pen.link.session != self._session:
            self.over = True
        if self.over:
            self._go_back()

    def _go_back(self):
        """All of them together: the motor off, none on its way, the fault recorded with them."""
        pen = self._pen
        if pen.motor_on() or pen.control.main_asks:
            if pen.control.state == states.SERVICE:
                pen.stop()
            return
        word = pen.control.faults
        if word != pen.seen_faults or (word and pen.blackbox.fault):
            return  # not noted yet, or not written
        pen.settings[:] = self.before
        pen.treatment.pending = self._pending
        pen.settings_changed()
        pen.trial = None
        pen.link.event(protocol.NOTICE, protocol.TRIAL_OVER, 0)
