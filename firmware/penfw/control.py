"""The 1 kHz control interrupt: read, step, gate, write.

Written flat for the chip (FACTS: a call 12 us, an attribute 1.7 us): values in locals, integers
within +-2**30, nothing allocated, at most four Python calls a tick. The main loop owns what is
named `main_*` and the targets; the interrupt owns everything else.
"""

from array import array

from micropython import const

from penfw import faults, signals, states
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
_SELF_TEST = const(0)
_RUNNING = const(3)
_PARKING = const(4)
_FAULT = const(5)
_CUT_FAULT = const(1)
_PARK_FAULT = const(2)
_STOP = const(64)
_POWERED = const(1 << 3 | 1 << 4 | 1 << 6)

# Bits of the signal `inputs`.
_BUTTON = const(1)
_CARTRIDGE = const(2)
_USB = const(4)
_TDC = const(8)

# What the motor is to do in SERVICE and how far parking has come.
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
_EXCESS_START_Q4 = const(60000 << 4)  # after a reset the winding may be 60 K above its housing
_NO_PERIOD_US = const(1000000)  # stands for "no turn seen": 1 Hz
_SHORTEST_US = const(4000)  # periods below it are no motion of this motor

_F_OVERSPEED = const(1 << 1)
_F_OVERCURRENT = const(1 << 2)
_F_DEADLINE_MISSED = const(1 << 7)
_F_INTERNAL_ERROR = const(1 << 8)


class Control(RateLaw, Parking, DepthAxis, Watches):
    """State of the control interrupt. `board` gives the bound methods it calls."""

    def __init__(self, board):
        self.values = signals.values
        self.cut_mask = faults.CUT_MASK
        self.park_mask = faults.PARK_MASK
        self.next_state = states.next_state
        self._bind(board)
        self._clear_words()
        self._clear_motion()
        self._clear_axis()
        idle = self._idle_slot
        self.slots = (
            self._motion_slot, self._position_slot, self._supply_slot, self._heat_slot,
            self._turn_slot, idle, idle, idle, idle, self._turn_slot,
        )  # fmt: skip

    def _bind(self, board):
        self.ticks_us = board.ticks_us
        self.write_motor = board.motor.duty_u16
        self.write_load_switch = board.load_switch.value
        self.read_shunt = board.shunt.read_u16
        self.read_position = board.position.read_u16
        self.read_switched = board.switched.read_u16
        self.write_analogue_switch = board.analogue_switch.value
        self.read_tdc = board.top_dead_centre.value
        self.read_button = board.button.value
        self.read_cartridge = board.cartridge_present.value
        self.read_usb = board.usb_power.value
        self.read_home = board.home_switch.value
        self.write_step = board.step_pin.value
        self.write_direction = board.step_direction.value

    def _clear_words(self):
        # The main loop's words.
        self.main_conditions = 0
        self.main_faults = 0
        self.main_clear = 0  # 1: clear the latched faults
        self.window = 1  # 1: a flash window is declared, no deadline holds
        self.motor_mode = MOTOR_OFF  # in SERVICE
        self.target_mHz = 0
        self.depth_goal = 0  # steps
        self.homing = 0
        self.push = None  # telemetry ring: push(values, now_us)
        # The interrupt's own.
        self.state = _SELF_TEST
        self.faults = 0
        self.own_faults = 0
        self.conditions = 0
        self.own_conditions = 0
        self.site = 0
        self.error = None
        self.count = 0
        self.last_us = 0
        self.state_ticks = 0
        self.toggle = 0
        self.duty = 0
        self.over_current = 0
        self.button_down = 0
        self.cartridge_out = 0
        self.usb_seen = 0
        self.housing_raw = 32768  # 25 C until the first reading
        self.position_raw = 32768

    def _clear_motion(self):
        self.ring = array("i", [0] * 16)
        self.head = 0
        self.seen = 0
        self.known = 0  # edges since standstill, at most 9
        self.tdc_us = 0
        self.tdc_head = 0
        self.tdc_edges = 6
        self.tdc_count = 0
        self.tdc_seen = 0
        self.odd_turns = 0
        self.empty_turns = 0
        self.period0 = self.period1 = self.period2 = _NO_PERIOD_US
        self.stopped_head = 0
        self.ramp_mHz = 0
        self.integral = 0  # mV in Q16
        self.park_phase = _BRAKE
        self.park_ticks = 0
        self.park_tries = 0

    def _clear_axis(self):
        self.steps = 0
        self.step_high = 0
        self.overshoot = 0
        self.direction = 0
        self.home_steps = 0
        self.homed = 0
        self.mismatch_looks = 0
        self.range_looks = 0
        self.battery_looks = 0
        self.heat_sum = 0  # mA^2 / 64 over the ticks of a look
        self.excess_q4 = _EXCESS_START_Q4  # winding above housing, mK in Q4

    def configure(self, get):
        """Takes its gains from the settings; `get(name)` returns a value. Motor off only."""
        self.shunt_zero = get("shunt_zero")
        self.shunt_q12 = get("shunt_gain") * 4096 // 1000000  # mA per count
        self.position_home = get("position_home")
        self.position_q12 = get("position_gain") * 4096 // 1000000  # um per count
        self.battery_q12 = get("battery_gain") * 4096 // 1000000  # mV per count
        self.emf_q16 = get("motor_constant") * 65536 // 1000000  # mV per mHz
        self.resistance_mOhm = get("motor_resistance")
        self.ir_q12 = self.resistance_mOhm * get("ir_compensation") // 1000 * 4096 // 1000
        self.kp_q16 = get("rate_kp") * 65536 // 1000
        self.ki_q16 = get("rate_ki") * 65536 // 1000 * 2 // 1000  # a step is 2 ms
        self.slew_mHz = get("slew") * 2
        self.limit_mV = get("current_limit") * self.resistance_mOhm // 1000
        self.park_mV = get("park_current") * self.resistance_mOhm // 1000
        self.battery_critical_mV = get("battery_critical")
        self.winding_limit_mC = get("winding_limit")

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
            if conditions & _CUT_FAULT or not (_POWERED >> self.state) & 1:
                duty = 0
            else:
                self.toggle ^= 1
                self.write_load_switch(self.toggle)
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
        self.odd_turns = self.empty_turns = 0
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

    def _pressed(self):
        """Press edge with the motor powered: stop at once."""
        if self.state == _RUNNING or self.state == _PARKING:
            self.own_conditions |= _STOP
        elif self.motor_mode == MOTOR_RUN:
            self.park()
