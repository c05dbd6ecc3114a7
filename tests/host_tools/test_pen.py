"""The client on a good line: what a program asks of a pen, it gets."""

import numpy as np
import pytest

from penfw import protocol
from penhost import BadValue, Pen, Refused
from penhost.errors import PenRestarted, PenSilent, PortLost
from penhost.units import Quantity
from tests.host_tools.fake_pen import Wire


def test_connecting_learns_who_answers(pen):
    assert pen.info.product == "penloop"
    assert pen.info.pen_id == "e6614103e7"
    assert pen.info.firmware_hash == "f" * 64
    assert pen.info.boot_session == 7


@pytest.mark.verifies("R-208")
def test_connecting_does_nothing_to_the_pen(wire, pen):
    pen.wait(0.2)
    assert wire.device.commands == []
    assert wire.device.transactions == []
    assert wire.device.heartbeats == []


def test_tables_are_learned_whole(pen):
    assert list(pen.settings)[:3] == ["stroke_rate", "depth", "run_limit"]
    assert len(pen.settings) == 64
    assert (pen.settings["depth"].maximum, pen.settings["ceiling"].access) == (2500, "volatile")
    assert pen.signals["depth"].unit == "um"
    assert list(pen.commands) == ["stop", "count", "turn", "refuse"]
    assert pen.fault_table[12].remedy == "lift off; use more rate — or µm"
    assert pen.states == ["SELF_TEST", "STANDBY", "READY"]


# Settings


def test_values_come_with_their_units(pen):
    assert pen.get("depth") == Quantity(500, "um")
    assert str(pen.get("depth")) == "0.5 mm"
    everything = pen.get_all()
    assert list(everything) == list(pen.settings)
    assert everything["gain_59"].value == 59


def test_changes_take_integers_texts_and_quantities(wire, pen):
    done = pen.set({"depth": "0.75mm", "stroke_rate": 110_000, "ceiling": Quantity(2, "mm")})
    assert [(one.name, one.status, one.value.value) for one in done] == [
        ("depth", "applied", 750),
        ("stroke_rate", "applied", 110_000),
        ("ceiling", "applied", 2000),
    ]
    assert wire.device.transactions == [[(1, 750), (0, 110_000), (3, 2000)]]


def test_pending_change_says_so_with_the_value_in_force(pen):
    [change] = pen.set({"run_limit": "20min"})
    assert (change.status, str(change.value)) == ("pending", "1800 s")
    assert str(pen.get("run_limit")) == "1800 s"


def test_what_waits_for_the_next_start_is_read_by_any_client(wire, pen):
    assert pen.waiting() == {}
    pen.set({"run_limit": "20min", "depth": "0.75mm"})
    assert pen.waiting() == {"run_limit": Quantity(1200, "s")}
    wire.device.settings[2] = 1200  # the start has taken it over
    assert pen.waiting() == {}


def test_firmware_that_does_not_tell_what_waits_has_nothing_waiting(wire, pen):
    wire.link._requests._settings = 0  # as it refuses an index that it does not know
    assert pen.waiting() == {}


def test_refused_transaction_changes_nothing_and_says_why(wire, pen):
    with pytest.raises(Refused) as caught:
        pen.set({"depth": 750, "stroke_rate": "160Hz"})
    refused = caught.value
    assert "stroke_rate refused, the value is above the setting's maximum (150 Hz)" in str(refused)
    assert (refused.reason, refused.limit) == (protocol.ABOVE_MAXIMUM, 150_000)
    assert [change.status for change in refused.changes] == ["refused", "refused"]
    assert refused.changes[0].reason == protocol.OTHERS_REFUSED
    assert pen.get("depth").value == 500


def test_limit_of_a_refusal_is_in_the_unit_of_its_reason(wire, pen):
    wire.device.apply = lambda changes: [(protocol.REFUSED, 500, protocol.RATE_TOO_LOW, 51_000)]
    with pytest.raises(Refused, match=r"needs at least this stroke rate \(51 Hz\)"):
        pen.set({"depth": 1500})
    wire.device.apply = lambda changes: [(protocol.REFUSED, 500, protocol.SERVICE_ONLY, 0)]
    with pytest.raises(Refused, match="enter SERVICE first: nothing was changed"):
        pen.set({"depth": 1500})


def test_a_profile_larger_than_a_frame_is_one_transaction(wire, pen):
    changes = {name: n for n, name in enumerate(n for n in pen.settings if n.startswith("gain"))}
    done = pen.set(changes)
    assert {one.name: one.value.value for one in done} == changes
    assert len(wire.device.transactions) == 1


def test_no_changes_are_a_transaction_of_none(pen):
    assert pen.set({}) == []


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"dept": 1}, "this pen has no setting 'dept': did you mean depth"),
        ({"depth": "110Hz"}, "depth: '110Hz' has the wrong unit: give a number in um"),
        ({"depth": 2**31}, "does not fit 32 bits"),
        ({"depth": 0.75}, "0.75 is no value"),
        ({"depth": Quantity(1, "Hz")}, "wrong unit"),
    ],
)
def test_bad_values_are_told_before_anything_is_sent(wire, pen, changes, says):
    with pytest.raises(BadValue) as caught:
        pen.set({"stroke_rate": 100_000, **changes})
    assert says in str(caught.value)
    assert wire.device.transactions == []


