"""Flash is written in declared windows only: it stops the processor, interrupts included."""

from penfw import board as hardware
from penfw import protocol, states, tables
from penfw.signals import index as signal

BUSY_MS = 400  # what a window may take
OPEN_MS = 100  # without drive for so long the load switch is open (one-shot of 30 ms)
STILL_US = 200000
OFF_MS = 2000  # after so long in FAULT both ways to power the motor are off, whatever turns
PRESS_MS = 3000  # so long a press is waited for: one that starts or acknowledges
TOLD_MS = 1000  # a host that takes nothing is waited for no longer
TICK_MS = 3  # in this time a control tick passes

_EDGE_AGE = signal("edge_age")


class FlashWindow:
    """What waits to be written, and the moment for it: one item a window, see flash_item.py.

    `step` once a main-loop pass.
    """

    def __init__(self, pen):
        self._pen = pen
        self._announced_ms = -1  # when the host was told, or not yet
        self.settings_due = False
        self.serials_due = False
        self.version_due = False
        self.hand_over_due = False

    def step(self):
        """Opens a window once it is announced, the motor proved still, the load switch open."""
        if not self._due():
            return
        if not self._still():
            self._announced_ms = -1
            return
        now_ms = self._pen.uptime_ms
        if self._announced_ms < 0:
            self._announced_ms = now_ms
            self._pen.link.busy(BUSY_MS)
        if self._pen.link.idle() or now_ms - self._announced_ms > TOLD_MS:
            self._open()

    def _open(self):
        pen = self._pen
        pen.control.main_window = 1  # from here on no parking begins; one may just have begun
        if pen.motor_on():
            pen.control.main_window = 0
            return
        pen.board.feed()
        try:
            tables.read("flash_item", "write")(pen)
        except OSError:
            pen.link.event(protocol.NOTICE, protocol.STORE_FAILED, 0)
        self._announced_ms = -1
        hardware.sleep_ms(TICK_MS)  # its deadline is not held
        pen.control.main_window = 0
        pen.button.forget()
        pen.service.heartbeat_ms = pen.pass_time()

    def _due(self):
        pen = self._pen
        own = self.settings_due or self.serials_due or self.version_due or self.hand_over_due
        return own or pen.treatment.log is not None or pen.blackbox.due()

    def _still(self):
        """No drive for long enough that the load switch is open, none on its way, no edge."""
        pen, control = self._pen, self._pen.control
        if control.state == states.FAULT and control.state_ms > OFF_MS:
            return True
        if pen.motor_on() or pen.treatment.starting or control.main_asks:
            return False
        if 0 < pen.button.held_ms(pen.uptime_ms) < PRESS_MS:  # it would be nothing afterwards
            return False
        if control.main_conditions & (states.START | states.PARK_WANTED):
            return False
        if control.main_home or control.steps != control.main_depth:
            return False
        return control.state_ms > OPEN_MS and control.values[_EDGE_AGE] > STILL_US
