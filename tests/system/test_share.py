"""`penloop share`: several programs look at one pen, and none disturbs it or the others."""

import contextlib
import queue
import socket
import struct
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from penfw import protocol, settings
from penhost import Pen, Reconnection, Refused
from penhost.errors import PenError
from penloop.cli import run
from penloop.connection import open_pen_port
from penloop.sharing.share import Door, Share
from penloop.sharing.shared_pen import SharedPen
from penloop.sharing.viewer import ANSWERED, ASKING
from pensim.serial_port import SimulatedPort
from tests.fuzz.frames import framed
from tests.system.penloop_process import Server, finish, penloop, start, until
from tests.system.story import enter_service, pen_of


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


POST = (
    b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nOrigin: https://a.example\r\n"
    b"Content-Type: text/plain\r\nContent-Length: 60\r\n\r\n"
)
GREETING = framed(protocol.HELLO, 0x2021, b"\1\2\3\4")
RATE = struct.pack("<Hi", settings.index("stroke_rate"), 140_000)
CHANGE = framed(protocol.SET, 0x2022, b"\0\0" + RATE)


def heard(client):
    """All that it hears until the other end hangs up."""
    data = b""
    with contextlib.suppress(ConnectionResetError):
        while piece := client.recv(4096):
            data += piece
    return data


@pytest.mark.parametrize("before", [POST, POST + b"\0", b"\0" + POST + b"\0", CHANGE])
@pytest.mark.parametrize("owner", [True, False])
def test_frames_that_a_web_page_buries_in_its_request_are_not_read(sharing, before, owner):
    port = sharing.owners_port if owner else sharing.viewers_port
    with socket.create_connection(("127.0.0.1", int(port.rpartition(":")[2])), 60) as page:
        page.sendall(before + GREETING + CHANGE)
        assert heard(page) == b""
    with Pen(sharing.owners_port) as pen:
        assert pen.get("stroke_rate").value == 100_000


def test_a_client_that_greets_first_is_read_whatever_zeros_come_before(sharing):
    address = ("127.0.0.1", int(sharing.owners_port.rpartition(":")[2]))
    with socket.create_connection(address, 60) as client:
        client.sendall(b"\0" * 200 + GREETING + CHANGE)
        with Pen(sharing.viewers_port) as pen:
            until(lambda: pen.get("stroke_rate").value == 140_000, "the change")


@pytest.fixture
def stepped(make_bench):
    """A shared pen in SERVICE, in virtual time, and its owner's door; steps as it is told."""
    bench = make_bench()
    enter_service(bench)
    doors = [Door("127.0.0.1", 0, 16), Door("127.0.0.1", 0, 1)]
    steady = Reconnection(lambda: Pen(SimulatedPort.on_bench(bench)), reopens=False)
    share = Share(SharedPen(steady), *doors)
    with share.open():
        yield share, bench, doors


def while_shared(share, act):
    """What `act` returns, done by a client in a thread while the pen is shared."""
    with ThreadPoolExecutor(1) as threads:
        future = threads.submit(act)
        while not future.done():
            share.step()
            time.sleep(0.002)  # the client's own time passes too: the pen's must not run away
    return future.result()


def tries(door):
    """An owner that has begun a trial of 20 s."""
    owner = Pen(door.name)
    owner.command("trial", 20_000)
    owner.set({"rate_kp": 20})
    return owner


def run_shared(share, bench, seconds):
    """So much of the pen's time."""
    end_s = bench.now_s + seconds
    while bench.now_s < end_s:
        share.step()


@pytest.mark.verifies("R-712")
def test_what_an_owner_tried_goes_back_when_it_goes(stepped):
    share, bench, (_door, owners_door) = stepped
    owner = while_shared(share, lambda: tries(owners_door))
    run_shared(share, bench, 1.0)
    assert pen_of(bench).get("rate_kp") == 20
    owner.close()
    run_shared(share, bench, 1.0)
    assert pen_of(bench).get("rate_kp") == 10


@pytest.mark.verifies("R-712")
def test_what_an_owner_tried_goes_back_when_another_session_begins(stepped):
    share, bench, (_door, owners_door) = stepped
    owner = while_shared(share, lambda: tries(owners_door))
    owner._transport._port.write(framed(protocol.HELLO, 0x3000, b"\5\6\7\x08"))
    run_shared(share, bench, 1.0)
    assert pen_of(bench).get("rate_kp") == 10
    owner.close()


@pytest.mark.verifies("R-712")
def test_what_an_owner_tried_goes_back_when_it_is_silent_though_the_pen_is_watched(stepped):
    share, bench, (_door, owners_door) = stepped
    owner = while_shared(share, lambda: tries(owners_door))
    run_shared(share, bench, 12.0)
    assert pen_of(bench).get("rate_kp") == 20
    run_shared(share, bench, 10.0)
    assert pen_of(bench).get("rate_kp") == 10
    owner.close()


def test_viewers_that_flood_take_turns_and_the_owner_is_served_between_each(stepped, monkeypatch):
    share, _bench, (door, _owners_door) = stepped
    asked = []
    request = share._shared.request

    def counted(number, *fields):
        if number == protocol.FAULTS:
            asked.append(number)
        return request(number, *fields)

    monkeypatch.setattr(share._shared, "request", counted)
    address = ("127.0.0.1", int(door.name.rpartition(":")[2]))
    viewers = [socket.create_connection(address, 60) for _ in range(4)]
    for viewer in viewers:
        viewer.sendall(GREETING)
        for sequence in range(0x2022, 0x2022 + 10):
            viewer.sendall(framed(protocol.FAULTS, sequence, b"\0\0\0"))
    counts = []
    while len(asked) < 40:
        before = len(asked)
        share.step()
        counts.append(len(asked) - before)
    assert max(counts) == 1
    for viewer in viewers:
        viewer.close()


@pytest.mark.parametrize("address", ["0.0.0.0:0", "192.0.2.7:0", "a.example:7771"])
def test_the_owner_s_door_is_this_computer_s_unless_more_is_asked_for(capsys, address):
    assert run(["share", "--port", "sim://", "--tcp", "127.0.0.1:0", "--owner", address]) == 2
    err = capsys.readouterr().err
    assert "--anywhere" in err
    assert "Traceback" not in err


def test_a_door_for_anywhere_is_warned_of():
    shared = start(
        "share", "--port", "sim://", "--tcp", "127.0.0.1:0", "--owner", "0.0.0.0:0", "--anywhere"
    )
    try:
        shared.stdout.readline()
        assert "may change things" in shared.stdout.readline()
    finally:
        shared.terminate()
        _code, _out, err = finish(shared)
    assert "whoever reaches it can run the pen" in err


def test_an_address_that_cannot_be_is_told(capsys):
    assert run(["share", "--port", "sim://", "--tcp", "here"]) == 2
    assert "127.0.0.1" in capsys.readouterr().err
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert run(["share", "--port", "sim://", "--tcp", f"127.0.0.1:{port}"]) == 2
    assert "use a free port" in capsys.readouterr().err
