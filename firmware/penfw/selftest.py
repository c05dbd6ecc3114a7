"""The self-test after power-up and after an acknowledged fault: sensors, needles, home."""

from penfw import faults, states
from penfw.board import was_watchdog_reset
from penfw.signals import IN_TOP
from penfw.signals import index as signal

SETTLE_MS = 100  # until every slow input has been read a few times
CURRENT_MA = 150  # shunt reading without drive
HOUSING_MC = (-5000, 90000)

_CURRENT = signal("current")
_HOUSING = signal("housing")
_INPUTS = signal("inputs")


class SelfTest:
    """Runs in SELF_TEST, a step a main-loop pass; ends with the condition TESTED."""

    def __init__(self, pen, settings_damaged):
        self._pen = pen
        self._settings_damaged = settings_damaged
        self._watchdog_reset = was_watchdog_reset()
        self._top_in_doubt = False
        self.begin(0)

    def begin(self, now_ms, parked=False):
        """Starts over; `parked`: the needles have just been parked, which verifies the sensor."""
        if parked:
            self._top_in_doubt = False
        self._phase = self._settle
        self._since_ms = now_ms
        self.needles_out = self.uncalibrated = False

    def doubt_top(self):
        """The sensor may be defective: needles have to be parked before it is believed again."""
        self._top_in_doubt = True

    def step(self, now_ms):
        """One look."""
        self._phase(now_ms)

    def _settle(self, now_ms):
        if now_ms - self._since_ms < SETTLE_MS:
            return
        self._pen.control.main_window = 0
        found = self._reset_faults() | self._sensor_faults()
        if found:
            self._pen.control.raise_faults(found)
        else:
            self._phase = self._look_for_needles

    def _reset_faults(self):
        found = 0
        if self._settings_damaged:
            found |= 1 << faults.SETTINGS_CORRUPT
        if self._watchdog_reset:
            found |= 1 << faults.WATCHDOG_RESET
        self._settings_damaged = self._watchdog_reset = False
        return found

    def _sensor_faults(self):
        values = self._pen.control.values
        found = 0
        if not -CURRENT_MA < values[_CURRENT] < CURRENT_MA:
            found |= 1 << faults.OVERCURRENT
        if not HOUSING_MC[0] < values[_HOUSING] < HOUSING_MC[1]:
            found |= 1 << faults.OVER_TEMPERATURE
        return found

    def _look_for_needles(self, now_ms):
        """Top dead centre not seen: nothing moves until a fresh press. Parking verifies it."""
        at_top = self._pen.control.values[_INPUTS] & IN_TOP
        self.needles_out = self._top_in_doubt or not at_top
        if not self.needles_out:
            self._start_homing(now_ms)

    def _start_homing(self, now_ms):
        self._pen.control.find_home()
        self._pen.board.step_enable.value(1)
        self._since_ms = now_ms
        self._phase = self._home

    def _home(self, now_ms):
        control = self._pen.control
        if control.main_home or not control.homed:
            return
        self._pen.apply_settings()
        self._since_ms = now_ms
        self._phase = self._reach_depth

    def _reach_depth(self, now_ms):
        control = self._pen.control
        if control.steps != control.main_depth or now_ms - self._since_ms < SETTLE_MS:
            return
        self.uncalibrated = not self._pen.get("calibrated")
        if not self.uncalibrated:
            control.main_conditions |= states.TESTED
