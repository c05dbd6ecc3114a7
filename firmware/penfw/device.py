"""What the link sees of the pen: tables, values, transactions and commands."""

from penfw import VERSION, faults, protocol, settings, signals, states, tables
from penfw import board as hardware
from penfw.limits import lowest_rate_mHz, to_step_um
from penfw.telemetry import DeviceClock, TelemetryRing

PUSH_MS = 2  # the interrupt offers a sample in every odd tick
HISTORY = 16  # faults remembered since boot

STOP = 0
SERVICE_RUN = 1
PARK = 2
SERVICE_END = 3
HAND_OVER = 4
HERE_OR_NOT = 1  # its argument: also where the link is not on the prompt's port

_RATE = settings.index("stroke_rate")
_DEPTH = settings.index("depth")


def _setting_row(row):
    return row[:6] + (settings.ACCESS[row[6]], row[7])


def _fault_row(row):
    return (row[0], row[1], "CUT" if row[2] == faults.CUT else "PARK") + row[3:]


class Device:
    """The link's view of the pen; see requests.py for what each member means."""

    states_rows = states.STATES

    def __init__(self, pen):
        self._pen = pen
        self.boot_session = pen.boot_session
        self.clock = DeviceClock(hardware.ticks_us())
        self.ring = TelemetryRing(len(signals.NAMES), push_ms=PUSH_MS)
        self._history = []

    @property
    def settings_rows(self):
        """The settings table, read from the flash."""
        return [_setting_row(row) for row in settings.SETTINGS]

    @property
    def signals_rows(self):
        """The signals, read from the flash."""
        return signals.SIGNALS

    @property
    def commands_rows(self):
        """The commands, read from the flash."""
        return tables.read("command_table", "COMMANDS")

    @property
    def faults_rows(self):
        """The fault list, read from the flash."""
        return [_fault_row(row) for row in faults.FAULTS]

    def identity(self):
        """Product, board, pen id, firmware version, firmware hash."""
        return ("penloop", hardware.BOARD_NAME, hardware.pen_id(), VERSION, hardware.bundle_hash())

    def state(self):
        """Number of the present state."""
        return self._pen.control.state

    def heartbeat(self, _now_ms):
        """The host is there."""
        self._pen.service.heartbeat_ms = self._pen.uptime_ms

    def get(self, index):
        """A setting's value in force."""
        return self._pen.settings[index]

    def _proposal(self):
        """All values as they will be once what is pending has been taken over."""
        pen = self._pen
        return [pen.treatment.pending.get(index, value) for index, value in enumerate(pen.settings)]

    def apply(self, changes):
        """One transaction: (status, value, reason, limit) for each change; all or nothing."""
        pen = self._pen
        proposed = self._proposal()
        results = []
        for index, value in changes:
            reason, limit = self._refusal(index, value)
            if index == _DEPTH:
                value = to_step_um(value)
            proposed[index] = value
            results.append((reason, limit))
        if not [reason for reason, _limit in results if reason]:
            results = self._together(changes, proposed)
        if [reason for reason, _limit in results if reason]:
            return [self._refused(change, result) for change, result in zip(changes, results)]
        outcome = [self._accept(index, proposed[index]) for index, _value in changes]
        pen.settings_changed()
        return outcome

    def _refused(self, change, result):
        reason, limit = result
        value = self.get(change[0])
        return (protocol.REFUSED, value, reason or protocol.OTHERS_REFUSED, limit)

    def _refusal(self, index, value):
        """(reason, limit) why one value alone cannot be; (0, 0) when it can."""
        if value < settings.MINIMA[index]:
            return protocol.BELOW_MINIMUM, settings.MINIMA[index]
        if value > settings.MAXIMA[index]:
            return protocol.ABOVE_MAXIMUM, settings.MAXIMA[index]
        closed = settings.ACCESSES[index] != settings.OPEN
        if closed and self.state() != states.SERVICE:
            return protocol.SERVICE_ONLY, 0
        if closed and self._pen.motor_on():
            return protocol.MOTOR_ON, 0
        return 0, 0

    def _together(self, changes, proposed):
        """(reason, limit) for each change, judged with the others: depth, rate and limits."""
        cartridge = self._pen.cartridge
        ceiling_um = proposed[settings.index("depth_ceiling")]
        slowest_mHz = lowest_rate_mHz(cartridge.needles, proposed[_DEPTH])
        results = []
        for index, _value in changes:
            result = (0, 0)
            if index == _DEPTH and proposed[_DEPTH] > ceiling_um:
                result = (protocol.ABOVE_CEILING, ceiling_um)
            elif index == _DEPTH and 0 < cartridge.max_depth_um < proposed[_DEPTH]:
                result = (protocol.ABOVE_CARTRIDGE, cartridge.max_depth_um)
            elif index in (_DEPTH, _RATE) and proposed[_RATE] < slowest_mHz:
                result = (protocol.RATE_TOO_LOW, slowest_mHz)
            results.append(result)
        return results

    def _accept(self, index, value):
        """Puts one value in force, or keeps it for the next start; returns its result."""
        pen = self._pen
        treats = pen.control.state in (states.RUNNING, states.PARKING)
        deeper = index == _DEPTH and value > pen.settings[_DEPTH]
        slower = index == _RATE and value < pen.settings[_RATE]
        if treats and (deeper or slower):
            pen.treatment.pending[index] = value
            return (protocol.PENDING, pen.settings[index], 0, 0)
        pen.treatment.pending.pop(index, None)
        pen.settings[index] = value
        return (protocol.APPLIED, value, 0, 0)

    def command(self, number, argument):
        """(status, value): the value is a reason where the status is REFUSED."""
        pen = self._pen
        if number == STOP:
            pen.stop()
            return protocol.APPLIED, 0
        if number == HAND_OVER:
            if not pen.board.on_usb and argument != HERE_OR_NOT:
                return protocol.REFUSED, protocol.PROMPT_ELSEWHERE
            pen.stop()
            pen.flash_window.hand_over_due = True
            return protocol.APPLIED, 0
        if self.state() != states.SERVICE:
            return protocol.REFUSED, protocol.SERVICE_ONLY
        if number == SERVICE_RUN:
            if not settings.MINIMA[_RATE] <= argument <= settings.MAXIMA[_RATE]:
                return protocol.REFUSED, protocol.BAD_ARGUMENT
            reason = pen.service.refusal()
            if reason:
                return protocol.REFUSED, reason
            pen.service.run(argument)
        elif number == PARK:
            pen.service.park()
        elif number == SERVICE_END:
            pen.control.main_conditions |= states.SERVICE_OFF
        return protocol.APPLIED, argument

    def remember(self, number):
        """A fault has been latched."""
        self._history.insert(0, (number, self.boot_session, self.clock.seconds, self.clock.micros))
        del self._history[HISTORY:]

    def faults(self):
        """(number, latched, boot session, seconds, microseconds), latched ones first."""
        word = self._pen.control.faults
        latched = [row for row in self._history if word >> row[0] & 1]
        cleared = [row for row in self._history if not word >> row[0] & 1]
        return [(row[0], 1) + row[1:] for row in latched] + [
            (row[0], 0) + row[1:] for row in cleared
        ]
