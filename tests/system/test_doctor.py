"""`penloop doctor`: each cause made real, and its words."""

import json
import os
import termios
import threading
import tty
from contextlib import contextmanager, suppress
from dataclasses import replace

import pytest
import serial
from benchmarks.noisy_port import NoisyPort

from penfw import protocol
from penhost import Pen
from penhost.errors import PortNotPermitted
from penhost.ports import open_port
from penloop import diagnosis, port_holder
from penloop.cli import run
from penloop.diagnosis import FAIL, OK, WARN, diagnose
from tests.host_tools.test_ports import PenOnTerminal, prompt
from tests.system.penloop_process import Server, finish, penloop, start


def verdicts(checks):
    return {check.name: check.verdict for check in checks}


def failure(port):
    """The check that ends the list."""
    last = list(diagnose(port))[-1]
    assert last.verdict == FAIL
    assert last.remedy
    return last


def test_a_healthy_pen_has_no_finding():
    checks = list(diagnose("sim://"))
    assert set(verdicts(checks).values()) == {OK}
    assert len(checks) == 2 + len(diagnosis.CHECKS)


def test_scripts_get_a_document_and_an_exit_code(capsys):
    assert run(["doctor", "--json", "--port", "sim://"]) == 0
    assert {row["verdict"] for row in json.loads(capsys.readouterr().out)} == {OK}
    assert run(["doctor", "--json", "--port", "/dev/ttyGONE"]) == 1
    [row] = json.loads(capsys.readouterr().out)
    assert row["name"] == "port"
    assert "penloop ports" in row["remedy"]


@pytest.fixture
def terminal():
    """A pseudo-terminal: our end and the name of the other."""
    ours, theirs = os.openpty()
    tty.setraw(theirs)
    yield ours, os.ttyname(theirs)
    os.close(theirs)
    os.close(ours)


@contextmanager
def answering(ours, answer):
    """Something on the terminal that answers what is written."""
    over = threading.Event()
    os.set_blocking(ours, False)

    def talk():
        while not over.wait(0.01):
            with suppress(OSError):
                os.write(ours, answer(os.read(ours, 4096)))

    thread = threading.Thread(target=talk)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def test_a_port_in_use_is_told_with_the_program_that_uses_it(tmp_path):
    server = Server(tmp_path, "--pty")
    server.wait_for("READY")
    monitor = start("monitor", "--port", server.port)
    try:
        monitor.stdout.readline()
        found = failure(server.port)
        assert f"process {monitor.pid}" in found.found
        assert "monitor" in found.found
        assert "penloop share" in found.remedy
        assert "penloop sim" not in found.found  # that is the pen
        assert f"process {monitor.pid}" in penloop("info", "--port", server.port)[2]
    finally:
        monitor.kill()
        finish(monitor)
        server.close()


def test_a_holder_that_the_system_does_not_tell_is_no_error(monkeypatch, tmp_path):
    monkeypatch.setattr(port_holder, "PROCESSES", tmp_path / "nothing")
    assert port_holder.holders("/dev/null") == []


def test_a_port_that_is_not_permitted_names_its_group(monkeypatch, tmp_path):
    device = tmp_path / "ttyUSB0"
    device.touch()

    def refuse(_port):
        raise PortNotPermitted("port may not be opened", "add yourself to its group")

    monkeypatch.setattr(diagnosis, "open_pen_port", refuse)
    found = failure(str(device))
    assert "usermod -aG" in found.remedy


def test_a_micropython_prompt_is_told(terminal):
    ours, name = terminal

    with answering(ours, prompt):
        assert "penloop flash" in failure(name).remedy


def test_a_silent_port_is_told(terminal, monkeypatch):
    monkeypatch.setattr(diagnosis, "BAUDS", (9600,))
    _, name = terminal
    found = failure(name)
    assert "nothing answers" in found.found
    assert "baud" in found.remedy


class OtherBaud(PenOnTerminal):
    """Answers only a client at 57,600 baud; another one hears noise."""

    def readinto(self, buffer):
        size = super().readinto(buffer)
        if size and termios.tcgetattr(self.descriptor)[4] != termios.B57600:
            os.write(self.descriptor, bytes(byte ^ 0xA5 for byte in buffer[:size]))
            return None
        return size


def test_another_baud_rate_is_found(terminal, monkeypatch):
    monkeypatch.setattr(diagnosis, "BAUDS", (9600, 57600))
    ours, name = terminal
    pen = OtherBaud(ours)
    pen.start()
    found = failure(name)
    pen.ended.set()
    pen.join()
    assert "57,600" in found.found
    assert "115,200" in found.remedy


def test_a_pen_of_an_older_protocol_is_told(terminal, monkeypatch):
    ours, name = terminal
    pen = PenOnTerminal(ours)
    hello = pen.link._requests._handlers[protocol.HELLO]
    monkeypatch.setitem(
        pen.link._requests._handlers, protocol.HELLO,
        lambda session: (session, 0, 0, *hello(session)[3:]),
    )  # fmt: skip
    pen.start()
    found = failure(name)
    pen.ended.set()
    pen.join()
    assert "penloop flash" in found.remedy


def on_noise(share):
    port = open_port("sim://")
    return NoisyPort(port, share, 3)


def test_noise_is_measured_both_ways(monkeypatch):
    monkeypatch.setattr(diagnosis, "open_pen_port", lambda _port: on_noise(0.002))
    checks = {check.name: check for check in diagnose("noisy")}
    assert checks["noise"].verdict == WARN
    assert "cable" in checks["noise"].remedy
    monkeypatch.setattr(diagnosis, "open_pen_port", lambda _port: on_noise(0.02))
    checks = {check.name: check for check in diagnose("noisy")}
    assert checks["noise"].verdict == FAIL


def test_latched_faults_come_with_their_remedies(tmp_path):
    script = tmp_path / "person.toml"
    script.write_text('[[step]]\nat = "1 s"\ndo = "hazard"\nname = "battery_empty"\n')
    checks = {check.name: check for check in diagnose(f"sim://?operator={script}")}
    assert checks["faults"].verdict == WARN
    assert "battery" in checks["faults"].found
    assert checks["faults"].remedy


def test_a_pen_with_other_settings_is_told(terminal):
    ours, name = terminal
    pen = PenOnTerminal(ours)
    pen.start()
    with Pen(name) as client:
        check = diagnosis._settings(client)
    pen.ended.set()
    pen.join()
    assert check.verdict == WARN
    assert "by name" in check.remedy


def test_a_pen_that_restarts_meanwhile_is_told():
    with Pen("sim://") as pen:
        pen.info = replace(pen.info, boot_session=9)
        assert diagnosis._restarts(pen).verdict == FAIL


def test_a_port_that_goes_in_the_middle_ends_the_list(monkeypatch):
    port = open_port("sim://")
    reads = iter(range(60))

    class Vanishing:
        now_us, sleep_us, write, close = port.now_us, port.sleep_us, port.write, port.close
        name = "vanishing"

        @property
        def in_waiting(self):
            if next(reads, None) is None:
                raise serial.SerialException("device disconnected")
            return port.in_waiting

        def read(self, size=1):
            return port.read(size)

    monkeypatch.setattr(diagnosis, "open_pen_port", lambda _port: Vanishing())
    last = list(diagnose("x"))[-1]
    assert last.verdict == FAIL
    assert "is gone" in last.found
