"""What the control interrupt remembers, and the board's methods that it calls.

The main loop owns what is named `main_*` and the targets; the interrupt owns everything else.
"""

from array import array

from micropython import const

from penfw import faults, signals, states

_SELF_TEST = const(0)
_BRAKE = const(0)
_EXCESS_START_Q4 = const(60000 << 4)  # after a reset the winding may be 60 K above its housing
_NO_PERIOD_US = const(1000000)  # stands for "no turn seen": 1 Hz

# What the motor is to do in SERVICE.
MOTOR_OFF = const(0)
MOTOR_RUN = const(1)
MOTOR_PARK = const(2)


class ControlState:
    """All words of the control interrupt. `board` gives the bound methods it calls."""

    def __init__(self, board):
        self.values = signals.values
        self.cut_mask = faults.CUT_MASK
        self.park_mask = faults.PARK_MASK
        self.next_state = states.next_state
        self._bind(board)
        self._clear_words()
        self._clear_motion()
        self._clear_axis()

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
        self.driven_looks = 0
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
