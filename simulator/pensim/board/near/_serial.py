"""Receive and send buffers of the serial ports, filled and drained at the line's rate.

Received bytes come ahead of their time as bursts (port, first byte's start, byte time, data) and
are seen only once each byte's stop bit has passed, so no exchange is needed to look for them.
"""

import struct

import _board
from _board import TICKS_MASK, W, ask, now_us
from _layout import RECEIVED, SERIAL_SEND

_RECORD = "<BxHII"  # port, data bytes, start in ticks_us, byte time ns
_RECORD_SIZE = 12
_LATE = TICKS_MASK // 2  # a distance of ticks beyond this is negative
_ports = {}


def accept(answer):
    """Takes the received-data records off the head of an answer's payload."""
    at = 0
    end = W[RECEIVED]
    while at < end:
        number, size, start, byte_ns = struct.unpack_from(_RECORD, answer, at)
        at += _RECORD_SIZE
        port = _ports.get(number)
        if port is not None:
            port._bursts.append([start, byte_ns, bytes(answer[at : at + size]), 0])
        at += size
    W[RECEIVED] = 0
    return answer[end:]


_board._receivers[0] = accept


class SerialPort:
    """Buffers of one port. Times are ticks_us; sizes bytes."""

    def __init__(self, number, byte_ns, receive_size, send_size):
        self._number = number
        self._bursts = []
        self._received = bytearray()
        self._byte_ns = byte_ns
        self._receive_size = receive_size
        self._send_size = send_size
        self._send_end = now_us()
        self._open()

    def _open(self):
        _ports[self._number] = self

    def _close(self):
        """Nothing is received any more."""
        _ports.pop(self._number, None)
        self._bursts = []
        self._received = bytearray()

    def _settle(self):
        """Moves the bytes whose time has come into the buffer; a full buffer loses them."""
        now = now_us()
        while self._bursts:
            burst = self._bursts[0]
            start, byte_ns, data, taken = burst
            age_us = (now - start) & TICKS_MASK
            seen = 0 if age_us > _LATE else min(age_us * 1000 // byte_ns, len(data))
            self._keep(data[taken:seen])
            burst[3] = max(seen, taken)
            if seen < len(data):
                return
            self._bursts.pop(0)

    def _keep(self, data):
        room = self._receive_size - len(self._received)
        self._received.extend(data[:room])

    def _next_byte_us(self, count=1):
        """Time until `count` bytes, or the burst's last, have come; None: none is on its way."""
        if not self._bursts:
            return None
        start, byte_ns, data, taken = self._bursts[0]
        due = start + (min(taken + count, len(data)) * byte_ns + 999) // 1000
        left_us = (due - now_us()) & TICKS_MASK
        return 1 if left_us > _LATE else max(left_us, 1)

    def _take(self, count):
        data = bytes(self._received[:count])
        self._received = self._received[count:]
        return data

    def _unsent(self):
        """Bytes in the send buffer and on the wire."""
        now = now_us()
        busy_us = (self._send_end - now) & TICKS_MASK
        size = self._send_size + 1
        if busy_us >= _LATE or busy_us * 1000 // self._byte_ns > size:
            self._send_end = now  # sent; long ago, if the clock has wrapped since
            return 0
        return -(-busy_us * 1000 // self._byte_ns)

    def room(self):
        """Bytes that can be written without waiting."""
        return self._send_size - self._unsent()

    def _send(self, data):
        self._unsent()  # brings `_send_end` up to now
        spent_us = (len(data) * self._byte_ns + 999) // 1000
        self._send_end = (self._send_end + spent_us) & TICKS_MASK
        ask(SERIAL_SEND, self._number, payload=data)


def octets(data):
    """What a stream writes of a text or of anything with a buffer."""
    return data.encode() if isinstance(data, str) else bytes(data)
