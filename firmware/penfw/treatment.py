"""A treatment's start, its limits while it runs, and the settings that wait for the next one."""

from penfw import protocol, states, tables
from penfw.control_state import LAW_OFF
from penfw.indicator import REFUSED
from penfw.limits import lowest_rate_mHz
from penfw.signals import IN_USB
from penfw.signals import index as signal

LIMITED_MS = 1000  # the rate is limited for so long: the host is told

_INPUTS = signal("inputs")
_LIMITED = signal("limited")
_RATE = signal("rate")
_RUN_TIME = signal("run_time")


class Treatment:
    """From the release of the button in READY to the stop."""

    def __init__(self, pen):
        self._pen = pen
        self._limited_ms = 0
        self.pending = {}  # settings that wait for the next start
        self.starting = False  # only the depth has to be reached yet
        self.on_trial = False  # the firmware's version, see trial.py
        self.log = None  # a run_log.RunLog from a start until it is written

    def state_changed(self):
        """Another state: what belonged to the old one is over."""
        self.starting = False
        self._limited_ms = 0

    def begin(self):
        """A fresh press in READY: take over what was pending, mark the cartridge used."""
        pen = self._pen
        if self.log is not None:  # the last run is not written yet
            self.log.close()
        self._take_pending()
        reason, limit = self._refusal()
        if reason:
            pen.link.event(protocol.NOTICE, reason, limit)
            pen.indicator.play(REFUSED, pen.uptime_ms)
        elif pen.cartridge.mark_used():
            pen.control.main_rate_mHz = pen.get("stroke_rate")
            if self.log is None:
                self.log = tables.read("run_log", "RunLog")(pen)
            else:
                self.log.begin()
            self.starting = True
        else:
            pen.judge_cartridge()

    def call_off(self):
        """A start that has not happened yet does not happen."""
        self.starting = False
        self._pen.control.main_conditions &= ~states.START

    def in_ready(self):
        """One look: the needles have their depth, the motor may run."""
        control = self._pen.control
        if self.starting and control.steps == control.main_depth:
            control.main_conditions |= states.START

    def in_proof(self):
        """One look while both stop paths are proved before the run."""
        control = self._pen.control
        if control.own_conditions & states.PROVED or control.law != LAW_OFF:
            if not control.main_conditions & states.CARTRIDGE:
                self.call_off()
        elif control.moved_in_proof():
            # A knock, or needles parked at the sensor's edge. The press was fresh: park them anew.
            control.main_conditions |= states.PARK_WANTED
        else:
            self.call_off()

    def in_running(self):
        """One look: the run limit, and a rate that battery or load does not allow."""
        pen = self._pen
        values = pen.control.values
        if self.log is not None:
            self.log.add(pen.uptime_ms)
        if values[_RUN_TIME] > pen.get("run_limit") * 1000:
            pen.stop()
        if not values[_LIMITED]:
            self._limited_ms = pen.uptime_ms
        elif self._limited_ms and pen.uptime_ms - self._limited_ms > LIMITED_MS:
            self._limited_ms = 0  # told once a run
            pen.link.event(protocol.NOTICE, protocol.LIMITED_RATE, values[_RATE])

    def _refusal(self):
        """(reason, limit) why none can begin now; (0, 0) when one can."""
        pen = self._pen
        if pen.control.values[_INPUTS] & IN_USB:
            return protocol.USB_CONNECTED, 0
        if self.on_trial:
            return protocol.ON_TRIAL, 0
        depth_um = min(pen.get("depth"), pen.depth_limit_um())
        slowest_mHz = lowest_rate_mHz(pen.cartridge.needles, depth_um)
        if pen.get("stroke_rate") < slowest_mHz:
            return protocol.RATE_TOO_LOW, slowest_mHz
        return 0, 0

    def _take_pending(self):
        pen = self._pen
        for number in sorted(self.pending):
            pen.settings[number] = self.pending[number]
            pen.link.event(protocol.SETTING_APPLIED, number, self.pending[number])
        if self.pending:
            self.pending = {}
            pen.flash_window.settings_due = True
        pen.apply_settings()
