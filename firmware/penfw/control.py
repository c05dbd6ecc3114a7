"""The 1 kHz control interrupt: read, step, gate, write.

Written flat for the chip (FACTS: a call 12 us, an attribute 1.7 us): values in locals, integers
within +-2**30, nothing allocated, at most four Python calls a tick. The main loop owns what is
named `main_*` and the targets; the interrupt owns everything else. The comments `# <= N` give the
largest product of an expression.
"""

from array import array

from micropython import const

from penfw import faults, signals, states

MASK = const(0x3FFFFFFF)  # ticks_us wraps at 2**30

# Signal numbers; a test holds them to signals.SIGNALS.
_STATE = const(0)
_FAULTS = const(1)
_CONDITIONS = const(2)
_RATE = const(3)
_RATE_TARGET = const(4)
_DUTY = const(5)
_CURRENT = const(6)
_BATTERY = const(7)
_HOUSING = const(8)
_WINDING = const(9)
_DEPTH = const(10)
_DEPTH_TARGET = const(11)
_POSITION = const(12)
_STROKES = const(13)
_EDGE_AGE = const(14)
_INPUTS = const(15)
_LIMITED = const(16)
_TICK_TIME = const(17)
_TICK_LATE = const(18)
_RUN_TIME = const(19)

# States and conditions; the same test holds them to states.py.
_SELF_TEST = const(0)
_RUNNING = const(3)
_PARKING = const(4)
_FAULT = const(5)
_SERVICE = const(6)
_CUT_FAULT = const(1)
_PARK_FAULT = const(2)
_PARKED = const(8)
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
_CREEP = const(1)
_SETTLE = const(2)
_DONE = const(3)

TICK_US = const(1000)
_DEADLINE_US = const(2500)  # 1.5 ms late
_OVERCURRENT_MA = const(2400)  # above the current limit's 2.0 A; stalled at 4.2 V: 3.8 A
_MOVES_MA = const(400)  # no such current flows while the motor is off
_OVERSPEED_US = const(6060)  # a turn at 165 Hz, 10 % above the greatest rate
_AGE_LIMIT_US = const(1000000)
_STILL_US = const(200000)  # no edge for so long: the motor stands
_STALL_US = const(60000)  # neither an edge nor top dead centre
_TURN_US = const(150000)  # edges, but no top dead centre: rocking at a stall
_RUN_UP_TICKS = const(150)  # from standstill to the first whole turn
_BRAKE_TICKS = const(25)
_SLOW_US = const(8000)  # an edge gap below 21 Hz: braking has done its work
_SETTLE_US = const(30000)
_CREEP_TICKS = const(120)
_SETTLE_TICKS = const(120)
_PARK_TRIES = const(2)
_MOVES_TICKS = const(400)  # after this time in an unpowered state edges are a fault
_MOVES_EDGES = const(3)
_LOST_EDGES = const(14)  # two turns and more without top dead centre
_POSITION_LOW = const(1600)
_POSITION_HIGH = const(64000)
_MISMATCH_UM = const(100)
_LOOKS = const(2)  # looks are 20 ms apart; the third in succession is a fault
_BATTERY_LOOKS = const(10)
_HOUSING_LIMIT_MC = const(55000)
_EXCESS_START_Q4 = const(60000 << 4)  # after a reset the winding may be 60 K above its housing
_HEAT_LOOKS = const(280)  # thermal time constant 5.6 s in looks of 20 ms
_HOME_TRAVEL_STEPS = const(120)  # 3.0 mm, more than the axis has
_STEP_UM = const(25)
_NO_PERIOD_US = const(1000000)  # stands for "no turn seen": 1 Hz
_SHORTEST_US = const(4000)  # periods below it are no motion of this motor
_ERROR_LIMIT_MHZ = const(150000)
_INTEGRAL_LIMIT = const(1500 << 16)  # mV in Q16
_RIPPLE_MA2 = const(14700)  # mean square of 0.42 A peak to peak, 100 kHz, at half duty

_F_OVERSPEED = const(1 << 1)
_F_OVERCURRENT = const(1 << 2)
_F_MOTOR_MOVES = const(1 << 3)
_F_POSITION_RANGE = const(1 << 4)
_F_POSITION_MISMATCH = const(1 << 5)
_F_TACHOMETER_IMPLAUSIBLE = const(1 << 6)
_F_DEADLINE_MISSED = const(1 << 7)
_F_INTERNAL_ERROR = const(1 << 8)
_F_PARK_NOT_REACHED = const(1 << 11)
_F_STALL = const(1 << 12)
_F_TACHOMETER_LOSS = const(1 << 13)
_F_CARTRIDGE_REMOVED = const(1 << 14)
_F_USB_POWER = const(1 << 18)
_F_BATTERY_CRITICAL = const(1 << 19)
_F_OVER_TEMPERATURE = const(1 << 20)
_F_HOME_NOT_FOUND = const(1 << 22)


