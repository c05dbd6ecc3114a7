"""The slow watches: one slot an even tick, each judged once in 20 ms.

Part of the control interrupt: integers within +-2**30, nothing allocated. A slot that finds
something sets its bit in `faults`.
"""

from micropython import const

from penfw.control_state import ControlState

_MASK = const(0x3FFFFFFF)  # ticks_us wraps at 2**30
_RATE = const(3)
_CURRENT = const(6)
_BATTERY = const(7)
_HOUSING = const(8)
_WINDING = const(9)
_DEPTH = const(10)
_DEPTH_TARGET = const(11)
_POSITION = const(12)
_INPUTS = const(15)
_TICK_TIME = const(17)
_RUN_TIME = const(19)
_RUNNING = const(3)
_PARKING = const(4)
_SERVICE = const(6)
_IN_CARTRIDGE = const(2)
_IN_USB = const(4)
_IN_TOP = const(8)
_LAW_RUN = const(1)

_MOVES_MA = const(400)  # no such current flows while the motor is off
_MOVES_MS = const(400)  # braked from 165 Hz the motor stands long before
_MOVES_EDGES = const(3)
_REST_US = const(500000)
_STALL_US = const(60000)  # neither an edge nor top dead centre
_TURN_US = const(150000)  # edges, but no top dead centre: rocking at a stall
_RUN_UP_LOOKS = const(8)  # 160 ms from standstill to the first whole turn
_LOST_EDGES = const(20)  # three turns and more without top dead centre
_POSITION_LOW = const(1600)
_POSITION_HIGH = const(64000)
_STEP_UM = const(25)
_HARD_STEPS = const(100)  # 2.5 mm: nothing goes deeper, whoever asks
_LOOKS = const(2)  # the third look in succession is a fault
_BATTERY_LOOKS = const(10)
_BATTERY_LOW_MV = const(2400)  # outside of these no working cell is
_BATTERY_HIGH_MV = const(4500)
_BATTERY_FULL_MV = const(4200)
_HOUSING_LIMIT_MC = const(55000)
_NTC_OPEN = const(60000)  # -17 C, or a wire that is off
_HOTTEST_MC = const(150000)  # nothing is told above
_HEAT_LOOKS = const(280)  # thermal time constant 5.6 s in looks of 20 ms
_RIPPLE_MA2 = const(14700)  # mean square of 0.42 A peak to peak, 100 kHz, at half duty

_F_MOTOR_MOVES = const(1 << 3)
_F_POSITION_RANGE = const(1 << 4)
_F_POSITION_MISMATCH = const(1 << 5)
_F_TACHOMETER_IMPLAUSIBLE = const(1 << 6)
_F_STALL = const(1 << 12)
_F_TACHOMETER_LOSS = const(1 << 13)
_F_CARTRIDGE_REMOVED = const(1 << 14)
_F_USB_POWER = const(1 << 18)
_F_BATTERY_CRITICAL = const(1 << 19)
_F_OVER_TEMPERATURE = const(1 << 20)


