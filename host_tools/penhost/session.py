"""A client session: requests answered exactly once on a line that loses, doubles and damages bytes.

A request is repeated with its sequence number until its reply comes; the pen executes it once and
repeats its reply. What the pen sends unasked meanwhile is queued.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple
from zlib import crc32

from penfw import protocol
from penhost.errors import (
    LineNoisy,
    NotAPen,
    PenError,
    PenRestarted,
    PenSilent,
    ProtocolMismatch,
    Refused,
    ReplAnswers,
)
from penhost.transport import Frame, Transport

OLDEST_PROTOCOL = 1  # the oldest pen that this client can talk to
PATIENCE_US = (250_000, 400_000, 600_000, 1_000_000, 1_000_000, 1_000_000)  # one a try
NOISY_TRIES = 200  # on a line where something arrives, but damaged
NOISE_WAIT_US = 100_000  # after a damaged frame, likely the reply, the next try comes so soon
GREETING_US = 4_000_000  # where nothing whole has ever come, noise is listened to for so long
SLICE_US = 20_000  # how often a wait looks for damaged frames
GATE_US = 10_000  # how often a wait looks at the gate, where there is one
ANEW_MAX = 3  # so often a request is asked anew as the gate has used the pen; then the gate waits
BUSY_MAX_US = 1_000_000  # a pen that said BUSY is waited for no longer than this
QUEUE_MAX = 4096  # telemetry frames; at 500 Hz of 8 signals 80 s that nobody has read
EVENTS_MAX = 256
QUIET_REQUESTS = 20  # without a repeat for so many, the line is taken for a good one again
# Requests that may be asked anew, so that a wait for their reply may be given up: HEARTBEAT, too,
# whose second one only says again that the host is there.
_READING = frozenset(
    (
        protocol.DESCRIBE, protocol.GET, protocol.FAULTS, protocol.STATUS, protocol.RECORDS,
        protocol.SCOPE_DATA, protocol.HEARTBEAT,
    )
)  # fmt: skip
_FIRST_SEQUENCE = 0x2020
_PROMPT_CONTROLS = frozenset(b"\x01\x02\x03\x04\x05")  # mean something to a MicroPython prompt
_PROMPT_SIGNS = (b">>>", b"MicroPython", b"raw REPL", b"Traceback (most")

Entropy = Callable[[int], bytes]


def entropy_of(port: Any, transport: Transport) -> Entropy:
    """Where the 4 bytes of a session id come from: a simulated port, its clock, or the system."""
    if hasattr(port, "session_entropy"):
        entropy: Entropy = port.session_entropy
        return entropy
    if transport.clock is port:
        return lambda size: crc32(b"%d" % transport.clock.now_us()).to_bytes(size, "little")
    return os.urandom


class Fields(dict[str, Any]):
    """A message's fields by name; one that it lacks and that is needed is a ProtocolMismatch."""

    def __missing__(self, name: str) -> Any:
        raise ProtocolMismatch(f"the pen's message lacks {name}", "update the pen's firmware")


