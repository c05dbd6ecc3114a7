"""Odd ticks by turns: the motor's current and speed, and the stroke-rate law.

Part of the control interrupt: integers within +-2**30, nothing allocated. The comments `# <= N`
give the largest product of an expression.
"""

from micropython import const

from penfw.control_state import ControlState

_MASK = const(0x3FFFFFFF)  # ticks_us wraps at 2**30
_RATE = const(3)
_RATE_TARGET = const(4)
_DUTY = const(5)
_CURRENT = const(6)
_EDGE_AGE = const(14)
_LIMITED = const(16)
_AGE_LIMIT_US = const(1000000)
_STILL_US = const(200000)  # no edge for so long: the motor stands
_OVERSPEED_US = const(6060)  # a turn at 165 Hz, 10 % above the greatest rate
_NO_PERIOD_US = const(1000000)  # stands for "no turn seen": 1 Hz
_SHORTEST_US = const(4000)  # periods below it are no motion of this motor
_ERROR_LIMIT_MHZ = const(150000)
_INTEGRAL_LIMIT = const(1500 << 16)  # mV in Q16
_F_OVERSPEED = const(1 << 1)


class RateLaw(ControlState):
    """Measures and steers the stroke rate, each once in four ticks."""

    def _measure(self, now, raw, v):
        """Current and edges. `v` is the signal array."""
        current = ((raw - self.shunt_zero) * self.shunt_q12) >> 12  # <= 2**27
        v[_CURRENT] = current
        self.heat_sum += (current * current) >> 6  # <= 2**20 a time, 5 times
        head = self.head
        newest = self.ring[(head - 1) & 15]
        age = (now - newest) & _MASK
        if age > _AGE_LIMIT_US:
            age = _AGE_LIMIT_US
        self.age_us = v[_EDGE_AGE] = age
        if head != self.seen:
            self._edges(head, newest)
        elif age > _STILL_US:
            if self.known:
                self.known = v[_RATE] = 0
                self.period0 = self.period1 = self.period2 = _NO_PERIOD_US
            else:  # the last edge moves along, so that it stays old when the clock wraps
                self.ring[(head - 1) & 15] = (now - age) & _MASK

    def _edges(self, head, newest):
        """New tachometer edges: the newest whole turn's period; two short ones are overspeed."""
        ring = self.ring
        known = self.known + ((head - self.seen) & 15)
        self.known = known = known if known < 9 else 9
        self.seen = head
        period = _NO_PERIOD_US
        if known > 6:
            period = (newest - ring[(head - 7) & 15]) & _MASK
        elif known > 1:
            gap = (newest - ring[(head - 2) & 15]) & _MASK
            period = gap * 6 if gap < _STILL_US else _NO_PERIOD_US
        if period < _SHORTEST_US:
            period = _SHORTEST_US
        before = self.period0
        self.period2 = self.period1
        self.period1 = before
        self.period0 = period
        if period < _OVERSPEED_US and before < _OVERSPEED_US and known > 7:
            self.faults |= _F_OVERSPEED

    def _rate_law(self, v):
        """Duty by feed-forward, PI on the median of three whole turns, IR compensation."""
        a = self.period0
        b = self.period1
        c = self.period2
        if a > b:
            fastest = b
            b = a
            a = fastest
        if b > c:
            b = c if c > a else a
        rate = 1000000000 // b  # <= 250000
        v[_RATE] = rate
        ramp = self.ramp_mHz + self.slew_mHz
        goal = self.main_rate_mHz
        if ramp > goal:
            ramp = goal
        self.ramp_mHz = v[_RATE_TARGET] = ramp
        error = ramp - rate
        if error < -_ERROR_LIMIT_MHZ:
            error = -_ERROR_LIMIT_MHZ
        emf_q16 = self.emf_q16
        # <= 150000 * 2621 + 150000 * 1966 + 2**27
        wanted = (ramp * emf_q16 + error * self.kp_q16 + self.integral) >> 16
        wanted += (v[_CURRENT] * self.ir_q12) >> 12  # <= 6500 * 29491
        # The current limit is a ceiling of the voltage from the rate. Without an edge the rate
        # can only be lower than one edge in `age` says.
        slow = 166666666 // (self.age_us + 1)
        emf = ((rate if rate < slow else slow) * emf_q16) >> 16  # <= 250000 * 2621
        limit = self.limit_mV
        battery = self.battery_mV
        volts = wanted
        limited = 0
        if volts > emf + limit:
            volts = emf + limit
            limited = 1
        elif volts < emf - limit:
            volts = emf - limit
        if volts >= battery:
            volts = battery
            limited |= 2
        elif volts < 0:
            volts = 0
        v[_LIMITED] = limited
        # Anti-windup from the realised voltage: integrate only what brings it back.
        if volts == wanted or (volts < wanted) == (error < 0):
            integral = self.integral + error * self.ki_q16  # <= 2**27 + 150000 * 655
            if integral > _INTEGRAL_LIMIT:
                integral = _INTEGRAL_LIMIT
            elif integral < -_INTEGRAL_LIMIT:
                integral = -_INTEGRAL_LIMIT
            self.integral = integral
        self.duty = v[_DUTY] = volts * 65535 // battery if volts else 0  # <= 5000 * 65535
