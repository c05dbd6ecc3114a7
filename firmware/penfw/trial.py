"""A version's trial after it was flashed: it is kept once it has answered a host on its link, and
its interrupt runs.

Faults of the hardware are no reason against it: a board with nothing wired keeps it too. /main.py
has the other half: it counts the starts, and goes back. Until it is kept it starts no treatment,
as its time may run out at any moment.
"""

from penfw import faults

PROOF_MS = 5000  # of the 10 s that /main.py allows
PASSES = 100  # of the main loop in which the interrupt has run
_OWN_FAULTS = 1 << faults.INTERNAL_ERROR | 1 << faults.DEADLINE_MISSED  # no hardware has these


class Trial:
    """One start of a version on trial."""

    def __init__(self, pen, timer):
        """`timer` ends the start as failed."""
        self._pen = pen
        self._timer = timer
        self._passes = 0
        self._last_us = 0
        pen.treatment.on_trial = True

    def step(self):
        """One look, in each pass of the main loop."""
        if self._timer is None:
            return
        pen, control = self._pen, self._pen.control
        if control.last_us != self._last_us:
            self._last_us = control.last_us
            self._passes += 1
        runs = self._passes >= PASSES and not control.faults & _OWN_FAULTS
        if runs and pen.uptime_ms >= PROOF_MS and pen.link.heard():
            self._timer.deinit()
            self._timer = None
            pen.treatment.on_trial = False
            pen.flash_window.version_due = True
