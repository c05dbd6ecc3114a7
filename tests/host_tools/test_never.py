"""What must never be is seen on a trace that has it."""

import numpy as np
import pytest

from penfw import faults, states
from penloop.evidence.never import violations
from pensim import Trace
from pensim.trace import Column

ROWS = 40


def trace_of(step_us=1000, **columns):
    """A pen that stands in READY, but for these."""
    usual = {"pen.state": states.READY, "pen.faults": 0, "plant.drive": 0, "plant.protrusion": 300,
             "plant.rate": 0, "plant.angle": 0, "plant.strokes": 7}  # fmt: skip
    full = {name: np.full(ROWS, value, dtype=np.int64) for name, value in usual.items()}
    for name, rows in columns.items():
        for row, value in rows.items():
            full[name.replace("__", ".")][row] = value
    pairs = [(Column(name, ""), values) for name, values in full.items()]
    return Trace(np.arange(ROWS, dtype=np.int64) * step_us, pairs)


RUNNING = dict.fromkeys(range(ROWS), states.RUNNING)
TESTING = dict.fromkeys(range(ROWS), states.SELF_TEST)
SERVICE = {
    "pen__state": dict.fromkeys(range(ROWS), states.SERVICE),
    "plant__rate": dict.fromkeys(range(ROWS), 60_000),
}
CUT = dict.fromkeys(range(20, ROWS), 1 << faults.OVERSPEED)


def test_a_pen_that_stands_is_safe_and_so_is_one_that_runs():
    assert violations(trace_of(), 300) == []
    drive = dict.fromkeys(range(ROWS), 30_000)
    assert violations(trace_of(pen__state=RUNNING, plant__drive=drive), 300) == []


def test_in_service_the_needles_may_go_deeper_by_a_step_a_stroke_while_they_are_retracted():
    deeper = {row: 300 + 25 * (row // 10) for row in range(ROWS)}
    strokes = {row: row // 10 for row in range(ROWS)}
    served = trace_of(**SERVICE, plant__protrusion=deeper, plant__strokes=strokes)
    assert violations(served, 400) == []


def test_the_last_swing_of_a_parked_rotor_is_no_motion():
    columns = {"plant__protrusion": {9: 290, 10: 320}, "plant__rate": {9: 999, 10: -999}}
    swings = trace_of(**columns, plant__angle={9: 14_000, 10: -14_000})
    assert violations(swings, 400) == []


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"plant__drive": {7: 1}}, "driven where it may not be at 0.0070 s"),
        ({"pen__state": TESTING, "plant__drive": {7: 3400}}, "too strong at 0.0070 s"),
        (
            {"pen__state": TESTING, "plant__drive": {7: 1976, 8: 1976, 9: 1976}},
            "too long or too strong at 0.0070 s",
        ),
        (
            {"pen__state": RUNNING, "pen__faults": CUT, "plant__drive": {19: 9, 20: 9, 21: 9}},
            "driven after a fault that cuts at 0.0210 s",
        ),
        ({"plant__protrusion": {9: 351}}, "deeper than 300 um at 0.0090 s"),
        ({"plant__protrusion": {9: 340}, "plant__rate": {9: 1000}}, "deeper in motion at 0.0090 s"),
        (
            {"plant__protrusion": {9: 340}, "plant__rate": {9: 5}, "plant__angle": {9: -15_000}},
            "deeper in motion at 0.0090 s",
        ),
        ({"plant__protrusion": {9: 340}, "pen__state": RUNNING}, "deeper in motion at 0.0090 s"),
        (
            {**SERVICE, "plant__protrusion": {9: 310, 10: 320, 11: 330}},  # thrice in a stroke
            "deeper in motion at 0.0110 s",
        ),
        (
            {**SERVICE, "plant__protrusion": {9: 320}, "plant__angle": {9: 100_000}},
            "deeper in motion at 0.0090 s",
        ),
        (
            {"plant__protrusion": {9: 340}, "pen__state": {9: states.FAULT}},
            "deeper in motion at 0.0090 s",
        ),
        ({"pen__faults": {3: 1 << faults.INTERNAL_ERROR}}, "firmware has failed at 0.0030 s"),
    ],
)
def test_what_must_never_be_is_told_with_its_moment(columns, said):
    (told,) = violations(trace_of(**columns), 300)
    assert said in told


def test_two_ticks_of_the_proof_are_allowed():
    assert violations(trace_of(pen__state=TESTING, plant__drive={7: 1976, 8: 1976}), 300) == []


@pytest.mark.parametrize(("step_us", "wrong"), [(10_000, 0), (20_000, 1)])
def test_a_pulse_in_which_the_processor_stands_is_ended_by_the_load_switch(step_us, wrong):
    pulse = {7: 1976, 8: 1976, 9: 1976}
    trace = trace_of(step_us, pen__state=TESTING, plant__drive=pulse)
    assert len(violations(trace, 300)) == wrong


def test_the_step_that_takes_up_the_play_is_not_deeper():
    falls = dict.fromkeys(range(10, 20), 290) | dict.fromkeys(range(20, ROWS), 300)
    assert violations(trace_of(pen__state=RUNNING, plant__protrusion=falls), 300) == []
