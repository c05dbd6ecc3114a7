"""The 1 kHz control interrupt: read, step, gate, write.

Written flat for the chip (a call takes 12 us, an attribute 1.7 us): integers within +-2**30,
nothing allocated, at most four Python calls a tick; docs/interrupt-cost.md has its cost. Every
tick watches time and current, gates and writes both power paths. Odd ticks by turns measure and
steer the motor; even ticks look at the button, the conditions, one of ten slots and the depth
axis. What is rare (a late tick, a new fault, a press, another state) takes the place of that.
"""

from micropython import const

from penfw.axis import DepthAxis
from penfw.parking import Parking
from penfw.proof import Proof
from penfw.rate import RateLaw
from penfw.sample_ring import ALL
from penfw.watch import Watches

_MASK = const(0x3FFFFFFF)  # ticks_us wraps at 2**30

# Signal numbers; a test holds them to signals.SIGNALS.
_STATE = const(0)
_FAULTS = const(1)
_CONDITIONS = const(2)
_DUTY = const(5)
_STROKES = const(13)
_INPUTS = const(15)
_TICK_TIME = const(17)
_TICK_LATE = const(18)
_RUN_TIME = const(19)

# States and conditions; the same test holds them to states.py.
_SELF_TEST = const(0)
_READY = const(2)
_RUNNING = const(3)
_PARKING = const(4)
_FAULT = const(5)
_SERVICE = const(6)
_CUT_FAULT = const(1)
_PARK_FAULT = const(2)
_START = const(32)
_STOP = const(64)

_IN_BUTTON = const(1)  # bit of the signal `inputs`

_LAW_OFF = const(0)
_LAW_RUN = const(1)
_LAW_PARK = const(2)
_LAW_PROVE = const(4)
_MOVES = const(3)  # LAW_RUN and LAW_PARK

_TICK_US = const(1000)
_LONG_MS = const(1 << 29)  # six days: here `state_ms` stands still
_DEADLINE_US = const(2500)  # 1.5 ms late
_SUCCESSION_US = const(2500)  # two ticks within it follow each other

_F_OVERCURRENT = const(1 << 2)
_F_DEADLINE_MISSED = const(1 << 7)
_F_INTERNAL_ERROR = const(1 << 8)


