"""A small pen behind the real Link, and a line of bytes in virtual time between it and a client."""

import random
from array import array
from dataclasses import dataclass, field
from types import SimpleNamespace

import serial

from penfw import protocol
from penfw.link import Link
from penfw.telemetry import DeviceClock, TelemetryRing

TICKS_MASK = 0x3FFFFFFF
BYTE_US = 87  # at 115,200 baud

SETTINGS = (
    ("stroke_rate", "int", "mHz", 100000, 25000, 150000, "open", "strokes per second"),
    ("depth", "int", "um", 500, 0, 2500, "open", "needle depth"),
    ("run_limit", "int", "s", 1800, 5, 3600, "open", "longest treatment"),
    ("ceiling", "int", "um", 1500, 0, 2500, "volatile", "no depth above it"),
    *((f"gain_{n}", "int", "", n, -1000000, 1000000, "service", "a gain") for n in range(60)),
)
SIGNALS = (
    ("tick", "i", "", "number of the control tick"),
    ("odd", "b", "", "small and signed"),
    ("rate", "i", "mHz", "stroke rate"),
    ("depth", "h", "um", "needle depth"),
    ("state", "B", "", "state"),
    ("duty", "H", "u16", "duty"),
    ("zero", "i", "", "always zero"),
    ("huge", "b", "", "beyond its type"),
    ("spare", "h", "", "nothing"),
)
COMMANDS = (
    ("stop", "", "stops"),
    ("count", "", "counts its executions"),
    ("turn", "mHz", "takes a rate"),
    ("refuse", "", "is always refused"),
)
FAULTS = (
    (1, "overspeed", "CUT", 20, "two turns were too fast", "send the pen to service"),
    (12, "stall", "PARK", 700, "no turn although driven", "lift off; use more rate — or µm"),
)
STATES = ("SELF_TEST", "STANDBY", "READY")
RUN_LIMIT = 2  # always waits for the next start, as a greater depth does on a pen in RUNNING


class FakeDevice:
    """What Link wants of a pen; remembers what was done to it."""

    settings_rows = SETTINGS
    signals_rows = SIGNALS
    commands_rows = COMMANDS
    faults_rows = FAULTS
    states_rows = STATES

    def __init__(self, boot_session=7, ticks_us=TICKS_MASK - 500_000):
        self.boot_session = boot_session
        self.ticks_us = ticks_us
        self.clock = DeviceClock(ticks_us)
        self.ring = TelemetryRing(len(SIGNALS), samples=64)  # 64 ms, as it pushes every millisecond
        self.values = array("i", [0] * len(SIGNALS))
        self.settings = [row[3] for row in SETTINGS]
        self.waiting = {}
        self.transactions = []
        self.commands = []
        self.heartbeats = []
        self.fault_rows = [(12, 1, boot_session, 3, 250_000), (1, 0, boot_session - 1, 0, 5)]
        self.tick = 0
        self.scope = None
        self.captures = 0
        self.control = SimpleNamespace(values=self.values, last_us=ticks_us, pair=None)

    def interrupt(self, now_us):
        """The control tick; the signals follow from its number."""
        self.ticks_us = (self.ticks_us + 1000) & TICKS_MASK
        self.tick += 1
        self.values[0] = self.tick
        self.values[1] = self.tick % 255 - 127
        self.values[2] = self.tick * 1000 % 150000
        self.values[3] = self.tick % 5000 - 2500
        self.values[4] = self.tick & 255
        self.values[5] = self.tick * 7 & 65535
        self.values[7] = 4000
        self.ring.push(self.values, self.ticks_us)

    def identity(self):
        return "penloop", "fake", "e6614103e7", "0.1.0", "f" * 64

    def state(self):
        return 1

    def get(self, index):
        number = index & ~protocol.NEXT_START
        value = self.settings[number]
        return value if index == number else self.waiting.get(number, value)

    def apply(self, changes):
        self.transactions.append([tuple(change) for change in changes])
        reasons = [self._reason(index, value) for index, value in changes]
        if any(reasons):
            return [
                (protocol.REFUSED, self.settings[index], reason or protocol.OTHERS_REFUSED,
                 SETTINGS[index][5])
                for (index, _value), reason in zip(changes, reasons, strict=True)
            ]  # fmt: skip
        return [self._accept(index, value) for index, value in changes]

    def _accept(self, index, value):
        if index == RUN_LIMIT and value != self.settings[index]:
            self.waiting[index] = value
            return protocol.PENDING, self.settings[index], 0, 0
        self.settings[index] = value
        return protocol.APPLIED, value, 0, 0

    def _reason(self, index, value):
        row = SETTINGS[index]
        if value < row[4]:
            return protocol.BELOW_MINIMUM
        return protocol.ABOVE_MAXIMUM if value > row[5] else 0

    def command(self, number, argument):
        self.commands.append((number, argument))
        if COMMANDS[number][0] == "refuse":
            return protocol.REFUSED, protocol.WRONG_STATE
        return protocol.APPLIED, len(self.commands)

    def faults(self):
        return self.fault_rows

    def record_part(self, log, file, at, size):
        return (0, b"") if log < 2 and file < 2 else None

    def heartbeat(self, now_ms):
        self.heartbeats.append(now_ms)


