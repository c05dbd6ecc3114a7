"""What the link sees of the pen: tables, values, transactions and commands."""

from penfw import VERSION, faults, protocol, settings, signals, states, tables
from penfw import board as hardware
from penfw.telemetry import DeviceClock, TelemetryRing

PUSH_MS = 2  # the interrupt offers a sample in every odd tick
HISTORY = 16  # faults remembered since boot

STOP = 0  # the command that is wanted at once; the others are in service_commands.py


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
        self.control = pen.control
        self.scope = None  # while it is armed or holds a capture
        self.captures = 0
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
        return self.control.state

    def heartbeat(self, _now_ms):
        """The host is there."""
        self._pen.service.heartbeat_ms = self._pen.uptime_ms

    def get(self, index):
        """A setting's value in force or, with NEXT_START, the one that the next start takes."""
        number = index & ~protocol.NEXT_START
        value = self._pen.settings[number]
        return value if index == number else self._pen.treatment.pending.get(number, value)

    def apply(self, changes):
        """One transaction: (status, value, reason, limit) for each change; all or nothing."""
        return tables.read("transaction", "apply")(self._pen, changes)

    def command(self, number, argument):
        """(status, value): the value is a reason where the status is REFUSED."""
        if number == STOP:
            self._pen.stop()
            return protocol.APPLIED, 0
        return tables.read("service_commands", "command")(self._pen, number, argument)

    def remember(self, number):
        """A fault has been latched."""
        self._history.insert(0, (number, self.boot_session, self.clock.seconds, self.clock.micros))
        del self._history[HISTORY:]

    def record_part(self, log, file, at, size):
        """(bytes of the file, at most `size` of them from `at` on); None without such a file."""
        return tables.read("record_files", "part")(self._pen, log, file, at, size)

    def faults(self):
        """(number, latched, boot session, seconds, microseconds), latched ones first."""
        word = self.control.faults
        latched = [row for row in self._history if word >> row[0] & 1]
        cleared = [row for row in self._history if not word >> row[0] & 1]
        return [(row[0], 1) + row[1:] for row in latched] + [
            (row[0], 0) + row[1:] for row in cleared
        ]
