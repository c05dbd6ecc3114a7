"""The interrupt's figures of edges, rate and stall, and of the button's level."""

import pytest

from penfw import faults
from tests.system.figures.looks import OFF, PARK, RUN


@pytest.mark.verifies("R-412")
@pytest.mark.parametrize(
    ("driven", "top_ms", "edge_ms", "stalls"),
    [
        (20, 65, 65, True), (20, 55, 65, False), (20, 65, 55, False),
        (20, 155, 10, True), (20, 145, 10, False),
        (9, 200, 200, True), (8, 200, 200, False),
    ],
)  # fmt: skip
def test_a_stall_is_60_ms_without_edge_and_top_or_150_ms_without_top(
    looks, driven, top_ms, edge_ms, stalls
):
    looks.set(law=RUN, driven_looks=driven - 1, age_us=edge_ms * 1000)
    looks.set(tdc_us=looks.control.last_us - top_ms * 1000)
    assert looks.found("_motion_slot") == ({"stall"} if stalls else set())


@pytest.mark.verifies("R-403")
@pytest.mark.parametrize(
    ("edges", "current_mA", "state_ms", "age_ms", "moves"),
    [
        (4, 0, 500, 10, True), (3, 0, 500, 10, False), (0, 410, 500, 10, True),
        (0, 390, 500, 10, False), (9, 900, 390, 10, False), (9, 900, 410, 10, True),
        (9, 900, 500, 510, False), (9, 900, 500, 490, True),
    ],
)  # fmt: skip
def test_a_motor_that_is_off_moves_by_four_edges_or_400_mA(
    looks, edges, current_mA, state_ms, age_ms, moves
):
    control = looks.control
    looks.set(law=OFF, state_ms=state_ms, age_us=age_ms * 1000)
    looks.set(stopped_head=(control.head - edges) & 0xFFFFFF)
    looks.signal("current", current_mA)
    assert looks.found("_motion_slot") == ({"motor moves when stopped"} if moves else set())


def test_a_parking_motor_may_move_and_what_it_moved_is_forgotten(looks):
    looks.set(law=PARK, state_ms=500, age_us=10, stopped_head=0, head=200)
    assert looks.found("_motion_slot") == set()
    looks.set(law=OFF)
    assert looks.found("_motion_slot") == set()


def test_the_rate_of_a_motor_that_nobody_steers_is_of_its_newest_turn_or_of_the_time_since(looks):
    looks.set(law=OFF, known=3, period0=10_000, age_us=1_000)
    looks.found("_motion_slot")
    assert looks.signal("rate") == 100_000
    looks.set(age_us=100_000)
    looks.found("_motion_slot")
    assert looks.signal("rate") == 1_666  # a sixth of a turn in 0.1 s
    looks.set(age_us=0)
    looks.found("_motion_slot")
    assert looks.signal("rate") == 100_000
    looks.set(known=0)
    looks.found("_motion_slot")
    assert looks.signal("rate") == 0


@pytest.mark.verifies("R-406", "R-413")
@pytest.mark.parametrize(
    ("edges", "fault"),
    [(0, "tachometer loss"), (4, "implausible tachometer"), (5, ""), (6, ""), (7, ""),
     (8, "implausible tachometer")],
)  # fmt: skip
def test_two_turns_of_other_than_five_to_seven_edges_are_a_fault_and_one_is_not(
    looks, edges, fault
):
    looks.set(law=RUN, tdc_edges=edges, ramp_mHz=100_000, tdc_head=looks.control.head)
    looks.signal("rate", 100_000)

    def turn():
        looks.set(tdc_count=looks.control.tdc_seen + 1)
        return looks.found("_turn_slot")

    assert turn() == set()
    assert turn() == ({fault} if fault else set())
    looks.set(tdc_edges=6)  # a good one between two
    turn()
    looks.set(tdc_edges=edges)
    assert turn() == set()


@pytest.mark.parametrize(("edges", "lost"), [(20, False), (21, True)])
@pytest.mark.parametrize(("rate_mHz", "slow"), [(49_000, True), (51_000, False)])
def test_three_turns_of_edges_without_top_are_a_fault_at_half_the_rate_and_more(
    looks, edges, lost, rate_mHz, slow
):
    control = looks.control
    looks.set(law=RUN, ramp_mHz=100_000, tdc_seen=control.tdc_count, head=edges, tdc_head=0)
    looks.signal("rate", rate_mHz)
    expected = {"implausible tachometer"} if lost and not slow else set()
    assert looks.found("_turn_slot") == expected


def test_a_motor_that_is_not_steered_has_no_odd_turns(looks):
    looks.set(law=OFF, odd_turns=1, empty_turns=1, tdc_edges=0, tdc_count=1, tdc_seen=0)
    assert looks.found("_turn_slot") == set()
    assert (looks.control.odd_turns, looks.control.empty_turns) == (0, 0)


@pytest.mark.verifies("R-401")
@pytest.mark.parametrize(
    ("gaps_us", "over"),
    [
        ((6_000, 6_000), True), ((6_000, 6_100), False), ((6_100, 6_000), False),
        ((6_100, 6_100), False),
    ],
)  # fmt: skip
def test_two_turns_above_165_Hz_are_overspeed(looks, gaps_us, over):
    edge(looks, *[2_000] * 8)  # known well
    looks.set(faults=0)
    for turn_us in gaps_us:
        looks.set(known=9)
        turn(looks, turn_us)
    assert bool(looks.control.faults & 1 << faults.OVERSPEED) == over