class FakePort:
    """The pen's end of the line."""

    def __init__(self, capacity=256):
        self.received = bytearray()
        self.sent = bytearray()
        self.capacity = capacity

    def any(self):
        return len(self.received)

    def readinto(self, buffer):
        size = min(len(buffer), len(self.received))
        if not size:
            return None
        buffer[:size] = self.received[:size]
        del self.received[:size]
        return size

    def room(self):
        return self.capacity - len(self.sent)

    def write(self, data):
        assert len(data) <= self.room(), "the link must not write what would block"
        self.sent += data
        return len(data)


@dataclass
class Noise:
    """Shares of bytes that are lost, doubled and damaged, and of milliseconds that stall."""

    lost: float = 0
    doubled: float = 0
    damaged: float = 0
    stalled: float = 0
    stall_ms: int = 20
    seed: int = 0
    generator: random.Random = field(init=False)

    def __post_init__(self):
        self.generator = random.Random(self.seed)

    def spoil(self, data):
        """What arrives of these bytes."""
        out = bytearray()
        for byte in data:
            chance = self.generator.random()
            if chance < self.lost:
                continue
            chance -= self.lost
            if chance < self.damaged:
                byte ^= self.generator.randrange(1, 256)
            out.append(byte)
            if self.damaged <= chance < self.damaged + self.doubled:
                out.append(byte)
        return bytes(out)

    def stall(self):
        """Milliseconds for which the line stands still from now."""
        if self.stalled and self.generator.random() < self.stalled:
            return self.generator.randrange(1, self.stall_ms)
        return 0


class Wire:
    """The client's end: a port in pyserial's manner, with the clock on which the pen runs too."""

    def __init__(self, noise=None, pass_ms=10, device=None, capacity=256):
        self.timeout = 0.01
        self.name = "wire"
        self.is_open = True
        self.noise = noise or Noise()
        self.pass_ms = pass_ms
        self.device = device or FakeDevice()
        self.port = FakePort(capacity)
        self.link = Link(self.port, self.device)
        self.gone = False
        self.deaf_ms = 0  # how long the pen neither runs nor hears
        self._now_us = 0
        self._ms = 0
        self._inbox = bytearray()
        self._to_pen = bytearray()
        self._credit_us = [0, 0]
        self._stall_ms = [0, 0]

    def restart(self):
        """The pen's processor is reset."""
        self.device = FakeDevice(self.device.boot_session + 1)
        self.link = Link(self.port, self.device)
        self.port.received.clear()
        self.port.sent.clear()

    # As pyserial has it

    @property
    def in_waiting(self):
        self._check()
        self.sleep_us(BYTE_US)
        return len(self._inbox)

    def read(self, size=1):
        self._check()
        end_us = self._now_us + round(self.timeout * 1e6)
        while len(self._inbox) < size and self._now_us < end_us:
            self.sleep_us(min(BYTE_US * 4, end_us - self._now_us))
        data = bytes(self._inbox[:size])
        del self._inbox[:size]
        return data

    def write(self, data):
        self._check()
        self._to_pen += data
        return len(data)

    def close(self):
        self.is_open = False

    # Its clock

    def now_us(self):
        return self._now_us

    def sleep_us(self, duration_us):
        end_us = self._now_us + duration_us
        while (self._ms + 1) * 1000 <= end_us:
            self._ms += 1
            self._now_us = self._ms * 1000
            self._millisecond()
        self._now_us = end_us

    def _check(self):
        if self.gone:
            raise serial.SerialException("device disconnected")

    def _millisecond(self):
        self._carry(0, self._to_pen, self._hear)
        self._carry(1, self.port.sent, self._inbox.extend)
        if self.deaf_ms:
            self.deaf_ms -= 1
            self.device.ticks_us = (self.device.ticks_us + 1000) & TICKS_MASK
            return
        self.device.interrupt(self._now_us)
        if self._ms % self.pass_ms == 0:
            self.device.clock.advance(self.device.ticks_us)
            self.link.poll(self._ms & TICKS_MASK)

    def _hear(self, data):
        if not self.deaf_ms:
            self.port.received.extend(data)

    def _carry(self, way, queue, deliver):
        """Moves what fits one millisecond of the line."""
        if self._stall_ms[way]:
            self._stall_ms[way] -= 1
            return
        self._stall_ms[way] = self.noise.stall()
        self._credit_us[way] += 1000
        size = min(len(queue), self._credit_us[way] // BYTE_US)
        self._credit_us[way] -= size * BYTE_US
        if size < self._credit_us[way] // BYTE_US:
            self._credit_us[way] = 0
        deliver(self.noise.spoil(queue[:size]))
        del queue[:size]
