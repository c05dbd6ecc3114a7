"""The slow watches: each condition is judged once in 20 ms, one slot an even tick.

Part of the control interrupt: integers within +-2**30, nothing allocated.
"""

from micropython import const

from penfw.control_state import ControlState

MASK = const(0x3FFFFFFF)  # ticks_us wraps at 2**30
_CURRENT = const(6)
_BATTERY = const(7)
_HOUSING = const(8)
_WINDING = const(9)
_DEPTH = const(10)
_DEPTH_TARGET = const(11)
_POSITION = const(12)
_EDGE_AGE = const(14)
_INPUTS = const(15)
_RUN_TIME = const(19)
_RUNNING = const(3)
_POWERED = const(1 << 3 | 1 << 4 | 1 << 6)
_CARTRIDGE = const(2)
_USB = const(4)
MOTOR_RUN = const(1)
_MOVES_MA = const(400)  # no such current flows while the motor is off
_STALL_US = const(60000)  # neither an edge nor top dead centre
_TURN_US = const(150000)  # edges, but no top dead centre: rocking at a stall
_RUN_UP_LOOKS = const(8)  # 160 ms from standstill to the first whole turn
_MOVES_TICKS = const(400)  # braked from 165 Hz the motor stands long before
_MOVES_EDGES = const(3)
_LOST_EDGES = const(14)  # two turns and more without top dead centre
_POSITION_LOW = const(1600)
_POSITION_HIGH = const(64000)
_MISMATCH_UM = const(100)
_LOOKS = const(2)  # looks are 20 ms apart; the third in succession is a fault
_BATTERY_LOOKS = const(10)
_HOUSING_LIMIT_MC = const(55000)
_HEAT_LOOKS = const(280)  # thermal time constant 5.6 s in looks of 20 ms
_STEP_UM = const(25)
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
    """Looks for stall, strange motion, axis, supply and heat; each slot returns a fault word."""

    def _motion_slot(self, state):
        """Turns or stands as it should? Stall when driven, motion when off."""
        if state == _RUNNING or self.motor_mode == MOTOR_RUN:
            self.driven_looks += 1
            top_age = (self.last_us - self.tdc_us) & MASK
            stands = top_age > _STALL_US and self.values[_EDGE_AGE] > _STALL_US
            if self.driven_looks > _RUN_UP_LOOKS and (stands or top_age > _TURN_US):
                return _F_STALL
            return 0
        self.driven_looks = 0
        if (_POWERED >> state) & 1 or self.state_ticks < _MOVES_TICKS:
            self.stopped_head = self.head
        elif (self.head - self.stopped_head) & 0xFFFFFF > _MOVES_EDGES or self.values[
            _CURRENT
        ] > _MOVES_MA:
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
