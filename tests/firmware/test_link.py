"""The pen's end of the link: what it answers, and that it never blocks nor does a thing twice."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penfw import protocol
from penfw.link import Link
from penfw.protocol import PAYLOAD_AT, FrameParser, FrameWriter
from tests.host_tools.fake_pen import FakeDevice, FakePort


class Bench:
    """A link with a fake pen and port; speaks to it in frames."""

    def __init__(self, capacity=4096, session=0x12345678):
        self.port = FakePort(capacity)
        self.device = FakeDevice()
        self.link = Link(self.port, self.device)
        self.taken = bytearray()
        self.now_ms = 0
        self.sequence = 10  # for those who count
        self.parser = FrameParser()
        if session is not None:
            self.ask(protocol.HELLO, 1, session)

    def send(self, number, sequence, *values):
        writer = FrameWriter()
        end = protocol.pack(protocol.message(number)[2], values, writer.buffer, PAYLOAD_AT)
        writer.finish(number, sequence, end)
        self.port.received += writer.buffer[: writer.size]

    def poll(self, times=1, pass_ms=10):
        for _ in range(times):
            self.now_ms += pass_ms
            self.device.clock.advance(self.device.ticks_us)
            self.link.poll(self.now_ms)

    def run(self, ticks, pass_ms=10, stuck=False):
        """Control ticks of a millisecond with a pass of the main loop now and then."""
        for tick in range(1, ticks + 1):
            self.device.interrupt(0)
            if tick % pass_ms == 0:
                self.poll(pass_ms=pass_ms)
                if not stuck:
                    self.read()

    def read(self):
        """The host takes what was sent."""
        self.taken += self.port.sent
        self.port.sent.clear()

    def frames(self):
        """Takes what was sent: (number, sequence, fields)."""
        self.read()
        data = bytes(self.taken)
        self.taken.clear()
        found, at = [], 0
        while at < len(data):
            at = self.parser.feed(data, at, len(data))
            if self.parser.payload is not None:
                number = self.parser.number
                row = protocol.message(number if number == protocol.ERROR else number & 0x7F)
                values = protocol.unpack(row[3], self.parser.payload)
                found.append((number, self.parser.sequence, values))
        assert self.parser.bad == 0
        return found

    def ask(self, number, sequence, *values):
        """The fields of the one reply."""
        self.send(number, sequence, *values)
        self.poll(2)
        [(replied, repeated, fields)] = self.frames()
        assert (replied, repeated) == (number | protocol.REPLY, sequence)
        return fields

    def refused(self, number, sequence, *values):
        """Reason and detail of the one ERROR."""
        self.send(number, sequence, *values)
        self.poll(2)
        [(replied, repeated, fields)] = self.frames()
        assert (replied, repeated) == (protocol.ERROR, sequence)
        return tuple(fields)


# Sessions and sequences


def test_hello_is_answered_with_identity_and_time():
    bench = Bench(session=None)
    bench.run(1500)
    fields = bench.ask(protocol.HELLO, 9, 0xCAFE)
    names = [name for name, _code in protocol.message(protocol.HELLO)[3]]
    hello = dict(zip(names, fields, strict=True))
    assert hello["session"] == 0xCAFE
    assert (hello["time_s"], hello["fraction_us"]) == (1, 500_000)
    assert hello["boot_session"] == 7
    assert hello["pen_id"] == "e6614103e7"
    assert (hello["protocol"], hello["compatible"]) == (1, 1)  # that of docs/protocol.md


@pytest.mark.parametrize("row", [row for row in protocol.MESSAGES if row[2] == ()])
def test_nothing_is_served_before_a_session_is_open(row):
    bench = Bench(session=None)
    assert bench.refused(row[0], 5) == (protocol.NO_SESSION, 0)
    bench.refused(protocol.COMMAND, 6, 1, 0)
    assert bench.device.commands == []


def test_nothing_is_sent_and_nobody_is_heard_before_a_request():
    bench = Bench(session=None)
    bench.poll(5)
    bench.read()
    assert not bench.taken
    assert not bench.link.heard()
    bench.ask(protocol.HELLO, 1, 0xCAFE)
    assert not bench.link.heard()
    bench.ask(protocol.STATUS, 2)
    assert bench.link.heard()


@pytest.mark.verifies("R-708")
def test_repeated_request_is_answered_again_and_executed_once():
    bench = Bench()
    first = bench.ask(protocol.COMMAND, 2, 1, 0)
    assert bench.ask(protocol.COMMAND, 2, 1, 0) == first
    assert bench.device.commands == [(1, 0)]


@pytest.mark.verifies("R-708")
def test_repeated_refusal_is_a_refusal_again():
    bench = Bench()
    first = bench.refused(protocol.COMMAND, 2, 99, 0)
    assert bench.refused(protocol.COMMAND, 2, 99, 0) == first == (protocol.UNKNOWN_COMMAND, 99)


def test_request_older_than_the_last_is_dropped():
    bench = Bench()
    bench.ask(protocol.COMMAND, 2, 1, 0)
    bench.ask(protocol.COMMAND, 3, 1, 0)
    bench.send(protocol.COMMAND, 2, 1, 0)
    bench.poll(2)
    assert bench.frames() == []
    assert len(bench.device.commands) == 2


def test_sequence_may_wrap():
    bench = Bench()
    for sequence in (0x7000, 0xE000, 0xFFFF, 0, 1):
        bench.ask(protocol.COMMAND, sequence, 1, 0)
    assert len(bench.device.commands) == 5


@pytest.mark.parametrize("sequence", [0, 1, 0x7FFF, 0x8000, 0xFFFF])
def test_a_session_may_begin_with_any_sequence(sequence):
    bench = Bench()
    bench.ask(protocol.HELLO, sequence, 0xBEEF)
    bench.ask(protocol.COMMAND, (sequence + 1) & 0xFFFF, 1, 0)
    assert len(bench.device.commands) == 1


@pytest.mark.parametrize("session", [0, 1, 0xFFFFFFFF])
def test_a_session_may_have_any_number(session):
    bench = Bench(session=None)
    bench.ask(protocol.HELLO, 9, session)
    bench.ask(protocol.COMMAND, 10, 1, 0)
    assert len(bench.device.commands) == 1


def test_new_session_clears_the_cached_reply():
    bench = Bench()
    bench.ask(protocol.COMMAND, 2, 1, 0)
    bench.ask(protocol.HELLO, 1, 0xBEEF)
    bench.ask(protocol.COMMAND, 2, 1, 0)
    assert len(bench.device.commands) == 2


def test_reply_of_the_session_before_is_not_sent_to_the_next():
    bench = Bench()
    bench.ask(protocol.COMMAND, 2, 1, 0)
    bench.send(protocol.HELLO, 3, 0xBEEF)
    bench.send(protocol.COMMAND, 2, 1, 0)  # a late byte of the client before
    bench.poll(3)
    assert [number for number, _sequence, _fields in bench.frames()] == [
        protocol.HELLO | protocol.REPLY
    ]


def test_repeated_hello_keeps_the_session():
    bench = Bench()
    bench.ask(protocol.SUBSCRIBE, 2, 10, [(0,)])
    bench.ask(protocol.HELLO, 3, 0x12345678)
    assert bench.device.ring.sample_size == 4


def test_new_session_ends_the_subscription_and_forgets_events():
    bench = Bench()
    bench.ask(protocol.SUBSCRIBE, 2, 10, [(0,)])
    bench.link.event(protocol.STATE_CHANGED, 1, 0)
    bench.ask(protocol.HELLO, 1, 0xBEEF)
    bench.run(200)
    assert bench.frames() == []


def test_unknown_message_is_refused_by_number():
    bench = Bench()
    writer = FrameWriter()
    writer.finish(0x3F, 2, PAYLOAD_AT)
    bench.port.received += writer.buffer[: writer.size]
    bench.poll()
    assert bench.frames() == [(protocol.ERROR, 2, [protocol.UNKNOWN_MESSAGE, 0x3F])]


@pytest.mark.parametrize("size", [0, 1, 2, 3])
@pytest.mark.parametrize("number", [protocol.HELLO, protocol.COMMAND, protocol.DESCRIBE])
def test_request_cut_short_is_refused(number, size):
    bench = Bench()
    writer = FrameWriter()
    writer.finish(number, 2, PAYLOAD_AT + size)
    bench.port.received += writer.buffer[: writer.size]
    bench.poll()
    assert bench.frames() == [(protocol.ERROR, 2, [protocol.MALFORMED, number])]
    assert bench.device.commands == []


@pytest.mark.parametrize("number", [protocol.TELEMETRY, protocol.EVENT, protocol.BUSY])
def test_an_echo_of_what_is_sent_unasked_is_not_answered(number):
    bench = Bench()
    writer = FrameWriter()
    writer.finish(number, 2, PAYLOAD_AT + 4)
    bench.port.received += writer.buffer[: writer.size]
    bench.poll(2)
    assert bench.frames() == []


def test_a_link_is_not_idle_while_something_waits():
    bench = Bench()
    assert bench.link.idle()
    bench.link.event(protocol.NOTICE, 1, 0)
    assert not bench.link.idle()
    bench.poll(2)
    assert bench.link.idle()
    bench.link._reply_waits = True
    assert not bench.link.idle()
    bench.poll(2)
    bench.link.busy(100)
    assert not bench.link.idle()
    bench.poll(2)
    assert bench.link.idle()


def test_a_port_that_takes_nothing_loses_nothing(monkeypatch):
    bench = Bench()
    write, calls = bench.port.write, []

    def busy_at_first(data):
        calls.append(len(data))
        return write(data) if len(calls) > 2 else None

    monkeypatch.setattr(bench.port, "write", busy_at_first)
    bench.send(protocol.STATUS, 2)
    bench.poll(4)
    assert [number for number, _sequence, _fields in bench.frames()] == [
        protocol.STATUS | protocol.REPLY
    ]


def test_echo_of_the_pens_own_frames_is_not_answered():
    bench = Bench()
    bench.send(protocol.STATUS, 2)
    bench.poll()
    bench.port.received += bench.port.sent
    bench.port.sent.clear()
    bench.poll(2)
    assert bench.frames() == []


# Never blocking


def test_reply_goes_out_piece_by_piece_where_room_is_scarce():
    bench = Bench(capacity=7, session=None)
    bench.send(protocol.HELLO, 1, 5)
    for _ in range(100):
        bench.poll()
        bench.read()
    [(number, _sequence, fields)] = bench.frames()
    assert (number, fields[0]) == (protocol.HELLO | protocol.REPLY, 5)


def test_command_is_executed_though_the_host_does_not_read():
    bench = Bench(capacity=300)
    bench.ask(protocol.SUBSCRIBE, 2, 1, [(0,)])
    bench.run(1000, stuck=True)
    assert bench.port.room() < 300
    for sequence in range(3, 40):
        bench.send(protocol.COMMAND, sequence, 1, 0)
        bench.poll(2)
    assert len(bench.device.commands) == 37


def test_a_pass_serves_at_most_two_requests():
    bench = Bench()
    for sequence in range(2, 6):
        bench.send(protocol.COMMAND, sequence, 1, 0)
    bench.poll()
    assert len(bench.device.commands) == 2
    bench.poll(3)
    assert len(bench.device.commands) == 4


def test_the_sequence_of_what_is_sent_unasked_grows_by_one_and_wraps():
    bench = Bench()
    bench.link._push_sequence = 0xFFFE
    for number in range(4):
        bench.link.event(protocol.NOTICE, number, 0)
    bench.poll(3)
    assert [sequence for _number, sequence, _fields in bench.frames()] == [0xFFFE, 0xFFFF, 0, 1]


@pytest.mark.verifies("R-707")
@settings(deadline=None, max_examples=60)
@given(
    pieces=st.lists(
        st.one_of(
            st.binary(max_size=300),
            st.tuples(st.integers(0, 255), st.integers(0, 9), st.binary(max_size=60)),
        ),
        max_size=20,
    ),
    capacity=st.integers(0, 600),
)
def test_link_survives_any_bytes_and_any_frames(pieces, capacity):
    bench = Bench()
    bench.port.capacity = capacity
    for piece in pieces:
        if isinstance(piece, tuple):
            number, sequence, payload = piece
            writer = FrameWriter()
            end = PAYLOAD_AT + len(payload)
            writer.buffer[PAYLOAD_AT:end] = payload
            writer.finish(number, sequence, end)
            piece = bytes(writer.buffer[: writer.size])
        bench.port.received += piece
        bench.run(10, pass_ms=5, stuck=True)
    bench.port.capacity = 4096
    bench.run(400)
    bench.taken.clear()
    bench.port.received += b"\0"
    bench.send(protocol.HELLO, 1, 0xABCDEF01)
    bench.poll(3)
    assert any(fields[0] == 0xABCDEF01 for _number, _sequence, fields in bench.frames() if fields)


# What a pass of the main loop costs


def test_a_pass_reads_at_most_128_bytes_and_writes_at_most_six_frames():
    bench = Bench()
    bench.port.received += bytes(300)
    bench.poll()
    assert len(bench.port.received) == 300 - 128
    bench.poll(2)
    assert bench.frames() == []
    for number in range(8):
        bench.link.event(protocol.NOTICE, number, 0)
    bench.poll()
    assert len(bench.frames()) == 6
    bench.poll()
    assert len(bench.frames()) == 2


def test_a_table_is_read_once_for_its_portions_and_forgotten_behind_them(monkeypatch):
    bench = Bench()
    requests = bench.link._requests
    whole, read = requests._rows, []
    monkeypatch.setattr(requests, "_rows", lambda table: (read.append(table), whole(table))[1])
    for sequence, (table, first) in enumerate([(0, 0), (0, 2), (0, 4), (1, 0), (0, 0)], 2):
        bench.ask(protocol.DESCRIBE, sequence, table, first, 2)
    assert read == [0, 1, 0]
    bench.ask(protocol.STATUS, 8)
    assert not requests._table[1]


def test_a_frame_may_come_in_pieces_by_a_port_that_announces_more_than_it_has():
    bench = Bench()
    bench.port.any = lambda: 1
    bench.send(protocol.STATUS, 2)
    whole = bytes(bench.port.received)
    bench.port.received.clear()
    for at in range(0, len(whole), 3):
        bench.port.received += whole[at : at + 3]
        bench.poll(3)
    assert [number for number, _sequence, _fields in bench.frames()] == [
        protocol.STATUS | protocol.REPLY
    ]
