"""SERVICE: the host may run the motor, with somebody at the pen and a heartbeat."""

from penfw import faults, protocol, states
from penfw.button import SERVICE_MS
from penfw.cartridge import FRESH, SAME, TEST
from penfw.control_state import LAW_OFF, LAW_PARK, LAW_RUN
from penfw.indicator import SERVICE_READY
from penfw.signals import IN_CARTRIDGE
from penfw.signals import index as signal

IDLE_MS = 600000
HEARTBEAT_MS = 500  # of a host that runs the motor
LINK_GONE_MS = 30000  # of one that does not: SERVICE ends

_INPUTS = signal("inputs")


class Service:
    """Its entrance, what it allows, and its ends."""

    def __init__(self, pen):
        self._pen = pen
        self._touched_ms = 0
        self._told = False
        self.heartbeat_ms = 0  # the last sign of the host

    def state_changed(self):
        """Another state: its time begins now."""
        self._touched_ms = self.heartbeat_ms = self._pen.uptime_ms

    def offered(self):
        """Whether a long hold of the button leads here now."""
        pen = self._pen
        state = pen.control.state
        waits = pen.selftest is not None and pen.selftest.uncalibrated
        return waits or state in (states.STANDBY, states.READY)

    def tell_offer(self, now_ms):
        """The buzzer tells once that the button has been held for long enough."""
        pen = self._pen
        long = pen.button.held_ms(now_ms) >= SERVICE_MS[0]
        if long and not self._told and self.offered():
            pen.indicator.play(SERVICE_READY, now_ms)
        self._told = long

    def step(self):
        """One look in SERVICE: is the host there, is the cartridge allowed?"""
        pen, control = self._pen, self._pen.control
        running = control.law == LAW_RUN
        silent_ms = pen.uptime_ms - self.heartbeat_ms
        if running and silent_ms > HEARTBEAT_MS:
            control.raise_faults(1 << faults.LINK_LOST)
        elif running and self.refusal():
            control.want(LAW_PARK)
        idle = pen.uptime_ms - self._touched_ms > IDLE_MS
        gone = pen.link.connected() and silent_ms > LINK_GONE_MS
        if control.law == LAW_OFF and (idle or gone):
            control.main_conditions |= states.SERVICE_OFF

    def refusal(self):
        """Reason why the motor may not run here; 0 when it may."""
        pen = self._pen
        if not pen.control.values[_INPUTS] & IN_CARTRIDGE:
            return 0
        known = pen.cartridge.state in (FRESH, SAME) and pen.cartridge.kind == TEST
        return 0 if known else protocol.TREATMENT_CARTRIDGE

    def run(self, rate_mHz):
        """Runs the motor for the host; only in SERVICE, and without a `refusal`."""
        self._touched_ms = self.heartbeat_ms = self._pen.uptime_ms
        self._pen.control.main_rate_mHz = rate_mHz
        self._pen.control.want(LAW_RUN)

    def park(self):
        """Brings the needles to top dead centre; only in SERVICE."""
        self._touched_ms = self._pen.uptime_ms
        self._pen.control.want(LAW_PARK)
