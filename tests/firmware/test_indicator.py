"""Light and sound: what a person at the pen sees of it."""

import pytest

from penfw import states
from penfw.indicator import (
    LIGHTS,
    NEEDLES_OUT,
    NOT_CALIBRATED,
    OFF,
    RED,
    STEP_MS,
    Indicator,
)


class Lamp:
    """Takes the board's place; `shown` has each change, `tone` the buzzer's frequency."""

    def __init__(self):
        self.shown = []
        self.tone = 0

    def light(self, red, green, blue):
        self.shown.append(red | green | blue)

    def buzz(self, frequency_hz):
        self.tone = frequency_hz


@pytest.fixture
def lamp():
    return Lamp()


def colours(lamp, look):
    """What is shown in each of the sixteen steps."""
    indicator, shown = Indicator(lamp), []
    for step in range(16):
        indicator.step(step * STEP_MS, look)
        shown.append(lamp.shown[-1] if lamp.shown else OFF)
    return tuple(shown)


@pytest.mark.verifies("R-903")
def test_each_state_and_what_the_pen_waits_for_has_a_light_of_its_own(lamp):
    looks = [*(LIGHTS[number] for number in range(len(states.STATES))), NEEDLES_OUT, NOT_CALIBRATED]
    seen = {colours(Lamp(), look) for look in looks}
    assert len(seen) == len(looks)
    assert all(any(shown) for shown in seen)


@pytest.mark.verifies("R-903")
def test_fault_is_red_and_nothing_else_is(lamp):
    red = [state for state, look in LIGHTS.items() if set(colours(Lamp(), look)) == {OFF, RED}]
    assert red == [states.FAULT]


def test_a_tone_ends_after_its_length(lamp):
    indicator = Indicator(lamp)
    indicator.play((2000, 40), 100)
    indicator.step(130, LIGHTS[states.READY])
    assert lamp.tone == 2000
    indicator.step(140, LIGHTS[states.READY])
    assert lamp.tone == 0


def test_switched_off_it_neither_shines_nor_sounds(lamp):
    indicator = Indicator(lamp)
    indicator.light = indicator.sound = False
    indicator.play((2000, 40), 0)
    indicator.step(0, LIGHTS[states.READY])
    assert (lamp.shown, lamp.tone) == ([OFF], 0)
