"""What the control interrupt remembers at first, and its gains from the settings.

It is in memory only while it does its work, see tables.py.
"""

from array import array

from micropython import const

from penfw.signals import IN_BUTTON
from penfw.signals import index as signal

_SELF_TEST = const(0)
_EXCESS_START_Q4 = const(60000 << 4)  # after a reset the winding may be 60 K above its housing
_NO_PERIOD_US = const(1000000)  # stands for "no turn seen": 1 Hz
_NO_EDGE_US = const(2000000)  # ago: none is remembered
_MASK = const(0x3FFFFFFF)  # ticks_us wraps at 2**30
_LAW_OFF = const(0)

PROOF_MA = 110  # less what the winding's warmth and the turning motor take: 0.1 A ± 30 %
GROSS_MA = 300  # one sample of it ends the proof: no pulse is so great
OVERCURRENT_MA = 2800  # jammed at 130 Hz: 2.7 A until the ceiling falls; stalled at 4.2 V: 3.6 A


MISMATCH_UM = 100  # of the depth axis
ROUGH_MISMATCH_UM = 1000  # still finds an axis that does not move
ROUGH_BATTERY_MV = 2500


class ControlSetup:
    """What only a start and new settings need of the class `ControlState`."""

    def prepare(self, board):
        """Sets all words, and binds the methods of `board` that the interrupt calls."""
        ControlSetup._bind(self, board)  # `self` is of another class on the board
        ControlSetup._clear_words(self)
        ControlSetup._clear_motion(self)
        ControlSetup._clear_axis(self)

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
        self.main_asks = 0  # 1: one of the next three is news; the interrupt sets it back
        self.main_faults = 0
        self.main_clear = 0  # 1: clear the latched faults; the interrupt sets it back
        self.main_law = _LAW_OFF  # wanted in SERVICE or SELF_TEST; the interrupt sets it back
        self.main_window = 1  # 1: a flash window is declared, no deadline holds
        self.main_rate_mHz = 0
        self.main_depth = 0  # steps
        self.main_home = 0  # 1: find the home switch
        self.push = None  # telemetry ring: push(values, now_us)
        self.pair = None  # where the scope's next two samples go, see scope.py; None: it is off
        # The interrupt's own.
        self.state = _SELF_TEST
        self.state_ms = 0
        self.faults = 0
        self.latched = 0  # the faults that have been acted upon
        self.conditions = 0
        self.own_conditions = 0
        self.error = None  # class of the last exception in the interrupt
        self.site = 0  # and the slot in which it came, + 16 in an odd tick
        self.last_us = 0
        self.even_raw = 0  # the shunt in the last even tick
        self.over_us = 0
        self.odd = 0
        self.slot = 0
        self.gate = 0  # 1: the motor may be driven
        self.law = _LAW_OFF
        self.duty = 0
        # A button that is down from before the start is no press: nobody has seen its edge.
        self.button_down = 0 if self.read_button() else 1
        self.values[signal("inputs")] = IN_BUTTON if self.button_down else 0
        self.button_looks = 0
        self.pressed_ready = 0  # 1: a press was seen since READY was entered
        self.cartridge_out = 0
        self.usb_seen = 0
        self.housing_raw = 32768  # 25 C until the first reading

    def _clear_motion(self):
        self.ring = array("i", [(self.ticks_us() - _NO_EDGE_US) & _MASK] * 16)
        self.head = 0
        self.seen = 0
        self.known = 0  # edges since standstill, at most 9
        self.age_us = 0
        self.tdc_us = 0
        self.tdc_head = 0
        self.tdc_edges = 6
        self.tdc_count = 0
        self.tdc_seen = 0
        self.odd_turns = 0
        self.empty_turns = 0
        self.period0 = self.period1 = self.period2 = _NO_PERIOD_US
        self.stopped_head = 0
        self.driven_looks = 0
        self.ramp_mHz = 0
        self.integral = 0  # mV in Q16
        self.park_phase = 0
        self.park_ms = 0
        self.park_tries = 0
        self.proof_step = 0
        self.proof_duty = 0
        self.proof_zero = 0  # sum of 16 samples without drive
        self.proof_sum = 0  # of 16 samples in a phase
        self.proof_head = 0
        self.park_count = 0  # passages of top dead centre when the law began

    def _clear_axis(self):
        self.steps = 0
        self.goal = 0
        self.deeper_count = 0  # passages of top dead centre when it last went deeper in SERVICE
        self.step_high = 0
        self.overshoot = 0
        self.direction = 0
        self.home_steps = 0
        self.homed = 0
        self.mismatch_looks = 0
        self.range_looks = 0
        self.battery_looks = 0
        self.battery_mV = 4200  # what the laws reckon with
        self.heat_sum = 0  # mA^2 / 64 over the measurements of a look
        self.excess_q4 = _EXCESS_START_Q4  # winding above housing, mK in Q4

    def configure(self, get):
        """Takes its gains from the settings; `get(name)` returns a value. Motor off only."""
        self.shunt_zero = get("shunt_zero")
        self.shunt_q12 = get("shunt_gain") * 4096 // 1000000  # mA per count
        self.over_raw = self.shunt_zero + OVERCURRENT_MA * 4096 // self.shunt_q12
        self.position_home = get("position_home")
        self.position_q12 = get("position_gain") * 4096 // 1000000  # um per count
        # The switch closes up to a step below zero, and the screw has the play to take up.
        self.home_steps_below = -((get("backlash") + 12) // 25)
        self.battery_q12 = get("battery_gain") * 4096 // 1000000  # mV per count
        self.emf_q16 = get("motor_constant") * 65536 // 1000000  # mV per mHz
        self.resistance_mOhm = get("motor_resistance")
        self.ir_q12 = self.resistance_mOhm * get("ir_compensation") // 1000 * 4096 // 1000
        self.kp_q16 = get("rate_kp") * 65536 // 1000
        self.ki_q16 = get("rate_ki") * 65536 // 1000 * 4 // 1000  # a step is 4 ms
        self.slew_mHz = get("slew") * 4
        self.limit_mV = get("current_limit") * self.resistance_mOhm // 1000
        self.park_mV = get("park_current") * self.resistance_mOhm // 1000
        gross = GROSS_MA * 4096 // self.shunt_q12
        self.gross_raw = self.shunt_zero + gross
        self.braking_raw = self.shunt_zero - gross
        self.proof_mV = self.resistance_mOhm * PROOF_MA // 1000
        # Without calibration a good pen's readings may be off by more; it only comes to SERVICE.
        calibrated = get("calibrated")
        self.mismatch_um = MISMATCH_UM if calibrated else ROUGH_MISMATCH_UM
        self.battery_critical_mV = get("battery_critical") if calibrated else ROUGH_BATTERY_MV
        self.winding_limit_mC = get("winding_limit")
