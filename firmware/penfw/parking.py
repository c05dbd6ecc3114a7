"""Parking: needles retracted at top dead centre, verified by its sensor (low there).

Part of the control interrupt: integers within +-2**30, nothing allocated.
"""

from micropython import const

from penfw.control_state import ControlState

_MASK = const(0x3FFFFFFF)  # ticks_us wraps at 2**30
_DUTY = const(5)
_PARKED = const(8)
_LAW_OFF = const(0)
_BRAKE = const(0)
_CREEP = const(1)
_SETTLE = const(2)
_DONE = const(3)
_BRAKE_MS = const(26)  # one turn and more at the slowest rate
_BRAKE_LIMIT_MS = const(80)
_SLOW_US = const(8000)  # an edge gap below 21 Hz: braking has done its work
_QUIET_US = const(30000)
_CREEP_MS = const(130)
_OVER_US = const(20000)  # edges closer, above 8 Hz: over the hump, the membrane does the rest
_OVER_EDGES = const(4)  # so many edges since the top, each 60 degrees: over the hump at any speed
_SETTLE_MS = const(30)  # at top dead centre for so long: parked
_MISSED_MS = const(52)  # still, but elsewhere; by then the membrane has brought them back
_SETTLE_LIMIT_MS = const(120)
_RAMP_MS = const(140)  # then the push is whole: park_mV * 140 <= 8000 * 140
_HELD_MS = const(20)  # of the ramp: a try more begins so far up, the needles are held by friction
_PARK_TRIES = const(3)
_FALL_TRY = const(1)  # lets go at its first edge
_F_PARK_NOT_REACHED = const(1 << 11)


class Parking(ControlState):
    """Brakes, creeps and settles; runs once in four ticks while the needles are to be parked."""

    def _park_law(self):
        """Brake, creep to top dead centre, settle; three tries.

        Creeping ends with the push over the force of the membrane: driven on, the needles would
        come back so fast that the brake lets them pass the sensor. Those of a pen with little
        friction pass it even so, and stay just behind it: the second try lets go at the first edge,
        and the membrane brings them back from there, too slow to pass it again. Those of a pen with
        more friction stay where they are then; in the third the push ends an edge earlier.
        """
        passed_ms = self.park_ms + 4
        self.park_ms = passed_ms
        phase = self.park_phase
        duty = 0
        age = self.age_us
        # The sensor is believed at the top only after it has been seen to go there.
        at_top = not self.read_tdc() and self.tdc_count != self.park_count
        if phase == _BRAKE:
            if passed_ms > _BRAKE_MS and (age > _SLOW_US or passed_ms > _BRAKE_LIMIT_MS):
                self._park_next(_SETTLE if at_top else _CREEP)
        elif phase == _CREEP:
            tries = self.park_tries
            let_go = tries == _FALL_TRY and age <= passed_ms * 1000  # <= 134,000
            if not at_top and passed_ms <= _CREEP_MS and not let_go:
                head = self.head
                gap = (self.ring[(head - 1) & 15] - self.ring[(head - 2) & 15]) & _MASK
                edges = (head - self.tdc_head) & 0xFFFFFF
                # The gap is long, too, where the needles have stood just before the hump.
                over = _OVER_EDGES if tries <= _FALL_TRY else _OVER_EDGES - 1
                if age > _OVER_US or (gap > _OVER_US and edges < over):
                    ramp = passed_ms + 10 + _HELD_MS * tries
                    volts = self.park_mV * (ramp if ramp < _RAMP_MS else _RAMP_MS) // _RAMP_MS
                    battery = self.battery_mV
                    duty = (volts if volts < battery else battery) * 65535 // battery
            else:
                self._park_next(_SETTLE)
        elif phase == _DONE:
            pass
        elif at_top and age > _QUIET_US and passed_ms > _SETTLE_MS:
            self._park_next(_DONE)
            self.own_conditions |= _PARKED
            self.law = _LAW_OFF
            self.gate = 0
        elif passed_ms > _SETTLE_LIMIT_MS or (age > _QUIET_US and passed_ms > _MISSED_MS):
            self.park_tries += 1
            self.tdc_head = self.head  # needles that fell back have counted edges twice
            if self.park_tries < _PARK_TRIES:
                self._park_next(_CREEP)
            else:
                self._park_next(_DONE)
                self.faults |= _F_PARK_NOT_REACHED
        self.duty = self.values[_DUTY] = duty

    def _park_next(self, phase):
        self.park_phase = phase
        self.park_ms = 0
