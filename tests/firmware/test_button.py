"""Gestures of the one button."""

import pytest

from penfw import button
from penfw.button import Button


def gestures(levels, is_down=False, state=2, step_ms=10):
    """Gestures of a list of (level, length ms), looked at every 10 ms."""
    subject, now_ms, found = Button(is_down), 0, []
    for level, length_ms in levels:
        for _ in range(length_ms // step_ms):
            gesture = subject.step(level, now_ms, state)
            if gesture != button.NONE:
                found.append(gesture)
            now_ms += step_ms
    return found


@pytest.mark.verifies("R-201", "R-205", "R-701")
@pytest.mark.parametrize(
    ("held_ms", "gesture"),
    [
        (30, []),
        (50, [button.SHORT]),
        (800, [button.SHORT]),
        (900, []),
        (1000, [button.HOLD_ACKNOWLEDGE]),
        (2900, [button.HOLD_ACKNOWLEDGE]),
        (3000, [button.HOLD_SERVICE]),
        (8000, [button.HOLD_SERVICE]),
        (9000, []),
        (11000, [button.STUCK]),
    ],
)
def test_a_press_is_told_apart_by_its_length(held_ms, gesture):
    assert gestures([(0, 100), (1, held_ms), (0, 100)]) == [button.PRESS, *gesture]


@pytest.mark.verifies("R-204")
def test_a_button_that_is_down_at_power_up_does_nothing_when_released():
    assert gestures([(1, 300), (0, 100)], is_down=True) == []


@pytest.mark.verifies("R-423")
def test_a_button_that_is_down_at_power_up_for_over_ten_seconds_is_stuck():
    assert gestures([(1, 11000)], is_down=True) == [button.STUCK]


@pytest.mark.verifies("R-204")
def test_a_press_that_is_forgotten_does_nothing_when_released():
    subject = Button(False)
    subject.step(1, 0, 2)
    subject.forget()
    assert subject.step(0, 200, 2) == button.NONE


@pytest.mark.verifies("R-205")
def test_the_state_at_the_press_is_kept():
    subject = Button(False)
    subject.step(1, 0, 1)
    subject.step(1, 10, 2)
    assert subject.state_at_press == 1
