"""The pen: the main loop that goes with the control interrupt.

It owns what is slow or allocates: gestures, cartridge, self-test, settings, light and link. It
steers the interrupt through the `main_*` words and the targets, and never writes the motor.
"""

import gc

from penfw import board as hardware
from penfw import faults, protocol, settings, states
from penfw.button import (
    HOLD_ACKNOWLEDGE,
    HOLD_SERVICE,
    NONE,
    PRESS,
    SERVICE_MS,
    SHORT,
    STUCK,
    Button,
)
from penfw.cartridge import (
    ABSENT,
    FRESH,
    INVALID,
    SAME,
    TEST,
    TREATMENT,
    USED,
    Cartridge,
    pack_serials,
    unpack_serials,
)
from penfw.control import Control
from penfw.control_state import LAW_OFF, LAW_PARK, LAW_RUN
from penfw.device import Device
from penfw.indicator import (
    ALARM,
    CLICK,
    LIGHTS,
    NEEDLES_OUT,
    NOT_CALIBRATED,
    REFUSED,
    SERVICE_READY,
    Indicator,
)
from penfw.limits import greatest_depth_um, lowest_rate_mHz, to_step_um
from penfw.link import Link
from penfw.selftest import SelfTest
from penfw.signals import index as signal
from penfw.store import SettingsStore
from penfw.thermistor import temperature_mC

STEP_MS = 10
SERVICE_IDLE_MS = 600000
HEARTBEAT_MS = 500  # of a host that runs the motor
LINK_GONE_MS = 30000  # of one that does not: SERVICE ends
LIMITED_MS = 1000  # the rate is limited for so long: the host is told
INSERTED_MS = 50  # a cartridge is read once it has sat for so long
BUSY_MS = 400  # what a flash window may take
OPEN_MS = 100  # without drive for so long the load switch is open (one-shot of 30 ms)
STILL_US = 200000
STOP_MS = 1000  # what a motor takes to stand after a CUT, at most
SESSION_FILE = "/boot_session"
REMOVED_FILE = "/removed"

_INPUTS = signal("inputs")
_HOUSING = signal("housing")
_RUN_TIME = signal("run_time")
_EDGE_AGE = signal("edge_age")
_RUN_LIMIT = settings.index("run_limit")
_LIMITED = signal("limited")
_RATE = signal("rate")
_BUTTON = 1
_CARTRIDGE = 2
_USB = 4
_DOUBTFUL = 1 << faults.TACHOMETER_IMPLAUSIBLE | 1 << faults.PARK_NOT_REACHED


