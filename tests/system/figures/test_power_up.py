"""The first look at the pen after power-up, with parts that follow a plan."""

from types import SimpleNamespace

import pytest

from penfw import faults
from penfw.cartridge import ABSENT

LOOK_MS = 2


class Plan:
    """A board whose button and motor do as planned, on a time that passes in `sleep_ms` only."""

    def __init__(self, held_ms=0, turns_ms=0):
        self.now_ms = 0
        self.still_ms = turns_ms
        self.button = SimpleNamespace(
            value=lambda: int(not held_ms or self.pressed_ms() >= held_ms)
        )
        self.tachometer = SimpleNamespace(value=self.level)

    def sleep_ms(self, duration_ms):
        self.now_ms += duration_ms

    def pressed_ms(self):
        """Since the motor was found to stand, from when on the button is looked at."""
        return self.now_ms - self.still_ms - 20 * LOOK_MS

    def level(self):
        """An edge at every look while the motor turns."""
        return min(self.now_ms, self.still_ms) // LOOK_MS & 1


@pytest.fixture
def rescued(part, monkeypatch):
    """`rescued` of the pen's own firmware: (its answer, how long it took in ms) on a plan."""
    task = type(part.pen).step.__globals__["tables"].read("power_up", "rescued")

    def answer(plan):
        monkeypatch.setitem(task.__globals__, "hardware", plan)
        return task(plan), plan.now_ms

    return answer


@pytest.mark.parametrize(
    ("held_ms", "is_rescue"),
    [(0, False), (10, False), (2_990, False), (3_000, True), (8_000, True), (8_010, False),
     (60_000, False)],
)  # fmt: skip
def test_a_button_held_for_three_to_eight_seconds_at_power_up_is_a_rescue(
    rescued, held_ms, is_rescue
):
    assert rescued(Plan(held_ms))[0] is is_rescue


def test_a_button_that_is_held_on_keeps_nobody_waiting(rescued):
    assert rescued(Plan(held_ms=60_000)) == (False, 20 * LOOK_MS + 8_010)


@pytest.mark.parametrize("turns_ms", [0, 2, 38, 600])
def test_nothing_goes_on_before_the_motor_stands_for_40_ms(rescued, turns_ms):
    assert rescued(Plan(turns_ms=turns_ms)) == (False, turns_ms + 40)


def test_a_tachometer_that_never_rests_is_waited_for_one_second_only(rescued):
    assert rescued(Plan(turns_ms=5_000))[1] == 1_000


@pytest.mark.parametrize(
    ("by_watchdog", "inserted", "failed", "told"),
    [
        (False, True, False, 0),
        (False, True, True, 1 << faults.POWER_LOST),
        (False, False, True, 0),
        (True, True, True, 1 << faults.WATCHDOG_RESET),
        (True, False, False, 1 << faults.WATCHDOG_RESET),
    ],
)
def test_what_ended_the_last_boot_is_told_once_and_the_cartridge_is_judged_later(
    part, monkeypatch, by_watchdog, inserted, failed, told
):
    task = type(part.pen).step.__globals__["tables"].read("power_up", "reset_faults")
    asked = []
    hardware = SimpleNamespace(was_watchdog_reset=lambda: by_watchdog)
    monkeypatch.setitem(task.__globals__, "hardware", hardware)
    monkeypatch.setitem(task.__globals__, "memory", lambda *what: asked.append(what) or failed)
    monkeypatch.setattr(
        part.pen.board, "cartridge_present", SimpleNamespace(value=lambda: int(not inserted))
    )
    part.pen.cartridge.state = 3
    assert task(part.pen) == told
    assert asked == ([("power_failed", part.pen.cartridge)] if inserted else [])
    assert part.pen.cartridge.state == ABSENT
