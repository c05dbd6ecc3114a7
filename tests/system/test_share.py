"""`penloop share`: several programs look at one pen, and none disturbs it or the others."""

import queue
import socket
import threading
import time

import numpy as np
import pytest

from penfw import protocol
from penhost import Pen, Reconnection, Refused
from penhost.errors import PenError
from penloop.cli import run
from penloop.connection import open_pen_port
from penloop.sharing.share import Door, Share
from penloop.sharing.shared_pen import SharedPen
from penloop.sharing.viewer import ANSWERED, ASKING
from tests.system.penloop_process import Server, finish, penloop, start, until


class Sharing(threading.Thread):
    """A shared pen in a thread of its own; `act` does something there, between two steps."""

    def __init__(self, port="sim://?pace=1"):
        super().__init__(daemon=True)
        self._port = port
        self._ended = threading.Event()
        self._ready = threading.Event()
        self._acts = queue.Queue()
        self.start()
        assert self._ready.wait(60)

    def run(self):
        doors = [Door("127.0.0.1", 0, 16), Door("127.0.0.1", 0, 1)]
        self.viewers_port, self.owners_port = (door.name for door in doors)
        with Reconnection(lambda: Pen(open_pen_port(self._port)), reopens=False) as steady:
            self.share = Share(SharedPen(steady), *doors)
            self.bench = steady.pen._transport._port.bench
            with self.share.open():
                self._ready.set()
                while not self._ended.is_set():
                    self.share.step()
                    while not self._acts.empty():
                        self._acts.get()()

    def act(self, what):
        self._acts.put(what)

    def close(self):
        self._ended.set()
        self.join(60)


@pytest.fixture
def sharing():
    made = Sharing()
    yield made
    made.close()


def test_a_viewer_sees_a_pen(sharing):
    with Pen(sharing.viewers_port) as pen:
        assert pen.info.product == "penloop"
        assert pen.get("depth").value == 500
        assert len(pen.get_all()) == len(pen.settings)
        assert pen.faults() == []
        assert pen.sessions() == []
        assert pen.heartbeat() == pen.status().state


def test_each_viewer_gets_its_own_signals_at_its_own_rate(sharing):
    with Pen(sharing.viewers_port) as one, Pen(sharing.viewers_port) as other:
        one.subscribe(["state", "battery"], 10)
        other.subscribe(["housing", "battery", "depth"], 40)
        for pen, period_ms in ((one, 10), (other, 40)):
            pen.record(0.3)  # from before the other came
            recording = pen.record(1.0)
            steps = np.diff(recording.samples["time_us"])
            assert np.allclose(steps, period_ms * 1000, atol=200)
            assert recording.samples["battery"].min() > 3000
            assert recording.dropped == 0


def test_what_changes_is_refused_as_read_only(sharing):
    with Pen(sharing.viewers_port) as pen:
        for change in (
            lambda: pen.set({"depth": 750}),
            lambda: pen.stop(),
            lambda: pen.set(dict.fromkeys(pen.settings, 1)),
        ):
            with pytest.raises(Refused, match="read-only"):
                change()
        assert pen.get("depth").value == 500


def test_every_request_that_could_change_something_is_refused(sharing):
    with Pen(sharing.viewers_port) as pen:
        for number, _name, fields, _reply in protocol.MESSAGES:
            if fields is None:
                continue
            nothing = [[] if isinstance(code, tuple) else 0 for _name, code in fields]
            if number in ANSWERED + ASKING:
                assert pen.request(number, *nothing) is not None
            else:
                with pytest.raises(Refused, match="read-only"):
                    pen.request(number, *nothing)


def test_one_client_may_change_things_at_the_owner_s_door(sharing):
    with Pen(sharing.owners_port) as owner, Pen(sharing.viewers_port) as viewer:
        assert owner.set({"depth": 750})[0].status == "applied"
        assert viewer.get("depth").value == 750
        owner.stop()
        with pytest.raises(PenError):
            Pen(sharing.owners_port)
        assert owner.get("depth").value == 750


