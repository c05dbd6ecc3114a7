"""The pen's end of the link, run by the main loop. docs/protocol.md describes what it speaks.

`port`, from the board: any() -> bytes that wait; readinto(buffer) -> count or None, never blocks;
room() -> bytes that write() takes without blocking, the whole send buffer when it is empty;
write(view) -> count; it is given frames to their end, or as much as there was room for. `device`,
from the pen, is described in requests.py.
"""

import struct

from penfw import protocol
from penfw.protocol import COUNT_MASK, PAYLOAD_AT, FrameParser, FrameWriter
from penfw.requests import Refusal, Requests

RECEIVE_SIZE = 128  # bytes read a poll: bounds its work, and takes 115,200 baud every 10 ms
REQUESTS_A_POLL = 2
WRITES_A_POLL = 6  # frames, or parts of them where the port takes less
FLUSH_MS = 20  # a sample waits no longer for others to share its frame
QUEUE_MAX = 128  # bytes queued in the port beyond which samples wait: 11 ms at 115,200 baud
EVENTS_MAX = 8
_NO_SESSION = -1
_HEADER = protocol.message(protocol.TELEMETRY)[3][:-1]
_HEADER_FORMAT = "<" + "".join([code for _name, code in _HEADER])
_SAMPLES_AT = PAYLOAD_AT + struct.calcsize(_HEADER_FORMAT)


