"""Signals: at the next safe moment while a simulated board is at work, else at once."""

import signal

import pytest

from penloop import interruption
from penloop.interruption import check


@pytest.fixture(autouse=True)
def installed():
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    interruption.install()
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def raise_in(module, number):
    """The signal comes while code of this module is at work; returns its result."""
    space = {"__name__": module}
    exec("def work(come, number):\n    come(number)\n    return 'done'", space)
    return space["work"](signal.raise_signal, number)


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


def test_a_second_signal_does_not_wait():
    raise_in("pensim.bench", signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        raise_in("pensim.bench", signal.SIGINT)
    check()
