"""A client that sends whatever the protocol's grammar allows, and the person at the pen.

`HostileClient` is the bench with both; `check` judges the whole run by the plant and the replies.
"""

from dataclasses import dataclass, field

import numpy as np

from penfw import protocol, settings, states
from penfw.frames import FrameParser
from penloop.evidence.never import PLAY_UM, violations
from pensim import Bench
from pensim.serial_port import SimulatedPort
from tests.fuzz.frames import framed

SCENES = ("boot", "standby", "ready", "running", "running in skin", "fault", "service")
CEILING_UM = settings.DEFAULTS[settings.index("depth_ceiling")]
CLOSED = [number for number, access in enumerate(settings.ACCESSES) if access != settings.OPEN]
CLICK_MOST_S, HOLD_S, BOUNCE_S = 0.8, (3.0, 8.0), 0.05
ACKNOWLEDGE = (protocol.COMMAND, b"\x08\0")
MOTION = ("pen.duty", "plant.protrusion")
CONSENT_S = 2.5  # from a release of the button to the state that it leads to, proof included


@dataclass
class Press:
    """One of the button, in seconds of the run."""

    down_s: float
    up_s: float


@dataclass
class HostileClient:
    """Sends frames and bytes; lets time pass; what a person does stands beside it."""

    bench: Bench
    presses: list[Press] = field(default_factory=list)
    boots_s: list[float] = field(default_factory=lambda: [0.0])
    changed: list[tuple[int, float, float]] = field(default_factory=list)  # setting, asked, told

    def __post_init__(self):
        self.port = SimulatedPort.on_bench(self.bench, timeout=0.0)
        self.parser = FrameParser()
        self.sequence = 0
        self.last = b"\0"
        self.asked_s = {}
        self.asked = {}  # number of the command in a sequence
        self.acknowledged_s = []  # by the link, as it was told

    def set_scene(self, scene):
        """Brings the pen to where the client finds it."""
        operator = self.bench.operator
        if scene == "boot":
            return
        if scene not in ("standby", "service"):
            operator.insert_cartridge()
        self.wait(1.0)
        if scene == "service":
            self.press(3.5)
            self.wait(0.3)
        elif scene != "standby":
            if scene != "ready":
                self.press(0.15)
                self.wait(1.0)
            if scene in ("running in skin", "fault"):
                operator.touch("cheek")
                self.wait(0.3)
            if scene == "fault":
                operator.hazard("motor_jammed")
                self.wait(0.7)
                operator.hazard("motor_jammed", False)

    # The client

    def send(self, data):
        """Bytes, as they are."""
        self.port.write(data)
        self.wait(0.015)

    def frame(self, number, payload, session=True, wrong=0):
        """A frame; behind it, what the pen answers is judged."""
        if session:
            self.sequence = self.sequence + 1 & 0xFFFF
        self.asked_s[self.sequence] = self.bench.now_s
        self.asked[self.sequence] = (number, payload[:2])
        self.last = framed(number, self.sequence, payload[: protocol.PAYLOAD_MAX], wrong)
        self.send(self.last)

    def wait(self, seconds):
        """The pen runs; what it says is heard."""
        self.bench.run(seconds)
        heard = self.port.read(4096)
        at = 0
        while at < len(heard):
            at = self.parser.feed(heard, at, len(heard))
            if self.parser.payload is not None:
                self.hear(self.parser)

    def hear(self, reply):
        """Notes acknowledgements, and which closed settings the pen says that it has changed."""
        done = reply.number == protocol.COMMAND | protocol.REPLY and not reply.payload[0]
        if done and self.asked.get(reply.sequence) == ACKNOWLEDGE:
            self.acknowledged_s.append(self.bench.now_s)
        if reply.number != protocol.SET | protocol.REPLY:
            return
        asked_s = self.asked_s.get(reply.sequence, 0.0)
        fields = protocol.message(protocol.SET)[3]
        for index, status, *_value in protocol.unpack(fields, bytes(reply.payload))[2]:
            if index in CLOSED and status != protocol.REFUSED:
                self.changed.append((index, asked_s, self.bench.now_s))

    # The person

    def press(self, seconds):
        """The button, held for so long."""
        down_s = self.bench.now_s
        self.bench.operator.press()
        self.wait(seconds)
        self.bench.operator.release()
        self.presses.append(Press(down_s, self.bench.now_s))
        self.wait(0.1)  # else the next one would go on with this one

    def power_cycle(self):
        """Off and on again."""
        self.boots_s.append(self.bench.now_s)
        self.bench.operator.power_cycle()
        self.wait(1.0)

    # The judgement

    def check(self):
        """What was wrong, in sentences."""
        trace = self.bench.trace()
        return [
            *violations(trace, settings.HARD_DEPTH_UM),
            *self._open_limits(trace),
            *self._without_consent(trace, states.RUNNING, 0.0, CLICK_MOST_S),
            *self._without_consent(trace, states.SERVICE, *HOLD_S),
            *self._beyond_ceiling(trace),
            *self._moved_from_afar(trace),
        ]

    def _open_limits(self, trace):
        """Each closed setting that was changed while the pen was not in SERVICE."""
        for index, asked_s, told_s in self.changed:
            rows = (trace.time_s >= asked_s) & (trace.time_s <= told_s)
            if not np.any(trace["pen.state"][rows] == states.SERVICE):
                yield f"{settings.NAMES[index]} was changed outside of SERVICE at {told_s:.3f} s"

    def _without_consent(self, trace, wanted, least_s, most_s):
        """Each time that it came to a state without a press of the right length shortly before."""
        state = trace["pen.state"]
        for row in np.flatnonzero((state[1:] == wanted) & (state[:-1] != wanted)) + 1:
            now_s = float(trace.time_s[row])
            consents = [
                press
                for press in self.presses
                if -0.02 <= now_s - press.up_s <= CONSENT_S
                and least_s - BOUNCE_S <= press.up_s - press.down_s <= most_s + BOUNCE_S
            ]
            if not consents:
                yield f"{states.STATES[wanted]} without the person's consent at {now_s:.3f} s"

    def _moved_from_afar(self, trace):
        """Each acknowledgement over the link after which the pen moved without a press."""
        pressed_s = [press.down_s for press in self.presses]
        for told_s in self.acknowledged_s:
            end_s = min((at for at in pressed_s + self.boots_s if at >= told_s - 0.05), default=1e9)
            rows = (trace.time_s > told_s) & (trace.time_s < end_s)
            if rows.any() and any(np.ptp(trace[name][rows]) for name in MOTION):
                yield f"it moved after an acknowledgement over the link at {told_s:.3f} s"

    def _beyond_ceiling(self, trace):
        """The ceiling is 1.5 mm after each boot until SERVICE could have raised it."""
        time_s, state = trace.time_s, trace["pen.state"]
        for start_s, end_s in zip(self.boots_s, [*self.boots_s[1:], np.inf], strict=True):
            rows = (time_s >= start_s + 0.05) & (time_s < end_s)
            opened = np.cumsum(np.where(rows, state == states.SERVICE, 0)) > 0
            beyond = rows & ~opened & (trace["plant.protrusion"] > CEILING_UM + PLAY_UM)
            if beyond.any():
                yield f"the needles reach beyond the ceiling at {time_s[np.argmax(beyond)]:.3f} s"