class Session:
    """One client's conversation with a pen; one request at a time."""

    def __init__(
        self, transport: Transport, entropy: Entropy, greeting_us: int = GREETING_US
    ) -> None:
        self.telemetry: deque[dict[str, Any]] = deque(maxlen=QUEUE_MAX)
        self.events: deque[dict[str, Any]] = deque(maxlen=EVENTS_MAX)
        self.repeats = 0  # requests sent again
        self.requests = 0
        self._repeated_at = -QUIET_REQUESTS
        self._noises = 0
        self.gate: Callable[[], None] | None = None  # called before each request and in waits
        self._in_gate = False
        self._transport = transport
        self._entropy = entropy
        self._greeting_us = greeting_us
        self._sequence = _FIRST_SEQUENCE
        self._busy_until_us = 0
        self._announced_us = 0  # of a pause, to be told with the samples that follow

    def open(self) -> dict[str, Any]:
        """Greets the pen; returns HELLO's fields. Raises PenSilent, NotAPen, ProtocolMismatch."""
        session = self._safe_session()
        try:
            hello = _fields(self._converse(protocol.HELLO, (session,)))
        except (PenSilent, LineNoisy) as error:
            raise self._diagnosis(error) from error
        _check_version(hello["protocol"], hello["compatible"])
        return hello

    def renew(self) -> dict[str, Any]:
        """Greets the pen again, after a reset; what was sent unasked before is dropped."""
        self.telemetry.clear()
        self.events.clear()
        self._busy_until_us = self._announced_us = 0
        return self.open()

    def request(self, number: int, *values: Any) -> dict[str, Any]:
        """The reply's fields by name; those that an older pen does not send are missing.

        Raises Refused, PenRestarted, PenSilent, LineNoisy, PortLost.
        """
        self._look_at_gate()
        reply = self._converse(number, values)
        if reply.number == protocol.ERROR:
            raise _refusal(_fields(reply))
        return _fields(reply)

    @property
    def noisy(self) -> bool:
        """Whether requests and replies had better be short, as long ones do not get through."""
        return self.requests - self._repeated_at < QUIET_REQUESTS

    def pump(self, until_us: int) -> None:
        """Takes in what the pen sends unasked: at least what has arrived, at most until then."""
        clock = self._transport.clock
        while True:
            slice_us = until_us
            if self._look_at_gate():
                slice_us = min(until_us, clock.now_us() + GATE_US)
            frame = self._transport.receive(slice_us)
            if frame is not None:
                self._take_push(frame)
            if self.telemetry or (frame is None and clock.now_us() >= until_us):
                return

    def _look_at_gate(self) -> bool:
        """Calls the gate, which may use the pen itself; False where there is none, or it does."""
        if self.gate is None or self._in_gate:
            return False
        self._in_gate = True
        try:
            self.gate()
        finally:
            self._in_gate = False
        return True

    def _converse(self, number: int, values: Sequence[Any]) -> Frame:
        clock = self._transport.clock
        sequence, data, repeats, anew = -1, b"", 0, 0
        self.requests += 1
        damaged = self._damaged()
        greeting_end_us = clock.now_us() + self._greeting_us
        while repeats < NOISY_TRIES:
            if sequence != self._sequence:  # the first time, or the gate has asked meanwhile
                sequence = self._sequence = (self._sequence + 1) & 0xFFFF
                data = self._transport.encode(number, sequence, values)
            self._transport.send(data)
            patience_us = PATIENCE_US[min(repeats, len(PATIENCE_US) - 1)]
            gated = number in _READING and anew < ANEW_MAX
            reply = self._await(number, values, clock.now_us() + patience_us, gated)
            if reply is not None:
                return reply
            if self._sequence != sequence:
                anew += 1
                continue
            repeats += 1
            if repeats >= len(PATIENCE_US) and self._damaged() == damaged:
                raise PenSilent("the pen does not answer", "check cable, power and baud rate")
            if clock.now_us() > greeting_end_us and not self._is_pen(number):
                break
            self.repeats += 1
            self._repeated_at = self.requests
        remedy = "check cable and ground, use a shorter cable or a lower baud rate"
        raise LineNoisy("the pen's answers arrive damaged", remedy)

    def _await(
        self, number: int, values: Sequence[Any], deadline_us: int, gated: bool
    ) -> Frame | None:
        transport = self._transport
        damaged = self._damaged()
        now_us = transport.clock.now_us()
        sequence = self._sequence
        slice_us = GATE_US if gated and self.gate is not None else SLICE_US
        while now_us < deadline_us:
            frame = transport.receive(min(deadline_us, now_us + slice_us))
            if frame and frame.sequence == sequence and _answers(frame, number, values):
                return frame
            if frame:
                self._take_push(frame)
                if frame.number == protocol.NOISE:
                    return None  # the request was damaged
            if gated and self._look_at_gate() and self._sequence != sequence:
                return None  # our reply may have come meanwhile: it is asked anew
            now_us = transport.clock.now_us()
            if self._damaged() != damaged:
                damaged = self._damaged()
                deadline_us = min(deadline_us, now_us + NOISE_WAIT_US)
            deadline_us = max(deadline_us, self._busy_until_us)
        return None

    def _take_push(self, frame: Frame) -> None:
        """Queues what was sent unasked; a late reply or an unknown message is passed over."""
        if frame.number == protocol.TELEMETRY:
            fields = _fields(frame)
            fields["announced_us"], self._announced_us = self._announced_us, 0
            self.telemetry.append(fields)
        elif frame.number == protocol.EVENT:
            self.events.append(_fields(frame))
        elif frame.number == protocol.BUSY:
            self._announced_us = busy_us = min(_fields(frame)["busy_ms"] * 1000, BUSY_MAX_US)
            self._busy_until_us = self._transport.clock.now_us() + busy_us + PATIENCE_US[0]
        elif frame.number == protocol.NOISE:
            self._noises += 1

    def _is_pen(self, number: int) -> bool:
        """Whether a frame has ever come whole, or one just now that began as the reply sought."""
        begin = bytes((number | protocol.REPLY,)) + self._sequence.to_bytes(2, "little")
        return self._transport.good > 0 or begin in self._transport.heard

    def _damaged(self) -> int:
        """Frames that arrived damaged here, and times that the pen has told of such."""
        return self._transport.bad + self._noises

    def _safe_session(self) -> int:
        """A session id whose HELLO is harmless to a MicroPython prompt: without Ctrl-A to Ctrl-E.

        The port may hold one, and Ctrl-D would reset the board.
        """
        session = int.from_bytes(self._entropy(4), "little")
        while True:
            sequence = (self._sequence + 1) & 0xFFFF
            data = self._transport.encode(protocol.HELLO, sequence, (session,))
            if not _PROMPT_CONTROLS.intersection(data):
                return session
            session = crc32(session.to_bytes(4, "little"))

    def _diagnosis(self, error: PenError) -> PenError:
        """What sits on a port that did not greet back."""
        transport = self._transport
        if not transport.heard:
            return PenSilent("nothing answers on this port", "check cable, power and baud rate")
        if self._is_pen(protocol.HELLO):
            return error
        transport.send(b"\r")  # a prompt repeats itself
        transport.receive(transport.clock.now_us() + PATIENCE_US[0])
        if any(sign in transport.heard for sign in _PROMPT_SIGNS):
            return ReplAnswers(
                "a MicroPython prompt answers, the pen's firmware is not running",
                "reset the board, or install the firmware with `penloop flash`",
            )
        return NotAPen(
            "something answers that is no pen",
            "choose another port (`penloop ports`) or the right baud rate",
        )


