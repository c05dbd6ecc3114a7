"""`penloop shell`, in a terminal as a person has it."""

import json
import re
import signal
import time
from contextlib import ExitStack, closing

import numpy as np
import pytest

from penhost.errors import PenSilent
from penloop.recordings.recording_file import read_recording
from penloop.shell import lines
from tests.system import terminal
from tests.system.penloop_process import Server, finish, penloop, start
from tests.system.rfc2217_server import Rfc2217Server
from tests.system.terminal import CTRL_C, CTRL_D, CTRL_X

PROMPT = "penloop>"


@pytest.fixture
def serve(tmp_path):
    """Pens in real time at the same place, one after the other."""
    servers = []

    def make(*arguments):
        folder = tmp_path / str(len(servers))
        folder.mkdir()
        servers.append(Server(folder, "--link", str(tmp_path / "pen"), *arguments))
        return servers[-1]

    yield make
    for server in servers:
        server.close()


@pytest.fixture
def shell(tmp_path):
    """Opens shells that have a home of their own."""
    opened = []

    def make(port):
        home = {"XDG_DATA_HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path)}
        opened.append(terminal.penloop("shell", "--port", str(port), **home))
        opened[-1].wait_for(PROMPT, "Ctrl-X: stop")
        return opened[-1]

    yield make
    for one in opened:
        one.close()


def test_commands_need_no_port_and_the_pen_stays(shell):
    with_pen = shell("sim://")
    with_pen.wait_for("READY", "depth 0.5 mm", "faults: none")
    with_pen.enter("set depth = 0.75 mm")
    with_pen.wait_for("depth: 0.5 mm -> 0.75 mm")
    with_pen.enter("get depth --json")
    with_pen.wait_for('{"depth": 750}')
    with_pen.enter("set depth=9mm")
    with_pen.wait_for("penloop: error: depth refused", "2.5 mm")
    with_pen.enter("get depth --port /dev/ttyOTHER")
    with_pen.wait_for("leave --port out")
    with_pen.enter("info -psim://")
    with_pen.wait_until(lambda screen: screen.count("leave --port out") == 2, "the refusal")
    with_pen.enter("flash")
    with_pen.wait_for("not for the shell")
    with_pen.type(CTRL_D)
    assert with_pen.end() == 0


def test_the_time_of_a_simulated_pen_goes_on_at_the_prompt(shell, tmp_path):
    person = tmp_path / "person.toml"
    person.write_text(
        '[[step]]\nat = "0.3s"\ndo = "insert_cartridge"\n[[step]]\nat = "4s"\ndo = "click"\n'
    )
    with_pen = shell(f"sim://?operator={person}")
    with_pen.wait_for("READY")
    with_pen.wait_for("RUNNING", "rate 100")  # nothing was typed


def test_help_is_that_of_the_command_line(shell):
    with_pen = shell("sim://")
    with_pen.enter("help set")
    with_pen.wait_for("Usage: penloop set")
    with_pen.enter("help")
    with_pen.wait_for("In this shell:", "record end")


def test_a_reset_is_asked_for_at_the_terminal(shell):
    with_pen = shell("sim://")
    with_pen.enter("set depth=0.75mm")
    with_pen.wait_for("0.5 mm -> 0.75 mm")
    with_pen.enter("params reset depth")
    with_pen.wait_for("Reset depth 0.75 mm -> 0.5 mm? [y/N]:")
    with_pen.enter("n")
    with_pen.wait_for("nothing was changed")
    with_pen.enter("params reset depth")
    with_pen.wait_until(lambda screen: screen.count("[y/N]:") == 2, "the question")
    with_pen.enter("y")
    with_pen.wait_for("depth: 0.75 mm -> 0.5 mm")


def test_names_are_completed_with_units_and_bounds(shell):
    with_pen = shell("sim://")
    with_pen.type("set rate_")
    with_pen.wait_for("rate_kp=", "0 uV/mHz to 30 uV/mHz", "rate_ki=")
    with_pen.type(CTRL_C)
    with_pen.type("monitor --signals rate,cur")
    with_pen.wait_for("rate,current")


def test_a_key_stops_the_motor_while_the_prompt_waits(serve, shell, tmp_path):
    server = serve()
    server.wait_for("READY")
    with_pen = shell(tmp_path / "pen")
    server.act("b")
    with_pen.wait_for("RUNNING")
    with_pen.type("half a li")
    with_pen.type(CTRL_X)
    with_pen.wait_for("the pen was told to stop")
    with_pen.wait_for("half a li", "rate 0 Hz")
    server.wait_for("PARKING")


def test_stop_is_always_a_command(serve, shell, tmp_path):
    server = serve()
    server.wait_for("READY")
    with_pen = shell(tmp_path / "pen")
    server.act("b")
    with_pen.wait_for("RUNNING")
    with_pen.enter("stop")
    server.wait_for("PARKING")


def test_a_stop_that_does_not_get_through_fails(capsys):
    class Lost:
        def stop(self):
            raise PenSilent("NOT STOPPED, the link is lost", "stop the pen by its button")

    assert lines.run("stop", Lost()) == 1
    assert "NOT STOPPED" in capsys.readouterr().err


def test_ctrl_c_ends_the_command_and_stops_the_pen_but_not_the_shell(serve, shell, tmp_path):
    server = serve()
    server.wait_for("READY")
    with_pen = shell(tmp_path / "pen")
    server.act("b")
    with_pen.wait_for("RUNNING")
    with_pen.enter("monitor --signals state,rate --rate 10")
    with_pen.wait_until(lambda screen: screen.count(" Hz\n") > 2, "samples")
    with_pen.type(CTRL_C)
    with_pen.wait_for("interrupted, the pen was told to stop")
    server.wait_for("PARKING")
    with_pen.enter("get depth --json")
    with_pen.wait_for('{"depth": 500}')


def test_a_lost_link_is_told_and_the_next_command_connects_again(serve, shell, tmp_path):
    first = serve("--seed", "2")
    first.wait_for("READY")
    with_pen = shell(tmp_path / "pen")
    with_pen.wait_for("READY")
    first.close()
    with_pen.wait_for("the next command connects again")
    with_pen.enter("get depth --json")
    with_pen.wait_for("penloop: error: port")
    second = serve("--seed", "2")
    second.wait_for("READY")
    with_pen.enter("set depth=0.6mm")
    with_pen.wait_for("connected again", "0.5 mm -> 0.6 mm", "depth 0.6 mm")


def recorded(path):
    """Times of a recording's rows, ms, and how many samples it says are missing."""
    trace = read_recording(path)
    return trace.time_us // 1000, int(sum(trace["link.missing"]))


def shown_s(screen):
    """How long the recording is, as the toolbar tells."""
    found = re.search(r" recording (\d+) s", screen)
    return int(found[1]) if found else -1


def recording(serve, shell, run, *options):
    """A pen and a shell that has recorded it for a second: (server, terminal)."""
    server = serve(*options)
    server.wait_for("READY")
    with_pen = shell(run.parent / "pen")
    with_pen.enter(f"record {run}")
    with_pen.wait_until(lambda screen: shown_s(screen) >= 1, "a second")
    return server, with_pen


def test_a_recording_goes_on_behind_the_prompt_and_beside_other_commands(serve, shell, tmp_path):
    server = serve()
    server.wait_for("READY")
    with_pen = shell(tmp_path / "pen")
    run = tmp_path / "run.parquet"
    with_pen.enter(f"record {run} --signals rate,state --rate 100")
    with_pen.wait_for("recording until `record end`", " recording ")
    with_pen.enter("set depth=0.6mm")
    with_pen.wait_for("0.5 mm -> 0.6 mm")
    with_pen.enter("monitor --signals current,rate --rate 50 --for 0.5s --json")
    with_pen.wait_for('"current": ', '"rate": 0}')
    with_pen.wait_until(lambda screen: shown_s(screen) >= 3, "three seconds")
    with_pen.enter("record end")
    screen = with_pen.wait_for("samples in")
    assert "samples lost" not in screen
    with_pen.wait_for("READY", "depth 0.6 mm")  # the toolbar has its own signals again
    times_ms, missing = recorded(run)
    assert times_ms[-1] - times_ms[0] > 2900
    assert (times_ms[1:] > times_ms[:-1]).all()
    wanted = (times_ms[-1] - times_ms[0]) // 10 + 1
    assert abs(len(times_ms) + missing - wanted) < 5  # where it changed its subscription
    assert len(times_ms) > wanted / 2


def test_a_recording_in_the_shell_goes_on_behind_a_lost_link(serve, shell, tmp_path):
    run = tmp_path / "run.mcap"
    first, with_pen = recording(serve, shell, run, "--seed", "2")
    first.close()
    with_pen.wait_for("link lost")
    second = serve("--seed", "2")
    second.wait_for("READY")
    before = shown_s(with_pen.wait_for("connected again", " recording "))
    with_pen.wait_until(lambda screen: shown_s(screen) > before, "more samples")
    with_pen.type(CTRL_D)
    with_pen.wait_for(" missing: pen")
    assert with_pen.end() == 0
    times_ms, missing = recorded(run)
    assert (times_ms[1:] > times_ms[:-1]).all()
    assert missing > 0


def test_a_silent_pen_does_not_hold_the_prompt_while_it_is_recorded(serve, shell, tmp_path):
    server, with_pen = recording(serve, shell, tmp_path / "run.parquet")
    server.process.send_signal(signal.SIGSTOP)
    with_pen.wait_for("silent")
    time.sleep(1.0)  # it is being asked whether it is there, which takes 4 s
    for number in range(8):
        begun_s = time.monotonic()
        with_pen.type(str(number))
        with_pen.wait_for("penloop> " + "01234567"[: number + 1])
        assert time.monotonic() - begun_s < 2
        time.sleep(0.4)
    with_pen.type(CTRL_X)
    with_pen.wait_for("NOT STOPPED")
    server.process.send_signal(signal.SIGCONT)
    with_pen.wait_for("the pen was told to stop")
    before = shown_s(with_pen.wait_for(" recording "))
    with_pen.wait_until(lambda screen: shown_s(screen) > before, "more samples")


def test_a_recording_in_the_shell_says_what_it_cannot_do(shell, tmp_path):
    with_pen = shell("sim://")
    with_pen.enter("record end")
    with_pen.wait_for("nothing is being recorded")
    run = tmp_path / "run.parquet"
    with_pen.enter(f"record {run}")
    with_pen.wait_for("recording until")
    with_pen.enter(f"record {tmp_path / 'other.parquet'}")
    with_pen.wait_for("a recording goes on already")
    with_pen.enter("record end")
    with_pen.wait_for("samples in")


def test_a_recording_waits_for_a_command_with_signals_of_its_own_and_for_no_other(shell, tmp_path):
    with_pen = shell("sim://")
    run = tmp_path / "run.parquet"
    with_pen.enter(f"record {run}")
    with_pen.wait_for("recording until")
    with_pen.enter("info")
    screen = with_pen.wait_for("latched faults", "bytes a second")
    assert "the recording waits" not in screen
    with_pen.enter("monitor --signals duty,depth,winding --rate 10 --for 1s --json")
    with_pen.wait_for("the recording waits while this needs signals of its own; the gap is marked")
    with_pen.wait_for('"winding": ')
    with_pen.wait_until(lambda screen: shown_s(screen) >= 5, "samples behind the gap")
    with_pen.enter("record end")
    told = "missing: other signals were watched"
    with_pen.wait_until(lambda screen: told in screen.replace("\n", ""), told)  # a long line
    trace = read_recording(run)
    assert (np.diff(trace.time_us) > 0).all()
    assert sum(trace["link.missing"]) == pytest.approx(125, rel=0.2)  # a second of them


def test_a_recording_in_the_shell_ends_when_its_time_is_over(shell, tmp_path):
    with_pen = shell("sim://")
    with_pen.enter(f"record {tmp_path / 'run.parquet'} --rate 100 --for 1s")
    with_pen.wait_for("100 samples in")
    with_pen.wait_for("depth 0.5 mm")
    with_pen.enter(f"record {tmp_path / 'two.parquet'} --rate 100 --for 1s")
    with_pen.enter("monitor --signals rate --rate 4 --for 2s")  # beyond the recording's end
    with_pen.wait_until(lambda screen: screen.count(" samples in") == 2, "the second end")
    with_pen.wait_for("depth 0.5 mm")


@pytest.mark.filterwarnings("ignore:set(Daemon|Name):DeprecationWarning")  # pyserial's own
@pytest.mark.parametrize("kind", ["socket", "rfc2217"])
def test_a_shell_hears_and_records_a_pen_on_the_network(kind, shell, tmp_path):
    run = tmp_path / "run.parquet"
    with ExitStack() as afterwards:
        if kind == "socket":
            port = afterwards.enter_context(closing(Server(tmp_path, "--tcp", "127.0.0.1:0"))).port
        else:
            port = afterwards.enter_context(closing(Rfc2217Server())).url
        with_pen = shell(port)
        with_pen.wait_for("READY", "depth 0.5 mm", "faults: none")
        with_pen.enter(f"record {run} --signals rate,state --rate 250 --for 1s")
        with_pen.wait_for("250 samples in")
        with_pen.enter("set depth=0.6mm")
        with_pen.wait_for("0.5 mm -> 0.6 mm", "depth 0.6 mm")
    times_ms, missing = recorded(run)
    assert (np.diff(times_ms) == 4).all()
    assert missing == 0


def test_lines_are_remembered_from_shell_to_shell(shell):
    first = shell("sim://")
    first.enter("get buzzer --json")
    first.wait_for('{"buzzer": 1}')
    first.enter("exit")
    assert first.end() == 0
    second = shell("sim://")
    second.type("\x1b[A\x1b[A")  # up, over the "exit"
    second.wait_for("get buzzer --json")


def test_lines_may_come_from_a_pipe():
    process = start("shell", "--port", "sim://", stdin=-1)
    process.stdin.write(
        "# a comment\nset depth=0.75mm\nget depth --json\nset\nget nothing\n"
        "exit # now\nset depth=1mm\n"
    )
    process.stdin.close()
    process.stdin = None
    code, out, err = finish(process)
    assert (code, out.splitlines()[0]) == (2, "depth: 0.5 mm -> 0.75 mm")
    assert json.loads(out.splitlines()[1]) == {"depth": 750}
    mistyped, unknown = err.splitlines()
    assert mistyped.endswith("see `help set`")
    assert "'nothing'" in unknown
    assert len(out.splitlines()) == 2


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_shell_that_is_ended_gives_the_port_back(serve, shell, tmp_path, number):
    server = serve()
    server.wait_for("READY")
    with_pen = shell(tmp_path / "pen")
    with_pen.process.kill(number)
    assert with_pen.end() == 128 + number
    assert penloop("info", "--port", str(tmp_path / "pen"))[0] == 0
