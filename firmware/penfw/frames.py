"""Frames on the line: number, sequence, payload and CRC-32, COBS encoded, ended by one zero.

Both ends use this module. A frame is at most 247 bytes before COBS, so COBS adds exactly one byte
and no block of 254: encoding and decoding change zeros into distances and back in place.
Cost on the chip: about 20 us a zero byte and 150 us a frame.
"""

import struct
from binascii import crc32

PAYLOAD_MAX = 240  # bytes; keeps a whole frame below COBS's block of 254
PAYLOAD_AT = 4  # offset of the payload in an encoded frame: COBS code, number, sequence
FRAME_MAX = PAYLOAD_AT + PAYLOAD_MAX + 4 + 1  # payload, CRC, zero
COUNT_MASK = 0x3FFFFFFF  # counters wrap within a small int
_FRAME_MIN = PAYLOAD_AT + 4
_ZERO = b"\0"


class FrameWriter:
    """One frame under construction: fill `buffer` from PAYLOAD_AT on, then `finish` it."""

    def __init__(self):
        self.buffer = bytearray(FRAME_MAX)
        self.size = 0  # bytes of the finished frame, its zero included
        self._view = memoryview(self.buffer)

    def finish(self, number, sequence, end):
        """Closes a frame whose payload ends before offset `end`; sequence is modulo 65,536."""
        buffer = self.buffer
        struct.pack_into("<BH", buffer, 1, number, sequence)
        struct.pack_into("<I", buffer, end, crc32(self._view[1:end]))
        end += 4
        _hide_zeros(buffer, end)
        buffer[end] = 0
        self.size = end + 1

    def copy(self, other):
        """Becomes a copy of another writer's finished frame."""
        size = other.size
        self._view[:size] = other._view[:size]
        self.size = size


class FrameParser:
    """Takes any bytes, never grows, starts anew at every zero, counts what it could not read.

    `payload` is a view into the parser's buffer: it holds until the next `feed`.
    """

    def __init__(self):
        self.number = 0
        self.sequence = 0
        self.payload = None
        self.good = 0  # frames received whole
        self.bad = 0  # runs between two zeros that were no frame
        self._buffer = bytearray(FRAME_MAX)
        self._view = memoryview(self._buffer)
        self._length = 0

    def feed(self, data, start, end):
        """Takes data[start:end] up to its first zero; returns the offset of what it left.

        `payload` is then the frame that ended there, or None.
        """
        zero = data.find(_ZERO, start, end)
        self._append(data, start, end if zero < 0 else zero)
        self.payload = None
        if zero < 0:
            return end
        self._close()
        return zero + 1

    def _append(self, data, start, end):
        at = self._length
        size = min(end - start, FRAME_MAX - at)  # a run that fills the buffer is too long anyway
        if size > 0:
            self._view[at : at + size] = data[start : start + size]
            self._length = at + size

    def _close(self):
        end = self._length
        self._length = 0  # first: Ctrl-C may come while the run is decoded, in place
        if end == 0:
            return  # an empty frame only separates
        if not self._is_frame(end):
            self.bad = (self.bad + 1) & COUNT_MASK
            return
        self.good = (self.good + 1) & COUNT_MASK
        self.number, self.sequence = struct.unpack_from("<BH", self._buffer, 1)
        self.payload = self._view[PAYLOAD_AT : end - 4]

    def _is_frame(self, end):
        if end < _FRAME_MIN or end >= FRAME_MAX or not _restore_zeros(self._buffer, end):
            return False
        crc = struct.unpack_from("<I", self._buffer, end - 4)[0]
        return crc32(self._view[1 : end - 4]) == crc


def _hide_zeros(buffer, end):
    """COBS: each zero of buffer[1:end] becomes the distance to the next, buffer[0] the first."""
    find = buffer.find
    last = 0
    at = find(_ZERO, 1, end)
    while at > 0:
        buffer[last] = at - last
        last = at
        at = find(_ZERO, at + 1, end)
    buffer[last] = end - last


def _restore_zeros(buffer, end):
    """Undoes `_hide_zeros`; False if the distances do not end exactly at `end`."""
    at = 0
    while at < end:
        distance = buffer[at]
        buffer[at] = 0
        at += distance
    return at == end
