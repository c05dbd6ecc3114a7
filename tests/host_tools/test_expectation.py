"""Expectations: what they mean, and what is said of one that is not understood."""

import numpy as np
import pytest

from penfw import states
from penloop.errors import UserError
from penloop.scenarios.expectation_reader import read
from penloop.scenarios.vocabulary import FAULTS
from pensim import Trace
from pensim.trace import Column

MEANINGS = {
    "stroke rate within 2 % of 110 Hz from 0.4 s after contact until lift-off":
        "always[contact + 0.4 s, lift-off] (|stroke rate - 110 Hz| <= 2.2 Hz)",
    "drive off and brake on within 20 ms of overcurrent":
        "overcurrent -> eventually[0, 0.02 s] ((drive off) and (brake on))",
    "never needle depth above 1.0 mm": "always[0 s, end] (not (needle depth > 1 mm))",
    "state is FAULT within 100 ms of fault stall, for 1 s":
        "fault stall -> eventually[0, 0.1 s] always[0, 1 s] (state is FAULT)",
    "parked at the end": "always[end, end] (parked)",
    "current between -2 A and 1 A":
        "always[0 s, end] ((current > -2000 mA) and (current < 1000 mA))",
    "needle_depth >= 0.2mm once": "eventually[0 s, end] (needle depth > 0.2 mm)",
    "not (state is RUNNING or no fault) until 50 ms before start":
        "always[0 s, start - 0.05 s] (not ((state is RUNNING) or (no fault)))",
    "motor still for 2 s after tachometer open":
        "always[tachometer open, tachometer open + 2 s] (motor still)",
    "battery > 3.2 V at 1.5 s": "always[1.5 s, 1.5 s] (battery > 3.2 V)",
    "pen.tick_time below 250": "always[0 s, end] (pen.tick_time < 250)",
}  # fmt: skip


@pytest.mark.parametrize("text", list(MEANINGS))
def test_an_expectation_becomes_its_formula(text):
    assert read(text).formula == MEANINGS[text]


def trace_of(**columns):
    """A trace of a row a millisecond."""
    length = len(next(iter(columns.values())))
    full = {"plant.rate": [0] * length, "pen.state": [1] * length, "pen.faults": [0] * length,
            "pen.duty": [0] * length, "plant.angle": [0] * length} | columns  # fmt: skip
    pairs = [(Column(name, ""), np.array(values, dtype=np.int64)) for name, values in full.items()]
    return Trace(np.arange(length, dtype=np.int64) * 1000, pairs)


def judged(text, log=(), **columns):
    columns = {name.replace("__", "."): values for name, values in columns.items()}
    return read(text).judge(trace_of(**columns), list(log))


def test_the_margin_is_one_at_the_set_value_and_zero_at_the_tolerance():
    for rate_mhz, margin in ((100_000, 1.0), (101_000, 0.5), (102_000, 0.0), (104_000, -1.0)):
        verdict = judged("instant rate within 2 % of 100 Hz", plant__rate=[rate_mhz] * 5)
        assert verdict.margin == pytest.approx(margin)
        assert verdict.holds == (margin > 0)


def test_the_stroke_rate_is_a_mean_of_200_ms():
    ripple = [100_000 + (3_000 if n // 5 % 2 else -3_000) for n in range(600)]
    assert judged("stroke rate within 1 % of 100 Hz from 0.2 s", plant__rate=ripple).holds
    assert not judged("instant rate within 1 % of 100 Hz", plant__rate=ripple).holds


def test_a_deadline_is_measured_from_the_event_and_its_margin_is_what_is_left():
    duty = [5] * 20 + [0] * 40
    late = judged("drive off within 8 ms of press", [(10_000, "press")], pen__duty=duty)
    in_time = judged("drive off within 20 ms of press", [(10_000, "press")], pen__duty=duty)
    assert not late.holds
    assert in_time.holds
    assert in_time.margin == pytest.approx(0.5)
    assert in_time.time_us == 20_000


def test_what_has_to_stay_is_not_met_by_a_moment():
    duty = [5] * 20 + [0] * 3 + [5] * 40
    text = "drive off within 20 ms of press"
    assert judged(text, [(10_000, "press")], pen__duty=duty).holds
    assert not judged(text + ", for 10 ms", [(10_000, "press")], pen__duty=duty).holds


def test_every_occurrence_of_an_event_counts():
    duty = [5] * 20 + [0] * 20 + [5] * 60
    log = [(15_000, "press"), (50_000, "press")]
    verdict = judged("drive off within 10 ms of press", log, pen__duty=duty)
    assert not verdict.holds
    assert verdict.time_us >= 50_000


def test_an_event_that_never_comes_is_no_success():
    verdict = judged("drive off within 10 ms of press", pen__duty=[0] * 10)
    assert not verdict.holds
    assert verdict.explanation == "press never came"


def test_a_run_that_ends_before_the_deadline_tells_nothing():
    verdict = judged("drive off within 1 s of press", [(5_000, "press")], pen__duty=[0] * 10)
    assert not verdict.holds
    assert "too soon to tell" in verdict.explanation


def test_states_and_faults_are_events_too():
    running = [1] * 10 + [states.RUNNING] * 30 + [states.FAULT] * 30
    stall = [0] * 35 + [1 << FAULTS["stall"]] * 35
    text = "state is FAULT within 10 ms of fault stall"
    assert judged(text, pen__state=running, pen__faults=stall).margin == pytest.approx(0.5)
    assert judged("state is RUNNING from start until 1 ms before stop", pen__state=running).holds
    assert not judged("state is RUNNING from start", pen__state=running).holds


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("stroke rate abve 3 Hz", "not understood at 'abve 3 Hz'"),
        ("stroke rate above 3 mm", "'3 mm' has the wrong unit"),
        ("stroke rate above", "not understood at ''"),
        ("state is ASLEEP", "not understood at"),
        ("fault nothing", "not understood at"),
        ("drive off within 20 ms of doom", "not understood at 'doom'"),
        ("", "not understood at ''"),
    ],
)
def test_what_is_not_understood_is_shown_with_its_place_and_a_remedy(text, said):
    with pytest.raises(UserError) as error:
        read(text)
    assert said in str(error.value)


@pytest.mark.parametrize("text", ["never drive on within 300 ms of release", "never parked once"])
def test_never_goes_with_a_span_only(text):
    with pytest.raises(UserError, match="never does not go with once or within"):
        read(text)


def test_a_deadline_of_no_time_is_refused():
    with pytest.raises(UserError, match="within 20 ms of"):
        read("drive off within 0 ms of press")
