"""`penloop doctor` without --port: what it says is about the port that was found."""

import os
import tty

import pytest
from serial.tools import list_ports, list_ports_common

from penhost.errors import NotAPen, PortBusy, PortNotPermitted
from penloop import connection, diagnosis, port_holder
from penloop.cli import run
from penloop.diagnosis import FAIL, OK, diagnose
from tests.host_tools.test_ports import PenOnTerminal

FTDI = 0x0403


@pytest.fixture
def found(monkeypatch):
    """Has the computer list this device as its only likely port."""

    def listed(device):
        info = list_ports_common.ListPortInfo(str(device))
        info.vid, info.pid, info.description = FTDI, 1, "a cable"
        monkeypatch.setattr(list_ports, "comports", lambda: [info])
        return str(device)

    return listed


@pytest.fixture
def refused(monkeypatch):
    """Has the port not open."""

    def refuse(error):
        def opened(_port):
            raise error

        monkeypatch.setattr(connection, "open_port", opened)

    return refuse


def last(port=""):
    return list(diagnose(port))[-1]


def test_the_group_is_that_of_the_found_port(found, refused, tmp_path, monkeypatch):
    device = found(tmp_path / "ttyUSB0")
    groups = {device: "pens", ".": "somebody", "": "somebody"}
    monkeypatch.setattr("pathlib.Path.group", lambda path: groups[str(path)])
    refused(PortNotPermitted("port may not be opened", "add yourself to its group"))
    check = last()
    assert check.verdict == FAIL
    assert check.found == "port may not be opened; it belongs to the group pens"
    assert check.remedy == "`sudo usermod -aG pens $USER`, then log in anew"


def test_the_holder_is_that_of_the_found_port(found, refused, tmp_path, monkeypatch):
    device = tmp_path / "ttyUSB0"
    device.touch()
    found(device)
    held = tmp_path / "proc" / "4711"
    (held / "fd").mkdir(parents=True)
    (held / "fd" / "3").symlink_to(device)
    (held / "cmdline").write_bytes(b"/usr/bin/picocom\0")
    monkeypatch.setattr(port_holder, "PROCESSES", tmp_path / "proc")
    refused(PortBusy("port is in use", "close the other program that uses it"))
    check = last()
    assert check.found == "port is in use by picocom (process 4711)"
    assert "penloop share" in check.remedy


def test_other_baud_rates_are_tried_at_the_found_port(found, monkeypatch):
    device = found("/dev/ttyFOUND")
    asked = []

    def deaf(_port, *_name, **_options):
        raise NotAPen("something answers that is no pen", "choose another port")

    def opened(port, baud):
        asked.append((port, baud))
        return port

    monkeypatch.setattr(diagnosis, "open_pen_port", lambda port: port)
    monkeypatch.setattr(diagnosis, "open_port", opened)
    monkeypatch.setattr(diagnosis, "greeted", deaf)
    monkeypatch.setattr(diagnosis, "Pen", deaf)
    assert last().verdict == FAIL
    assert asked == [(device, baud) for baud in diagnosis.BAUDS]


def test_a_healthy_pen_is_named_by_the_found_port(found):
    ours, theirs = os.openpty()
    tty.setraw(theirs)
    device = found(os.ttyname(theirs))
    pen = PenOnTerminal(ours)
    pen.start()
    checks = diagnose("")
    try:
        first = [next(checks), next(checks)]
    finally:
        checks.close()
        pen.ended.set()
        pen.join()
        os.close(theirs)
        os.close(ours)
    assert [(one.name, one.verdict) for one in first] == [("port", OK), ("answer", OK)]
    assert first[0].found == f"{device} is open"


def test_no_port_at_all_is_one_line_with_its_remedy(monkeypatch, capsys):
    monkeypatch.setattr(list_ports, "comports", list)
    assert run(["doctor"]) != 0
    assert "no port given and no pen found" in capsys.readouterr().err
