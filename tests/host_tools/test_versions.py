"""Older and newer pens: what one side does not know does not disturb it."""

import pytest

from penfw import protocol
from penfw.link import Link
from penhost import BadValue, Pen, Refused
from penhost.errors import ProtocolMismatch
from tests.host_tools.fake_pen import FakeDevice, Wire


class NewerDevice(FakeDevice):
    """Has columns, settings and types that this client does not know."""

    settings_rows = tuple((*row, "new column") for row in FakeDevice.settings_rows)
    signals_rows = (*FakeDevice.signals_rows, ("wide", "q", "", "64 bits", "more"))
    faults_rows = tuple((*row, 1, 2) for row in FakeDevice.faults_rows)


def test_newer_pens_columns_are_passed_over():
    with Pen(Wire(device=NewerDevice())) as pen:
        assert pen.settings["depth"].help == "needle depth"
        assert pen.fault_table[1].name == "overspeed"
        assert pen.get("depth").value == 500
        with pytest.raises(BadValue, match="unknown type q"):
            pen.subscribe(["wide"])
        pen.subscribe(["tick"])
        assert len(pen.record(0.1).samples) == 10


class OlderDevice(FakeDevice):
    """Lacks columns."""

    settings_rows = tuple(row[:7] for row in FakeDevice.settings_rows)
    commands_rows = (("stop",),)


def test_older_pens_missing_columns_are_empty():
    with Pen(Wire(device=OlderDevice())) as pen:
        assert pen.settings["depth"].help == ""
        pen.stop()


@pytest.mark.parametrize(
    ("version", "compatible", "says"),
    [(9, 9, "update penloop"), (0, 0, "penloop flash")],
)
def test_pen_of_another_protocol_is_told_apart(monkeypatch, version, compatible, says):
    wire = Wire()
    device_requests = wire.link._requests
    hello = device_requests._handlers[protocol.HELLO]

    def other(session):
        fields = hello(session)
        return (fields[0], version, compatible, *fields[3:])

    monkeypatch.setitem(device_requests._handlers, protocol.HELLO, other)
    with pytest.raises(ProtocolMismatch, match=says):
        Pen(wire)


def test_newer_pen_that_is_compatible_is_welcome(monkeypatch):
    wire = Wire()
    hello = wire.link._requests._handlers[protocol.HELLO]
    newer = lambda session: (session, 9, 1, *hello(session)[3:])  # noqa: E731
    monkeypatch.setitem(wire.link._requests._handlers, protocol.HELLO, newer)
    with Pen(wire) as pen:
        assert pen.info.protocol == 9


def test_unknown_message_is_passed_over(wire, pen):
    wire.link._finish_push(0x7E, 4)
    wire.link._sent = 0
    pen.wait(0.1)
    assert pen.get("depth").value == 500


def test_request_that_the_pen_does_not_know_is_refused(wire, pen, monkeypatch):
    monkeypatch.delitem(wire.link._requests._handlers, protocol.STATUS)
    with pytest.raises(Refused, match="unknown message"):
        pen.status()


@pytest.mark.parametrize("version", ["0.0.1", "9.9.9-rc1", "", "source"])
def test_pen_of_any_version_can_be_edited_where_the_schema_is_the_same(version):
    wire = Wire()
    wire.device.identity = lambda: ("penloop", "fake", "e6614103e7", version, version * 4)
    with Pen(wire) as pen, Pen(Wire()) as reference:
        assert pen.schema == reference.schema
        assert pen.set({"depth": "0.75mm"})[0].status == "applied"
    assert wire.device.settings[1] == 750


class ReorderedDevice(FakeDevice):
    """A later firmware: a setting more, and others where they were not."""

    settings_rows = (
        ("added", "int", "mV", 1, 0, 9, "open", "new"), *reversed(FakeDevice.settings_rows),
    )  # fmt: skip

    def __init__(self):
        super().__init__()
        self.settings = [row[3] for row in self.settings_rows]

    def apply(self, changes):
        for index, value in changes:
            self.settings[index] = value
        return [(protocol.APPLIED, value, 0, 0) for _index, value in changes]


def test_pen_with_another_schema_is_told_by_its_fingerprint_and_edited_by_name():
    wire = Wire(device=ReorderedDevice())
    with Pen(wire) as pen, Pen(Wire()) as reference:
        assert pen.schema != reference.schema
        pen.set({"depth": "0.75mm"})
        assert pen.get("depth").value == 750
        assert pen.get("stroke_rate").value == 100_000


def test_fingerprint_is_of_names_types_and_units_alone():
    with Pen(Wire(device=NewerDevice())) as newer, Pen(Wire(device=OlderDevice())) as older:
        assert newer.schema == older.schema


def test_tables_of_a_pen_that_was_flashed_meanwhile_are_read_anew():
    wire = Wire()
    with Pen(wire) as pen:
        assert "added" not in pen.settings
        wire.restart()
        wire.device = ReorderedDevice()
        wire.device.identity = lambda: ("penloop", "fake", "e6614103e7", "2", "b" * 64)
        wire.link = Link(wire.port, wire.device)
        pen.renew()
        assert "added" in pen.settings
        assert pen.get("depth").value == 500
