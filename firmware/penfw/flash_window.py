"""Flash is written in declared windows only: it stops the processor, interrupts included."""

from penfw import board as hardware
from penfw import protocol, states
from penfw.cartridge import pack_serials
from penfw.signals import index as signal

BUSY_MS = 400  # what a window may take
OPEN_MS = 100  # without drive for so long the load switch is open (one-shot of 30 ms)
STILL_US = 200000
TICK_MS = 3  # in this time a control tick passes
REMOVED_FILE = "/removed"  # serials of cartridges that were taken off after use

_EDGE_AGE = signal("edge_age")


class FlashWindow:
    """What waits to be written, and the moment for it. `step` once a main-loop pass."""

    def __init__(self, pen):
        self._pen = pen
        self._announced = False
        self.settings_due = False
        self.serials_due = False

    def step(self):
        """Opens a window once it is announced, the motor proved still, the load switch open."""
        if not self.settings_due and not self.serials_due:
            return
        if not self._still():
            self._announced = False
            return
        if not self._announced:
            self._announced = True
            self._pen.link.busy(BUSY_MS)
        if self._pen.link.idle():
            self._open()

    def _open(self):
        pen = self._pen
        pen.control.main_window = 1
        try:
            self._write()
        except OSError:
            pen.link.event(protocol.NOTICE, protocol.STORE_FAILED, 0)
        self.settings_due = self.serials_due = self._announced = False
        hardware.sleep_ms(TICK_MS)  # its deadline is not held
        pen.control.main_window = 0
        pen.button.forget()
        pen.service.heartbeat_ms = pen.pass_time()

    def _write(self):
        pen = self._pen
        pen.board.feed()
        if self.settings_due:
            pen.store.save(pen.settings)
        pen.board.feed()
        if self.serials_due:
            pen.board.files.write(REMOVED_FILE, pack_serials(pen.cartridge.removed))
        pen.board.feed()

    def _still(self):
        """No drive for long enough that the load switch is open, none on its way, no edge."""
        pen, control = self._pen, self._pen.control
        if pen.motor_on() or pen.treatment.starting or control.main_asks:
            return False
        if control.main_conditions & (states.START | states.PARK_WANTED):
            return False
        if control.main_home or control.steps != control.main_depth:
            return False
        return control.state_ms > OPEN_MS and control.values[_EDGE_AGE] > STILL_US
