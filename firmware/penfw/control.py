"""The 1 kHz control interrupt: read, step, gate, write.

Written flat for the chip (FACTS: a call 12 us, an attribute 1.7 us): values in locals, integers
within +-2**30, nothing allocated, at most four Python calls a tick."""

from micropython import const

from penfw.axis import DepthAxis
from penfw.parking import Parking
from penfw.rate import RateLaw
from penfw.watch import Watches

MASK = const(0x3FFFFFFF)  # ticks_us wraps at 2**30

# Signal numbers; a test holds them to signals.SIGNALS.
_STATE = const(0)
_FAULTS = const(1)
_CONDITIONS = const(2)
_RATE = const(3)
_DUTY = const(5)
_CURRENT = const(6)
_BATTERY = const(7)
_POSITION = const(12)
_STROKES = const(13)
_EDGE_AGE = const(14)
_INPUTS = const(15)
_TICK_TIME = const(17)
_TICK_LATE = const(18)

# States and conditions; the same test holds them to states.py.
_RUNNING = const(3)
_PARKING = const(4)
_FAULT = const(5)
_SERVICE = const(6)
_CUT_FAULT = const(1)
_PARK_FAULT = const(2)
_STOP = const(64)
_POWERED = const(1 << 3 | 1 << 4 | 1 << 6)

# Bits of the signal `inputs`.
_BUTTON = const(1)
_CARTRIDGE = const(2)
_USB = const(4)
_TDC = const(8)

MOTOR_OFF = const(0)
MOTOR_RUN = const(1)
MOTOR_PARK = const(2)
_BRAKE = const(0)

TICK_US = const(1000)
_DEADLINE_US = const(2500)  # 1.5 ms late
_OVERCURRENT_MA = const(2800)  # jammed at 150 Hz: 2.5 A until the ceiling falls; stalled: 3.6 A
_OVERSPEED_US = const(6060)  # a turn at 165 Hz, 10 % above the greatest rate
_AGE_LIMIT_US = const(1000000)
_STILL_US = const(200000)  # no edge for so long: the motor stands
_NO_PERIOD_US = const(1000000)  # stands for "no turn seen": 1 Hz
_SHORTEST_US = const(4000)  # periods below it are no motion of this motor

_F_OVERSPEED = const(1 << 1)
_F_OVERCURRENT = const(1 << 2)
_F_DEADLINE_MISSED = const(1 << 7)
_F_INTERNAL_ERROR = const(1 << 8)


