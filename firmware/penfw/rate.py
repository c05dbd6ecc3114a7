"""The stroke-rate law: feed-forward, PI on whole turns, IR compensation, limits.

Part of the control interrupt: integers within +-2**30, nothing allocated. The comments `# <= N`
give the largest product of an expression.
"""

from micropython import const

from penfw.control_state import ControlState

_RATE = const(3)
_RATE_TARGET = const(4)
_BATTERY = const(7)
_LIMITED = const(16)
_ERROR_LIMIT_MHZ = const(150000)
_INTEGRAL_LIMIT = const(1500 << 16)  # mV in Q16


class RateLaw(ControlState):
    """Steers the stroke rate; runs every second tick."""

    def _rate_law(self, age, current):
        """Stroke rate: feed-forward, PI on the median of three whole turns, IR compensation."""
        v = self.values
        a = self.period0
        b = self.period1
        c = self.period2
        if a > b:
            a, b = b, a
        if b > c:
            b = c if c > a else a
        rate = 1000000000 // b  # <= 250000
        v[_RATE] = rate
        ramp = self.ramp_mHz + self.slew_mHz
        if ramp > self.target_mHz:
            ramp = self.target_mHz
        self.ramp_mHz = v[_RATE_TARGET] = ramp
        error = ramp - rate
        if error < -_ERROR_LIMIT_MHZ:
            error = -_ERROR_LIMIT_MHZ
        wanted = (
            ((ramp * self.emf_q16) >> 16)  # <= 150000 * 2621
            + ((error * self.kp_q16) >> 16)  # <= 150000 * 5242
            + (self.integral >> 16)
            + ((current * self.ir_q12) >> 12)  # <= 6500 * 29491
        )
        # The current limit is a ceiling of the voltage from the rate. Without an edge the rate
        # can only be lower than one edge in `age` says.
        slow = 166666666 // (age + 1)
        emf = ((rate if rate < slow else slow) * self.emf_q16) >> 16  # <= 250000 * 2621
        battery = v[_BATTERY]
        volts = wanted
        limited = 0
        if volts > emf + self.limit_mV:
            volts = emf + self.limit_mV
            limited = 1
        elif volts < emf - self.limit_mV:
            volts = emf - self.limit_mV
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
        return volts * 65535 // battery if volts else 0  # <= 5000 * 65535
