"""Light and sound: what a person at the pen sees of it."""

import pytest

from penfw import faults, states
from penfw.indicator import (
    LIGHTS,
    NEEDLES_OUT,
    NOT_CALIBRATED,
    OFF,
    RED,
    STEP_MS,
    Indicator,
    code_shines,
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
    assert len(LIGHTS) == len(states.STATES)
    looks = [*LIGHTS, NEEDLES_OUT, NOT_CALIBRATED]
    seen = {colours(Lamp(), look) for look in looks}
    assert len(seen) == len(looks)
    assert all(any(shown) for shown in seen)


@pytest.mark.verifies("R-903")
def test_fault_is_red_and_nothing_else_is(lamp):
    red = [state for state, look in enumerate(LIGHTS) if set(colours(Lamp(), look)) == {OFF, RED}]
    assert red == [states.FAULT]


def flashes(number):
    """Lengths in steps of the flashes with which a fault is told, up to its pause."""
    text = "".join("x" if code_shines(number, step) else "." for step in range(200))
    return [len(run) for run in text.partition("." * 8)[0].split(".") if run]


@pytest.mark.verifies("R-903")
@pytest.mark.parametrize("number", range(1, faults.LAST + 1))
def test_a_fault_blinks_its_number(number):
    lengths = flashes(number)
    assert 10 * lengths.count(5) + lengths.count(2) == number
    assert lengths == sorted(lengths, reverse=True)


def test_the_code_comes_again_behind_its_pause():
    told = [code_shines(12, step) for step in range(200)]
    assert told[:28] == told[28:56]
    assert not any(told[16:28])


def test_the_code_is_shown_in_fault_only(lamp):
    indicator = Indicator(lamp)
    indicator.fault = 12
    indicator.step(0, LIGHTS[states.FAULT])
    indicator.step(600, LIGHTS[states.FAULT])  # between two flashes, where the state's light is on
    assert lamp.shown == [RED, OFF]
    indicator.step(0, LIGHTS[states.READY])
    assert lamp.shown[-1] not in (RED, OFF)


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
