"""The frame parser: what it reads does not depend on the pieces in which the bytes come.

Input: a length byte for the pieces, then texts: a first byte's lowest bits say whether the rest
is sent as it is, framed, or framed with a wrong CRC.
"""

from binascii import crc32

from penfw.frames import FRAME_MAX, PAYLOAD_AT, PAYLOAD_MAX, FrameParser, FrameWriter
from tests.fuzz import Bytes

RAW, GOOD, BAD = 0, 1, 2
FRAME_LEAST = PAYLOAD_AT + 4


def framed(number, sequence, payload, wrong=0):
    """A frame's bytes on the line; `wrong` is XORed into its CRC."""
    writer = FrameWriter()
    end = PAYLOAD_AT + len(payload)
    writer.buffer[PAYLOAD_AT:end] = payload
    writer.finish(number, sequence, end)
    frame = writer.buffer[: writer.size]
    return bytes(frame) if not wrong else damaged(frame, wrong)


def damaged(frame, wrong):
    """The same frame with another CRC: plain bytes, XOR, zeros hidden anew."""
    body = bytearray(decoded(frame[:-1]))
    for at in range(4):
        body[at - 4] ^= wrong >> 8 * at & 255
    return encoded(body)


def encoded(body):
    """COBS by its definition, for bodies below 254 bytes."""
    return b"".join(bytes((len(run) + 1,)) + run for run in bytes(body).split(b"\0")) + b"\0"


def decoded(run):
    """What COBS makes of bytes without a zero; None when they are none of its runs."""
    body, at = b"", 0
    while at < len(run):
        end = at + run[at]
        if end > len(run):
            return None
        body += run[at + 1 : end] + (b"\0" if end < len(run) else b"")
        at = end
    return body


def expected(line):
    """(frames, runs that are none) by the definition."""
    frames, bad = [], 0
    for run in line.split(b"\0")[:-1]:
        body = decoded(run) if FRAME_LEAST <= len(run) < FRAME_MAX else None
        if run and (body is None or crc32(body[:-4]).to_bytes(4, "little") != body[-4:]):
            bad += 1
        elif run:
            frames.append((body[0], int.from_bytes(body[1:3], "little"), body[3:-4]))
    return frames, bad


def parsed(line, piece):
    """The same by the parser, fed in pieces."""
    parser, frames = FrameParser(), []
    for start in range(0, len(line), piece):
        data = bytearray(line[start : start + piece])
        at = 0
        while at < len(data):
            at = parser.feed(data, at, len(data))
            if parser.payload is not None:
                frames.append((parser.number, parser.sequence, bytes(parser.payload)))
        assert parser._length <= FRAME_MAX == len(parser._buffer)
    assert parser.good == len(frames)
    return frames, parser.bad


def one_input(data):
    """See above."""
    source = Bytes(data)
    piece = source.number() + 1
    line = b""
    while source:
        kind, text = source.number() & 3, source.text()
        if kind in (GOOD, BAD):
            wrong = crc32(text) | 1 if kind == BAD else 0
            line += framed(text[0] if text else 0, len(text), text[1:][:PAYLOAD_MAX], wrong)
        else:
            line += text + (b"\0" if kind == RAW else b"")
    assert parsed(line, piece) == expected(line)
