"""The depth axis: stepping to its goal, and homing.

Part of the control interrupt: integers within +-2**30, nothing allocated.
"""

from micropython import const

from penfw.control_state import ControlState

_HOME_TRAVEL_STEPS = const(120)  # 3.0 mm, more than the axis has
_F_HOME_NOT_FOUND = const(1 << 22)


class DepthAxis(ControlState):
    """Drives the stepper, at most one step in two ticks: 500 steps a second."""

    def _axis(self):
        """One step of the depth axis, at most one in two ticks: 500 steps a second."""
        if self.homing:
            self._home()
            return
        # From above, one step beyond the goal: the goal is reached from one side (backlash).
        if self.steps > self.depth_goal:
            self.overshoot = 1
        elif self.steps < self.depth_goal:
            self.overshoot = 0
        self._step(-1 if self.overshoot else 1)

    def _step(self, direction):
        """One pulse; a new direction is set one look before it, as the driver needs."""
        if direction != self.direction:
            self.direction = direction
            self.write_direction(1 if direction > 0 else 0)
            return
        self.write_step(1)
        self.step_high = 1
        self.steps += direction

    def _home(self):
        """Toward zero depth only, until the home switch closes."""
        if not self.read_home():
            self.steps = self.depth_goal = self.homing = 0
            self.homed = 1
            return
        self.home_steps += 1
        if self.home_steps > _HOME_TRAVEL_STEPS:
            self.homing = 0
            self.own_faults |= _F_HOME_NOT_FOUND
            return
        self._step(-1)
