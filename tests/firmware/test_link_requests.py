"""What the pen answers: tables, transactions, faults, events and counters."""

import pytest

from penfw import protocol, requests
from tests.firmware.test_link import Bench

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


@pytest.mark.parametrize("heard", [False, True])
@pytest.mark.parametrize("table", [protocol.TABLE_SETTINGS, protocol.TABLE_SIGNALS])
def test_any_table_may_be_the_first_that_is_read(table, heard):
    bench = Bench()
    if heard:
        bench.ask(protocol.STATUS, 2)
    _table, total, _first, text = bench.ask(protocol.DESCRIBE, 3, table, 0, 0)
    assert total > 0
    assert text


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


def test_rows_are_as_many_as_fit_what_is_wanted():
    rows = [("x" * 9,)] * 40
    assert len(requests.rows_text(rows, 0, 0).split(b"\n")) == protocol.ROW_MAX // 10
    assert len(requests.rows_text(rows, 0, 30).split(b"\n")) == 3
    assert len(requests.rows_text(rows, 0, 29).split(b"\n")) == 3
    assert len(requests.rows_text(rows, 0, 28).split(b"\n")) == 2


def test_own_tables_have_no_row_that_is_cut():
    for row in (*protocol.REASONS, *requests.message_rows()):
        assert len(requests.row_text(row)) <= protocol.ROW_MAX, row[1]


# Settings


def test_values_are_got_in_the_order_asked():
    assert Bench().ask(protocol.GET, 2, [(1,), (0,)]) == [[[1, 500], [0, 100000]]]


@pytest.mark.verifies("R-705")
def test_the_value_that_the_next_start_takes_is_got_beside_the_one_in_force():
    bench = Bench()
    bench.ask(protocol.SET, 2, 0, 0, [(2, 60)])
    wanted = [2, 2 | protocol.NEXT_START, 1 | protocol.NEXT_START]
    [values] = bench.ask(protocol.GET, 3, [(index,) for index in wanted])
    assert [value for _index, value in values] == [1800, 60, 500]
    assert [index for index, _value in values] == wanted
    unknown = 999 | protocol.NEXT_START
    assert bench.refused(protocol.GET, 4, [(unknown,)])[0] == protocol.UNKNOWN_SETTING


def test_unknown_settings_and_too_many_are_refused():
    bench = Bench()
    assert bench.refused(protocol.GET, 2, [(0,), (999,)]) == (protocol.UNKNOWN_SETTING, 999)
    assert bench.refused(protocol.SET, 3, 0, 0, [(0, 1), (999, 1)]) == (
        protocol.UNKNOWN_SETTING,
        999,
    )
    assert bench.refused(protocol.GET, 4, [(0,)] * 41) == (protocol.TOO_MANY, 40)
    assert bench.device.transactions == []


@pytest.mark.verifies("R-705")
def test_set_is_one_transaction():
    bench = Bench()
    assert bench.ask(protocol.SET, 2, 0, 0, [(1, 750), (0, 110000), (2, 60)]) == [
        3,
        0,
        [[1, 0, 750, 0, 0], [0, 0, 110000, 0, 0], [2, protocol.PENDING, 1800, 0, 0]],
    ]
    assert bench.device.transactions == [[(1, 750), (0, 110000), (2, 60)]]


@pytest.mark.verifies("R-705")
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


@pytest.mark.verifies("R-702")
def test_only_a_heartbeat_is_presence():
    bench = Bench()
    bench.ask(protocol.STATUS, 2)
    assert bench.device.heartbeats == []
    bench.ask(protocol.HEARTBEAT, 3)
    assert len(bench.device.heartbeats) == 1


@pytest.mark.verifies("R-706")
def test_status_counts_good_and_bad_frames():
    bench = Bench()
    bench.port.received += b"\5noise\0"
    bench.poll()
    assert bench.frames() == [(protocol.NOISE, 0, [1])]
    fields = bench.ask(protocol.STATUS, 2)
    assert fields[4:6] == [2, 1]


@pytest.mark.verifies("R-706")
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
