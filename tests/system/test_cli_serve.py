"""`penloop sim` serves a pen in real time to other programs, as a device would be there."""

import json
import os
import signal
import time
from pathlib import Path

import pytest
import serial

from penhost import Pen
from penloop.cli import run
from tests.system.penloop_process import Server, finish, penloop, start, until


@pytest.fixture
def serve(tmp_path):
    servers = []

    def make(*arguments, **options):
        servers.append(Server(tmp_path, *arguments, **options))
        return servers[-1]

    yield make
    for server in servers:
        server.close()


@pytest.mark.parametrize("where", [["--pty"], ["--tcp", "127.0.0.1:0"]], ids=["pty", "tcp"])
def test_a_second_program_talks_to_the_pen_as_to_a_device(serve, where):
    server = serve(*where, "--seed", "2")
    server.wait_for("READY")
    code, out, err = penloop("info", "--json", "--port", server.port)
    assert (code, err) == (0, "")
    assert json.loads(out)["state"] == "READY"
    began_s = time.monotonic()
    line = "monitor --signals rate,current --rate 50 --for 1s --json --port"
    code, out, err = penloop(*line.split(), server.port)
    assert (code, err) == (0, "")
    assert len(out.splitlines()) == 50
    assert time.monotonic() - began_s > 0.9


@pytest.mark.parametrize("command", ["info", "doctor"])
def test_a_second_client_of_a_socket_is_told_of_the_first(serve, command):
    server = serve("--tcp", "127.0.0.1:0")
    with Pen(server.port):
        code, out, err = penloop(command, "--port", server.port)
    assert code == 1
    assert f"{server.port} hangs up at once" in out + err
    told = " ".join((out + err).split())
    assert "another client may have the pen: end it, or let it share" in told


def test_a_link_of_a_killed_simulator_is_taken_over(serve, tmp_path):
    link = tmp_path / "pen"
    first = serve("--link", str(link))
    first.process.kill()
    first.process.wait()
    assert link.is_symlink()
    second = serve("--link", str(link))
    second.wait_for("READY")
    assert penloop("get", "depth", "--port", str(link))[0] == 0


def test_ctrl_c_stops_the_pen_first(serve, tmp_path):
    server = serve("--link", str(tmp_path / "pen"), "--zone", "cheek")
    server.wait_for("READY")
    server.act("b")
    server.wait_for("RUNNING")
    monitor = start("monitor", "--rate", "50", "--port", str(tmp_path / "pen"))
    monitor.stdout.readline()
    monitor.stdout.readline()
    monitor.send_signal(signal.SIGINT)
    code, _, err = finish(monitor)
    assert code == 130
    assert err == "penloop: interrupted, the pen was told to stop\n"
    server.wait_for("PARKING")
    server.wait_for("STANDBY")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_ctrl_c_stops_a_simulated_pen_too(number, code):
    monitor = start("monitor", "--rate", "50", "--port", "sim://?pace=20")
    for _ in range(5):
        monitor.stdout.readline()
    monitor.send_signal(number)
    assert finish(monitor)[0::2] == (code, "penloop: interrupted, the pen was told to stop\n")


def test_ctrl_c_ends_the_demo(tmp_path):
    demo = start("demo", "--engine", "micropython", "--out", str(tmp_path))
    engines = Path(f"/proc/{demo.pid}/task/{demo.pid}/children")
    until(engines.read_text, "the engine's process")
    demo.send_signal(signal.SIGINT)
    code, _, err = finish(demo)
    assert code == 130
    assert "Traceback" not in err


def test_the_end_of_the_server_is_one_line_for_the_client_and_leaves_nothing(serve, tmp_path):
    (tmp_path / "pen").symlink_to(tmp_path / "gone")  # as a killed server leaves it
    server = serve("--link", str(tmp_path / "pen"))
    server.wait_for("READY")
    assert os.readlink(tmp_path / "pen") == server.port
    monitor = start("monitor", "--wait", "0s", "--port", str(tmp_path / "pen"))
    monitor.stdout.readline()
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(10) == 143
    assert not (tmp_path / "pen").is_symlink()
    assert not server.control.exists()
    code, _, err = finish(monitor)
    assert code == 1
    assert err.count("\n") == 1
    assert "check cable" in err


def test_one_client_at_a_time_and_the_next_one_after_it(serve, capsys):
    server = serve("--tcp", "127.0.0.1:0")
    server.wait_for("READY")
    with serial.serial_for_url(server.port, timeout=1):
        assert run(["info", "--port", server.port]) == 1
        assert "penloop: error: port socket://" in capsys.readouterr().err
    for _ in range(2):
        time.sleep(0.1)  # the server looks for the end of a client now and then
        assert run(["info", "--port", server.port]) == 0


def test_keys_are_the_person_at_the_pen(serve):
    ours, theirs = os.openpty()
    server = serve("--cartridge", "none", stdin=theirs)
    os.close(theirs)
    server.wait_for("keys: b click")
    for key, answer in (
        ("c", "new cartridge inserted"), ("", "READY"), ("b", "button pressed"), ("", "RUNNING"),
        ("t", "on the cheek"), ("t", "lifted off"), ("b", "PARKING"), ("u", "USB power on"),
        ("?", "keys: b click, h hold"),
    ):  # fmt: skip
        os.write(ours, key.encode())
        server.wait_for(answer)
    os.write(ours, b"q")
    assert server.process.wait(10) == 0
    os.close(ours)


def test_lines_of_the_control_pipe_are_the_person_too(serve, capsys):
    server = serve("--pace", "4")
    server.wait_for("READY")
    server.act("touch zone=moon")
    server.wait_for("refused: no skin zone 'moon'")
    server.act("click hold=fast")
    server.wait_for("is not a time")
    server.act("click hold=0.2s")
    server.wait_for("RUNNING")
    server.act("hazard name=motor_jammed")
    server.wait_for("[stall]")
    assert run(["faults", "--port", server.port]) == 0
    told = capsys.readouterr().out
    assert "latched: 12 stall" in told
    assert "remedy: lift off" in told
    assert run(["faults", "--json", "--port", server.port]) == 0
    assert "stall" in {fault["name"] for fault in json.loads(capsys.readouterr().out)}
    server.act("q")
    assert server.process.wait(10) == 0


def test_output_that_nobody_reads_any_more_ends_the_command_quietly():
    monitor = start("monitor", "--rate", "100", "--port", "sim://?pace=10")
    monitor.stdout.readline()
    monitor.stdout.close()
    assert monitor.wait(10) == 1
    assert monitor.stderr.read() == ""
    monitor.stderr.close()