class Pen:
    """Everything above the interrupt. `step` is one pass of the main loop, every 10 ms."""

    def __init__(self, board):
        self.board = board
        self.boot_session = next_session(board.files)
        self.store = SettingsStore(board.files)
        self.settings, damaged = self.store.load()
        self.control = Control(board)
        self.control.configure(self.get)
        self.device = Device(self)
        self.control.push = self.device.ring.push
        self.link = Link(board.link, self.device)
        self.cartridge = Cartridge(
            board.cartridge_bus, hardware.sleep_ms, int(hardware.pen_id(), 16), self.boot_session,
            unpack_serials(board.files.read(REMOVED_FILE)),
        )  # fmt: skip
        self.indicator = Indicator(board)
        self.selftest = SelfTest(self, damaged)
        self.button = Button(not board.button.value())
        self.uptime_ms = 0
        self.pending = {}  # settings that wait for the next start
        self.heartbeat_ms = 0
        self._ticks_ms = hardware.ticks_ms()
        self._state = -1
        self._faults = 0
        self._inserted_ms = -1
        self._service_ms = 0
        self._starting = False
        self._save_due = False
        self._removed_due = False
        self._announced = False
        self._limited_ms = 0
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
        now_ms = self._pass_time()
        if self._save_due or self._removed_due:
            self._save()
        control = self.control
        values = control.values
        values[_HOUSING] = temperature_mC(control.housing_raw)
        if control.state != self._state:
            self._state_changed(control.state)
        if control.faults != self._faults:
            self._faults_changed(control.faults)
        gesture = self.button.step(values[_INPUTS] & _BUTTON, now_ms, control.state)
        if gesture != NONE:
            self._gesture(gesture, control.state)
        self._tell_service(now_ms)
        self._holder(values[_INPUTS] & _CARTRIDGE, now_ms)
        self._STEPS[control.state](self)
        self.indicator.step(now_ms, self._look())
        self.link.poll(now_ms)
        if control.last_us != self._control_ticks:
            self._control_ticks = control.last_us
            self.board.feed()

    def _pass_time(self):
        ticks = hardware.ticks_ms()
        self.uptime_ms += hardware.ticks_diff(ticks, self._ticks_ms)
        self._ticks_ms = ticks
        self.device.clock.advance(hardware.ticks_us())
        return self.uptime_ms

    # States

    def _state_changed(self, state):
        self.link.event(protocol.STATE_CHANGED, state, self._state & 0xFF)
        parked = self._state == states.PARKING
        self._state = state
        control = self.control
        control.main_conditions &= states.TESTED | states.CARTRIDGE
        self._starting = False
        self._limited_ms = 0
        self._service_ms = self.heartbeat_ms = self.uptime_ms
        if state == states.SELF_TEST:
            self.selftest.begin(self.uptime_ms, parked)
        if state == states.FAULT:
            self.indicator.play(ALARM, self.uptime_ms)
        if state in (states.STANDBY, states.SERVICE):
            self.apply_settings()

    def _faults_changed(self, word):
        fresh = word & ~self._faults
        gone = self._faults & ~word
        self._faults = word
        for row in faults.FAULTS:
            bit = 1 << row[0]
            if fresh & bit:
                self.device.remember(row[0])
                self.link.event(protocol.FAULT_LATCHED, row[0], 0)
            if gone & bit:
                self.link.event(protocol.FAULT_CLEARED, row[0], 0)
        if word & _DOUBTFUL:
            self.selftest.doubt_top()

    def _in_self_test(self):
        self.selftest.step(self.uptime_ms)

    def _in_ready(self):
        control = self.control
        if self._starting and control.steps == control.main_depth:
            control.main_conditions |= states.START

    def _in_running(self):
        values = self.control.values
        if values[_RUN_TIME] > self.settings[_RUN_LIMIT] * 1000:
            self.stop()
        if not values[_LIMITED]:
            self._limited_ms = self.uptime_ms
        elif self._limited_ms and self.uptime_ms - self._limited_ms > LIMITED_MS:
            self._limited_ms = 0  # told once a run
            self.link.event(protocol.NOTICE, protocol.LIMITED_RATE, values[_RATE])

    def _in_service(self):
        control = self.control
        running = control.law == LAW_RUN
        silent_ms = self.uptime_ms - self.heartbeat_ms
        if running and silent_ms > HEARTBEAT_MS:
            control.raise_faults(1 << faults.LINK_LOST)
        elif running and self.service_refusal():
            control.want(LAW_PARK)
        idle = self.uptime_ms - self._service_ms > SERVICE_IDLE_MS
        gone = self.link.connected() and silent_ms > LINK_GONE_MS
        if control.law == LAW_OFF and (idle or gone):
            control.main_conditions |= states.SERVICE_OFF

    def _in_other(self):
        pass

    _STEPS = (
        _in_self_test, _in_other, _in_ready, _in_running, _in_other, _in_other, _in_service,
    )  # fmt: skip

    def _look(self):
        if self._state == states.SELF_TEST and self.selftest.needles_out:
            return NEEDLES_OUT
        if self._state == states.SELF_TEST and self.selftest.uncalibrated:
            return NOT_CALIBRATED
        return LIGHTS[self.control.state]

    # The button

    def _gesture(self, gesture, state):
        if gesture == PRESS:
            self._starting = False
            self.control.main_conditions &= ~states.START
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
        elif gesture == HOLD_SERVICE and self._service_offered():
            self.control.main_conditions |= states.SERVICE_ON

    def _short_press(self, state):
        if state == states.READY and self.button.state_at_press == states.READY:
            self._begin_treatment()
        elif state == states.SELF_TEST and self.selftest.needles_out:
            self.control.main_conditions |= states.PARK_WANTED

    def _begin_treatment(self):
        """A fresh press in READY: take over what was pending, mark the cartridge used."""
        self._take_pending()
        reason, limit = self._start_refusal()
        if reason:
            self.link.event(protocol.NOTICE, reason, limit)
            self.indicator.play(REFUSED, self.uptime_ms)
            return
        if not self.cartridge.mark_used():
            self._judge_cartridge()
            return
        self.control.main_rate_mHz = self.get("stroke_rate")
        self._starting = True

    def _start_refusal(self):
        """(reason, limit) why no treatment can begin now; (0, 0) when it can."""
        if self.control.values[_INPUTS] & _USB:
            return protocol.USB_CONNECTED, 0
        depth_um = min(self.get("depth"), self.depth_limit_um())
        slowest_mHz = lowest_rate_mHz(self.cartridge.needles, depth_um)
        if self.get("stroke_rate") < slowest_mHz:
            return protocol.RATE_TOO_LOW, slowest_mHz
        return 0, 0

    def _service_offered(self):
        state = self.control.state
        waits = state == states.SELF_TEST and self.selftest.uncalibrated
        return waits or state in (states.STANDBY, states.READY)

    def _tell_service(self, now_ms):
        """The buzzer tells when the button has been held for long enough to enter SERVICE."""
        if not 0 <= self.button.held_ms(now_ms) - SERVICE_MS[0] < STEP_MS:
            return
        if self._service_offered():
            self.indicator.play(SERVICE_READY, now_ms)

    def acknowledge(self):
        """Clears the latched faults; False while a cause that can be seen is still there."""
        usb = self.control.faults >> faults.USB_POWER & 1 and self.control.values[_INPUTS] & _USB
        if usb or self.cartridge.state in (INVALID, USED):
            self.link.event(protocol.NOTICE, protocol.CAUSE_REMAINS, 0)
            self.indicator.play(ALARM, self.uptime_ms)
            return False
        control = self.control
        control.main_conditions &= ~states.TESTED
        control.clear_faults()
        control.main_conditions |= states.ACKNOWLEDGED
        return True

    # The cartridge

    def _holder(self, present, now_ms):
        if not present:
            self._inserted_ms = -1
            if self.cartridge.state != ABSENT:
                self._removed_due = self.cartridge.clear() or self._removed_due
                self.control.main_conditions &= ~states.CARTRIDGE
                self.apply_settings()
            return
        if self._inserted_ms < 0:
            self._inserted_ms = now_ms
        seated = now_ms - self._inserted_ms > INSERTED_MS
        idle = self.control.state in (states.STANDBY, states.SERVICE)
        if seated and idle and self.cartridge.state == ABSENT:
            self.cartridge.read()
            self._judge_cartridge()

    def _judge_cartridge(self):
        state = self.cartridge.state
        control = self.control
        if state == INVALID:
            control.raise_faults(1 << faults.CARTRIDGE_INVALID)
        elif state == USED:
            control.raise_faults(1 << faults.CARTRIDGE_USED)
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

    def _take_pending(self):
        for number in sorted(self.pending):
            self.settings[number] = self.pending[number]
            self.link.event(protocol.SETTING_APPLIED, number, self.pending[number])
        if self.pending:
            self.pending = {}
            self._save_due = True
        self.apply_settings()

    def settings_changed(self):
        """Somebody changed `settings`: use them, and save them once the motor is off."""
        self._save_due = True
        if self.control.state == states.RUNNING:
            self.control.main_rate_mHz = self.get("stroke_rate")
        elif not self.motor_on():
            self.control.configure(self.get)
        self.apply_settings()

    def _save(self):
        """A flash window: announced, the motor proved still, the load switch open."""
        if not self._still():
            self._announced = False
            return
        if not self._announced:
            self._announced = True
            self.link.busy(BUSY_MS)
        if not self.link.idle():
            return
        control = self.control
        control.main_window = 1
        try:
            self._write()
        except OSError:
            self.link.event(protocol.NOTICE, protocol.STORE_FAILED, 0)
        self._save_due = self._removed_due = self._announced = False
        hardware.sleep_ms(3)  # a tick passes: its deadline is not held
        control.main_window = 0
        self.button.forget()
        self.heartbeat_ms = self.uptime_ms = self._pass_time()

    def _write(self):
        self.board.feed()
        if self._save_due:
            self.store.save(self.settings)
        self.board.feed()
        if self._removed_due:
            self.board.files.write(REMOVED_FILE, pack_serials(self.cartridge.removed))
        self.board.feed()

    def _still(self):
        """No drive for long enough that the load switch is open, and no edge either."""
        control = self.control
        if self.motor_on() or self._starting or control.main_asks:
            return False
        if control.main_conditions & (states.START | states.PARK_WANTED):
            return False
        if control.main_home or control.steps != control.main_depth:
            return False
        return control.state_ms > OPEN_MS and control.values[_EDGE_AGE] > STILL_US

    # The motor

    def motor_on(self):
        """Whether the motor is or may be turning."""
        control = self.control
        return control.state in (states.RUNNING, states.PARKING) or control.law != LAW_OFF

    def stop(self):
        """Ends a treatment or a service run; needles are parked."""
        control = self.control
        if control.state == states.SERVICE and control.law == LAW_RUN:
            control.want(LAW_PARK)
        if control.state in (states.RUNNING, states.PARKING):
            control.main_conditions |= states.STOP
        control.main_conditions &= ~states.START
        self._starting = False

    def run_in_service(self, rate_mHz):
        """Runs the motor for the host; only in SERVICE, and without a `service_refusal`."""
        control = self.control
        self.service_touched()
        self.heartbeat_ms = self.uptime_ms
        control.main_rate_mHz = rate_mHz
        control.want(LAW_RUN)

    def service_refusal(self):
        """Reason why the host may not run the motor in SERVICE; 0 when it may."""
        if not self.control.values[_INPUTS] & _CARTRIDGE:
            return 0
        known = self.cartridge.state in (FRESH, SAME) and self.cartridge.kind == TEST
        return 0 if known else protocol.TREATMENT_CARTRIDGE

    def park_in_service(self):
        """Brings the needles to top dead centre; only in SERVICE."""
        self.service_touched()
        self.control.want(LAW_PARK)

    def service_touched(self):
        """A command came: SERVICE does not end by itself for another 10 min."""
        self._service_ms = self.uptime_ms


