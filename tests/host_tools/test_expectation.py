"""Expectations: what they mean, and what is said of one that is not understood."""

import numpy as np
import pytest

from penfw import states
from penloop.errors import UserError
from penloop.scenarios.expectation_reader import read, read_condition
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
        "always[0 s, end] ((current >= -2000 mA) and (current <= 1000 mA))",
    "needle_depth >= 0.2mm once": "eventually[0 s, end] (needle depth >= 0.2 mm)",
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
            "pen.duty": [0] * length, "plant.angle": [0] * length,
            "plant.drive": [0] * length, "plant.brake": [0] * length} | columns  # fmt: skip
    pairs = [(Column(name, ""), np.array(values, dtype=np.int64)) for name, values in full.items()]
    return Trace(np.arange(length, dtype=np.int64) * 1000, pairs)


def judged(text, log=(), **columns):
    columns = {name.replace("__", "."): values for name, values in columns.items()}
    return read(text).judge(trace_of(**columns), list(log))


def test_the_margin_is_one_at_the_set_value_and_zero_at_the_tolerance():
    for rate_mhz, margin in ((100_000, 1.0), (101_000, 0.5), (102_000, 0.0), (104_000, -1.0)):
        verdict = judged("instant rate within 2 % of 100 Hz", plant__rate=[rate_mhz] * 5)
        assert verdict.margin == pytest.approx(margin, abs=1e-6)
        assert verdict.holds == (margin >= 0)


def test_the_stroke_rate_is_a_mean_of_200_ms():
    ripple = [100_000 + (3_000 if n // 5 % 2 else -3_000) for n in range(600)]
    assert judged("stroke rate within 1 % of 100 Hz from 0.2 s", plant__rate=ripple).holds
    assert not judged("instant rate within 1 % of 100 Hz", plant__rate=ripple).holds


def test_a_deadline_is_measured_from_the_event_and_its_margin_is_what_is_left():
    duty = [5] * 20 + [0] * 40
    late = judged("drive off within 8 ms of press", [(10_000, "press")], plant__drive=duty)
    in_time = judged("drive off within 20 ms of press", [(10_000, "press")], plant__drive=duty)
    assert not late.holds
    assert in_time.holds
    assert in_time.margin == pytest.approx(0.5)
    assert in_time.time_us == 20_000


def test_what_has_to_stay_is_not_met_by_a_moment():
    duty = [5] * 20 + [0] * 3 + [5] * 40
    text = "drive off within 20 ms of press"
    assert judged(text, [(10_000, "press")], plant__drive=duty).holds
    assert not judged(text + ", for 10 ms", [(10_000, "press")], plant__drive=duty).holds


def test_every_occurrence_of_an_event_counts():
    duty = [5] * 20 + [0] * 20 + [5] * 60
    log = [(15_000, "press"), (50_000, "press")]
    verdict = judged("drive off within 10 ms of press", log, plant__drive=duty)
    assert not verdict.holds
    assert verdict.time_us >= 50_000


def test_an_event_that_never_comes_is_no_success():
    verdict = judged("drive off within 10 ms of press", plant__drive=[0] * 10)
    assert not verdict.holds
    assert verdict.explanation == "press never came"


def test_a_run_that_ends_before_the_deadline_tells_nothing():
    verdict = judged("drive off within 1 s of press", [(5_000, "press")], plant__drive=[0] * 10)
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


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("instant rate at most 100 Hz", True), ("instant rate < 100 Hz", False),
        ("instant rate at least 100 Hz", True), ("instant rate > 100 Hz", False),
        ("instant rate between 100 Hz and 110 Hz", True),
        ("instant rate between 90 Hz and 100 Hz", True),
        ("instant rate within 0 Hz of 100 Hz", True),
        ("never instant rate at most 100 Hz", False), ("never instant rate > 100 Hz", True),
    ],
)  # fmt: skip
def test_a_limit_belongs_to_what_is_allowed_except_above_and_below(text, holds):
    assert judged(text, plant__rate=[100_000] * 5).holds is holds


def test_a_margin_of_a_limit_counts_in_what_matters_of_its_quantity():
    assert judged("instant rate below 100 Hz", plant__rate=[97_000] * 5).margin == 3
    assert judged("instant rate at least 100 Hz", plant__rate=[98_000] * 5).margin == -2


def test_the_brake_is_on_when_the_low_side_shorts_the_motor_all_the_time():
    assert judged("brake on", plant__brake=[65535] * 5).holds
    assert not judged("brake on", plant__brake=[65534] * 5).holds
    assert not judged("brake on", plant__brake=[0] * 5).holds, "an open bridge brakes nothing"


def test_a_motor_is_still_below_a_fifth_of_a_turn_a_second():
    assert judged("motor still", plant__rate=[199] * 5).holds
    assert not judged("motor still", plant__rate=[-201] * 5).holds


def test_overspeed_and_overcurrent_are_events_of_the_plant():
    rate = [165_000] * 10 + [165_001] * 10
    peak = [2_800] * 10 + [2_801] * 10
    for event, columns in (
        ("overspeed", {"plant__rate": rate}),
        ("overcurrent", {"plant__current_peak": peak}),
    ):
        verdict = judged(f"drive off within 5 ms of {event}", **columns)
        assert verdict.explanation == f"0.0 ms after {event}"
        assert verdict.time_us == 10_000
        quiet = {name: [values[0]] * 20 for name, values in columns.items()}
        never = judged(f"drive off within 5 ms of {event}", **quiet)
        assert never.explanation == f"{event} never came"


def test_a_signal_that_no_trace_has_is_refused_with_those_that_are_near():
    with pytest.raises(UserError, match=r"no signal 'plant\.rat'.*plant\.rate"):
        read("plant.rat above 5")


def test_a_signal_that_the_firmware_does_not_tell_makes_the_expectation_fail():
    verdict = judged("never pen.nosuch above 5", plant__rate=[0] * 5)
    assert not verdict.holds
    assert verdict.explanation == "the firmware told no signal 'pen.nosuch' in this run"


def test_the_words_of_states_and_faults_never_come_while_no_firmware_runs():
    times = np.arange(5, dtype=np.int64) * 1000
    dead = Trace(times, [(Column("plant.rate", ""), np.zeros(5, dtype=np.int64))])
    verdict = read("motor still within 1 ms of fault stall").judge(dead, [])
    assert verdict.explanation == "fault stall never came"


@pytest.mark.parametrize(
    "text", ["drive off once", "never drive off", "drive off within 1 s of press"]
)
def test_a_condition_alone_has_no_word_of_when(text):
    with pytest.raises(UserError, match="write a condition without a time"):
        read_condition(text)


def test_a_condition_on_a_mean_looks_back():
    assert read_condition("not (state is RUNNING) and stroke rate > 5 Hz").past_us == 200_000
    assert read_condition("instant rate > 5 Hz").past_us == 0
