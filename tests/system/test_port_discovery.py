"""The port is found by itself where one pen is there; nothing that is surely no pen is asked."""

import json
import os
import tty

import pytest
from serial.tools import list_ports, list_ports_common

from penloop import connection, port_discovery
from penloop.cli import run
from penloop.errors import UserError
from tests.system.penloop_process import Server

FTDI, MODEM = 0x0403, 0x12D1


@pytest.fixture
def plug(monkeypatch):
    """Has the computer list ports: (device, vendor)."""

    def listed(*ports):
        monkeypatch.setattr(list_ports, "comports", lambda: [_info(*port) for port in ports])

    return listed


def _info(device, vendor):
    info = list_ports_common.ListPortInfo(device)
    info.vid, info.pid, info.description = vendor, 1, "a cable"
    return info


@pytest.fixture
def pens(tmp_path):
    """Serves pens on pseudo-terminals; gives their ports."""
    servers = []

    def serve(count=1):
        for number in range(count):
            folder = tmp_path / str(len(servers))
            folder.mkdir()
            servers.append(Server(folder, "--pty", "--seed", str(number)))
            servers[-1].wait_for("READY")
        return [server.port for server in servers]

    def unplug(port):
        next(server for server in servers if server.port == port).close()

    serve.unplug = unplug
    yield serve
    for server in servers:
        server.close()


@pytest.fixture
def silent():
    """A pseudo-terminal with nobody behind it."""
    ours, theirs = os.openpty()
    tty.setraw(theirs)
    yield os.ttyname(theirs)
    os.close(ours)
    os.close(theirs)


def test_the_port_of_the_environment_is_listed_and_asked(plug, pens, monkeypatch, capsys):
    [port] = pens()
    plug(("/dev/modem", MODEM))
    monkeypatch.setenv("PENLOOP_PORT", port)
    assert run(["ports", "--probe", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["port"] for row in rows] == [port, "/dev/modem", "sim://"]
    assert rows[0]["what"] == "of PENLOOP_PORT: commands without --port use it"
    assert rows[0]["pen"]


def test_a_link_of_the_environment_stands_for_the_port_behind_it(
    plug, pens, monkeypatch, tmp_path, capsys
):
    [port] = pens()
    link = tmp_path / "pen"
    link.symlink_to(port)
    plug((port, None))
    monkeypatch.setenv("PENLOOP_PORT", str(link))
    assert run(["ports", "--probe", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["port"] for row in rows] == [str(link), "sim://"]
    assert rows[0]["pen"]


def test_the_only_pen_is_taken(plug, pens, capsys):
    [port] = pens()
    plug((port, FTDI), ("/dev/modem", MODEM), ("/dev/ttyS0", None))
    assert run(["info", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["product"] == "penloop"


def test_a_silent_adapter_beside_it_is_passed_over(plug, pens, silent, capsys):
    [port] = pens()
    plug((port, FTDI), (silent, FTDI))
    assert port_discovery.only_pen() == port
    assert run(["ports", "--probe", "--json"]) == 0
    rows = {row["port"]: row for row in json.loads(capsys.readouterr().out)}
    assert rows[port]["pen"]
    assert "nothing answers" in rows[silent]["error"]


def test_of_several_pens_one_has_to_be_chosen(plug, pens, capsys):
    ports = pens(2)
    plug(*((port, FTDI) for port in ports))
    assert run(["get", "depth"]) == 2
    err = capsys.readouterr().err
    assert all(port in err for port in ports)
    assert "--port" in err


def test_what_is_surely_no_pen_is_never_opened(plug, monkeypatch, capsys):
    monkeypatch.setattr(port_discovery, "open_port", lambda device: pytest.fail(device))
    plug(("/dev/modem", MODEM), ("/dev/ttyS0", None))
    assert run(["info"]) == 2
    assert "plug a pen in" in capsys.readouterr().err
    assert run(["ports", "--probe"]) == 0
    told = capsys.readouterr().out
    assert "/dev/modem" in told
    assert "not asked" in told


def test_without_a_pen_the_ports_that_were_asked_are_named(plug, silent, capsys):
    plug((silent, FTDI), ("/dev/ttyGONE", FTDI))
    assert run(["info"]) == 2
    assert silent in capsys.readouterr().err


def test_a_pen_that_was_found_by_itself_may_return_under_another_name(plug, pens, monkeypatch):
    [port] = pens()
    another = pens()[-1]  # the same pen, by its seed
    plug((port, FTDI))
    with connection.reconnecting("", "30s") as steady:
        steady.subscribe(["rate"])
        blocks = steady.blocks()
        next(blocks)
        listed = iter([[], [], [_info(another, FTDI)]])
        monkeypatch.setattr(list_ports, "comports", lambda: next(listed))
        pens.unplug(port)
        gap = next(block.gap for block in blocks if block.gap)
    assert "is gone" in gap.cause
    assert next(listed, None) is None


def test_a_pen_that_is_not_there_at_first_is_not_waited_for(plug):
    plug()
    with pytest.raises(UserError, match="no pen found"), connection.reconnecting("", "30s"):
        pass
