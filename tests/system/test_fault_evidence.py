"""The evidence of faults: what a run tells, what is judged wrong, and how the worst is found."""

import math
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from penfw import faults
from penloop.evidence.fault_doubles import Double
from penloop.evidence.fault_expectations import ELSEWHERE, EXPECTED, situations_of
from penloop.evidence.fault_pairs import Pair, searched, share
from penloop.evidence.fault_runs import FULL_U16, Reaction, measured, reaction
from penloop.evidence.fault_situations import BY_NAME, DEPTH_UM, SITUATIONS
from pensim import Trace
from pensim.trace import Column

AIR, READY, PARKING, FAULT = (BY_NAME[name] for name in ("air", "ready", "parking", "fault"))
GOOD = Reaction(
    2_100_000, "RUNNING", ("stall", "park not reached"), 80.0, 620.0, math.nan, 0.0, 40.0, 0,
    "FAULT",
)  # fmt: skip


@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        ({}, ""),
        ({"off_ms": 701.0}, "701 ms, 700 allowed"),
        ({"off_ms": math.nan}, "never off"),
        ({"told_ms": 101.0}, "noticed after 101 ms, 100 allowed"),
        ({"names": ()}, "not detected"),
        ({"names": ("overspeed", "stall")}, "told as overspeed"),
        ({"excess_um": 60}, "needles 60 um further out than set"),
        ({"unbraked_ms": 5.0}, "without drive and brake for 5 ms"),
        ({"was": "READY"}, "it came in READY"),
        ({"state": "RUNNING"}, "ends in RUNNING"),
        ({"error": "the host lost it"}, "the host lost it"),
    ],
)
def test_a_reaction_that_is_late_wrong_or_missing_is_told(change, verdict):
    assert Pair("motor_jammed", AIR, (GOOD, replace(GOOD, **change))).verdict() == verdict


def test_a_fault_that_parks_ends_with_retracted_needles_not_with_the_drive():
    loss = replace(GOOD, names=("tachometer loss",), told_ms=50.0, off_ms=200.0)
    assert Pair("tachometer_open", AIR, (loss,)).verdict() == "never parked"
    assert Pair("tachometer_open", AIR, (replace(loss, parked_ms=690.0),)).verdict() == ""


def test_a_dead_interrupt_may_not_leave_the_motor_driven_until_the_watchdog_bites():
    dead = replace(GOOD, names=("watchdog reset",), told_ms=2200.0, off_ms=46.0)
    assert Pair("timer_stalled", AIR, (dead,)).verdict() == "46 ms, 45 allowed"


def test_what_nothing_shows_has_to_be_found_afterwards():
    quiet = replace(GOOD, was="READY", names=(), state="READY")
    assert Pair("motor_jammed", READY, (quiet,), GOOD).verdict() == ""
    assert Pair("motor_jammed", READY, (quiet,), quiet).verdict() == "not found afterwards: READY"
    other = replace(GOOD, names=("overspeed",))
    assert Pair("motor_jammed", READY, (quiet,), other).verdict() == "found as overspeed"


def test_needles_that_are_out_while_the_pen_says_parked_are_told():
    liar = replace(GOOD, was="PARKING", names=(), state="READY", parked_ms=math.nan)
    assert "is not" in Pair("tachometer_open", PARKING, (liar,), GOOD).verdict()


@pytest.mark.parametrize("change", [{"off_ms": 30.0}, {"state": "READY"}])
def test_a_pen_that_leaves_the_fault_or_drives_in_it_is_told(change):
    stays = replace(GOOD, was="FAULT", names=(), off_ms=0.0)
    assert Pair("bridge_shorted", FAULT, (stays,)).verdict() == ""
    assert (
        "leaves the fault" in Pair("bridge_shorted", FAULT, (replace(stays, **change),)).verdict()
    )


@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        ({}, ""),
        ({"off_ms": 1501.0}, "not off in time"),
        ({"names": ()}, "not noticed: ends in FAULT"),
        ({"excess_um": 60}, "needles 60 um further out than set"),
    ],
)
def test_two_parts_that_are_not_noticed_or_leave_the_motor_on_are_told(change, verdict):
    assert Double(("a", "b"), "", (GOOD, replace(GOOD, **change))).verdict() == verdict


# What a run's signals tell: a planted run of 1 ms rows, the cause at 100 ms.