# Commands and state


def test_command_returns_its_value(wire, pen):
    assert pen.command("count").value == 1
    assert pen.command("turn", "6600rpm").value == 2
    assert wire.device.commands == [(1, 0), (2, 110_000)]


def test_refused_and_unknown_commands_raise(pen):
    with pytest.raises(Refused, match="refuse refused, wrong state"):
        pen.command("refuse")
    with pytest.raises(BadValue, match="no command 'jump'"):
        pen.command("jump")
    with pytest.raises(BadValue, match="wrong unit"):
        pen.command("turn", "1mm")


def test_stop_stops(wire, pen):
    pen.stop()
    assert wire.device.commands == [(0, 0)]


def test_faults_come_with_cause_and_remedy(pen):
    latched, old = pen.faults()
    assert (latched.name, latched.latched, latched.time_us) == ("stall", True, 3_250_000)
    assert (old.name, old.latched, old.boot_session) == ("overspeed", False, 6)
    assert latched.cause == "no turn although driven"


def test_fault_that_the_table_lacks_is_shown_by_number(wire, pen):
    wire.device.fault_rows = [(99, 1, 7, 0, 0)]
    assert pen.faults()[0].name == "fault 99"


def test_events_are_collected(wire, pen):
    wire.link.event(protocol.STATE_CHANGED, 2, 1)
    wire.link.event(77, 5, -6)
    pen.wait(0.1)
    first, second = pen.events()
    assert (first.kind, first.number, first.value) == ("state changed", 2, 1)
    assert second.kind == "event 77"
    assert pen.events() == []


def test_status_counts_both_ends(pen):
    assert pen.states
    status = pen.status()
    assert status.state == "STANDBY"
    assert status.pen_frames == status.host_frames
    assert (status.pen_bad_frames, status.host_bad_frames, status.repeats) == (0, 0, 0)


def test_presence_keeps_the_heart_beating_through_waiting_and_recording(wire, pen):
    pen.subscribe(["tick"], 10)
    with pen.presence():
        pen.wait(0.5)
        pen.record(0.5)
        pen.record(0.5)
    beats = wire.device.heartbeats
    assert max(np.diff(beats)) <= 200
    assert len(beats) >= 10
    pen.wait(1)
    assert len(wire.device.heartbeats) == len(beats)


# Trouble


def test_pen_that_restarts_is_noticed_by_the_next_request(wire, pen):
    wire.restart()
    with pytest.raises(PenRestarted, match="connect again"):
        pen.get("depth")


def test_pen_that_restarts_is_noticed_while_recording(wire, pen):
    pen.subscribe(["tick"], 10)
    pen.record(0.1)
    wire.restart()
    with pytest.raises(PenRestarted):
        pen.record(10)


def test_pen_that_falls_silent_is_noticed(wire, pen):
    wire.deaf_ms = 60_000
    before = wire.now_us()
    with pytest.raises(PenSilent):
        pen.get("depth")
    assert 3e6 < wire.now_us() - before < 6e6


def test_port_that_vanishes_is_noticed(wire, pen):
    wire.gone = True
    with pytest.raises(PortLost, match="check cable"):
        pen.get("depth")


def test_busy_pen_is_waited_for(wire, pen):
    """It writes its flash: deaf for 0.9 s, the request in between is lost, none is done twice."""
    pen.command("count")
    wire.link.busy(900)
    pen.wait(0.05)
    wire.deaf_ms = 900
    before = wire.now_us()
    pen.command("count")
    assert len(wire.device.commands) == 2
    assert 0.9e6 < wire.now_us() - before < 1.5e6
    assert pen.status().repeats == 1


def test_each_connection_has_its_own_session(wire):
    sessions = []
    for _ in range(3):
        with Pen(wire):
            sessions.append(wire.link.session)
    assert len(set(sessions)) == 3


def test_session_ids_come_from_where_they_are_told():
    ids = []
    for _ in range(2):
        wire = Wire()
        with Pen(wire, entropy=lambda size: b"\x10\x20\x30\x40"[:size]):
            ids.append(wire.link.session)
    assert ids == [0x40302010] * 2
    ports = [Wire(), Wire()]
    for port in ports:
        port.session_entropy = lambda size: b"\x11\x22\x33\x44"[:size]
        with Pen(port):
            assert port.link.session == 0x44332211


def test_simulated_runs_are_alike_to_the_byte():
    heard = []
    for _ in range(2):
        wire = Wire()
        taken = wire._inbox.extend
        log = bytearray()
        wire._inbox = type("Inbox", (bytearray,), {
            "extend": lambda self, data, log=log: (log.extend(data), bytearray.extend(self, data))
        })()  # fmt: skip
        del taken
        with Pen(wire) as pen:
            pen.subscribe(["tick"], 10)
            pen.record(0.5)
        heard.append(bytes(log))
    assert heard[0] == heard[1]
    assert len(heard[0]) > 500
