"""Claims of the evidence are as strong as their words: what is wrong in their sense is told."""

from dataclasses import replace

import numpy as np
import pytest

from penfw import states
from penloop.evidence import interplay, stop_paths, timing
from penloop.evidence.stop_path_pens import Outcome, Proof, _proofs, run, tolerated
from pensim import Bench

# Interplay: by the assertion that speaks of it

FOUND = interplay.Check("", True, 1, 1, 1, 0.0)


@pytest.mark.parametrize("switch", interplay.OLD)
def test_an_old_behaviour_is_found_by_its_own_assertion_only(switch):
    text, expected = interplay.OLD[switch]
    assert expected in interplay.assertions(interplay.source())
    own = replace(FOUND, violated=expected)
    assert interplay._would_find(text, own, expected).holds
    others = interplay.assertions(interplay.source()) - {expected}
    for other in ("", *others):
        assert not interplay._would_find(text, replace(FOUND, violated=other), expected).holds


def test_each_old_behaviour_violates_the_assertion_that_is_expected(tmp_path):
    for switch in interplay.OLD:
        found = interplay.check(tmp_path, {"FAULTS": 1, "CARTRIDGES": 0, switch: 1})
        assert found.violated == interplay.OLD[switch][1]


@pytest.mark.parametrize("number", range(len(interplay.PROPERTIES)))
def test_a_property_that_the_model_does_not_assert_is_not_shown(number, monkeypatch):
    text, requirement, asserted = interplay.PROPERTIES[number]
    assert interplay._holds(text, requirement, asserted, FOUND).holds
    for one in asserted:
        lines = interplay.source().splitlines()
        without = "\n".join(line for line in lines if f"assert({one})" not in line)
        monkeypatch.setattr(interplay, "source", lambda without=without: without)
        assert not interplay._holds(text, requirement, asserted, FOUND).holds
        monkeypatch.undo()


def test_the_page_tells_what_of_the_model_is_made_by_hand():
    assert "person and host are modelled by hand" in interplay._body(FOUND, {})


# Timing: the wrap's phases


@pytest.mark.parametrize(
    ("count", "of_tick_us", "of_look_us"), [(timing.WRAPS, 2, 50), (timing.SHORT_WRAPS, 95, 2000)]
)
def test_the_wraps_meet_the_phases_of_tick_and_look(count, of_tick_us, of_look_us):
    moments = timing.wrap_moments_us(count)
    assert len(set(moments)) == count
    assert moments[0] > 0
    assert moments[-1] < timing.scenario().duration_us
    assert moments[-1] > 0.96 * timing.scenario().duration_us * (count - 1) / count
    for period_us, allowed_us in ((1_000, of_tick_us), (20_000, of_look_us)):
        met = [False] * period_us * 2
        for moment in moments:
            met[moment % period_us] = met[moment % period_us + period_us] = True
        longest = max(map(len, "".join(".x"[one] for one in met).split("x"))) + 1
        assert longest <= allowed_us
        assert longest == timing.largest_gap_us(moments, period_us)


def test_the_claim_tells_how_densely_the_phases_are_met():
    even = [8_800 * number for number in range(500)]
    told = timing._wrap_claim(even, []).shown_by
    assert "millisecond a phase every 200 us or less" in told
    assert "20 ms every 800 us or less" in told


# Stop paths: before the motor is let run

PROOF = Proof(200.0, 100.0, 1.0, 2.0, (0, 0, 100), True, 94.0)
AT_START = replace(PROOF, before_run=False, lasted_ms=430.0)
GOOD = Outcome(1, "", frozenset(), True, "RUNNING", (AT_START, PROOF, PROOF), 0, 3700)
BROKEN = Outcome(
    1, "stop path: bridge", frozenset({"stop path: bridge"}), False, "FAULT", (), 0, 3700
)


def test_a_broken_path_that_is_found_after_a_run_is_not_found_in_time():
    corner = stop_paths.Corner("bridge_shorted", 3.0, "cold, 5 °C", "before a run")
    late = replace(BROKEN, ran_first=True)
    for outcome, right in ((BROKEN, True), (late, False)):
        assert stop_paths._corners_found({corner: outcome}).holds == right
        assert stop_paths._stuck_found([(corner.trial(), outcome)]).holds == right


@pytest.mark.parametrize(
    "change",
    [
        {"state": "READY"},
        {"proofs": (AT_START, PROOF)},
        {"proofs": (PROOF, PROOF, PROOF)},
        {"proofs": (AT_START, AT_START, PROOF)},
    ],
)
def test_a_good_pen_that_runs_without_a_proof_or_does_not_run_is_told(change):
    assert stop_paths._every_run_is_proved([GOOD]).holds
    assert not stop_paths._every_run_is_proved([GOOD, replace(GOOD, **change)]).holds
    assert not stop_paths._every_run_is_proved([]).holds


def test_a_proof_that_delays_a_run_too_long_is_told():
    assert stop_paths._soon_enough([AT_START, PROOF]).holds
    assert not stop_paths._soon_enough([AT_START, replace(PROOF, lasted_ms=150.0)]).holds
    assert not stop_paths._soon_enough([AT_START]).holds  # none was before a run


def test_a_pulse_that_comes_late_counts_with_all_of_its_delay():
    with Bench() as bench:
        bench.operator.insert_cartridge()
        bench.run(0.6)
        bench.operator.click(0.08)
        bench.run(0.4)
        trace = bench.trace()
    before = [proof for proof in _proofs(trace) if proof.before_run]
    assert [proof.lasted_ms for proof in before] == [pytest.approx(94.0, abs=3.0)]
    late = list(_proofs(Waiting(trace, 100)))
    assert late[-1].before_run
    assert late[-1].lasted_ms == pytest.approx(before[0].lasted_ms + 100, abs=2.0)
    assert not stop_paths._soon_enough(late).holds


class Waiting:
    """A trace in which the first row of the SELF_TEST behind READY lasts for `rows` more."""

    def __init__(self, trace, rows):
        state = trace["pen.state"]
        begins = (state[:-1] == states.READY) & (state[1:] == states.SELF_TEST)
        self._at = int(np.argmax(begins)) + 1
        self._trace, self._rows = trace, rows
        self.time_us = trace.time_us[0] + 1000 * np.arange(len(self))

    def __len__(self):
        return len(self._trace) + self._rows

    def __getitem__(self, name):
        values = self._trace[name]
        return np.insert(values, self._at, [values[self._at]] * self._rows)


def test_a_run_before_the_first_fault_is_seen_in_the_trace():
    found = run(tolerated(3, 60))
    assert found.ran_first
    assert found.first_fault == ""
    stuck = run(replace(tolerated(3, 60), hazard="bridge_open", before_run=True))
    assert not stuck.ran_first
    assert stuck.first_fault == "stop path: test current"
