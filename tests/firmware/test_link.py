"""The pen's end of the link: what it answers, and that it never blocks nor does a thing twice."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penfw import protocol, requests
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


@pytest.mark.parametrize("row", [row for row in protocol.MESSAGES if row[2] == ()])
def test_nothing_is_served_before_a_session_is_open(row):
    bench = Bench(session=None)
    assert bench.refused(row[0], 5) == (protocol.NO_SESSION, 0)
    bench.refused(protocol.COMMAND, 6, 1, 0)
    assert bench.device.commands == []


def test_repeated_request_is_answered_again_and_executed_once():
    bench = Bench()
    first = bench.ask(protocol.COMMAND, 2, 1, 0)
    assert bench.ask(protocol.COMMAND, 2, 1, 0) == first
    assert bench.device.commands == [(1, 0)]


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


@pytest.mark.parametrize("number", [protocol.HELLO, protocol.COMMAND, protocol.DESCRIBE])
def test_request_cut_short_is_refused(number):
    bench = Bench()
    writer = FrameWriter()
    writer.finish(number, 2, PAYLOAD_AT + 2)
    bench.port.received += writer.buffer[: writer.size]
    bench.poll()
    assert bench.frames() == [(protocol.ERROR, 2, [protocol.MALFORMED, number])]
    assert bench.device.commands == []


def test_echo_of_the_pens_own_frames_is_not_answered():
    bench = Bench()
    bench.send(protocol.STATUS, 2)
    bench.poll()
    bench.port.received += bench.port.sent
    bench.port.sent.clear()
    bench.poll(2)
    assert bench.frames() == []


# Tables


def read_table(bench, table, most):
    rows = []
    while True:
        bench.sequence += 1
        _table, total, first, text = bench.ask(
            protocol.DESCRIBE, bench.sequence, table, len(rows), most
        )
        assert first == len(rows)
        rows += text.decode().split("\n")
        if len(rows) >= total:
            return [row.split("\t") for row in rows]


@pytest.mark.parametrize("most", [0, 1, 120])
def test_tables_are_read_whole_in_any_portions(most):
    bench = Bench()
    device = bench.device
    for table, rows in (
        (protocol.TABLE_SETTINGS, device.settings_rows),
        (protocol.TABLE_SIGNALS, device.signals_rows),
        (protocol.TABLE_COMMANDS, device.commands_rows),
        (protocol.TABLE_FAULTS, device.faults_rows),
        (protocol.TABLE_REASONS, protocol.REASONS),
    ):
        assert read_table(bench, table, most) == [[str(cell) for cell in row] for row in rows]
    assert read_table(bench, protocol.TABLE_STATES, most) == [[name] for name in device.states_rows]


def test_table_of_messages_tells_every_field():
    rows = read_table(Bench(), protocol.TABLE_MESSAGES, 0)
    assert [int(row[0]) for row in rows] == [row[0] for row in protocol.MESSAGES]
    assert rows[0][2] == "session:I"


def test_unknown_table_is_refused_and_rows_beyond_the_end_are_none():
    bench = Bench()
    assert bench.refused(protocol.DESCRIBE, 2, 99, 0, 0) == (protocol.UNKNOWN_TABLE, 99)
    assert bench.ask(protocol.DESCRIBE, 3, protocol.TABLE_STATES, 50, 0)[3] == b""


def test_row_that_is_too_long_is_cut():
    assert len(requests.rows_text([("x" * 500,)], 0, 0)) == protocol.ROW_MAX


def test_own_tables_have_no_row_that_is_cut():
    for row in (*protocol.REASONS, *requests._MESSAGE_ROWS):
        assert len(requests.row_text(row)) <= protocol.ROW_MAX, row[1]


# Settings


def test_values_are_got_in_the_order_asked():
    assert Bench().ask(protocol.GET, 2, [(1,), (0,)]) == [[[1, 500], [0, 100000]]]


def test_unknown_settings_and_too_many_are_refused():
    bench = Bench()
    assert bench.refused(protocol.GET, 2, [(0,), (999,)]) == (protocol.UNKNOWN_SETTING, 999)
    assert bench.refused(protocol.SET, 3, 0, 0, [(0, 1), (999, 1)]) == (
        protocol.UNKNOWN_SETTING,
        999,
    )
    assert bench.refused(protocol.GET, 4, [(0,)] * 41) == (protocol.TOO_MANY, 40)
    assert bench.device.transactions == []


def test_set_is_one_transaction():
    bench = Bench()
    assert bench.ask(protocol.SET, 2, 0, 0, [(1, 750), (0, 110000), (2, 60)]) == [
        3,
        0,
        [[1, 0, 750, 0, 0], [0, 0, 110000, 0, 0], [2, protocol.PENDING, 60, 0, 0]],
    ]
    assert bench.device.transactions == [[(1, 750), (0, 110000), (2, 60)]]


def test_staged_changes_are_judged_together_with_the_set():
    bench = Bench()
    first = [(4 + n, n + 100) for n in range(39)]
    second = [(43 + n, n) for n in range(20)]
    assert bench.ask(protocol.STAGE, 2, 0, first) == [39]
    assert bench.device.transactions == []
    total, start, rows = bench.ask(protocol.SET, 3, 39, 0, second)
    assert (total, start, len(rows)) == (59, 0, protocol.RESULTS_MAX)
    for sequence in (4, 5, 6):
        rows += bench.ask(protocol.RESULTS, sequence, len(rows), 0)[2]
    assert [(row[0], row[2]) for row in rows] == first + second
    bench.ask(protocol.SET, 7, 0, 0, [(4, 1)])
    assert bench.device.transactions == [first + second, [(4, 1)]]


def test_set_that_does_not_know_what_is_staged_is_refused():
    bench = Bench()
    bench.ask(protocol.STAGE, 2, 0, [(4, 1)])
    assert bench.refused(protocol.SET, 3, 0, 0, [(5, 1)]) == (protocol.NOT_STAGED, 1)
    assert bench.ask(protocol.STAGE, 4, 0, [(6, 1)]) == [1], "0 begins anew"
    bench.ask(protocol.SET, 5, 1, 0, [])
    assert bench.device.transactions == [[(6, 1)]]


def test_a_transaction_has_at_most_so_many_changes():
    bench = Bench()
    for part in range(2):
        bench.ask(protocol.STAGE, 2 + part, 39 * part, [(4, 1)] * 39)
    assert bench.refused(protocol.SET, 5, 78, 0, [(4, 1)] * 19) == (
        protocol.TOO_MANY,
        protocol.STAGE_MAX,
    )
    assert bench.device.transactions == []


# Faults, presence, counters


def test_long_fault_history_comes_in_parts():
    bench = Bench()
    bench.device.fault_rows = [(1, 0, 7, n, n) for n in range(40)]
    rows, sequence = [], 2
    while len(rows) < 40:
        total, first, part = bench.ask(protocol.FAULTS, sequence, len(rows), 0)
        assert (total, first) == (40, len(rows))
        rows += part
        sequence += 1
    assert [row[3] for row in rows] == list(range(40))


def test_only_a_heartbeat_is_presence():
    bench = Bench()
    bench.ask(protocol.STATUS, 2)
    assert bench.device.heartbeats == []
    bench.ask(protocol.HEARTBEAT, 3)
    assert len(bench.device.heartbeats) == 1


def test_status_counts_good_and_bad_frames():
    bench = Bench()
    bench.port.received += b"\5noise\0"
    bench.poll()
    assert bench.frames() == [(protocol.NOISE, 0, [1])]
    fields = bench.ask(protocol.STATUS, 2)
    assert fields[4:6] == [2, 1]


def test_client_is_told_once_of_damaged_frames_and_nobody_without_a_session():
    bench = Bench()
    bench.port.received += b"\5noise\0\5noise\0"
    bench.poll(5)
    assert [number for number, _sequence, _fields in bench.frames()] == [protocol.NOISE]
    bench = Bench(session=None)
    bench.port.received += b"\5noise\0"
    bench.poll(5)
    assert bench.frames() == []


def test_few_rows_come_where_few_are_wanted():
    bench = Bench()
    assert len(bench.ask(protocol.SET, 2, 0, 2, [(4 + n, n) for n in range(9)])[2]) == 2
    assert bench.ask(protocol.RESULTS, 3, 2, 3)[:2] == [9, 2]
    assert len(bench.ask(protocol.FAULTS, 4, 0, 1)[2]) == 1


def test_events_are_stamped_when_they_happen_and_counted_when_lost():
    bench = Bench()
    bench.run(1000, pass_ms=2000)
    bench.device.clock.advance(bench.device.ticks_us)
    for number in range(10):
        bench.link.event(protocol.FAULT_LATCHED, number, 0)
    bench.run(500)
    events = bench.frames()
    assert [fields[:5] for _number, _sequence, fields in events] == [
        [7, 1, 0, protocol.FAULT_LATCHED, number] for number in range(8)
    ]
    assert bench.ask(protocol.STATUS, 2)[-1] == 2


def test_nothing_is_sent_to_nobody():
    bench = Bench(session=None)
    bench.link.event(protocol.STATE_CHANGED, 1, 0)
    bench.link.busy(100)
    bench.poll(5)
    assert bench.frames() == []
    assert bench.link.idle()


def test_busy_goes_out_before_all_else():
    bench = Bench()
    bench.send(protocol.STATUS, 2)
    bench.link.event(protocol.STATE_CHANGED, 1, 0)
    bench.link.busy(400)
    assert not bench.link.idle()
    bench.poll(3)
    kinds = [number for number, _sequence, _fields in bench.frames()]
    assert kinds == [protocol.BUSY, protocol.STATUS | protocol.REPLY, protocol.EVENT]
    assert bench.link.idle()


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
    assert len(bench.device.commands) <= 2
    bench.poll(3)
    assert len(bench.device.commands) == 4


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
