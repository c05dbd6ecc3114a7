"""The self-test after power-up and after an acknowledged fault: sensors, needles, home, stop paths.

It is in memory while it runs only, see tables.py.
"""

from penfw import faults, states
from penfw.control_state import LAW_OFF, LAW_PROVE
from penfw.signals import IN_TOP
from penfw.signals import index as signal

SETTLE_MS = 100  # until every slow input has been read a few times
CURRENT_MA = 150  # shunt reading without drive
ROUGH_CURRENT_MA = 400  # before its zero has been measured
HOUSING_MC = (-5000, 90000)

_CURRENT = signal("current")
_HOUSING = signal("housing")
_INPUTS = signal("inputs")


class SelfTest:
    """Runs in SELF_TEST, a step a main-loop pass; ends with the condition TESTED."""

    def __init__(self, pen):
        self._pen = pen
        self._phase = self._settle
        self._since_ms = pen.uptime_ms
        self.needles_out = self.uncalibrated = False

    def step(self, now_ms):
        """One look."""
        self._phase(now_ms)

    def _settle(self, now_ms):
        if now_ms - self._since_ms < SETTLE_MS:
            return
        self._pen.control.main_window = 0
        found = self._pen.boot_faults | self._sensor_faults()
        self._pen.boot_faults = 0
        if found:
            self._pen.control.raise_faults(found)
        else:
            self._phase = self._look_for_needles

    def _sensor_faults(self):
        values = self._pen.control.values
        found = 0
        limit_mA = CURRENT_MA if self._pen.get("calibrated") else ROUGH_CURRENT_MA
        if not -limit_mA < values[_CURRENT] < limit_mA:
            found |= 1 << faults.OVERCURRENT
        if not HOUSING_MC[0] < values[_HOUSING] < HOUSING_MC[1]:
            found |= 1 << faults.OVER_TEMPERATURE
        return found

    def _look_for_needles(self, now_ms):
        """Top dead centre not seen: nothing moves until a fresh press. Parking verifies it."""
        at_top = self._pen.control.values[_INPUTS] & IN_TOP
        self.needles_out = self._pen.top_in_doubt or not at_top
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
        if self._pen.get("calibrated"):  # else its shunt and its motor are not known yet
            self._phase = self._prove
            self._prove(now_ms)
        else:
            self._go_to_depth(now_ms)

    def _prove(self, now_ms):
        """Both stop paths, with the needles at depth zero. A press calls it off, so it repeats."""
        pen, control = self._pen, self._pen.control
        if control.own_conditions & states.PROVED:
            self._go_to_depth(now_ms)
        elif control.law == LAW_OFF and not control.main_asks:
            if control.moved_in_proof():
                pen.top_in_doubt = True
                self._phase = self._look_for_needles
            elif not control.button_down:
                control.want(LAW_PROVE)

    def _go_to_depth(self, now_ms):
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