def _trace(**changes):
    rows = 400
    after = np.arange(rows) - 100
    columns = {
        "pen.faults": np.where(after >= 7, 1 << faults.OVERSPEED, 0),
        "pen.state": np.full(rows, 3),
        "plant.drive": np.where(after < 9, 30_000, 0),
        "plant.brake": np.where(after < 9, 30_000, FULL_U16),
        "plant.angle": np.cumsum(np.where(after < 50, 40_000, 0)) % 360_000,
        "plant.rate": np.where(after < 50, 110_000, 0),
        "plant.protrusion": np.full(rows, DEPTH_UM - 20),
    }
    columns.update(changes)
    return Trace(
        np.arange(rows, dtype=np.int64) * 1000,
        [
            (Column(name, ""), np.asarray(values, dtype=np.int64))
            for name, values in columns.items()
        ],
    )


def test_times_run_from_the_cause_and_turns_are_counted_beyond_the_first():
    told = measured(_trace(), 100_000)
    assert (told.names, told.told_ms, told.off_ms) == (("overspeed",), 7.0, 9.0)
    assert told.turned_deg == pytest.approx(49 * 40.0)
    assert told.unbraked_ms == 0.0
    assert told.excess_um == -20


def test_drive_that_comes_again_has_not_ended():
    again = np.zeros(400)
    again[[90, 300]] = 1
    assert measured(_trace(**{"plant.drive": again}), 100_000).off_ms == 201.0


def test_a_motor_that_turns_without_drive_and_brake_is_told():
    brake = np.full(400, FULL_U16)
    brake[112:120] = 0
    assert measured(_trace(**{"plant.brake": brake}), 100_000).unbraked_ms == 8.0


def test_needles_that_stand_out_for_one_stroke_are_seen():
    protrusion = np.full(400, DEPTH_UM - 20)
    protrusion[130] = DEPTH_UM + 70
    assert measured(_trace(**{"plant.protrusion": protrusion}), 100_000).excess_um == 70


def test_a_fault_that_was_latched_before_the_cause_is_not_its_fault():
    word = np.full(400, 1 << faults.USB_POWER)
    assert measured(_trace(**{"pen.faults": word}), 100_000).names == ()


def test_drive_ends_by_the_true_switches_not_by_the_firmwares_word():
    """A shorted bridge drives on though the PWM is at zero, until the load switch opens."""
    found = reaction(("bridge_shorted",), AIR, AIR.fault_us)
    assert found.names[0] == "overspeed"
    assert 25.0 < found.off_ms - found.told_ms < 35.0


# The search


@pytest.mark.parametrize("peak_us", [3_000, 41_300, 77_777, 99_000])
def test_the_search_comes_near_a_worst_moment_wherever_it_is(peak_us):
    """A saw tooth of 20 ms, and one tooth that is higher."""

    def once(at_us):
        after_us = at_us - AIR.fault_us
        late_ms = after_us % 20_000 / 1000 + (15.0 if abs(after_us - peak_us) < 4_000 else 0.0)
        return replace(GOOD, at_us=at_us, off_ms=600.0 + late_ms)

    found = searched(once, EXPECTED["motor_jammed"], AIR, 40)
    best = max(once(AIR.fault_us + after_us).off_ms for after_us in range(0, 100_000, 100))
    assert max(one.off_ms for one in found) > best - 5.0


def test_the_search_on_the_pen_finds_as_late_a_reaction_as_a_sweep_of_every_2_ms():
    cheek, expected = BY_NAME["skin cheek"], EXPECTED["battery_open"]
    once = partial(reaction, ("battery_open",), cheek)
    swept = [once(cheek.fault_us + after_us) for after_us in range(0, 100_000, 2_000)]
    found = searched(once, expected, cheek, 40)
    latest = max(share(one, expected, cheek) for one in swept)
    assert max(share(one, expected, cheek) for one in found) > 0.95 * latest


# Completeness


def test_every_fault_of_the_table_has_a_cause_or_it_is_said_where_it_is_shown():
    told = {number for expected in EXPECTED.values() for number in expected.told}
    assert told | set(ELSEWHERE) == {row[0] for row in faults.FAULTS}
    assert not told & set(ELSEWHERE)


def test_every_state_is_one_in_which_something_fails():
    states = {situation.state for cause in EXPECTED for situation in situations_of(cause)}
    assert states == {one.state for one in SITUATIONS}
    assert states == {"SELF_TEST", "STANDBY", "READY", "RUNNING", "PARKING", "FAULT", "SERVICE"}
