"""The proof of both stop paths: a pulse of 0.1 A for 2 ms, at parked top dead centre.

Part of the control interrupt: integers within +-2**30, nothing allocated. It counts odd ticks, so
its charge is bounded whatever the main loop does: two pulses with the load switch open, two looks
with the load switch closed and no pulse, two pulses with both. Only the last may show a current.
"""

from micropython import const

from penfw.control_state import ControlState

_DUTY = const(5)
_CURRENT = const(6)
_LAW_OFF = const(0)
_PROVED = const(2048)

# In steps of 2 ms. Each of the three phases has two rounds of four steps: set, look, rest, rest.
_ZERO = const(8)  # from here 16 samples without drive
_SWITCH = const(24)  # the load switch is open: its one-shot takes 45 ms at most
_BRIDGE = const(32)
_BOTH = const(40)
_LAST = const(47)

_NONE_MA = const(30)  # no more may flow with one path off
_LEAST_MA = const(45)  # with both on
_MOST_MA = const(180)

_F_BRIDGE_STUCK = const(1 << 24)
_F_LOAD_SWITCH_STUCK = const(1 << 25)
_F_TEST_CURRENT = const(1 << 26)


class Proof(ControlState):
    """Runs in every odd tick while `law` is LAW_PROVE; ends with the condition PROVED."""

    def _prove(self, raw, v):
        """One step: current flows with both paths on, and with neither one off."""
        step = self.proof_step + 1
        self.proof_step = step
        if step < _SWITCH:
            self._rest(step, raw)
            return
        part = step & 3
        if part == 1:  # the pulse is over; 8 of 16 samples
            self.duty = v[_DUTY] = 0
            read = self.read_shunt
            raw += read() + read() + read() + read() + read() + read() + read()
            self.proof_sum += raw
        elif raw > self.gross_raw or raw < self.braking_raw:
            self._stuck(step)
        elif part == 0:
            if step >= _BRIDGE:
                self.gate = 1
            if step < _BRIDGE or step >= _BOTH:
                self.duty = v[_DUTY] = self.proof_duty
        elif step & 7 == 7:
            self._judge(step)

    def _rest(self, step, raw):
        """Before the pulses: the load switch opens, and the amplifier's zero is measured."""
        if step == 1:
            self.write_load_switch(0)  # its next rise closes it
            self.proof_sum = self.proof_zero = 0
            self.proof_head = self.head
        elif step < _ZERO:
            self.proof_duty = self.proof_mV * 65535 // self.battery_mV  # <= 800 * 65535
        else:
            self.proof_zero += raw  # <= 16 * 65535

    def _judge(self, step):
        """The mean of 16 samples at the end of a phase. A motor that was turned proves nothing."""
        mean = ((self.proof_sum - self.proof_zero) * self.shunt_q12) >> 16  # <= 2**20 * 532
        self.values[_CURRENT] = mean
        self.proof_sum = 0
        if self.head != self.proof_head or self.read_tdc():  # its own motion gives a current too
            self.proof_step = _LAST
            self._end()
        elif step < _LAST:
            if mean > _NONE_MA or mean < -_NONE_MA:
                self._stuck(step)
        elif mean < _LEAST_MA or mean > _MOST_MA:
            self._stuck(step)
        else:
            self.own_conditions |= _PROVED
            self._end()

    def _end(self):
        self.law = _LAW_OFF
        self.gate = 0

    def _stuck(self, step):
        """A CUT fault by the phase: that closes the gate in this tick."""
        if step < _BRIDGE:
            self.faults |= _F_LOAD_SWITCH_STUCK
        elif step < _BOTH:
            self.faults |= _F_BRIDGE_STUCK
        else:
            self.faults |= _F_TEST_CURRENT
