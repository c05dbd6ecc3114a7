"""The pen: the main loop that goes with the control interrupt.

It owns what is slow or allocates: gestures, cartridge, self-test, settings, light and link. It
steers the interrupt through the `main_*` words and the targets, and never writes the motor.
"""

from penfw import board as hardware
from penfw import faults, protocol, settings, states, tables
from penfw.blackbox import BlackBox
from penfw.button import (
    HOLD_ACKNOWLEDGE,
    HOLD_SERVICE,
    NONE,
    PRESS,
    SHORT,
    STUCK,
    Button,
)
from penfw.cartridge import (
    ABSENT,
    EXPIRED,
    FRESH,
    INVALID,
    REMOVED_FILE,
    SAME,
    TREATMENT,
    USED,
    Cartridge,
    memory,
)
from penfw.control import Control
from penfw.control_state import LAW_OFF, LAW_PARK, LAW_RUN
from penfw.device import Device
from penfw.flash_window import FlashWindow
from penfw.indicator import (
    ALARM_CUT,
    ALARM_PARK,
    CLICK,
    LIGHTS,
    NEEDLES_OUT,
    NOT_CALIBRATED,
    Indicator,
)
from penfw.limits import greatest_depth_um, to_step_um
from penfw.link import Link
from penfw.service import Service
from penfw.signals import IN_BUTTON, IN_CARTRIDGE, IN_USB
from penfw.signals import index as signal
from penfw.thermistor import temperature_mC
from penfw.treatment import Treatment

INSERTED_MS = 50  # a cartridge is read once it has sat for so long
STILL_US = 200000

_INPUTS = signal("inputs")
_HOUSING = signal("housing")
_EDGE_AGE = signal("edge_age")
_DOUBTFUL = 1 << faults.TACHOMETER_IMPLAUSIBLE | 1 << faults.PARK_NOT_REACHED


