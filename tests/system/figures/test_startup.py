"""The way out of the main loop into the REPL, with parts that follow a plan."""

from types import SimpleNamespace

import pytest

from penfw import faults, signals

EDGE_AGE = signals.index("edge_age")
PASS_MS = 10


class Leaving:
    """A pen whose motor stands, by its last edge's age, after so many milliseconds."""

    def __init__(self, module, turns_ms, monkeypatch):
        self.turns_ms = turns_ms
        self.now_ms = 0
        self.done = []
        self.broken = None
        self.control = SimpleNamespace(
            values=[0] * len(signals.NAMES), main_window=0, site=0, raise_faults=self.raised
        )
        self.board = SimpleNamespace(feed=lambda: self.done.append("feed"), link=None)
        self.still_us = module["STILL_US"]
        self.follow()
        monkeypatch.setitem(module, "hardware", self)
        monkeypatch.setitem(module, "tables", SimpleNamespace(read=lambda *_name: self.write))
        self.leave = module["leave"]

    def follow(self):
        self.control.values[EDGE_AGE] = self.still_us + (1 if self.now_ms >= self.turns_ms else 0)

    # What it asks of the pen and of its board

    def raised(self, bits):
        self.done.append(("fault", bits))

    def sleep_ms(self, duration_ms):
        self.now_ms += duration_ms
        self.follow()

    def write(self, pen, number):
        assert pen is self
        self.done.append(("write", number, self.control.main_window, self.control.site))
        if self.broken:
            raise self.broken

    def print_exception(self, error, _link):
        self.done.append(("print", error))

    def hand_over(self, why):
        self.done.append(why)


@pytest.fixture
def make_leaving(part, monkeypatch):
    read = type(part.pen).step.__globals__["tables"].read
    module = read("startup", "leave").__globals__
    return lambda turns_ms: Leaving(module, turns_ms, monkeypatch)


@pytest.mark.parametrize(("turns_ms", "passes"), [(0, 1), (10, 1), (420, 42), (5_000, 100)])
def test_the_flash_is_written_once_the_motor_stands_or_after_a_second(
    make_leaving, turns_ms, passes
):
    leaving = make_leaving(turns_ms)
    leaving.leave(leaving, ValueError())
    number = faults.INTERNAL_ERROR
    assert leaving.done == [
        ("fault", 1 << number), *["feed"] * passes, ("write", number, 1, 32), b"failed",
    ]  # fmt: skip
    assert leaving.now_ms == passes * PASS_MS


def test_a_person_who_wants_the_prompt_leaves_no_internal_error_behind(make_leaving):
    leaving = make_leaving(0)
    leaving.leave(leaving, KeyboardInterrupt())
    assert leaving.done[-2:] == [("write", 0, 1, 0), b"failed"]


def test_whatever_comes_of_the_write_the_pen_goes_on_to_the_next_start(make_leaving):
    leaving = make_leaving(0)
    leaving.broken = OSError(5)
    leaving.leave(leaving, ValueError())
    assert leaving.done[-2:] == [("print", leaving.broken), b"failed"]