class Link:
    """Serves one client at a time; never blocks. `poll` is due at least every 10 ms."""

    def __init__(self, port, device):
        self._port = port
        self._device = device
        self._parser = FrameParser()
        self._received = bytearray(RECEIVE_SIZE)
        self._at = 0  # what of `_received` is not parsed yet
        self._end = 0
        self._reply = FrameWriter()  # kept to answer a repeated request
        self._reply_waits = False
        self._out = FrameWriter()  # on its way to the port
        self._out_view = memoryview(self._out.buffer)
        self._sent = 0  # bytes of it that the port has taken
        self._room_seen = 0  # the largest room that the port has reported
        self._push_sequence = 0
        self._busy_ms = 0
        self._events = []
        self._lost_events = 0
        self._bad_told = 0  # damaged frames that the client knows of
        self._samples = 0
        self._now_ms = 0
        self._flushed_ms = 0
        self.session = _NO_SESSION
        self._heard = False
        self._sequence = 0
        self._requests = Requests(device, self.counters)

    def poll(self, now_ms):
        """Serves at most two requests and sends what the port has room for. now_ms is ticks_ms."""
        self._now_ms = now_ms
        self._receive()
        self._send()

    def connected(self):
        """Whether a client has opened a session since boot."""
        return self.session != _NO_SESSION

    def heard(self):
        """Whether a client has got an answer since boot: it went on after its HELLO."""
        return self._heard

    def event(self, kind, number, value):
        """Queues an EVENT, stamped now; without a session it is nobody's."""
        if not self.connected():
            return
        if len(self._events) == EVENTS_MAX:
            self._lost_events = (self._lost_events + 1) & COUNT_MASK
            return
        self._events.append(self._requests.now() + (kind, number, value))

    def busy(self, busy_ms):
        """Announces that the pen goes deaf. Poll on until `idle`, then start what deafens."""
        if self.connected():
            self._busy_ms = busy_ms

    def idle(self):
        """Whether the port has taken every reply, event and announcement."""
        waits = self._reply_waits or self._busy_ms or self._events
        return not waits and self._sent == self._out.size

    # Receiving

    def _receive(self):
        if self._at == self._end and self._port.any():
            self._at = 0
            self._end = self._port.readinto(self._received) or 0
        served = 0
        while self._at < self._end and served < REQUESTS_A_POLL:
            self._at = self._parser.feed(self._received, self._at, self._end)
            if self._parser.payload is not None:
                self._serve(self._parser.number, self._parser.sequence, self._parser.payload)
                served += 1

    def _serve(self, number, sequence, payload):
        if number >= protocol.PUSHED:
            return  # an echo of what a pen says
        if number == protocol.HELLO:
            self._greet(sequence, payload)
        if not self.connected():
            self._refuse(sequence, protocol.NO_SESSION, 0)
            return
        age = (sequence - self._sequence) & 0xFFFF
        if age == 0:
            self._reply_waits = True  # the request was repeated: so is its reply
        elif age < 0x8000:
            self._sequence = sequence
            self._heard = self._heard or number != protocol.HELLO
            self._answer(number, sequence, payload)

    def _greet(self, sequence, payload):
        if len(payload) < 4:
            return  # refused as malformed
        session = struct.unpack_from("<I", payload, 0)[0]
        if session != self.session:
            self._open(session, (sequence - 1) & 0xFFFF)

    def _open(self, session, sequence):
        self.session = session
        self._sequence = sequence
        self._reply_waits = False
        self._events = []
        self._bad_told = self._parser.bad
        self._requests.open()

    def _answer(self, number, sequence, payload):
        try:
            fields, values = self._requests.answer(number, payload, self._now_ms)
        except Refusal as refusal:
            self._refuse(sequence, *refusal.args)
            return
        end = protocol.pack(fields, values, self._reply.buffer, PAYLOAD_AT)
        self._finish_reply(number | protocol.REPLY, sequence, end)

    def _refuse(self, sequence, reason, detail):
        fields = protocol.message(protocol.ERROR)[3]
        end = protocol.pack(fields, (reason, detail), self._reply.buffer, PAYLOAD_AT)
        self._finish_reply(protocol.ERROR, sequence, end)

    def _finish_reply(self, number, sequence, end):
        self._reply.finish(number, sequence, end)
        self._reply_waits = True

    # Sending

    def _send(self):
        for _ in range(WRITES_A_POLL):
            room = self._port.room()
            self._room_seen = max(self._room_seen, room)
            if self._sent == self._out.size and not self._next(room):
                return
            end = min(self._out.size, self._sent + room)
            if end == self._sent:
                return
            self._sent += self._port.write(self._out_view[self._sent : end]) or 0

    def _next(self, room):
        """Puts the most urgent frame on its way; False when there is none."""
        if self._busy_ms:
            self._push(protocol.BUSY, (self._busy_ms,))
            self._busy_ms = 0
        elif self._reply_waits:
            self._out.copy(self._reply)
            self._reply_waits = False
        elif self._parser.bad != self._bad_told and self.connected():
            self._bad_told = self._parser.bad
            self._push(protocol.NOISE, (self._bad_told,))
        elif self._events:
            self._push(protocol.EVENT, self._events.pop(0))
        elif not self._push_samples(room):
            return False
        self._sent = 0
        return True

    def _push(self, number, values):
        fields = protocol.message(number)[3]
        self._finish_push(number, protocol.pack(fields, values, self._out.buffer, PAYLOAD_AT))

    def _finish_push(self, number, end):
        self._out.finish(number, self._push_sequence, end)
        self._push_sequence = (self._push_sequence + 1) & 0xFFFF

    def _push_samples(self, room):
        ring = self._device.ring
        if not ring.sample_size:
            return False
        waiting = ring.ready()
        most = protocol.SAMPLES_MAX // ring.sample_size
        if not waiting or (waiting < most and self._since_flush() < FLUSH_MS):
            return False
        if self._room_seen - room > QUEUE_MAX:
            return False
        self._flushed_ms = self._now_ms
        self._finish_samples(ring.take(self._out.buffer, _SAMPLES_AT, most), ring)
        return True

    def _finish_samples(self, count, ring):
        seconds, micros = self._device.clock.at(ring.ticks_us)
        struct.pack_into(
            _HEADER_FORMAT, self._out.buffer, PAYLOAD_AT, self._requests.stream, count,
            self._device.boot_session, seconds, micros, self._requests.period_ms, ring.dropped,
        )  # fmt: skip
        self._samples = (self._samples + count) & COUNT_MASK
        self._finish_push(protocol.TELEMETRY, _SAMPLES_AT + count * ring.sample_size)

    def _since_flush(self):
        return (self._now_ms - self._flushed_ms) & COUNT_MASK

    def counters(self):
        """Frames received, damaged ones, samples sent, samples dropped, events lost."""
        parser = self._parser
        dropped = self._device.ring.dropped
        return parser.good, parser.bad, self._samples, dropped, self._lost_events