def _answers(frame: Frame, number: int, values: Sequence[Any]) -> bool:
    """Whether a frame of the right sequence number is a request's reply.

    A greeting is answered by its own session id only: all else was meant for a client before.
    """
    if number == protocol.HELLO:
        echo = frame.payload[:4] == values[0].to_bytes(4, "little")
        return frame.number == protocol.HELLO | protocol.REPLY and echo
    return frame.number in (number | protocol.REPLY, protocol.ERROR)


def _fields(frame: Frame) -> dict[str, Any]:
    row = protocol.message(frame.number if frame.number == protocol.ERROR else frame.number & 0x7F)
    if row is None:
        return Fields()
    try:
        values = protocol.unpack(row[3], frame.payload)
    except ValueError as error:
        raise ProtocolMismatch(f"{row[1]} cannot be read", "update penloop") from error
    return Fields({name: value for (name, _code), value in zip(row[3], values, strict=False)})


def _refusal(error: dict[str, Any]) -> PenError:
    reason = error["reason"]
    if reason == protocol.NO_SESSION:
        return PenRestarted("the pen has restarted", "connect again")
    known = reason_of(reason)
    return Refused(f"the pen refuses, {known.name}", known.text, reason, error["detail"])


READ_ONLY = 200  # of a shared pen, beyond the numbers that a pen itself uses
_SHARED = (
    (READ_ONLY, "read-only", "", "this is a shared pen to look on: use the port that owns it"),
)


class Reason(NamedTuple):
    """Why a pen declines. `limit` is the unit of the number that comes with it: "" is none,
    "=" the unit of the setting."""

    number: int
    name: str
    limit: str
    text: str


def reason_of(number: int) -> Reason:
    """The reason of a number, also of a newer pen's that this client does not know."""
    known = (Reason(*row) for row in (*protocol.REASONS, *_SHARED) if row[0] == number)
    text = "this client does not know the reason, update penloop"
    return next(known, Reason(number, f"reason {number}", "", text))


def _check_version(version: int, compatible: int) -> None:
    if compatible > protocol.VERSION:
        raise ProtocolMismatch(
            f"the pen speaks protocol {version}, this tool only {protocol.VERSION}",
            "update penloop",
        )
    if version < OLDEST_PROTOCOL:
        raise ProtocolMismatch(
            f"the pen speaks protocol {version}, this tool needs {OLDEST_PROTOCOL}",
            "update the pen's firmware with `penloop flash`",
        )
