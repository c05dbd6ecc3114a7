"""Signals: at the next safe moment while a simulated board is at work, else at once."""

import errno
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from unittest.mock import Mock

import pytest

from penloop import cli, interruption
from penloop.cli import run
from penloop.commands import evidence
from penloop.connection import stopped_on_interruption
from penloop.errors import UserError
from penloop.evidence.section import Part
from penloop.interruption import check
from penloop.rehearsal import rehearse
from penloop.tuning import twin
from pensim import Firmware
from pensim.plant.parameters import PenParameters


@pytest.fixture(autouse=True)
def installed(monkeypatch):
    """No signal counts as the one before; none is left waiting."""
    numbers = [getattr(signal, name) for name in interruption.SIGNALS]
    before = {number: signal.getsignal(number) for number in numbers}
    monkeypatch.setattr(interruption, "SAME_S", 0.0)
    monkeypatch.setattr(interruption, "_pending", 0)
    monkeypatch.setattr(interruption, "_came_s", float("-inf"))
    interruption.install()
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def raise_in(module, number, function="work"):
    """The signal comes while a function of this module is at work; returns its result."""
    space = {"__name__": module}
    exec(f"def {function}(come, number):\n    come(number)\n    return 'done'", space)
    return space[function](signal.raise_signal, number)


@pytest.mark.parametrize(
    ("number", "kind"), [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, SystemExit)]
)
def test_a_board_at_work_is_left_at_the_next_safe_moment(number, kind):
    for module in ("pensim.bench", "pensim.board.processor", "pensim.engines.cpython"):
        assert raise_in(module, number) == "done"
        with pytest.raises(kind) as raised:
            check()
        assert kind is KeyboardInterrupt or raised.value.code == 143
        check()  # it has come once


@pytest.mark.parametrize("module", ["pensim.plant.kernel", "penhost.session", "penloop.plots"])
def test_everywhere_else_a_signal_acts_at_once(module):
    with pytest.raises(KeyboardInterrupt):
        raise_in(module, signal.SIGINT)
    with pytest.raises(SystemExit):
        raise_in(module, signal.SIGTERM)
    check()


def test_a_board_that_is_only_loaded_is_left_at_once():
    text = compile("import signal\nsignal.raise_signal(signal.SIGTERM)", "board.py", "exec")
    with pytest.raises(SystemExit):
        exec(text, {"__name__": "pensim.board.adc"})


def test_a_signal_in_a_callback_of_a_weak_reference_is_not_lost_there():
    assert raise_in("weakref", signal.SIGTERM) == "done"
    with pytest.raises(SystemExit):
        check()


def test_what_fails_while_a_command_is_ended_is_told_and_keeps_the_end_s_exit_code(
    monkeypatch, capsys
):
    def ended_as_its_terminal_goes(**_options):
        try:
            raise interruption.Ended(129)
        finally:
            raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(cli, "app", ended_as_its_terminal_goes)
    with pytest.raises(SystemExit) as ended:
        cli.run([])
    assert ended.value.code == 129
    assert "Input/output error" in capsys.readouterr().err


def test_an_error_that_came_of_a_library_s_own_exit_keeps_its_code(monkeypatch, capsys):
    def needs_a_tool(**_options):
        try:
            raise SystemExit("no binary found")
        except SystemExit:
            raise UserError("compiling needs a tool", "install it") from None

    monkeypatch.setattr(cli, "app", needs_a_tool)
    assert cli.run([]) == 2
    assert capsys.readouterr().err == "penloop: error: compiling needs a tool: install it\n"


def test_a_terminal_that_has_gone_does_not_keep_the_pen_from_being_stopped(monkeypatch):
    class Gone:
        def write(self, _text):
            raise OSError(5, "Input/output error")

    def interrupted():
        try:
            raise interruption.Ended(129)
        finally:
            print("progress", file=sys.stderr)

    pen = Mock()
    monkeypatch.setattr(sys, "stderr", Gone())
    with pytest.raises(SystemExit), stopped_on_interruption(pen):
        interrupted()
    pen.stop.assert_called_once_with()


def test_a_second_signal_does_not_wait_and_is_none_that_the_firmware_takes_for_its_own():
    raise_in("pensim.bench", signal.SIGTERM)
    with pytest.raises(KeyboardInterrupt):
        raise_in("pensim.bench", signal.SIGTERM)
    check()


def test_what_comes_with_a_signal_is_the_same_one_and_does_not_interrupt_its_stop(monkeypatch):
    monkeypatch.setattr(interruption, "SAME_S", 60.0)
    with pytest.raises(SystemExit):
        signal.raise_signal(signal.SIGHUP)
    signal.raise_signal(signal.SIGHUP)
    signal.raise_signal(signal.SIGINT)
    check()


def test_another_thread_s_safe_moment_is_none():
    raise_in("pensim.bench", signal.SIGINT)
    with ThreadPoolExecutor(1) as pool:
        pool.submit(check).result()
    with pytest.raises(KeyboardInterrupt):
        check()


# Who calls check()


@pytest.fixture
def waiting():
    """A signal has come while a board was at work."""
    raise_in("pensim.bench", signal.SIGINT)


@pytest.mark.usefixtures("waiting")
@pytest.mark.parametrize("line", [["--version"], ["info", "--port", "sim://?seed=x"]])
def test_a_command_s_end_does_whether_it_went_well_or_not(line, capsys):
    assert run(line) == 130
    capsys.readouterr()


@pytest.mark.usefixtures("waiting")
def test_a_play_of_a_twin_does():
    with pytest.raises(KeyboardInterrupt):
        twin.play(PenParameters(), {})


@pytest.mark.usefixtures("waiting")
def test_a_rehearsal_does_before_its_next_case():
    with pytest.raises(KeyboardInterrupt):
        next(rehearse(Firmware.installed(), {}, "micropython"))


@pytest.mark.usefixtures("waiting")
def test_evidence_does_with_its_progress(tmp_path):
    part = Part("waits", "Nothing", lambda effort: effort.progress(0.5, "half"))
    with pytest.raises(KeyboardInterrupt):
        evidence._made(part, "short", 1, tmp_path)
