"""The interrupt's figures of parking."""

from array import array

import pytest

from penfw import faults, states
from tests.system.figures.looks import BRAKE, CREEP, DONE, OFF, PARK, SETTLE


def parked_to(looks, phase, passed_ms, age_ms, at_top, tries=0):
    """(phase, tries) after one look of the parking law that comes at that time of its phase."""
    control = looks.control
    looks.set(faults=0, law=PARK, park_phase=phase, park_ms=passed_ms - 4, park_tries=tries)
    looks.set(age_us=round(age_ms * 1000), read_tdc=lambda: 0 if at_top else 1)
    looks.set(tdc_count=control.park_count + 1)
    control._park_law()
    return control.park_phase, control.park_tries


def newest_edges(looks, head, gap_ms, since_top):
    """The ring's newest two edges are so far apart; so many came since the needles' last top."""
    ring = looks.control.ring
    looks.set(head=head, tdc_head=(head - since_top) & 0xFFFFFF)
    ring[:] = array("i", [500_000_000] * 16)  # far from both
    ring[(head - 1) & 15] = 1_000_000
    ring[(head - 2) & 15] = 1_000_000 - gap_ms * 1000


@pytest.mark.parametrize(
    ("phase", "passed_ms", "age_ms", "at_top", "following"),
    [
        (BRAKE, 26, 9, False, BRAKE), (BRAKE, 28, 9, False, CREEP), (BRAKE, 28, 9, True, SETTLE),
        (BRAKE, 28, 7.9, True, BRAKE), (BRAKE, 80, 1, True, BRAKE), (BRAKE, 84, 1, False, CREEP),
        (CREEP, 130, 1, False, CREEP), (CREEP, 132, 1, False, SETTLE), (CREEP, 8, 1, True, SETTLE),
        (SETTLE, 30, 31, True, SETTLE), (SETTLE, 34, 31, True, DONE),
        (SETTLE, 34, 29, True, SETTLE),
        (SETTLE, 52, 31, False, SETTLE), (SETTLE, 56, 31, False, CREEP),
        (SETTLE, 56, 29, False, SETTLE), (SETTLE, 120, 29, False, SETTLE),
        (SETTLE, 124, 29, False, CREEP), (DONE, 200, 500, False, DONE),
    ],
)  # fmt: skip
def test_parking_brakes_creeps_and_settles_for_its_times(
    looks, phase, passed_ms, age_ms, at_top, following
):
    found, _tries = parked_to(looks, phase, passed_ms, age_ms, at_top)
    assert found == following
    assert looks.control.park_ms == (passed_ms if found == phase else 0)


@pytest.mark.verifies("R-411")
def test_the_third_try_that_does_not_reach_the_top_is_a_fault(looks):
    for tries, following in ((0, CREEP), (1, CREEP), (2, DONE)):
        assert parked_to(looks, SETTLE, 124, 10, False, tries) == (following, tries + 1)
        assert bool(looks.control.faults & 1 << faults.PARK_NOT_REACHED) == (tries == 2)


def test_what_is_parked_has_no_drive_and_says_so(looks):
    control = looks.control
    control.own_conditions &= ~states.PARKED
    assert parked_to(looks, SETTLE, 34, 31, True) == (DONE, 0)
    assert control.own_conditions & states.PARKED
    assert (control.law, control.gate, control.duty) == (OFF, 0, 0)


def test_the_top_is_believed_only_after_it_was_seen_to_come(looks):
    looks.set(law=PARK, park_phase=SETTLE, park_ms=30, age_us=31_000, read_tdc=lambda: 0)
    looks.set(tdc_count=looks.control.park_count)
    looks.control._park_law()
    assert looks.control.park_phase == SETTLE


@pytest.mark.parametrize(
    ("age_ms", "gap_ms", "drives"),
    [(10, 10, False), (21, 10, True), (10, 21, True), (19, 19, False)],
)
@pytest.mark.parametrize("passed_ms", [8, 60, 128])
def test_creeping_grows_to_the_park_current_and_ends_over_the_hump(
    looks, age_ms, gap_ms, drives, passed_ms
):
    control = looks.control
    for place in range(16):  # wherever the newest edge is
        newest_edges(looks, place, gap_ms, since_top=3)
        parked_to(looks, CREEP, passed_ms, age_ms, False)
        assert bool(control.duty) == drives
    volts_mV = control.park_mV * (passed_ms + 10) / 140
    expected = volts_mV / control.battery_mV * 65_535 if drives else 0
    assert control.duty == pytest.approx(expected, abs=30)
    assert looks.signal("duty") == control.duty


@pytest.mark.parametrize("head", [2, 40])
@pytest.mark.parametrize(
    ("tries", "edges", "drives"),
    [(0, 0, True), (0, 3, True), (0, 4, False), (0, 9, False), (2, 2, True), (2, 3, False)],
)
def test_creeping_ends_at_the_fourth_edge_since_the_top_however_long_the_last_gap(
    looks, head, tries, edges, drives
):
    control = looks.control
    newest_edges(looks, head, gap_ms=100, since_top=edges)
    parked_to(looks, CREEP, 60, 10, False, tries)
    assert bool(control.duty) == drives
    parked_to(looks, CREEP, 60, 21, False, tries)  # stands still: pushed on, wherever it is
    assert control.duty


@pytest.mark.parametrize(
    ("tries", "age_ms", "following"),
    [(1, 59, SETTLE), (1, 60, SETTLE), (1, 61, CREEP), (2, 59, CREEP), (0, 59, CREEP)],
)
def test_the_second_try_lets_go_at_the_first_edge(looks, tries, age_ms, following):
    assert parked_to(looks, CREEP, 60, age_ms, False, tries) == (following, tries)


def test_a_try_that_misses_counts_its_edges_from_there(looks):
    looks.set(head=40, tdc_head=3)
    parked_to(looks, SETTLE, 124, 10, False)
    assert looks.control.tdc_head == 40


@pytest.mark.parametrize(
    ("tries", "passed_ms", "ramp_ms"),
    [
        (0, 8, 18),
        (0, 128, 138),
        (1, 8, 38),
        (1, 108, 138),
        (1, 112, 140),
        (2, 88, 138),
        (2, 92, 140),
    ],
)
def test_each_try_begins_farther_up_the_ramp_and_none_goes_beyond_its_end(
    looks, tries, passed_ms, ramp_ms
):
    control = looks.control
    parked_to(looks, CREEP, passed_ms, 200, False, tries)
    expected = control.park_mV * ramp_ms / 140 / control.battery_mV * 65_535
    assert control.duty == pytest.approx(expected, abs=30)


def test_creeping_takes_no_more_than_the_cell_has(looks):
    looks.set(park_mV=9_000)
    parked_to(looks, CREEP, 128, 30, False)
    assert looks.control.duty == 65_535