def test_the_first_turn_after_a_standstill_is_no_overspeed(looks):
    looks.set(known=1, period0=5_000, faults=0)
    turn(looks, 5_000)
    assert not looks.control.faults
    turn(looks, 5_000)
    assert looks.control.faults == 1 << faults.OVERSPEED


@pytest.mark.parametrize(("known", "over"), [(6, False), (7, True)])
def test_overspeed_needs_eight_edges_that_are_known(looks, known, over):
    edge(looks, *[800] * 8)
    looks.set(known=known, period0=4_800, faults=0)
    edge(looks, 800)
    assert bool(looks.control.faults & 1 << faults.OVERSPEED) == over


def edge(looks, *gaps_us):
    """Edges so long after each other, each measured at once."""
    control = looks.control
    for gap_us in gaps_us:
        now = control.ring[(control.head - 1) & 15] + gap_us & 0x3FFFFFFF
        control.ring[control.head & 15] = now
        control.head = (control.head + 1) & 0xFFFFFF
        control.last_us = now
        control._measure(now, control.shunt_zero, control.values)


def turn(looks, period_us):
    """A whole turn that is seen in one measurement."""
    control = looks.control
    last = control.ring[(control.head - 1) & 15]
    for number in range(1, 7):
        control.ring[control.head & 15] = (last + period_us * number // 6) & 0x3FFFFFFF
        control.head = (control.head + 1) & 0xFFFFFF
    control.last_us = control.ring[(control.head - 1) & 15]
    control._measure(control.last_us, control.shunt_zero, control.values)


def test_the_period_is_six_gaps_until_a_whole_turn_is_known(looks):
    looks.set(known=0)
    edge(looks, 150_000)
    assert looks.control.period0 == 1_000_000  # one edge says nothing
    edge(looks, 3_000)
    assert looks.control.period0 == 18_000
    edge(looks, 210_000)
    assert looks.control.period0 == 1_000_000  # it stood
    edge(looks, 190_000)
    assert looks.control.period0 == 6 * 190_000
    looks.set(known=0)
    edge(looks, 400_000, *[2_000, 3_000, 4_000, 5_000, 6_000, 7_000])
    assert looks.control.period0 == 27_000  # the newest whole turn
    assert looks.control.period1 == 6 * 6_000
    edge(looks, *[500] * 7)
    assert looks.control.period0 == 4_000  # shorter ones are no motion of this motor


def test_the_gap_is_that_of_the_newest_two_edges_wherever_they_are_kept(looks):
    for gap_us in range(2_000, 2_000 + 17 * 100, 100):
        looks.set(known=1)
        edge(looks, gap_us)
        assert looks.control.period0 == 6 * gap_us


def test_without_an_edge_for_200_ms_nothing_is_known(looks):
    control = looks.control
    edge(looks, *[2_000] * 8)
    now = control.last_us
    control._measure((now + 199_000) & 0x3FFFFFFF, control.shunt_zero, control.values)
    assert control.known
    assert control.age_us == looks.signal("edge_age") == 199_000
    control._measure((now + 201_000) & 0x3FFFFFFF, control.shunt_zero, control.values)
    assert (control.known, looks.signal("rate"), control.period0) == (0, 0, 1_000_000)
    edges = list(control.ring)
    for second in range(1, 1200, 7):  # longer than the clock's wrap
        later = (now + second * 1_000_000) & 0x3FFFFFFF
        control._measure(later, control.shunt_zero, control.values)
        assert control.age_us >= 900_000
    assert control.age_us == 1_000_000
    kept = [n for n, at in enumerate(control.ring) if at != edges[n]]
    assert kept == [(control.head - 1) & 15]  # of the edges the last one alone moves along


def test_each_passage_of_the_top_is_a_stroke_with_the_edges_since_the_last_one(looks):
    control = looks.control
    before = looks.signal("strokes")
    looks.set(tdc_head=control.head, tdc_count=7)
    for _ in range(6):
        control.tachometer_edge(None)
    control.top_dead_centre_edge(None)
    control.top_dead_centre_edge(None)
    assert looks.signal("strokes") == before + 2
    assert (control.tdc_count, control.tdc_edges) == (9, 0)
    assert control.ring[(control.head - 1) & 15] == pytest.approx(control.ticks_us(), abs=100)


def test_the_buttons_level_counts_in_its_second_look_in_succession(looks):
    control = looks.control
    looks.set(button_down=0, button_looks=0, slots=(lambda: None,) * 10)

    def look(level):
        looks.set(read_button=lambda: level)
        control._look()
        return control.button_down

    assert [look(level) for level in (0, 1, 0, 1, 1)] == [0] * 5
    assert [look(level) for level in (0, 0)] == [0, 1]
    assert [look(level) for level in (1, 0, 1, 1)] == [1, 1, 1, 0]


def test_the_time_in_a_state_stands_still_after_six_days(looks):
    control = looks.control
    looks.set(slots=(lambda: None,) * 10, state_ms=(1 << 29) - 2)
    for _ in range(3):
        control._look()
    assert control.state_ms == 1 << 29
