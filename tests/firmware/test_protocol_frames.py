"""Frames: what is sent arrives or is dropped, whatever happens to the bytes."""

import random
import sys
import tracemalloc
import zlib
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penfw.protocol import FRAME_MAX, PAYLOAD_AT, PAYLOAD_MAX, FrameParser, FrameWriter
from tests.firmware.interpreters import INTERPRETERS, run

payloads = st.one_of(
    st.binary(max_size=PAYLOAD_MAX),
    st.lists(st.sampled_from([0, 1, 255]), max_size=PAYLOAD_MAX).map(bytes),
)
numbers = st.integers(0, 255)
sequences = st.integers(0, 65535)


def encoded(number, sequence, payload):
    writer = FrameWriter()
    end = PAYLOAD_AT + len(payload)
    writer.buffer[PAYLOAD_AT:end] = payload
    writer.finish(number, sequence, end)
    return bytes(writer.buffer[: writer.size])


def received(data, parser=None, piece=None):
    """Every frame in a run of bytes, fed in pieces of a size."""
    parser = parser or FrameParser()
    frames = []
    for at in range(0, len(data), piece or len(data) or 1):
        part = data[at : at + (piece or len(data))]
        start = 0
        while start < len(part):
            start = parser.feed(part, start, len(part))
            if parser.payload is not None:
                frames.append((parser.number, parser.sequence, bytes(parser.payload)))
    return frames


def textbook_cobs(data):
    """COBS as its paper gives it: blocks of a length byte and up to 254 bytes without zeros."""
    out = bytearray()
    for block in data.split(b"\0"):
        while len(block) >= 254:
            out += b"\xff" + block[:254]
            block = block[254:]
        out += bytes([len(block) + 1]) + block
    return bytes(out)


@pytest.mark.parametrize(("before", "after"), [(0x1FFFFFFF, 0x20000000), (0x3FFFFFFF, 0)])
def test_frames_are_counted_as_far_as_a_small_int_reaches(before, after):
    parser = FrameParser()
    parser.good = parser.bad = before
    frame = encoded(1, 2, b"abc")
    received(frame + frame[:3] + b"\0", parser)
    assert (parser.good, parser.bad) == (after, after)


@given(numbers, sequences, payloads)
def test_frame_comes_back_as_it_was_sent(number, sequence, payload):
    assert received(encoded(number, sequence, payload)) == [(number, sequence, payload)]


@given(numbers, sequences, payloads)
def test_frame_is_textbook_cobs_with_zlibs_crc(number, sequence, payload):
    body = bytes([number]) + sequence.to_bytes(2, "little") + payload
    body += zlib.crc32(body).to_bytes(4, "little")
    assert encoded(number, sequence, payload) == textbook_cobs(body) + b"\0"


@given(st.lists(st.tuples(numbers, sequences, payloads), max_size=6), st.integers(1, 300))
def test_frames_come_back_however_they_are_cut_up(frames, piece):
    data = b"".join(encoded(*frame) for frame in frames)
    assert received(data, piece=piece) == frames


@pytest.mark.verifies("R-707")
@given(st.binary(max_size=2000), st.integers(1, 300), payloads)
def test_parser_takes_any_bytes_and_starts_anew_at_the_next_zero(noise, piece, payload):
    parser = FrameParser()
    received(noise, parser, piece)
    assert received(b"\0" + encoded(9, 8, payload), parser)[-1] == (9, 8, payload)


@pytest.mark.verifies("R-706")
@given(payloads, st.data())
def test_damaged_frame_is_dropped_and_counted(payload, data):
    frame = bytearray(encoded(1, 2, payload))
    at = data.draw(st.integers(0, len(frame) - 2))
    frame[at] ^= data.draw(st.integers(1, 255))
    parser = FrameParser()
    assert received(bytes(frame), parser) == []
    assert parser.bad >= 1
    assert parser.good == 0


def test_empty_runs_are_no_errors():
    parser = FrameParser()
    assert received(b"\0\0\0" + encoded(1, 2, b"x") + b"\0\0", parser) == [(1, 2, b"x")]
    assert parser.bad == 0


