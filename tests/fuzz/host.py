"""The host's end of the link, against a pen that says anything.

Input: for each request a byte that says what comes, and a text: a reply with that payload, a
refusal, a push before the reply, or plain bytes. At the input's end the port is gone.
"""

from contextlib import suppress

import serial

from penfw import protocol
from penfw.frames import PAYLOAD_MAX, FrameParser
from penhost import records, replies, tables
from penhost.errors import PenError
from penhost.session import EVENTS_MAX, QUEUE_MAX, Session
from penhost.telemetry import Stream
from penhost.transport import HEARD_MAX, Transport
from tests.fuzz import Bytes
from tests.fuzz.frames import framed

REPLY, ERROR, PUSH, RAW, DEAF = range(5)
GREETING = 0x80  # a reply to HELLO that a pen would send
PUSHES = (protocol.TELEMETRY, protocol.EVENT, protocol.BUSY, protocol.NOISE)
HELLO = b"\1\0\1\0" + bytes(12) + b"\2" + b"".join(b"\4text" for _ in range(5))
LATER_MS = 100


class Gone(serial.SerialException):
    """The port is gone."""


class Port:
    """A port in pyserial's manner, with its own clock; the pen behind it reads its script."""

    def __init__(self, script):
        self._script = script
        self._parser = FrameParser()
        self._inbox = b""
        self._now_us = 0

    def now_us(self):
        """Virtual time."""
        return self._now_us

    def sleep_us(self, duration_us):
        """Nothing happens meanwhile."""
        self._now_us += duration_us

    def session_entropy(self, size):
        """The same session each time."""
        return bytes(range(16, 16 + size))

    @property
    def in_waiting(self):
        """Bytes that have come."""
        return len(self._inbox)

    def read(self, size):
        """Bytes, or none after a while."""
        if not self._inbox:
            self._now_us += LATER_MS * 1000
            if not self._script:
                raise Gone
        data, self._inbox = self._inbox[:size], self._inbox[size:]
        return data

    def write(self, data):
        """The pen reads requests and answers by its script."""
        at = 0
        while at < len(data):
            at = self._parser.feed(data, at, len(data))
            if self._parser.payload is not None:
                self._answer(self._parser.number, self._parser.sequence, self._parser.payload)
        return len(data)

    def _answer(self, number, sequence, payload):
        if not self._script:
            raise Gone
        kind, text = self._script.number(), self._script.text()
        if number == protocol.HELLO and kind & GREETING:
            text = bytes(payload[:4]) + HELLO
        elif number == protocol.HELLO:
            text = bytes(payload[:4]) + text
        text = text[:PAYLOAD_MAX]
        reply = framed(number | protocol.REPLY, sequence, text)
        choice = kind % 5
        if choice == ERROR:
            reply = framed(protocol.ERROR, sequence, text)
        elif choice == PUSH:
            reply = framed(PUSHES[kind // 5 % len(PUSHES)], sequence, text)
            if self._script:
                self._inbox += reply
                self._answer(number, sequence, payload)
                return
        elif choice == RAW:
            reply = text
        elif choice == DEAF:
            reply = b""
        self._inbox += reply


def one_input(data):
    """No exception but a PenError, and bounded queues, whatever the pen says."""
    source = Bytes(data)
    tasks = source.number()
    port = Port(source)
    session = Session(Transport(port, "fuzz"), port.session_entropy)
    with suppress(PenError):
        tables.identity(session.open())
    with suppress(PenError):
        converse(session, tasks)
    assert len(session.telemetry) <= QUEUE_MAX
    assert len(session.events) <= EVENTS_MAX
    assert len(session._transport.heard) <= HEARD_MAX


def converse(session, tasks):
    """What a client does, in an order of the input's choice."""
    faults, states, settings, signals = {}, [], {}, {}
    if tasks & 1:
        faults, states = tables.faults(session), tables.states(session)
    if tasks & 2:
        settings = tables.settings(session)
        signals = tables.signals(session)
    if tasks & 4:
        tables.commands(session)
        tables.messages(session)
    if tasks & 8:
        said(session, faults, settings)
    if tasks & 16:
        logs(session, faults, states, settings)
    if tasks & 32:
        streamed(session, signals)


def said(session, faults, settings):
    """Settings, commands, faults, status and events."""
    got = session.request(protocol.GET, [(0,)])
    for index, value in got["values"]:
        for row in [*settings.values()][index : index + 1]:
            str(row.quantity(value))
    for row in session.request(protocol.SET, 0, 0, [(0, 1)])["results"]:
        for setting in settings.values():
            str(replies.change(setting, row))
    for row in session.request(protocol.FAULTS, 0, 0)["faults"]:
        replies.fault_record(faults, row)
    replies.outcome("stop", session.request(protocol.COMMAND, 0, 0))
    for fields in session.events:
        replies.event(fields)


def logs(session, faults, states, settings):
    """The records on its flash."""
    for record in records.read_log(session, protocol.BLACK_BOX):
        records.black_box_record(record, faults, states, settings)
    for record in records.read_log(session, protocol.TREATMENTS):
        records.treatment_record(record, faults)


def streamed(session, signals):
    """Telemetry of whatever signals it has."""
    granted = session.request(protocol.SUBSCRIBE, 10, [(0,)])
    stream = Stream(granted["stream"], granted["period_ms"] * 1000, [*signals.values()])
    session.pump(session._transport.clock.now_us() + 1000)
    for fields in session.telemetry:
        stream.block(fields)
