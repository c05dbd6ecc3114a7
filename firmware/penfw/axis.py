"""The depth axis: stepping to its goal, and homing.

Part of the control interrupt: integers within +-2**30, nothing allocated.
"""

from micropython import const

from penfw.control_state import ControlState

_MASK = const(0x3FFFFFFF)  # ticks_us wraps at 2**30
_FAULT = const(5)
_HOME_TRAVEL_STEPS = const(120)  # 3.0 mm, more than the axis has
_F_HOME_NOT_FOUND = const(1 << 22)


class DepthAxis(ControlState):
    """Drives the stepper: at most one step in an even tick, 500 a second.

    `goal`, in steps, is `main_depth` as far as it may be followed now (`_depth_slot`).
    """

    def _axis(self):
        """A step's pulse, which the next odd tick ends, or a new direction."""
        if self.state == _FAULT:
            return  # nothing moves until it is acknowledged
        direction = 1
        if self.main_home:
            if self._homed():
                return
            direction = -1
        elif self.steps > self.goal:
            # From above, one step beyond the goal: it is reached from one side (backlash).
            self.overshoot = 1
            direction = -1
        elif self.overshoot:
            direction = -1 if self.steps == self.goal else 1
            self.overshoot = 1 if direction < 0 else 0
        elif self.law and (self.last_us - self.tdc_us) & _MASK > self.period0 >> 2:
            return  # deeper with the motor on only while the needles are retracted
        if direction != self.direction:
            self.direction = direction  # set one look before its pulse, as the driver needs
            self.write_direction(1 if direction > 0 else 0)
            return
        self.write_step(1)
        self.step_high = 1
        self.steps += direction

    def _homed(self):
        """Toward zero depth only, until the home switch closes; 1 when that is over."""
        if not self.read_home():
            self.steps = self.home_steps_below
            self.main_depth = self.goal = self.main_home = 0
            self.homed = 1
            return 1
        self.home_steps += 1
        if self.home_steps > _HOME_TRAVEL_STEPS:
            self.main_home = 0
            self.faults |= _F_HOME_NOT_FOUND
            return 1
        return 0