class Control(RateLaw, Parking, Proof, DepthAxis, Watches):
    """The interrupt and its two edge handlers."""

    def __init__(self, board):
        super().__init__(board)
        self.slots = (
            self._motion_slot, self._position_slot, self._battery_slot, self._heat_slot,
            self._turn_slot, self._holder_slot, self._position_slot, self._housing_slot,
            self._usb_slot, self._depth_slot,
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
        """The control interrupt, every millisecond. Of the dear paths it takes one a tick."""
        try:
            now = self.ticks_us()
            raw = self.read_shunt()
            last = self.last_us
            gap = (now - last) & _MASK
            self.last_us = now
            self.odd = odd = self.odd ^ 1
            if odd:
                v = self.values
                law = self.law
                pair = self.pair
                if pair is not None:  # the scope is armed: as the even tick has left them
                    pair[0][ALL] = v
                    pair[1] = last
                    pair[2] = self.even_raw
            else:
                self.even_raw = raw
            faults = self.faults
            if gap > _DEADLINE_US and not faults & _F_DEADLINE_MISSED:
                self._late(gap)
            elif faults != self.latched:
                self._latch()
            elif raw > self.over_raw and not faults & _F_OVERCURRENT:
                self._over(now)
            elif not odd:
                self._look()
            elif law == _LAW_PROVE:
                self._prove(raw, v)
            elif self.slot & 1:
                self._measure(now, raw, v)
            elif law == _LAW_RUN:
                self._rate_law(v)
            elif law == _LAW_PARK:
                self._park_law()
            # A CUT fault closes the gate in its own tick, whatever the table will say.
            if self.gate and not self.faults & self.cut_mask:
                self.write_load_switch(odd)
                self.write_motor(self.duty)
            elif self.law == _LAW_PROVE and not self.faults & self.cut_mask:
                self.write_motor(self.duty)  # while the load switch is open
            else:
                self.write_motor(0)
            if odd:
                if self.step_high:  # the pulse that the last even tick began
                    self.step_high = 0
                    self.write_step(0)
                if pair is not None:  # scope.py passes them on to `push`
                    pair[3][ALL] = v
                    pair[4] = now
                    pair[5] = raw
                    self.pair = pair[6]
                elif self.push is not None:
                    self.push(v, now)
        except Exception as error:
            self._failed(error)

    def _late(self, gap):
        """The time since the last tick is too long; a declared flash window may do that."""
        if not self.main_window:
            self.faults |= _F_DEADLINE_MISSED
            self.values[_TICK_LATE] = gap - _TICK_US

    def _over(self, now):
        """Too much current: two ticks in succession are a fault, in the proof the first one."""
        if self.law == _LAW_PROVE:
            self._stuck(self.proof_step)
        elif (now - self.over_us) & _MASK < _SUCCESSION_US:
            self.faults |= _F_OVERCURRENT
        self.over_us = now

    def _failed(self, error):
        """An exception inside the interrupt: both power paths off, and a fault."""
        self.write_motor(0)
        self.gate = self.duty = self.values[_DUTY] = 0
        self.law = _LAW_OFF
        self.error = error.__class__
        self.site = self.slot + (16 if self.odd else 0)
        self.faults |= _F_INTERNAL_ERROR
        self.latched = self.values[_FAULTS] = self.faults
        self.own_conditions |= _CUT_FAULT
        self.state = self.values[_STATE] = _FAULT

    def _latch(self):
        """Faults of the last tick or of this one; the table follows in an even tick."""
        found = self.faults
        self.latched = self.values[_FAULTS] = found
        if found & self.cut_mask:
            self.own_conditions |= _CUT_FAULT
            self.gate = self.duty = self.values[_DUTY] = 0
        if found & self.park_mask:
            self.own_conditions |= _PARK_FAULT
        if self.law == _LAW_PROVE:
            self._begin(_LAW_OFF)

    def _look(self):
        """Even ticks: one of button, main loop's wishes, state table, or slot and depth axis."""
        if self.state_ms < _LONG_MS:
            self.state_ms += 2
        down = not self.read_button()
        if down == self.button_down:
            self.button_looks = 0
        elif self.button_looks:  # a level counts in its second look in succession
            self._button(down)
            return
        else:
            self.button_looks = 1
        if self.main_asks:
            self._obey()
            return
        conditions = self.main_conditions | self.own_conditions
        if conditions != self.conditions:
            self._transition(conditions)
            return
        slot = self.slot
        self.slot = 0 if slot == 9 else slot + 1
        self.slots[slot]()
        if self.main_home or self.overshoot or self.steps != self.goal:
            self._axis()

    def _button(self, down):
        """Another level: a press stops a motor that is driven, or calls a start or a proof off.

        In READY it has to be here, too: the main loop may be busy with the cartridge, and set
        START before it has seen the button, or leave one from before. So READY is entered
        stopped, and only a press and its release there allow a start.
        """
        self.button_looks = 0
        self.button_down = down
        inputs = self.values[_INPUTS]
        self.values[_INPUTS] = inputs | _IN_BUTTON if down else inputs & ~_IN_BUTTON
        state = self.state
        if down and (state == _RUNNING or state == _PARKING or state == _READY):  # noqa: SIM109
            self.own_conditions |= _STOP
            self.pressed_ready = 1
        elif state == _READY:
            if self.pressed_ready:
                self.own_conditions &= ~_STOP
        elif down and state == _SELF_TEST:
            self.own_conditions |= _STOP
            if self.law == _LAW_PROVE:
                self._begin(_LAW_OFF)
        elif down and self.law == _LAW_RUN:
            self._begin(_LAW_PARK)

    def _obey(self):
        """Takes over what the main loop asks for: to run or to park in SERVICE, or a proof."""
        self.main_asks = 0
        if self.main_clear:
            self.main_clear = self.faults = 0
            self.latched = self.values[_FAULTS] = 0
            self.own_conditions &= ~(_CUT_FAULT | _PARK_FAULT)
        self.faults |= self.main_faults
        law = self.main_law
        self.main_law = _LAW_OFF
        where = _SELF_TEST if law == _LAW_PROVE else _SERVICE
        wanted = law and law != self.law and self.state == where
        # The button may have gone down before the main loop has seen it.
        forbidden = self.button_down and law != _LAW_PARK
        if wanted and not forbidden and not self.own_conditions & _CUT_FAULT:
            if self.goal > self.steps:  # the rest of the way: a step a stroke
                self.goal = self.steps
            self._begin(law)

    def _transition(self, conditions):
        """The condition word has changed: look at the table."""
        self.conditions = self.values[_CONDITIONS] = conditions
        following = self.next_state(self.state, conditions)
        if following == self.state:
            return
        if following == _PARKING and self.main_window:  # no motor while flash is written
            self.conditions = -1
            return
        self.state = self.values[_STATE] = following
        self.state_ms = 0
        self.conditions = -1  # look again with the new state's rows
        self.own_conditions &= _CUT_FAULT | _PARK_FAULT
        law = _LAW_OFF
        if following == _READY:
            self.own_conditions |= _STOP
            self.pressed_ready = 0
        elif following == _RUNNING:
            self.values[_RUN_TIME] = 0
            law = _LAW_RUN
        elif following == _PARKING:
            law = _LAW_PARK
        elif following == _SELF_TEST and conditions & _START:
            law = _LAW_PROVE
        self._begin(law)

    def _begin(self, law):
        """The motor's law changes: what belonged to the old one is forgotten."""
        self.law = law
        self.gate = 1 if law & _MOVES and not self.own_conditions & _CUT_FAULT else 0
        self.duty = self.values[_DUTY] = 0
        self.integral = self.ramp_mHz = 0
        self.odd_turns = self.empty_turns = self.driven_looks = 0
        self.tdc_head = self.head
        self.tdc_us = self.last_us
        self.proof_step = self.park_phase = self.park_ms = self.park_tries = 0
        self.park_count = self.tdc_count