class Control:
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
        self.slots = (
            self._motion_slot, self._position_slot, self._supply_slot, self._heat_slot,
            self._position_slot, self._motion_slot, self._supply_slot, self._idle_slot,
            self._turn_slot, self._idle_slot,
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
        self.stopped_head = self.tdc_head = self.head
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

    def park(self):
        """In SERVICE: stop the motor and bring the needles to top dead centre."""
        self.park_phase = _BRAKE
        self.park_ticks = self.park_tries = 0
        self.duty = 0
        self.motor_mode = MOTOR_PARK

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

    def _motion_slot(self, state):
        """Turns or stands as it should? Stall when driven, motion when off."""
        driven = state == _RUNNING or self.motor_mode == MOTOR_RUN
        if driven and self.state_ticks > _RUN_UP_TICKS:
            top_age = (self.last_us - self.tdc_us) & MASK
            if top_age > _TURN_US or (top_age > _STALL_US and self.values[_EDGE_AGE] > _STALL_US):
                return _F_STALL
        elif not (_POWERED >> state) & 1 and self.state_ticks > _MOVES_TICKS:
            moved = (self.head - self.stopped_head) & 0xFFFFFF
            if moved > _MOVES_EDGES or self.values[_CURRENT] > _MOVES_MA:
                return _F_MOTOR_MOVES
        return 0

    def _turn_slot(self, state):
        """Six tachometer edges a turn, and a turn's end after at most two turns' edges."""
        if state != _RUNNING and self.motor_mode != MOTOR_RUN:
            return 0
        if (self.head - self.tdc_head) & 0xFFFFFF > _LOST_EDGES:
            return _F_TACHOMETER_IMPLAUSIBLE
        if self.tdc_count == self.tdc_seen:
            return 0
        self.tdc_seen = self.tdc_count
        edges = self.tdc_edges
        self.empty_turns = self.empty_turns + 1 if edges == 0 else 0
        self.odd_turns = self.odd_turns + 1 if edges and (edges < 5 or edges > 7) else 0
        if self.empty_turns > 1:
            return _F_TACHOMETER_LOSS
        return _F_TACHOMETER_IMPLAUSIBLE if self.odd_turns > 1 else 0

    def _position_slot(self, state):
        """The depth axis is where its steps say, and its sensor within its range."""
        v = self.values
        depth = self.steps * _STEP_UM
        v[_DEPTH] = depth
        v[_DEPTH_TARGET] = self.depth_goal * _STEP_UM
        raw = self.position_raw
        if raw < _POSITION_LOW or raw > _POSITION_HIGH:
            self.range_looks += 1
            return _F_POSITION_RANGE if self.range_looks > _LOOKS else 0
        self.range_looks = 0
        off = v[_POSITION] - depth
        if self.homed and (off > _MISMATCH_UM or off < -_MISMATCH_UM):
            self.mismatch_looks += 1
            return _F_POSITION_MISMATCH if self.mismatch_looks > _LOOKS else 0
        self.mismatch_looks = 0
        return 0

    def _supply_slot(self, state):
        """Battery, USB power and the cartridge's presence."""
        v = self.values
        found = 0
        if v[_BATTERY] >= self.battery_critical_mV:
            self.battery_looks = 0
        else:
            self.battery_looks += 1
            if self.battery_looks > _BATTERY_LOOKS:
                found = _F_BATTERY_CRITICAL
        if state == _RUNNING:
            v[_RUN_TIME] = self.state_ticks
            if v[_INPUTS] & _USB:
                found |= _F_USB_POWER
            if not v[_INPUTS] & _CARTRIDGE:
                found |= _F_CARTRIDGE_REMOVED
        return found

    def _heat_slot(self, state):
        """Two-node model: winding above housing from I^2, 10 K/W and 5.6 s; once in 20 ms."""
        v = self.values
        square = self.heat_sum // 20 << 6  # mA^2
        self.heat_sum = 0
        if state == _RUNNING or self.motor_mode == MOTOR_RUN:
            square += _RIPPLE_MA2
        winding = v[_HOUSING] + (self.excess_q4 >> 4)
        resistance = self.resistance_mOhm
        resistance += resistance * (winding - 25000) // 256410  # copper, 0.39 %/K; <= 8e8
        power_mW = (square >> 10) * resistance // 977  # <= 35000 * 11000
        self.excess_q4 += ((power_mW * 10 << 4) - self.excess_q4) // _HEAT_LOOKS
        v[_WINDING] = winding
        if winding > self.winding_limit_mC or v[_HOUSING] > _HOUSING_LIMIT_MC:
            return _F_OVER_TEMPERATURE
        return 0

    def _idle_slot(self, state):
        return 0

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
