"""The interrupt's figures of the depth axis."""

import pytest

from penfw import faults, states
from tests.system.figures.looks import OFF, PARK, RUN


def moves(looks, count, **words):
    """Steps that so many even looks make: +1 deeper, -1 shallower; the pins are heard."""
    control, made, pins = looks.control, [], {}
    looks.set(state=states.READY, law=OFF, main_home=0, overshoot=0, direction=0, **words)
    looks.set(write_direction=lambda level: pins.update(direction=level))
    looks.set(write_step=lambda level: made.append((level, pins.get("direction"))))
    for _ in range(count):
        if control.main_home or control.overshoot or control.steps != control.goal:
            control._axis()
    assert all(level == 1 for level, _direction in made)
    assert control.step_high or not made
    return [1 if direction else -1 for _level, direction in made]


def test_the_axis_comes_to_its_goal_from_below_as_the_backlash_wants(looks):
    assert moves(looks, 20, steps=20, goal=23) == [1, 1, 1]
    assert moves(looks, 20, steps=23, goal=20) == [-1, -1, -1, -1, 1]
    assert looks.control.steps == 20
    assert looks.control.overshoot == 0


def test_the_axis_sets_its_direction_a_look_before_the_pulse(looks):
    assert moves(looks, 1, steps=20, goal=23) == []
    assert moves(looks, 2, steps=20, goal=23) == [1]


def test_with_the_motor_on_the_axis_goes_deeper_in_the_first_quarter_behind_the_top_only(looks):
    control = looks.control
    for quarter, law, made in ((0.24, RUN, 2), (0.26, RUN, 0), (0.26, OFF, 2), (0.9, PARK, 0)):
        looks.set(period0=10_000, tdc_us=control.last_us - round(10_000 * quarter))
        looks.set(steps=20, goal=22, direction=1, overshoot=0, main_home=0, law=law)
        for _ in range(3):
            if control.steps != control.goal:
                control._axis()
        assert control.steps - 20 == made, (quarter, law)
    looks.set(steps=22, goal=20, law=RUN, direction=-1)  # shallower at once
    control._axis()
    assert control.steps == 21


def test_a_goal_that_becomes_deeper_on_the_way_up_waits_for_the_top_too(looks):
    control = looks.control
    looks.set(period0=10_000, tdc_us=control.last_us - 5_000, law=RUN, main_home=0)
    looks.set(steps=20, goal=22, direction=-1, overshoot=1)
    for _ in range(6):
        control._axis()
    assert control.steps == 20


@pytest.mark.parametrize(("goal", "kept"), [(20, 10), (5, 5)])
def test_a_run_in_service_begins_with_the_depth_that_the_axis_has(looks, goal, kept):
    looks.set(state=states.SERVICE, law=OFF, main_law=RUN, button_down=0, own_conditions=0)
    looks.set(steps=10, goal=goal)
    looks.control._obey()
    assert (looks.control.law, looks.control.goal) == (RUN, kept)


def test_in_fault_nothing_steps(looks):
    looks.set(state=states.FAULT, steps=20, goal=25, direction=1)
    looks.control._axis()
    assert looks.control.steps == 20


@pytest.mark.verifies("R-511")
def test_homing_goes_shallower_to_the_switch_and_no_further_than_the_axis_has(looks):
    control = looks.control
    looks.set(steps=40, main_home=1, homed=0, home_steps=0, direction=-1, read_home=lambda: 1)
    for _ in range(30):
        control._axis()
    assert control.steps == 10
    looks.set(read_home=lambda: 0)
    control._axis()
    assert (control.homed, control.main_home) == (1, 0)
    assert control.steps == control.home_steps_below
    assert control.main_depth == control.goal == 0
    looks.set(main_home=1, homed=0, home_steps=0, steps=200, read_home=lambda: 1, faults=0)
    for _ in range(120):
        control._axis()
    assert not control.faults
    before = control.steps
    control._axis()
    assert control.faults == 1 << faults.HOME_NOT_FOUND
    assert control.steps == before
    assert (control.homed, control.main_home) == (0, 0)