class Pen:
    """Everything above the interrupt. `step` is one pass of the main loop, every 10 ms."""

    def __init__(self, board):
        self.board = board
        self.boot_session = tables.read("boot_session", "begin")(board.files)
        self.settings, damaged, self.saved = tables.read("store", "load")(board.files)
        self.control = Control(board)
        self.control.configure(self.get)
        self.device = Device(self)
        self.control.push = self.device.ring.push
        self.link = Link(board.link, self.device)
        self.cartridge = Cartridge(
            board.cartridge_bus, hardware.sleep_ms, int(hardware.pen_id(), 16), self.boot_session,
            memory("unpack_serials", board.files.read(REMOVED_FILE)),
        )  # fmt: skip
        self.blackbox = BlackBox(self.control.values)
        self.indicator = Indicator(board)
        self.boot_faults = 0  # what the first self-test raises
        if damaged:
            self.boot_faults |= 1 << faults.SETTINGS_CORRUPT
        self.boot_faults |= tables.read("power_up", "reset_faults")(self)
        self.top_in_doubt = False  # needles have to be parked before its sensor is believed
        self.selftest = None  # while it runs only
        self.treatment = Treatment(self)
        self.service = Service(self)
        self.trial = None  # a settings_trial.SettingsTrial while one is open
        self.flash_window = FlashWindow(self)
        self.button = Button(self.control.button_down)
        self.uptime_ms = 0
        self._ticks_ms = hardware.ticks_ms()
        self.seen_state = -1
        self.seen_faults = 0
        self._inserted_ms = -1
        self._control_ticks = 0

    def get(self, name):
        """Value of a setting in force."""
        return self.settings[settings.index(name)]

    def start(self):
        """Starts the interrupts, and last the watchdog."""
        self.apply_settings()
        control = self.control
        self.board.start(control.tick, control.tachometer_edge, control.top_dead_centre_edge)
        self.board.start_watchdog()

    def step(self):
        """One pass of the main loop."""
        now_ms = self.pass_time()
        if self.trial is not None:
            self.trial.step()
        self.flash_window.step()
        control = self.control
        values = control.values
        values[_HOUSING] = temperature_mC(control.housing_raw)
        if control.state != self.seen_state:
            self._state_changed(control.state)
        if control.faults != self.seen_faults:
            self._faults_changed(control.faults)
        self.blackbox.sample(now_ms)
        gesture = self.button.step(values[_INPUTS] & IN_BUTTON, now_ms, control.state)
        if gesture != NONE:
            self._gesture(gesture, control.state)
        self.service.tell_offer(now_ms)
        self._holder(values[_INPUTS] & IN_CARTRIDGE, now_ms)
        self._in_state(control.state)
        self.indicator.step(now_ms, self._look())
        if self.device.scope is not None:
            self.device.scope.step()
        self.link.poll(now_ms)
        if control.last_us != self._control_ticks:
            self._control_ticks = control.last_us
            self.board.feed()

    def pass_time(self):
        """Takes the clocks' readings; returns `uptime_ms`, which only grows."""
        ticks = hardware.ticks_ms()
        self.uptime_ms += hardware.ticks_diff(ticks, self._ticks_ms)
        self._ticks_ms = ticks
        self.device.clock.advance(hardware.ticks_us())
        return self.uptime_ms

    # States

    def _state_changed(self, state):
        self.link.event(protocol.STATE_CHANGED, state, self.seen_state & 0xFF)
        if self.seen_state == states.PARKING and state == states.SELF_TEST:
            self.top_in_doubt = False
        control = self.control
        kept = states.TESTED | states.CARTRIDGE
        if state == states.SELF_TEST and self.seen_state == states.READY:
            kept |= states.START  # the proof before a run
        control.main_conditions &= kept
        self.seen_state = state
        self.treatment.state_changed()
        self.service.state_changed()
        self.selftest = None
        if state == states.SELF_TEST and not control.main_conditions & states.TESTED:
            self.selftest = tables.read("selftest", "SelfTest")(self)  # some ms on a board
        if state == states.FAULT:
            cut = control.faults & control.cut_mask
            self.indicator.play(ALARM_CUT if cut else ALARM_PARK, self.uptime_ms)
        if state in (states.STANDBY, states.SERVICE):
            self.apply_settings()

    def _faults_changed(self, word):
        fresh = word & ~self.seen_faults
        gone = self.seen_faults & ~word
        self.seen_faults = word
        for number in range(faults.LAST + 1):
            if fresh >> number & 1:
                self.indicator.fault = self.indicator.fault or number  # the first one
                self.device.remember(number)
                self.blackbox.note(number, self.device.clock, self.uptime_ms)
                self.link.event(protocol.FAULT_LATCHED, number, 0)
            if gone >> number & 1:
                self.link.event(protocol.FAULT_CLEARED, number, 0)
        if not word:
            self.indicator.fault = 0
        if word & _DOUBTFUL:
            self.top_in_doubt = True

    def _in_state(self, state):
        if self.selftest is not None:
            self.selftest.step(self.uptime_ms)
        elif state == states.SELF_TEST:
            self.treatment.in_proof()
        elif state == states.READY:
            self.treatment.in_ready()
        elif state == states.RUNNING:
            self.treatment.in_running()
        elif state == states.SERVICE:
            self.service.step()

    def _look(self):
        test = self.selftest
        if test is not None and test.needles_out:
            return NEEDLES_OUT
        if test is not None and test.uncalibrated:
            return NOT_CALIBRATED
        return LIGHTS[self.control.state]

    # The button

    def _gesture(self, gesture, state):
        if gesture == PRESS:
            self.treatment.call_off()
            self.indicator.play(CLICK, self.uptime_ms)
            if state == states.SERVICE and self.control.law == LAW_OFF:
                self.control.main_conditions |= states.SERVICE_OFF
        elif gesture == STUCK:
            self.control.raise_faults(1 << faults.BUTTON_STUCK)
        elif gesture == SHORT:
            self._short_press(state)
        elif gesture == HOLD_ACKNOWLEDGE:
            if state == self.button.state_at_press == states.FAULT:
                self.acknowledge()
        elif gesture == HOLD_SERVICE and self.service.offered():
            self.control.main_conditions |= states.SERVICE_ON

    def _short_press(self, state):
        if state == states.READY and self.button.state_at_press == states.READY:
            self.treatment.begin()
        elif self.selftest is not None and self.selftest.needles_out:
            self.control.main_conditions |= states.PARK_WANTED

    def acknowledge(self):
        """Clears the latched faults; False while a cause that can be seen is still there."""
        control = self.control
        usb = control.faults >> faults.USB_POWER & 1 and control.values[_INPUTS] & IN_USB
        if usb or self.cartridge.state in (INVALID, USED, EXPIRED):
            self.link.event(protocol.NOTICE, protocol.CAUSE_REMAINS, 0)
            self.indicator.play(ALARM_PARK, self.uptime_ms)
            return False
        control.homed = 0  # needles may be out: the axis stays where it is until it is homed
        control.main_depth = control.goal = control.steps
        control.overshoot = 0
        control.main_conditions &= ~states.TESTED
        control.clear_faults()
        control.main_conditions |= states.ACKNOWLEDGED
        return True

    # The cartridge

    def _holder(self, present, now_ms):
        if not present:
            if self._inserted_ms >= 0:  # seen since the start
                self._inserted_ms = -1
                if self.cartridge.clear():
                    self.flash_window.serials_due = True
                self.control.main_conditions &= ~states.CARTRIDGE
                self.apply_settings()
            return
        if self._inserted_ms < 0:
            self._inserted_ms = now_ms
        seated = now_ms - self._inserted_ms > INSERTED_MS
        idle = self.control.state in (states.STANDBY, states.SERVICE)
        if seated and idle and self.cartridge.state == ABSENT:
            self.cartridge.read()
            self.judge_cartridge()

    def judge_cartridge(self):
        """Faults or the condition that follow from what the cartridge is."""
        state = self.cartridge.state
        control = self.control
        if state == INVALID:
            control.raise_faults(1 << faults.CARTRIDGE_INVALID)
        elif state == USED:
            control.raise_faults(1 << faults.CARTRIDGE_USED)
        elif state == EXPIRED:
            control.raise_faults(1 << faults.CARTRIDGE_EXPIRED)
        elif state in (FRESH, SAME) and self.cartridge.kind == TREATMENT:
            control.main_conditions |= states.CARTRIDGE
        self.apply_settings()

    # Settings in force

    def depth_limit_um(self):
        """The deepest that is allowed now."""
        return greatest_depth_um(self.get("depth_ceiling"), self.cartridge.max_depth_um)

    def apply_settings(self):
        """Brings depth, rate and indicators to the settings. The motor is off or slowing."""
        depth_um = to_step_um(min(self.get("depth"), self.depth_limit_um()))
        if self.control.homed and not self.control.main_home:
            self.control.main_depth = depth_um // settings.DEPTH_STEP_UM
        self.indicator.light = self.get("led_brightness") > 0
        self.indicator.sound = self.get("buzzer") > 0

    def settings_changed(self):
        """Somebody changed `settings`: use them, and save them once the motor is off.

        Those on trial are saved when they are kept.
        """
        if self.trial is None:
            self.flash_window.settings_due = True
        if self.control.state == states.RUNNING:
            self.control.main_rate_mHz = self.get("stroke_rate")
        elif not self.motor_on():
            self.control.configure(self.get)
        self.apply_settings()

    # The motor

    def motor_on(self):
        """Whether the motor is or may be turning."""
        control = self.control
        return control.state in (states.RUNNING, states.PARKING) or control.law != LAW_OFF

    def stop(self):
        """Ends a treatment or a service run; needles are parked."""
        # In this order: the interrupt may enter RUNNING or take a wish over between two looks.
        self.treatment.call_off()
        control = self.control
        if control.state == states.SERVICE and LAW_RUN in (control.main_law, control.law):
            control.want(LAW_PARK)
        if control.state in (states.RUNNING, states.PARKING):
            control.main_conditions |= states.STOP
