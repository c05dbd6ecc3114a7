"""Parking: needles retracted at top dead centre, verified by its sensor.

Part of the control interrupt: integers within +-2**30, nothing allocated.
"""

from micropython import const

from penfw.control_state import ControlState

_BATTERY = const(7)
_PARKED = const(8)
MOTOR_OFF = const(0)
MOTOR_PARK = const(2)
_BRAKE = const(0)
_CREEP = const(1)
_SETTLE = const(2)
_DONE = const(3)
_BRAKE_TICKS = const(25)
_SLOW_US = const(8000)  # an edge gap below 21 Hz: braking has done its work
_SETTLE_US = const(30000)
_CREEP_TICKS = const(120)
_SETTLE_TICKS = const(120)
_PARK_TRIES = const(2)
_F_PARK_NOT_REACHED = const(1 << 11)


class Parking(ControlState):
    """Brakes, creeps and settles; runs every tick while the needles are to be parked."""

    def _park_law(self, age):
        """Brake, creep to top dead centre with a reduced current, settle; two tries."""
        ticks = self.park_ticks + 1
        self.park_ticks = ticks
        phase = self.park_phase
        if phase == _DONE:
            return 0
        at_top = self.read_tdc()
        if phase == _BRAKE:
            if ticks > _BRAKE_TICKS and (age > _SLOW_US or ticks > 80):
                self._park_phase(_SETTLE if at_top else _CREEP)
        elif phase == _CREEP:
            if not at_top and ticks <= _CREEP_TICKS:
                volts = self.park_mV * (ticks + 20) // (_CREEP_TICKS + 20)  # <= 8000 * 140
                battery = self.values[_BATTERY]
                return volts * 65535 // battery if battery > volts else 65535
            self._park_phase(_SETTLE)
        elif at_top and age > _SETTLE_US and ticks > 30:
            self._park_phase(_DONE)
            self.motor_mode = MOTOR_OFF
            self.own_conditions |= _PARKED
        elif ticks > _SETTLE_TICKS or (age > _SETTLE_US and ticks > 40):
            self.park_tries += 1
            if self.park_tries < _PARK_TRIES:
                self._park_phase(_CREEP)
            else:
                self._park_phase(_DONE)
                self.own_faults |= _F_PARK_NOT_REACHED
        return 0

    def _park_phase(self, phase):
        self.park_phase = phase
        self.park_ticks = 0

    def park(self):
        """In SERVICE: stop the motor and bring the needles to top dead centre."""
        self.park_phase = _BRAKE
        self.park_ticks = self.park_tries = 0
        self.duty = 0
        self.motor_mode = MOTOR_PARK
