"""Opening a port: each way in which it can be the wrong one has its own words and remedy."""

import os
import pty
import random
import select
import socket
import subprocess
import sys
import threading
import types
from contextlib import suppress

import pytest
import serial

from penfw.link import Link
from penhost import Pen
from penhost import ports as ports_module
from penhost.clock import MonotonicClock, clock_of
from penhost.errors import (
    NotAPen,
    PenError,
    PenSilent,
    PortBusy,
    PortError,
    PortLost,
    PortNotFound,
    PortNotPermitted,
    ReplAnswers,
)
from penhost.ports import open_port
from tests.host_tools.fake_pen import FakeDevice, Wire


class Babbler(Wire):
    """Something that is no pen: answers each write, or talks by itself."""

    def __init__(self, answer=None, chatter=b""):
        super().__init__()
        self.answer = answer or (lambda data: b"")
        self.chatter = chatter
        self.written = bytearray()

    def write(self, data):
        self.written += data
        self._inbox += self.answer(bytes(data))
        return len(data)

    def _millisecond(self):
        self._inbox += self.chatter


def prompt(data):
    """MicroPython's prompt: echoes, and answers a line."""
    shown = bytes(byte for byte in data if byte >= 0x20 or byte in b"\r\n")
    return shown + (b"\r\nTraceback (most recent call last):\r\n>>> " if b"\r" in data else b"")


def test_silent_port_is_told():
    port = Babbler()
    with pytest.raises(PenSilent, match="nothing answers"):
        Pen(port)
    assert not port.is_open
    assert port.now_us() < 6e6


def test_babbling_port_is_told():
    for chatter in (b"$GPGGA,1,2\r\n", b"\0", b"\x55\0\xaa", bytes(range(256))):
        port = Babbler(chatter=chatter)
        with pytest.raises(NotAPen, match="no pen"):
            Pen(port)
        assert port.now_us() < 6e6
        assert not port.is_open


def test_a_socket_counts_the_bytes_that_wait_and_tells_of_its_end():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = open_port(f"socket://127.0.0.1:{server.getsockname()[1]}")
        client, _address = server.accept()
        assert port.in_waiting == 0
        client.sendall(bytes(3000))
        client.close()
        assert select.select([port], [], [], 5.0)[0]
        assert port.in_waiting == 3000
        assert len(port.read(3000)) == 3000
        assert select.select([port], [], [], 5.0)[0]
        assert port.in_waiting == 1  # whoever reads is told
        with pytest.raises(serial.SerialException):
            port.read(1)
        port.close()


def test_a_look_at_noise_is_as_short_as_asked_for():
    port = Babbler(chatter=b"\x55\0\xaa")
    with pytest.raises(NotAPen, match="no pen"):
        Pen(port, greeting_us=600_000)
    assert port.now_us() < 1.5e6


def test_random_noise_is_no_pen():
    generator = random.Random(4)
    port = Babbler(answer=lambda data: generator.randbytes(50))
    with pytest.raises(NotAPen):
        Pen(port)


def test_micropython_prompt_is_recognised():
    with pytest.raises(ReplAnswers, match="penloop flash"):
        Pen(Babbler(answer=prompt))


def test_connecting_sends_no_control_character_to_a_prompt():
    """Ctrl-A to Ctrl-E change the prompt's mode, interrupt or reset the board."""
    for seed in range(200):
        port = Babbler()
        generator = random.Random(seed)
        with pytest.raises(PenSilent):
            Pen(port, entropy=generator.randbytes)
        assert not set(port.written) & {1, 2, 3, 4, 5}


def test_loop_back_is_no_pen():
    with pytest.raises(PenError):
        Pen(Babbler(answer=lambda data: data))


def test_missing_port_is_told():
    with pytest.raises(PortNotFound, match="penloop ports"):
        open_port("/dev/does-not-exist")
    with pytest.raises(PortNotFound):
        open_port("socket://127.0.0.1:1")


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("socket://foo", "a socket needs HOST:PORT, 1 to 65535"),
        ("socket://:5000", "a socket needs HOST:PORT"),
        ("socket://127.0.0.1:99999", "a socket needs HOST:PORT"),
        ("rfc2217://127.0.0.1:0", "a socket needs HOST:PORT"),
        ("socket://127.0.0.1:1", "nothing listens there: is `penloop share`"),
        ("socket://no-host.invalid:5000", "no such host"),
        ("/etc/passwd", "is no serial port: `penloop ports`"),
        ("/tmp", "is no serial port"),
    ],
)
def test_what_is_no_port_is_told_in_plain_words(url, told):
    with pytest.raises(PortError, match=told):
        open_port(url)


def test_a_fifo_is_no_serial_port(tmp_path):
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(PortError, match="is no serial port"):
        open_port(str(tmp_path / "fifo"))


def test_unknown_scheme_and_nonsense_are_told():
    for url in ("nonsense://x", "socket://no-port", ""):
        with pytest.raises(PortError) as caught:
            open_port(url)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (serial.SerialException(13, "could not open port: Permission denied"), PortNotPermitted),
        (serial.SerialException("could not open port 'COM3': PermissionError(13, 'Access is "
                                "denied.', None, 5)"), PortNotPermitted),
        (serial.SerialException("could not open port 'COM9': FileNotFoundError(2, 'x')"),
         PortNotFound),
        (serial.SerialException(16, "Device or resource busy"), PortBusy),
        (serial.SerialException(2, "No such file or directory"), PortNotFound),
        (serial.SerialException("something else"), PortError),
    ],
)  # fmt: skip
def test_what_the_system_says_is_understood(monkeypatch, error, kind):
    def refuse(*_arguments, **_options):
        raise error

    monkeypatch.setattr(serial, "serial_for_url", refuse)
    with pytest.raises(PortError) as caught:
        open_port("COM3")
    assert type(caught.value) is kind
    assert "\n" not in str(caught.value)


