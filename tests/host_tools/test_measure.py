"""Measures: the figure each gives on a trace, and what is said of one that is not understood."""

import pickle
from math import isnan

import numpy as np
import pytest

from penfw import states
from penloop.errors import UserError
from penloop.scenarios.measure import read_measure
from penloop.scenarios.vocabulary import FAULTS
from tests.host_tools.test_expectation import trace_of

LENGTH = 100  # rows, of a millisecond each


def measured(text, log=(), **columns):
    columns = {name.replace("__", "."): values for name, values in columns.items()}
    return read_measure("it", text).of(trace_of(**columns), list(log))


@pytest.fixture
def depth_um():
    """Wanders, with its extremes in the middle."""
    return [int(300 + 200 * np.sin(n / 7) + n) for n in range(LENGTH)]


def test_extremes_and_the_last_value_of_the_whole_run(depth_um):
    depth = {"plant__penetration": depth_um}
    assert measured("greatest needle depth", **depth) == max(depth_um)
    assert measured("least needle depth", **depth) == min(depth_um)
    assert measured("final needle depth", **depth) == depth_um[-1]
    assert measured("final needle depth until 30 ms", **depth) == depth_um[30]


def test_a_span_takes_in_both_of_its_ends_and_nothing_else(depth_um):
    depth = {"plant__penetration": depth_um}
    log = [(20_000, "touch cheek"), (60_000, "lift")]
    text = "{} needle_depth from 5 ms after contact until lift-off"
    assert measured(text.format("greatest"), log, **depth) == max(depth_um[25:61])
    assert measured(text.format("least"), log, **depth) == min(depth_um[25:61])
    assert measured("greatest needle depth at 40 ms", **depth) == depth_um[40]
    assert measured("mean needle depth at the end", **depth) == depth_um[-1]


def test_a_mean_weighs_a_value_by_the_time_for_which_it_holds(depth_um):
    mean = measured("mean needle depth from 10 ms until 60500 us", plant__penetration=depth_um)
    assert mean == pytest.approx((sum(depth_um[10:60]) + 0.5 * depth_um[60]) / 50.5)


def test_all_spans_of_an_event_that_comes_again_count():
    log = [(10_000, "touch"), (20_000, "lift"), (50_000, "touch"), (80_000, "lift")]
    log = [(time_us, text + " ") for time_us, text in log]
    current = [0] * 15 + [100] * 5 + [7_000] * 30 + [400] * 30 + [9_000] * 20
    text = "{} current from contact until 1 ms before lift-off"
    assert measured(text.format("greatest"), log, plant__current=current) == 400
    mean = (5 * 0 + 4 * 100 + 29 * 400) / (9 + 29)
    assert measured(text.format("mean"), log, plant__current=current) == pytest.approx(mean)


def test_the_time_from_an_event_to_the_next_of_another():
    stall = [0] * 35 + [1 << FAULTS["stall"]] * 20 + [0] * 10 + [1 << FAULTS["stall"]] * 35
    log = [(12_000, "motor_jammed on"), (50_000, "press")]
    text = "time from {} to fault stall"
    assert measured(text.format("motor jammed"), log, pen__faults=stall) == 23_000
    # It is latched at the press already: the next time counts.
    assert measured(text.format("press"), log, pen__faults=stall) == 15_000


def test_the_time_until_a_condition_holds_is_none_when_it_holds_already():
    duty = [0] * 20 + [5] * 20 + [0] * 60
    log = [(25_000, "press")]
    assert measured("time from press to drive off", log, plant__drive=duty) == 15_000
    assert measured("time from press to drive on", log, plant__drive=duty) == 0
    both = "time from press to drive off and instant rate below 1 Hz"
    assert measured(both, log, plant__drive=duty, plant__rate=[9_000] * 70 + [0] * 30) == 45_000


def test_events_are_counted():
    log = [(5_000, "press"), (9_000, "press"), (200_000, "press")]
    running = ([1] * 10 + [states.RUNNING] * 10) * 5
    assert measured("count of press", log, pen__state=running) == 2  # the third is not in the trace
    assert measured("count of start", pen__state=running) == 5
    assert measured("count of fault stall", pen__state=running) == 0


@pytest.mark.parametrize(
    "text",
    [
        "time from motor jammed to fault stall",
        "time from power-up to fault stall",
        "time from power-up to drive on",
        "mean stroke rate from contact until lift-off",
        "mean stroke rate from 5 s",
        "greatest battery",
        "final pen.nothing",
    ],
)
def test_what_the_trace_does_not_have_is_no_number(text):
    assert isnan(measured(text, pen__duty=[0] * LENGTH))
    assert read_measure("it", text).told(float("nan")) == "none"


@pytest.mark.parametrize(
    ("text", "value", "unit", "told"),
    [
        ("mean stroke rate", 109_983.4, "mHz", "109.983 Hz"),
        ("greatest needle depth", 750.0, "um", "0.75 mm"),
        ("time from press to parked", 23_500.0, "us", "0.0235 s"),
        ("final punctures", 3.0, "", "3"),
        ("count of press", 2.0, "", "2"),
    ],
)
def test_a_measure_has_the_unit_of_its_quantity(text, value, unit, told):
    measure = read_measure("it", text)
    assert measure.unit == unit
    assert measure.told(value) == told


def test_a_measure_goes_into_another_process(depth_um):
    measure = pickle.loads(pickle.dumps(read_measure("deepest", "greatest needle depth")))
    assert (measure.name, measure.unit) == ("deepest", "um")
    trace = trace_of(**{"plant.penetration": depth_um})
    assert measure.of(trace, []) == max(depth_um)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("greatest", "''"),
        ("median needle depth", "'median needle depth'"),
        ("greatest needle depth once", "'once'"),
        ("greatest needle depth within 20 ms of press", "'within 20 ms of press'"),
        ("time from press", "''"),
        ("count of doom", "'doom'"),
        ("needle depth above 3 mm", "'needle depth above 3 mm'"),
    ],
)
def test_what_is_not_understood_is_shown_with_its_place_and_a_remedy(text, place):
    with pytest.raises(UserError) as error:
        read_measure("it", text)
    assert f"not understood at {place}" in str(error.value)
    assert "time from press to parked" in str(error.value)