def next_session(files):
    """Number of this boot, one more than the last; kept in a file."""
    text = files.read(SESSION_FILE)
    session = 1
    if text is not None:
        try:
            session = int(text) + 1
        except ValueError:
            session = 1
    files.write(SESSION_FILE, str(session).encode())
    return session


def rescued(board):
    """Held 3 to 8 s at power-up: the way to the REPL, with outputs off."""
    if board.button.value():
        return False
    held_ms = 0
    while not board.button.value() and held_ms <= SERVICE_MS[1]:
        hardware.sleep_ms(10)
        held_ms += 10
    return SERVICE_MS[0] <= held_ms <= SERVICE_MS[1]


def hand_over(pen):
    """Ends in the REPL: cuts the drive, waits until the motor stands, resets."""
    control = pen.control
    control.raise_faults(1 << faults.INTERNAL_ERROR)
    for _ in range(STOP_MS // STEP_MS):
        hardware.sleep_ms(STEP_MS)
        pen.board.feed()
        if control.values[_EDGE_AGE] > STILL_US:
            break
    control.main_window = 1
    hardware.hand_over()


def run():
    """Runs the pen; ends in the REPL when rescued at power-up, or by an exception or Ctrl-C."""
    board = hardware.Board()
    if rescued(board):
        return
    pen = Pen(board)
    gc.collect()
    pen.start()
    try:
        while True:
            pen.step()
            hardware.sleep_ms(STEP_MS)
    except BaseException as error:  # of the host too
        hardware.print_exception(error, board.link)
        hand_over(pen)
