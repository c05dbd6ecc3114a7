"""The main loop's figures: needles in doubt, a start, and what bars one."""

import pytest

from penfw import faults, protocol, signals, states
from tests.system.story import latched, pen_of, state


@pytest.mark.parametrize(
    ("before", "now", "doubted"),
    [
        (states.PARKING, states.SELF_TEST, False), (states.PARKING, states.FAULT, True),
        (states.STANDBY, states.SELF_TEST, True),
    ],
)  # fmt: skip
def test_needles_that_were_parked_at_a_start_are_in_doubt_no_more(part, before, now, doubted):
    part.pen.top_in_doubt = True
    part.pen.seen_state = before
    part.pen._state_changed(now)
    assert part.pen.top_in_doubt == doubted


@pytest.mark.parametrize(
    ("fault", "doubted"),
    [("PARK_NOT_REACHED", True), ("TACHOMETER_IMPLAUSIBLE", True), ("STALL", False)],
)
def test_needles_are_in_doubt_after_faults_of_what_finds_them(part, fault, doubted):
    part.pen._faults_changed(1 << getattr(faults, fault))
    assert part.pen.top_in_doubt == doubted


@pytest.mark.parametrize(
    ("before", "now", "kept"),
    [
        (states.READY, states.SELF_TEST, True), (states.READY, states.STANDBY, False),
        (states.FAULT, states.SELF_TEST, False), (states.SELF_TEST, states.RUNNING, False),
    ],
)  # fmt: skip
def test_a_start_outlives_no_change_of_state_but_that_to_its_proof(part, before, now, kept):
    part.set(main_conditions=states.START | states.TESTED)
    part.pen.seen_state = before
    part.pen._state_changed(now)
    assert bool(part.control.main_conditions & states.START) == kept


def test_a_version_on_trial_treats_nobody(part):
    part.pen.treatment.on_trial = True
    assert part.pen.treatment._refusal() == (protocol.ON_TRIAL, 0)
    part.pen.treatment.on_trial = False
    assert part.pen.treatment._refusal() == (0, 0)


@pytest.mark.verifies("R-204")
def test_a_button_that_is_down_since_power_up_is_no_press(make_bench):
    bench = make_bench()
    bench.operator.click(12.5)
    bench.run(9.0)  # beyond the 8 s of the rescue
    pen = pen_of(bench)
    assert pen.control.button_down
    assert pen.button.held_ms(pen.uptime_ms) == 0
    bench.run(4.0)  # let go after 4 s of the firmware's own count
    assert not pen.control.button_down
    assert (state(bench), latched(bench)) == ("STANDBY", set())


def test_a_start_on_usb_power_is_refused_without_a_limit(part):
    part.signal("inputs", signals.IN_USB)
    assert part.pen.treatment._refusal() == (protocol.USB_CONNECTED, 0)
