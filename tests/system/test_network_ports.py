"""The same over the network: a serial device server (RFC 2217)."""

import json
import socket

import pytest

from penhost import Pen, Reconnection
from penloop.cli import run
from tests.system.rfc2217_server import Rfc2217Server

# pyserial's own: it starts its thread the old way.
pytestmark = pytest.mark.filterwarnings("ignore:set(Daemon|Name):DeprecationWarning")


@pytest.fixture
def server():
    made = Rfc2217Server()
    yield made
    made.close()


def test_a_device_server_s_pen_is_asked_changed_and_watched(server, capsys):
    assert run(["set", "depth=0.6mm", "--port", server.url]) == 0
    capsys.readouterr()
    assert run(["get", "depth", "--json", "--port", server.url]) == 0
    assert json.loads(capsys.readouterr().out) == {"depth": 600}
    line = f"monitor --signals battery --rate 50 --for 500ms --json --port {server.url}"
    assert run(line.split()) == 0
    assert len(capsys.readouterr().out.splitlines()) == 25


def test_the_doctor_finds_nothing_wrong_with_it(server, capsys):
    assert run(["doctor", "--json", "--port", server.url]) == 0
    names = [row["name"] for row in json.loads(capsys.readouterr().out)]
    assert names[:3] == ["port", "answer", "protocol"]


def test_a_recording_goes_on_when_the_network_was_away(server):
    with Reconnection(lambda: Pen(server.url)) as steady:
        steady.subscribe(["battery"], 20)
        blocks = steady.blocks()
        for _ in range(5):
            next(blocks)
        server.hang_up()
        gap = next(block.gap for block in blocks if block.gap)
        assert not gap.restarted
        assert gap.missing > 0
        assert next(blocks).samples["battery"][0] > 3000


def test_a_plain_tcp_server_is_told_as_such(capsys):
    with socket.create_server(("127.0.0.1", 0)) as plain:
        name = f"127.0.0.1:{plain.getsockname()[1]}"
        assert run(["info", "--port", f"rfc2217://{name}"]) == 1
    told = f"port rfc2217://{name} does not speak RFC 2217: try socket://{name}, plain TCP"
    assert told in capsys.readouterr().err