@pytest.fixture
def terminal():
    """A pseudo-terminal: (our end, the path of the other)."""
    ours, theirs = pty.openpty()
    yield ours, os.ttyname(theirs)
    for descriptor in (ours, theirs):
        with suppress(OSError):
            os.close(descriptor)


def test_port_in_use_is_told(terminal):
    _ours, path = terminal
    port = open_port(path)
    with pytest.raises(PortBusy, match="is in use"):
        open_port(path)
    port.close()
    open_port(path).close()


class PenOnTerminal(threading.Thread):
    """A pen in real time on a pseudo-terminal."""

    def __init__(self, descriptor):
        super().__init__(daemon=True)
        self.descriptor = descriptor
        self.link = Link(self, FakeDevice())
        self.ended = threading.Event()
        os.set_blocking(descriptor, False)

    def any(self):
        return 1

    def readinto(self, buffer):
        try:
            data = os.read(self.descriptor, len(buffer))
        except OSError:
            return None
        buffer[: len(data)] = data
        return len(data)

    def room(self):
        return 256

    def write(self, data):
        try:
            return os.write(self.descriptor, data)
        except OSError:
            return None

    def run(self):
        milliseconds = 0
        while not self.ended.wait(0.002):
            milliseconds += 2
            for _ in range(2):
                self.link._device.interrupt(0)
            self.link._device.clock.advance(self.link._device.ticks_us)
            self.link.poll(milliseconds)


def test_pen_on_a_pseudo_terminal_works_in_real_time(terminal):
    ours, path = terminal
    thread = PenOnTerminal(ours)
    thread.start()
    try:
        with Pen(path) as pen:
            assert isinstance(pen._clock, MonotonicClock)
            assert pen.get("depth").value == 500
            pen.subscribe(["tick"], 10)
            assert len(pen.record(0.3).samples) == 30
    finally:
        thread.ended.set()
        thread.join()


def test_port_that_vanishes_in_the_middle_is_told(terminal):
    ours, path = terminal
    thread = PenOnTerminal(ours)
    thread.start()
    pen = Pen(path)
    thread.ended.set()
    thread.join()
    os.close(ours)
    transport = pen._transport
    # pyserial's own words differ
    for use in (lambda: transport.receive(0), lambda: transport.send(b"?")):
        with pytest.raises(PortLost) as told:
            use()
        assert str(told.value) == f"port {path} is gone: check cable and power, then connect again"
    pen.close()


@pytest.mark.verifies("R-208")
def test_lines_of_the_port_are_left_alone(terminal, monkeypatch):
    """DTR and RTS reset many boards: penhost never sets them."""
    touched = []
    monkeypatch.setattr(serial.Serial, "dtr", property(None, lambda *a: touched.append(a)))
    monkeypatch.setattr(serial.Serial, "rts", property(None, lambda *a: touched.append(a)))
    port = open_port(terminal[1])
    assert port._dtr_state is True, "as the system asserts it at open"
    assert port._rts_state is True
    port.close()
    assert touched == []


def test_unknown_scheme_is_looked_up_among_installed_packages(monkeypatch):
    package = types.ModuleType("fake_schemes")
    package.__path__ = []
    handler = types.ModuleType("fake_schemes.protocol_fakepen")
    handler.Serial = lambda *_arguments, **_options: types.SimpleNamespace(open=lambda: None)

    class EntryPoint:
        value = "fake_schemes"

        def load(self):
            monkeypatch.setitem(sys.modules, "fake_schemes", package)
            monkeypatch.setitem(sys.modules, "fake_schemes.protocol_fakepen", handler)
            serial.protocol_handler_packages.append("fake_schemes")

    def find(group, name):
        assert group == "penloop.serial_schemes"
        return [EntryPoint()] if name == "fakepen" else []

    monkeypatch.setattr(ports_module, "entry_points", find)
    monkeypatch.setattr(serial, "protocol_handler_packages", list(serial.protocol_handler_packages))
    assert open_port("fakepen://?seed=7").port == "fakepen://?seed=7"


def test_scheme_whose_package_is_broken_is_told(monkeypatch):
    class Broken:
        value = "broken"

        def load(self):
            raise ImportError("no module named numpy")

    monkeypatch.setattr(ports_module, "entry_points", lambda group, name: [Broken()])
    with pytest.raises(PortError, match="reinstall"):
        open_port("broken://")


def test_time_comes_from_the_port_that_has_a_clock():
    wire = Wire()
    assert clock_of(wire) is wire
    assert isinstance(clock_of(object()), MonotonicClock)
    clock = MonotonicClock()
    before = clock.now_us()
    clock.sleep_us(2000)
    assert 2000 <= clock.now_us() - before < 1_000_000


def test_importing_penhost_is_quiet_and_needs_no_board():
    script = "import sys, penhost; assert 'machine' not in sys.modules, 'machine'"
    paths = os.pathsep.join(path for path in sys.path if path)
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == done.stderr == ""
