"""The pen's end of the link, with the whole pen behind it.

Input: a byte for the pen's state and whether a session is open, then texts: a first byte says
whether the rest is sent as it is, framed, or framed with a wrong CRC, and how long the pen waits.
"""

from binascii import crc32

from penfw import protocol, settings, states
from penfw.frames import FRAME_MAX, PAYLOAD_MAX
from penfw.link import EVENTS_MAX
from tests.fuzz import Bytes
from tests.fuzz.frames import framed
from tests.fuzz.pen_parts import Memory, make_pen

RAW, GOOD, BAD = 0, 1, 2
HISTORY_MAX = 16
IN_STATES = (states.STANDBY, states.READY, states.RUNNING, states.FAULT, states.SERVICE)
CEILING = settings.index("depth_ceiling")  # which lies below the hard limit, as all its bounds
# What a damaged frame may change of the link: it is counted and told of.
TOLD = ("_bad_told", "_push_sequence", "_sent", "_at", "_end", "_received", "_now_ms", "_room_seen")

pen = make_pen()
link, requests = pen.link, pen.link._requests
OBJECTS = (
    pen, pen.control, pen.device, pen.device.ring, pen.device.clock, pen.cartridge, pen.treatment,
    pen.service, pen.flash_window, pen.blackbox, pen.button, pen.indicator, link, requests,
)  # fmt: skip
parts = Memory(*OBJECTS, link._parser)
watched = Memory(*OBJECTS, but=TOLD)
fresh = parts.image()
fresh_files = dict(pen.board.files.content)
CLOSED = [number for number, access in enumerate(settings.ACCESSES) if access != settings.OPEN]


def begin(first):
    """The pen as it is after power-up, in a state, with a session or without."""
    parts.restore(fresh)
    link._reply.size = link._out.size = 0
    pen.board.link.received = b""
    pen.control.homed = 1
    pen.control.state = IN_STATES[first % len(IN_STATES)]
    if first & 0x80:
        poll(framed(protocol.HELLO, 1, b"\1\2\3\4"))
        assert link.connected()


def poll(data):
    """The pen takes all of it."""
    pen.board.link.received = data
    now_ms = 0
    for _ in range(len(data) // 2 + 4):
        now_ms += 10
        link.poll(now_ms & 0x3FFFFFFF)
        if not pen.board.link.received and link._at == link._end:
            break
    assert not pen.board.link.received


def one_input(data):
    """No exception; without a good frame nothing changes, and nothing grows without bound."""
    source = Bytes(data)
    begin(source.number())
    while source:
        kind, text = source.number() & 3, source.text()
        if kind == GOOD:
            poll(framed(text[0] if text else 0, number(text), text[3:][:PAYLOAD_MAX]))
        elif kind == BAD:
            poll(b"\0")  # what the input has begun ends here
            wrong = crc32(text) | 1
            frame = framed(text[0] if text else 0, number(text), text[3:][:PAYLOAD_MAX], wrong)
            assert not poll_watched(frame)
        else:
            poll_watched(text + (b"\0" if kind == RAW else b""))
        bounded()
        harmless()
    assert pen.board.files.content == fresh_files


def poll_watched(data):
    """Whether there was a good frame in it; without one the pen stays as it is."""
    before, good = watched.image(), link._parser.good
    poll(data)
    if link._parser.good != good:
        return True
    assert watched.image() == before
    return False


def number(text):
    """The sequence number that a text asks for."""
    return int.from_bytes(text[1:3], "little")


def bounded():
    """What is kept for a client has its limits."""
    assert link._parser._length <= FRAME_MAX
    assert (
        len(link._parser._buffer) == len(link._out.buffer) == len(link._reply.buffer) == FRAME_MAX
    )
    assert len(link._events) <= EVENTS_MAX
    assert len(requests._staged) <= protocol.STAGE_MAX
    assert len(requests._results) <= protocol.STAGE_MAX
    assert len(pen.device._history) <= HISTORY_MAX
    assert len(pen.treatment.pending) <= len(pen.settings) == len(settings.NAMES)
    assert 0 <= link._out.size <= FRAME_MAX


def harmless():
    """Settings stay in their bounds, needles in theirs; the motor is for SERVICE only.

    A ceiling may lie below the depth that is set: then the needles go to the ceiling.
    """
    for index, value in enumerate(pen.settings):
        assert settings.MINIMA[index] <= value <= settings.MAXIMA[index]
    control = pen.control
    assert control.main_depth * settings.DEPTH_STEP_UM <= pen.settings[CEILING]
    if control.state != states.SERVICE:
        assert not control.main_law
        assert all(pen.settings[number] == settings.DEFAULTS[number] for number in CLOSED)
    assert not control.main_conditions & (states.START | states.SERVICE_ON)
    if control.main_conditions & states.ACKNOWLEDGED:  # by the link: it wants a press to move
        assert control.state == states.FAULT
        assert pen.top_in_doubt