def test_signals_that_do_not_fit_are_refused_with_a_reason(sharing):
    with Pen(sharing.viewers_port) as one, Pen(sharing.viewers_port) as other:
        names = list(one.signals)
        one.subscribe(names[:6], 20)
        with pytest.raises(Refused, match="ask for fewer"):
            other.subscribe(names[6:10], 20)
        other.subscribe(names[4:8], 20)
        assert len(other.record(0.2).samples) == 10
        one.close()
        until(lambda: len(sharing.share.clients) == 1, "the end of a viewer")
        other.subscribe(names[8:16], 20)
        assert len(other.record(0.2).samples) == 10


def test_a_viewer_that_does_not_read_holds_nobody_up(sharing):
    dead = Pen(sharing.viewers_port)
    dead.subscribe(["rate"], 2)
    with Pen(sharing.viewers_port) as alive:
        alive.subscribe(["rate"], 2)
        assert alive.record(3.0).dropped == 0
        before_s = time.monotonic()
        alive.status()
        assert time.monotonic() - before_s < 1.0
    dead.close()


def test_noise_and_a_client_that_hangs_up_disturb_nobody(sharing):
    with Pen(sharing.viewers_port) as pen:
        address = ("127.0.0.1", int(sharing.viewers_port.rpartition(":")[2]))
        for _ in range(5):
            with socket.create_connection(address) as noisy:
                noisy.sendall(bytes(range(256)) * 100)
        assert pen.get("depth").value == 500


def test_a_viewer_hears_what_happens(sharing):
    with Pen(sharing.viewers_port) as pen:
        pen.status()
        sharing.act(sharing.bench.operator.click)
        heard = []
        until(lambda: heard.extend(pen.events()) or heard, "an event")
        assert heard[0].kind == "state changed"
        until(lambda: pen.heartbeat() == "RUNNING", "the run")


def test_viewers_of_a_pen_that_is_reset_greet_it_again(sharing):
    with Reconnection(lambda: Pen(sharing.viewers_port)) as viewer:
        viewer.subscribe(["battery"], 20)
        blocks = viewer.blocks()
        next(blocks)
        sharing.act(sharing.bench.board.power_on)
        gap = next(block.gap for block in blocks if block.gap)
        assert gap.restarted
        assert next(blocks).samples["battery"][0] > 3000


def test_the_command_shares_a_port_and_says_where(tmp_path):
    server = Server(tmp_path, "--pty")
    server.wait_for("READY")
    shared = start("share", "--port", server.port, "--tcp", "127.0.0.1:0")
    try:
        port = shared.stdout.readline().strip()
        code, out, err = penloop("get", "depth", "--json", "--port", port)
        assert (code, err) == (0, "")
        assert out == '{"depth": 500}\n'
        code, _, err = penloop("set", "depth=0.6mm", "--port", port)
        assert code == 1
        assert "read-only" in err
        code, out, err = penloop(
            "monitor", "--signals", "state", "--for", "300ms", "--rate", "100", "--port", port
        )
        assert (code, err) == (0, "")
        assert len(out.splitlines()) == 31
    finally:
        shared.terminate()
        finish(shared)
        server.close()


def test_viewers_go_on_when_the_shared_port_was_away(tmp_path):
    link = str(tmp_path / "pen")
    server = Server(tmp_path, "--link", link)
    server.wait_for("READY")
    shared = start("share", "--port", link, "--tcp", "127.0.0.1:0", "--wait", "120s")
    try:
        port = shared.stdout.readline().strip()
        with Reconnection(lambda: Pen(port), patience_s=120) as viewer:
            viewer.subscribe(["battery"], 20)
            blocks = viewer.blocks()
            next(blocks)
            server.close()
            until(lambda: not server.control.exists(), "the end of the server")
            server = Server(tmp_path, "--link", link)
            assert next(block.gap for block in blocks if block.gap).restarted
            assert next(blocks).samples["battery"][0] > 3000
    finally:
        shared.terminate()
        _code, _out, err = finish(shared)
        server.close()
    assert "waiting 120s at most" in err


def test_an_address_that_cannot_be_is_told(capsys):
    assert run(["share", "--port", "sim://", "--tcp", "here"]) == 2
    assert "127.0.0.1" in capsys.readouterr().err
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert run(["share", "--port", "sim://", "--tcp", f"127.0.0.1:{port}"]) == 2
    assert "use a free port" in capsys.readouterr().err