class Watches(ControlState):
    """Looks for stall, strange motion, axis, supply and heat."""

    def _motion_slot(self):
        """Turns or stands as it should? Stall when driven, motion when off."""
        if self.law != _LAW_RUN:  # nobody steers: the newest turn, or less after so long no edge
            period = self.age_us * 6
            if period < self.period0:
                period = self.period0
            self.values[_RATE] = 1000000000 // period if self.known else 0
        if self.law == _LAW_RUN:
            self.driven_looks += 1
            top_age = (self.last_us - self.tdc_us) & _MASK
            stands = top_age > _STALL_US and self.age_us > _STALL_US
            if self.driven_looks > _RUN_UP_LOOKS and (stands or top_age > _TURN_US):
                self.faults |= _F_STALL
        elif self.law or self.state_ms < _MOVES_MS or self.age_us > _REST_US:
            self.stopped_head = self.head  # edges long ago were a jolt by the hand
        else:
            moved = (self.head - self.stopped_head) & 0xFFFFFF
            if moved > _MOVES_EDGES or self.values[_CURRENT] > _MOVES_MA:
                self.faults |= _F_MOTOR_MOVES

    def _turn_slot(self):
        """Six tachometer edges a turn, and a turn's end after at most three turns' edges.

        Not while the motor loses its speed: it may swing back, and the stall watch sees that. But
        turns without any edge are a dead tachometer at every speed, which then reads as none.
        """
        if self.law != _LAW_RUN:
            self.empty_turns = self.odd_turns = 0
            return
        slow = self.values[_RATE] * 2 < self.ramp_mHz
        if not slow and (self.head - self.tdc_head) & 0xFFFFFF > _LOST_EDGES:
            self.faults |= _F_TACHOMETER_IMPLAUSIBLE
        if self.tdc_count == self.tdc_seen:
            return
        self.tdc_seen = self.tdc_count
        edges = self.tdc_edges
        if edges == 0:
            self.empty_turns += 1
            if self.empty_turns > 1:
                self.faults |= _F_TACHOMETER_LOSS
        elif not slow and (edges < 5 or edges > 7):
            self.odd_turns += 1
            if self.odd_turns > 1:
                self.faults |= _F_TACHOMETER_IMPLAUSIBLE
        else:
            self.empty_turns = self.odd_turns = 0

    def _position_slot(self):
        """The depth axis is where its steps say, and its sensor within its range."""
        raw = self.read_position()
        position = ((raw - self.position_home) * self.position_q12) >> 12  # <= 2**27
        self.values[_POSITION] = position
        if raw < _POSITION_LOW or raw > _POSITION_HIGH:
            self.range_looks += 1
            if self.range_looks > _LOOKS:
                self.faults |= _F_POSITION_RANGE
            return
        self.range_looks = 0
        if not self.homed:
            return
        off = position - self.steps * _STEP_UM
        limit = self.mismatch_um
        if -limit <= off <= limit:
            self.mismatch_looks = 0
            return
        self.mismatch_looks += 1
        if self.mismatch_looks > 2 * _LOOKS:
            self.faults |= _F_POSITION_MISMATCH

    def _battery_slot(self):
        """Battery voltage; the analogue switch turns to the housing for its slot.

        Ten low looks in succession are a fault, and two that no cell can give.
        """
        battery = (self.read_switched() * self.battery_q12) >> 12  # <= 2**26
        self.values[_BATTERY] = battery
        self.write_analogue_switch(0)
        looks = 1
        if battery < _BATTERY_LOW_MV or battery > _BATTERY_HIGH_MV:
            battery = _BATTERY_FULL_MV  # a broken reading must not raise the duty
            looks = _BATTERY_LOOKS
        self.battery_mV = battery
        if looks == 1 and battery >= self.battery_critical_mV:
            self.battery_looks = 0
            return
        self.battery_looks += looks
        if self.battery_looks > _BATTERY_LOOKS:
            self.faults |= _F_BATTERY_CRITICAL

    def _housing_slot(self):
        """Housing temperature, which the main loop converts, and top dead centre."""
        raw = self.read_switched()
        self.housing_raw = raw
        if raw > _NTC_OPEN:
            self.faults |= _F_OVER_TEMPERATURE
        self.write_analogue_switch(1)
        inputs = self.values[_INPUTS]
        self.values[_INPUTS] = inputs & ~_IN_TOP if self.read_tdc() else inputs | _IN_TOP

    def _holder_slot(self):
        """The cartridge's presence: off in two looks in succession is off."""
        v = self.values
        inputs = v[_INPUTS]
        if not self.read_cartridge():
            v[_INPUTS] = inputs | _IN_CARTRIDGE
            self.cartridge_out = 0
        elif not self.cartridge_out:
            self.cartridge_out = 1
        else:
            v[_INPUTS] = inputs & ~_IN_CARTRIDGE
            if self.state == _RUNNING:
                self.faults |= _F_CARTRIDGE_REMOVED

    def _usb_slot(self):
        """USB power: there in two looks in succession is there."""
        v = self.values
        inputs = v[_INPUTS]
        if not self.read_usb():
            v[_INPUTS] = inputs & ~_IN_USB
            self.usb_seen = 0
        elif not self.usb_seen:
            self.usb_seen = 1
        else:
            v[_INPUTS] = inputs | _IN_USB
            if self.state == _RUNNING:
                self.faults |= _F_USB_POWER

    def _depth_slot(self):
        """How deep the axis may go now; and signals that only tell.

        Shallower at any time; deeper only with the motor off, or in SERVICE by a step a stroke.
        """
        v = self.values
        goal = self.main_depth
        if goal > _HARD_STEPS:
            goal = _HARD_STEPS
        if goal > self.goal and (self.law or self.state == _PARKING):
            goal = self.goal
            if self.state == _SERVICE and self.tdc_count != self.deeper_count:
                self.deeper_count = self.tdc_count
                goal += 1
        self.goal = goal
        v[_DEPTH] = self.steps * _STEP_UM
        v[_DEPTH_TARGET] = goal * _STEP_UM
        if self.state == _RUNNING:
            v[_RUN_TIME] = self.state_ms
        v[_TICK_TIME] = (self.ticks_us() - self.last_us) & _MASK

    def _heat_slot(self):
        """Two-node model: winding above housing from I^2, 10 K/W and 5.6 s; once in 20 ms."""
        v = self.values
        square = self.heat_sum // 5 << 6  # mA^2
        self.heat_sum = 0
        if self.law == _LAW_RUN:
            square += _RIPPLE_MA2
        excess = self.excess_q4
        winding = v[_HOUSING] + (excess >> 4)
        if winding > _HOTTEST_MC:
            winding = _HOTTEST_MC
        resistance = self.resistance_mOhm
        resistance += resistance * (winding - 25000) // 256410  # copper, 0.39 %/K; <= 1e9
        power_mW = (square >> 10) * resistance // 977  # <= 71000 * 11900
        self.excess_q4 = excess + (power_mW * 160 - excess) // _HEAT_LOOKS
        v[_WINDING] = winding
        if winding > self.winding_limit_mC or v[_HOUSING] > _HOUSING_LIMIT_MC:
            self.faults |= _F_OVER_TEMPERATURE