class Control(RateLaw, Parking, DepthAxis, Watches):
    """The interrupt and its two edge handlers."""

    def __init__(self, board):
        super().__init__(board)
        idle = self._idle_slot
        self.slots = (
            self._motion_slot, self._position_slot, self._supply_slot, self._heat_slot,
            self._turn_slot, idle, idle, idle, idle, self._turn_slot,
        )  # fmt: skip

    def tachometer_edge(self, _pin):
        """Edge handler: a time into the ring, nothing else."""
        head = self.head
        self.ring[head & 15] = self.ticks_us()
        self.head = (head + 1) & 0xFFFFFF

    def top_dead_centre_edge(self, _pin):
        """Edge handler: counts a stroke and the tachometer edges since the last one."""
        self.tdc_us = self.ticks_us()
        head = self.head
        self.tdc_edges = (head - self.tdc_head) & 0xFFFFFF
        self.tdc_head = head
        self.tdc_count = (self.tdc_count + 1) & 0xFFFFFF
        self.values[_STROKES] += 1

    def tick(self, _timer):
        """The control interrupt, every millisecond: read, step, gate, write."""
        try:
            now = self.ticks_us()
            v = self.values
            self.site = 1
            gap = (now - self.last_us) & MASK
            self.last_us = now
            found = self.faults | self.main_faults | self.own_faults
            if gap > _DEADLINE_US and not self.window:
                found |= _F_DEADLINE_MISSED
                v[_TICK_LATE] = gap - TICK_US
            count = self.count
            self.count = 0 if count == 19 else count + 1
            current = ((self.read_shunt() - self.shunt_zero) * self.shunt_q12) >> 12  # <= 2**27
            v[_CURRENT] = current
            self.heat_sum += (current * current) >> 6  # <= 2**20 a tick, 20 ticks
            if current < _OVERCURRENT_MA:
                self.over_current = 0
            else:
                found |= self.over_current
                self.over_current = _F_OVERCURRENT  # the second tick in succession counts
            age = (now - self.ring[(self.head - 1) & 15]) & MASK
            if age > _AGE_LIMIT_US:
                age = _AGE_LIMIT_US
            v[_EDGE_AGE] = age
            if self.head != self.seen or age > _STILL_US:
                found |= self._edges()
            self.site = 2
            self._inputs(count & 3)
            state = self.state
            duty = self.duty
            if count & 1:
                if self.step_high:
                    self.step_high = self.write_step(0)
                if state == _RUNNING or self.motor_mode == MOTOR_RUN:
                    duty = self._rate_law(age, current)
            else:
                found |= self.slots[count >> 1](state)
                if self.homing or self.overshoot or self.steps != self.depth_goal:
                    self._axis()
            if state == _PARKING or self.motor_mode == MOTOR_PARK:
                duty = self._park_law(age)
            self.site = 3
            if self.main_clear:
                self.main_clear = self.main_faults = self.own_faults = found = 0
            # Latch and gate. A CUT fault switches off in this tick, whatever the table says.
            self.faults = v[_FAULTS] = found
            conditions = self.main_conditions | self.own_conditions
            if found:
                conditions |= _CUT_FAULT if found & self.cut_mask else 0
                conditions |= _PARK_FAULT if found & self.park_mask else 0
            if conditions != self.conditions:
                duty = self._transition(state, conditions, duty)
            self.state_ticks += 1
            state = self.state
            powered = (_POWERED >> state) & 1 and (state != _SERVICE or self.motor_mode)
            if powered and not conditions & _CUT_FAULT:
                self.toggle ^= 1
                self.write_load_switch(self.toggle)
            else:
                duty = 0
            self.duty = v[_DUTY] = duty
            self.write_motor(duty)
            if self.push is not None:
                self.push(v, now)
            v[_TICK_TIME] = (self.ticks_us() - now) & MASK
        except Exception as error:
            self._failed(error)

    def _failed(self, error):
        """An exception inside the interrupt: both power paths off, and a fault."""
        self.write_motor(0)
        self.duty = 0
        self.error = error.__class__
        self.own_faults |= _F_INTERNAL_ERROR
        self.faults |= _F_INTERNAL_ERROR
        self.values[_FAULTS] = self.faults
        self.state = self.values[_STATE] = _FAULT
        self.motor_mode = MOTOR_OFF

    def _transition(self, state, conditions, duty):
        """The condition word has changed: look at the table; returns the duty from here on."""
        self.conditions = self.values[_CONDITIONS] = conditions
        following = self.next_state(state, conditions)
        if following == state:
            return duty
        self._enter(following)
        return 0

    def _enter(self, state):
        """The state has changed: what belonged to the old one is forgotten."""
        self.state = self.values[_STATE] = state
        self.state_ticks = 0
        self.conditions = -1  # look at the table again with the new state's rows
        self.own_conditions = 0
        self.tdc_head = self.head
        self.tdc_us = self.last_us
        self.motor_mode = MOTOR_OFF
        self.integral = 0
        self.ramp_mHz = 0
        self.odd_turns = self.empty_turns = self.driven_looks = 0
        self.park_phase = _BRAKE
        self.park_ticks = self.park_tries = 0

    def _edges(self):
        """New tachometer edges: the newest whole turn's period; two short ones are overspeed."""
        ring = self.ring
        head = self.head
        if head == self.seen:
            self.known = 0
            self.period0 = self.period1 = self.period2 = _NO_PERIOD_US
            self.values[_RATE] = 0
            return 0
        known = self.known + ((head - self.seen) & 15)
        self.known = known = known if known < 9 else 9
        self.seen = head
        self.period2 = self.period1
        self.period1 = self.period0
        period = _NO_PERIOD_US
        if known > 6:
            period = (ring[(head - 1) & 15] - ring[(head - 7) & 15]) & MASK
        elif known > 1:
            period = ((ring[(head - 1) & 15] - ring[(head - 2) & 15]) & MASK) * 6
        if period < _SHORTEST_US:
            period = _SHORTEST_US
        self.period0 = period
        if period < _OVERSPEED_US and self.period1 < _OVERSPEED_US and known > 7:
            return _F_OVERSPEED
        return 0

    def _inputs(self, turn):
        """One of the other ADC channels and one slow input a tick, each every 4 ms."""
        v = self.values
        inputs = v[_INPUTS]
        if not turn & 1:
            self.position_raw = position = self.read_position()
            v[_POSITION] = ((position - self.position_home) * self.position_q12) >> 12
        if turn == 0:
            down = not self.read_button()
            if down and self.button_down:
                if not inputs & _BUTTON:
                    self._pressed()
                inputs |= _BUTTON
            elif not down and not self.button_down:
                inputs &= ~_BUTTON
            self.button_down = down
        elif turn == 1:
            v[_BATTERY] = (self.read_switched() * self.battery_q12) >> 12
            self.write_analogue_switch(0)
            out = self.cartridge_out + 1 if self.read_cartridge() else 0
            self.cartridge_out = out if out < 9 else 9
            if not out:
                inputs |= _CARTRIDGE
            elif out > 2:
                inputs &= ~_CARTRIDGE
        elif turn == 2:
            usb = self.read_usb()
            if usb == self.usb_seen:
                inputs = inputs | _USB if usb else inputs & ~_USB
            self.usb_seen = usb
        else:
            self.housing_raw = self.read_switched()
            self.write_analogue_switch(1)
            inputs = inputs | _TDC if self.read_tdc() else inputs & ~_TDC
        v[_INPUTS] = inputs

    def run(self, target_mHz):
        """In SERVICE: runs the motor. For the main loop."""
        self.target_mHz = target_mHz
        if self.motor_mode != MOTOR_RUN:
            self.ramp_mHz = self.integral = self.driven_looks = 0
            self.tdc_head = self.head
            self.motor_mode = MOTOR_RUN

    def _pressed(self):
        """Press edge with the motor powered: stop at once."""
        if self.state == _RUNNING or self.state == _PARKING:
            self.own_conditions |= _STOP
        elif self.motor_mode == MOTOR_RUN:
            self.park()