def test_longest_payload_fits_and_one_more_byte_is_dropped():
    assert len(encoded(1, 2, bytes(PAYLOAD_MAX))) == FRAME_MAX
    body = bytes([1, 2, 0]) + bytes(PAYLOAD_MAX + 1)
    body += zlib.crc32(body).to_bytes(4, "little")
    parser = FrameParser()
    assert received(textbook_cobs(body) + b"\0", parser) == []
    assert parser.bad == 1


@pytest.mark.parametrize("size", range(7))
def test_a_run_too_short_for_a_frame_is_none_even_if_its_crc_is_right(size):
    body = bytes(range(1, size - 3)) if size > 4 else b""
    run = textbook_cobs((body + zlib.crc32(body).to_bytes(4, "little"))[:size]) + b"\0"
    parser = FrameParser()
    assert received(run, parser) == []
    assert (parser.good, parser.bad) == (0, 1)


def interrupted(use, step):
    """Whether Ctrl-C at the nth step of the interpreter still found it at work."""
    left = step

    def trace(frame, event, argument):
        nonlocal left
        frame.f_trace_opcodes = True
        if event == "opcode":
            left -= 1
            if left < 0:
                raise KeyboardInterrupt
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        use()
    except KeyboardInterrupt:
        return True
    finally:
        sys.settrace(before)
    return False


@pytest.mark.timeout(10)  # a torn one reads for ever
def test_a_parser_that_ctrl_c_has_left_anywhere_reads_on_from_the_same_bytes():
    cut_off = encoded(1, 1, b"\0a\0b")
    step, found = 0, True
    while found:
        parser = FrameParser()
        found = interrupted(partial(parser.feed, cut_off, 0, len(cut_off)), step)
        step += 1
        frames = received(cut_off + encoded(1, 2, b"\0stop"), parser)
        assert frames[-1] == (1, 2, b"\0stop"), f"step {step}"
    assert step > 50


@pytest.mark.verifies("R-707")
def test_parser_never_grows():
    parser = FrameParser()
    noise = random.Random(1).randbytes(200_000).replace(b"\0", b"\1")
    received(noise, parser, 64)
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    received(noise, parser, 64)
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert grown < 1000


@pytest.mark.verifies("R-707")
def test_parser_reads_on_after_any_error_without_losing_the_next_frame():
    """A frame whose zero was lost takes the next one with it, never the one after."""
    data = encoded(1, 1, b"a")[:-1] + encoded(1, 2, b"b") + encoded(1, 3, b"c")
    assert received(data) == [(1, 3, b"c")]


def cases():
    generator = random.Random(7)
    for size in (0, 1, 2, 7, 100, 239, 240):
        for share in (0, 0.5, 1):
            payload = bytes(
                0 if generator.random() < share else generator.randrange(256) for _ in range(size)
            )
            yield generator.randrange(256), generator.randrange(65536), payload


ON_THE_CHIP = """
from penfw.frames import FrameParser, FrameWriter, PAYLOAD_AT
writer = FrameWriter()
parser = FrameParser()
for number, sequence, payload in CASES:
    end = PAYLOAD_AT + len(payload)
    writer.buffer[PAYLOAD_AT:end] = payload
    writer.finish(number, sequence, end)
    print("".join(["%02x" % b for b in writer.buffer[:writer.size]]))
    at = parser.feed(writer.buffer, 0, writer.size)
    print(at == writer.size, parser.number, parser.sequence, bytes(parser.payload) == payload)
    writer.buffer[2] ^= 1
    parser.feed(writer.buffer, 0, writer.size)
    print(parser.payload, parser.good, parser.bad > 0)
"""


@pytest.mark.parametrize("interpreter", INTERPRETERS)
def test_micropython_makes_and_reads_the_same_bytes(interpreter, tmp_path):
    frames = list(cases())
    printed = run(interpreter, ["frames"], f"CASES = {frames!r}\n" + ON_THE_CHIP, tmp_path)
    lines = printed.split("\n")
    for count, frame in enumerate(frames):
        assert lines[3 * count] == encoded(*frame).hex()
        assert lines[3 * count + 1] == f"True {frame[0]} {frame[1]} True"
        assert lines[3 * count + 2] == f"None {count + 1} True"
