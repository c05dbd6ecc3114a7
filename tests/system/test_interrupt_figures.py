"""Every figure of the interrupt's watches and laws: one look within it, one beyond it.

The looks are the firmware's own, called one by one on the words that the case sets; what is
expected is written down here anew, in floats and units, from PEN.md and the requirements.
"""

import itertools
import random

import numpy as np
import pytest

from penfw import faults, signals, states
from tests.system.story import control_of

OFF, RUN, PARK, PROVE = 0, 1, 2, 4
BRAKE, CREEP, SETTLE, DONE = range(4)


class Looks:
    """A pen that stands in READY; its interrupt runs only where a test calls it."""

    def __init__(self, bench):
        bench.operator.insert_cartridge()
        bench.run(1.0)
        self.control = control_of(bench)
        self.set(faults=0, last_us=1_000_000_000)

    def set(self, **words):
        for name, value in words.items():
            assert hasattr(self.control, name), name
            setattr(self.control, name, value)

    def signal(self, name, *value):
        number = signals.index(name)
        if value:
            self.control.values[number] = value[0]
        return self.control.values[number]

    def found(self, slot, count=1):
        """Names of the faults that so many looks in succession find."""
        self.control.faults = 0
        for _ in range(count):
            getattr(self.control, slot)()
        return {row[1] for row in faults.FAULTS if self.control.faults >> row[0] & 1}


@pytest.fixture
def looks(make_bench):
    return Looks(make_bench())


# Motion


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


def test_the_rate_of_a_motor_that_nobody_steers_is_that_of_one_edge_in_its_age(looks):
    looks.set(law=OFF, known=3, age_us=99_999)
    looks.found("_motion_slot")
    assert looks.signal("rate") == 1_666  # a sixth of a turn in 0.1 s
    looks.set(age_us=0)
    looks.found("_motion_slot")
    assert looks.signal("rate") == 166_666_666
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


# Position, supply, heat


@pytest.mark.verifies("R-404")
@pytest.mark.parametrize(
    ("raw", "fault"), [(1_500, True), (1_700, False), (63_900, False), (64_100, True)]
)
def test_the_position_sensor_leaves_its_range_in_three_looks(looks, raw, fault):
    looks.set(read_position=lambda: raw, homed=0)
    assert looks.found("_position_slot", 2) == set()
    assert looks.found("_position_slot") == ({"position sensor range"} if fault else set())


@pytest.mark.verifies("R-405")
@pytest.mark.parametrize(
    ("off_um", "fault"), [(-110, True), (-90, False), (90, False), (110, True)]
)
def test_the_axis_is_off_its_steps_by_more_than_100_um_in_five_looks(looks, off_um, fault):
    control = looks.control
    raw = control.position_home + ((control.steps * 25 + off_um) << 12) // control.position_q12
    looks.set(read_position=lambda: raw)
    assert looks.found("_position_slot", 4) == set()
    assert looks.found("_position_slot") == ({"position mismatch"} if fault else set())
    assert looks.signal("position") == pytest.approx(control.steps * 25 + off_um, abs=2)


@pytest.mark.verifies("R-419")
@pytest.mark.parametrize(
    ("battery_mV", "least"),
    [(2_350, 2), (2_450, 11), (2_950, 11), (3_050, 0), (4_450, 0), (4_550, 2)],
)
def test_a_low_cell_is_a_fault_in_eleven_looks_and_an_impossible_one_in_two(
    looks, battery_mV, least
):
    control = looks.control
    raw = -(-(battery_mV << 12) // control.battery_q12)
    looks.set(read_switched=lambda: raw, battery_looks=0)
    count = next(
        (n for n in range(1, 30) if looks.found("_battery_slot") == {"battery critical"}), 0
    )
    assert count == least
    assert looks.signal("battery") == pytest.approx(battery_mV, abs=2)
    working = 2_400 <= battery_mV <= 4_500
    assert control.battery_mV == pytest.approx(battery_mV if working else 4_200, abs=2)


def test_a_good_look_at_the_cell_begins_the_count_anew(looks):
    control = looks.control
    for battery_mV, count in ((2_900, 10), (3_100, 1), (2_900, 10)):
        raw = -(-(battery_mV << 12) // control.battery_q12)
        looks.set(read_switched=lambda raw=raw: raw)
        assert looks.found("_battery_slot", count) == set()


@pytest.mark.verifies("R-420")
@pytest.mark.parametrize(
    ("winding_C", "housing_C", "fault"),
    [(114.0, 30.0, False), (116.0, 30.0, True), (60.0, 54.9, False), (60.0, 55.1, True)],
)
def test_winding_and_housing_have_their_limits(looks, winding_C, housing_C, fault):
    looks.signal("housing", round(housing_C * 1000))
    looks.set(law=OFF, heat_sum=0, excess_q4=round((winding_C - housing_C) * 1000) << 4)
    assert looks.found("_heat_slot") == ({"over-temperature"} if fault else set())
    assert looks.signal("winding") == round(winding_C * 1000)


@pytest.mark.parametrize(("law", "ripple_A2"), [(RUN, 0.0147), (OFF, 0.0), (PARK, 0.0)])
@pytest.mark.parametrize("winding_C", [25.0, 90.0])
def test_a_look_heats_the_winding_as_the_two_node_model_does(looks, law, ripple_A2, winding_C):
    """10 K/W and 5.6 s over 20 ms; copper's resistance grows by 0.39 % a kelvin."""
    control = looks.control
    looks.signal("housing", 25_000)
    looks.set(
        law=law, heat_sum=5 * (2_000 * 2_000 >> 6), excess_q4=round((winding_C - 25) * 16_000)
    )
    looks.found("_heat_slot")
    resistance_ohm = control.resistance_mOhm / 1000 * (1 + 0.0039 * (winding_C - 25))
    warmest_K = 10 * (4.0 + ripple_A2) * resistance_ohm
    expected_K = winding_C - 25 + (warmest_K - (winding_C - 25)) * 0.02 / 5.6
    assert control.excess_q4 / 16_000 == pytest.approx(expected_K, abs=0.004)
    assert control.heat_sum == 0


def test_the_current_heats_by_its_square(looks):
    control = looks.control
    looks.set(heat_sum=0)
    raw = control.shunt_zero + (1_000 << 12) // control.shunt_q12
    control._measure(control.last_us, raw, control.values)
    assert looks.signal("current") == pytest.approx(1_000, abs=3)
    assert control.heat_sum == pytest.approx(1_000 * 1_000 / 64, rel=0.01)


def test_nothing_is_told_above_150_degrees(looks):
    looks.set(excess_q4=300_000 << 4)
    looks.found("_heat_slot")
    assert looks.signal("winding") == 150_000


def test_an_open_wire_of_the_housings_sensor_is_a_fault(looks):
    for raw, found in ((59_000, set()), (61_000, {"over-temperature"})):
        looks.set(read_switched=lambda raw=raw: raw)
        assert looks.found("_housing_slot") == found
        assert looks.control.housing_raw == raw


@pytest.mark.verifies("R-414", "R-418")
@pytest.mark.parametrize("state", [states.READY, states.RUNNING])
def test_the_cartridge_is_off_and_usb_is_there_in_the_second_look_in_succession(looks, state):
    there = signals.IN_CARTRIDGE | signals.IN_USB
    looks.set(state=state, read_cartridge=lambda: 0, read_usb=lambda: 0)
    looks.found("_holder_slot")
    looks.found("_usb_slot")
    assert looks.signal("inputs") & there == signals.IN_CARTRIDGE
    for slot, word, fault in (
        ("_holder_slot", "read_cartridge", "cartridge removed"),
        ("_usb_slot", "read_usb", "USB power while running"),
    ):
        before = looks.signal("inputs")
        for _ in range(2):  # a bounce is none
            looks.set(**{word: lambda: 1})
            assert looks.found(slot) == set()
            looks.set(**{word: lambda: 0})
            assert looks.found(slot) == set()
            assert looks.signal("inputs") == before
        looks.set(**{word: lambda: 1})
        assert looks.found(slot, 2) == ({fault} if state == states.RUNNING else set())
    assert looks.signal("inputs") & there == signals.IN_USB


@pytest.mark.verifies("R-501", "R-505", "R-506", "R-507")
def test_the_axis_may_go_deeper_only_with_the_motor_off_or_a_step_a_stroke_in_service(looks):
    control = looks.control

    def goal(wanted, **words):
        looks.set(goal=20, main_depth=wanted, tdc_count=5, deeper_count=5, **words)
        looks.found("_depth_slot")
        return control.goal

    looks.set(steps=30)
    assert goal(40, law=OFF, state=states.READY) == 40
    assert (looks.signal("depth"), looks.signal("depth_target")) == (750, 1_000)
    assert goal(101, law=OFF, state=states.READY) == 100  # 2.5 mm
    for law in (RUN, PARK, PROVE):
        assert goal(40, law=law, state=states.RUNNING) == 20
        assert goal(10, law=law, state=states.RUNNING) == 10
    assert goal(40, law=OFF, state=states.PARKING) == 20
    assert goal(40, law=RUN, state=states.SERVICE) == 20
    looks.set(tdc_count=6)
    for _ in range(2):
        looks.found("_depth_slot")
        assert control.goal == 21


# The rate law


def expected_duty(control, ramp_mHz, rate_mHz, age_us, current_mA):
    """The law in volts: feed-forward, proportional part, resistance; within current and cell."""
    emf_V = control.emf_q16 / 65536
    wanted_mV = ramp_mHz * emf_V + max(ramp_mHz - rate_mHz, -150_000) * control.kp_q16 / 65536
    wanted_mV += control.integral / 65536 + current_mA * control.ir_q12 / 4096
    told_mV = min(rate_mHz, 1e9 / 6 / (age_us + 1)) * emf_V
    by_current = (told_mV - control.limit_mV, told_mV + control.limit_mV)
    by_cell = (0, control.battery_mV)
    allowed_mV = float(np.clip(np.clip(wanted_mV, *by_current), *by_cell))
    limited = (wanted_mV > by_current[1]) + 2 * (allowed_mV >= control.battery_mV)
    clear = min(abs(wanted_mV - bound) for bound in by_current + by_cell) > 5
    return allowed_mV, wanted_mV, limited, clear


def law_cases(count, seed=1):
    draw = random.Random(seed)
    for _ in range(count):
        rate_mHz = draw.randrange(1_000, 170_000)
        yield {
            "wanted_mHz": draw.choice([0, 25_000, 60_000, 110_000, 150_000]),
            "rate_mHz": rate_mHz,
            "ramp_mHz": max(0, rate_mHz + draw.randrange(-60_000, 40_000)),
            "age_us": draw.choice([0, 100, 1_000, 5_000, 40_000, 300_000]),
            "current_mA": draw.randrange(-800, 2_500),
            "integral_mV": draw.choice([draw.randrange(-1_400, 1_400), -1_500, 1_500]),
            "battery_mV": draw.choice([2_800, 3_700, 4_200]),
        }


def test_the_rate_law_gives_the_voltage_of_its_formula(looks):
    control = looks.control
    limits = set()
    for case in law_cases(600):
        period_us = 1_000_000_000 // case["rate_mHz"]
        looks.set(law=RUN, main_rate_mHz=case["wanted_mHz"], ramp_mHz=case["ramp_mHz"])
        looks.set(period0=period_us, period1=period_us, period2=period_us, age_us=case["age_us"])
        looks.set(integral=case["integral_mV"] << 16, battery_mV=case["battery_mV"])
        looks.signal("current", case["current_mA"])
        ramp_mHz = min(case["ramp_mHz"] + control.slew_mHz, case["wanted_mHz"])
        rate_mHz = 1_000_000_000 // period_us
        volts, wanted, limited, clear = expected_duty(
            control, ramp_mHz, rate_mHz, case["age_us"], case["current_mA"]
        )
        before = control.integral
        control._rate_law(control.values)
        assert control.duty * case["battery_mV"] / 65_535 == pytest.approx(volts, abs=4), case
        assert looks.signal("rate_target") == control.ramp_mHz == ramp_mHz
        assert looks.signal("rate") == rate_mHz
        if not clear:
            continue  # a rounding decides
        assert looks.signal("limited") == limited, case
        limits.add(limited)
        error_mHz = max(ramp_mHz - rate_mHz, -150_000)
        held = volts != wanted and (volts < wanted) != (error_mHz < 0)
        grown = before + (0 if held else error_mHz * control.ki_q16)
        assert control.integral == np.clip(grown, -(1_500 << 16), 1_500 << 16), case
    assert limits == {0, 1, 2, 3}


def test_the_rate_is_that_of_the_middle_one_of_three_turns(looks):
    for periods in itertools.permutations((9_000, 10_000, 12_000)):
        looks.set(law=RUN, **dict(zip(("period0", "period1", "period2"), periods, strict=True)))
        looks.control._rate_law(looks.control.values)
        assert looks.signal("rate") == 100_000


# Parking


def parked_to(looks, phase, passed_ms, age_ms, at_top, tries=0):
    """(phase, tries) after one look of the parking law that comes at that time of its phase."""
    control = looks.control
    looks.set(faults=0, law=PARK, park_phase=phase, park_ms=passed_ms - 4, park_tries=tries)
    looks.set(age_us=round(age_ms * 1000), read_tdc=lambda: 0 if at_top else 1)
    looks.set(tdc_count=control.park_count + 1)
    control._park_law()
    return control.park_phase, control.park_tries


@pytest.mark.parametrize(
    ("phase", "passed_ms", "age_ms", "at_top", "following"),
    [
        (BRAKE, 26, 9, False, BRAKE), (BRAKE, 28, 9, False, CREEP), (BRAKE, 28, 9, True, SETTLE),
        (BRAKE, 28, 7.9, True, BRAKE), (BRAKE, 80, 1, True, BRAKE), (BRAKE, 84, 1, False, CREEP),
        (CREEP, 130, 1, False, CREEP), (CREEP, 132, 1, False, SETTLE), (CREEP, 8, 1, True, SETTLE),
        (SETTLE, 30, 31, True, SETTLE), (SETTLE, 34, 31, True, DONE),
        (SETTLE, 34, 29, True, SETTLE),
        (SETTLE, 40, 31, False, SETTLE), (SETTLE, 44, 31, False, CREEP),
        (SETTLE, 44, 29, False, SETTLE), (SETTLE, 120, 29, False, SETTLE),
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
    newest = control.ring[(control.head - 1) & 15]
    control.ring[(control.head - 2) & 15] = (newest - gap_ms * 1000) & 0x3FFFFFFF
    parked_to(looks, CREEP, passed_ms, age_ms, False)
    volts_mV = control.park_mV * (passed_ms + 10) / 140
    expected = volts_mV / control.battery_mV * 65_535 if drives else 0
    assert control.duty == pytest.approx(expected, abs=30)
    assert looks.signal("duty") == control.duty


def test_creeping_takes_no_more_than_the_cell_has(looks):
    looks.set(park_mV=9_000)
    parked_to(looks, CREEP, 128, 30, False)
    assert looks.control.duty == 65_535


# The proof of both stop paths


def proof(looks, switch_mA=0, bridge_mA=0, both_mA=100, zero_mA=0, turned=False, spike_mA=0):
    """The whole proof with these mean currents in its phases; (result, what it did each step).

    Each phase has eight steps: a pulse is set, looked at, and rests for two, twice.
    """
    control = looks.control
    control.own_conditions &= ~states.PROVED
    looks.set(faults=0, law=PROVE, proof_step=0, gate=0, duty=0, read_tdc=lambda: 0)
    done = []
    for step in range(1, 48):
        mean_mA = (switch_mA, bridge_mA, both_mA)[(step - 24) // 8] if step >= 24 else 0
        level_mA = zero_mA + (mean_mA if step & 3 == 1 and step > 24 else 0)
        spike = spike_mA if step == 30 else 0
        raw = control.shunt_zero + round((level_mA + spike) * 4096 / control.shunt_q12)
        looks.set(read_shunt=lambda raw=raw: raw)
        if turned and step == 40:
            control.head = (control.head + 1) & 0xFFFFFF
        control._prove(raw, control.values)
        done.append((control.gate, bool(control.duty)))
        if control.law == OFF or control.faults:
            break
    named = {row[1] for row in faults.FAULTS if control.faults >> row[0] & 1}
    return named or bool(control.own_conditions & states.PROVED), done


def test_a_good_proof_gives_two_pulses_without_the_switch_and_two_with_both(looks):
    result, done = proof(looks)
    assert result is True
    assert [step for step, (_gate, duty) in enumerate(done, 1) if duty] == [24, 28, 40, 44]
    assert [step for step, (gate, _duty) in enumerate(done, 1) if gate] == list(range(32, 47))
    assert looks.control.law == OFF
    assert looks.signal("current") == pytest.approx(100, abs=4)
    volts_mV = looks.control.proof_duty * looks.control.battery_mV / 65_535
    assert volts_mV == pytest.approx(looks.control.proof_mV, abs=1)


@pytest.mark.verifies("R-424", "R-425", "R-426")
@pytest.mark.parametrize(
    ("currents", "result"),
    [
        ({"switch_mA": 26}, True), ({"switch_mA": 34}, {"stop path: load switch"}),
        ({"switch_mA": -34}, {"stop path: load switch"}),
        ({"bridge_mA": 26}, True), ({"bridge_mA": 34}, {"stop path: bridge"}),
        ({"bridge_mA": -34}, {"stop path: bridge"}),
        ({"both_mA": 41}, {"stop path: test current"}), ({"both_mA": 49}, True),
        ({"both_mA": 175}, True), ({"both_mA": 185}, {"stop path: test current"}),
        ({"zero_mA": 60}, True), ({"zero_mA": -60}, True), ({"turned": True}, False),
        ({"spike_mA": 290}, True), ({"spike_mA": 310}, {"stop path: load switch"}),
        ({"spike_mA": -290}, True), ({"spike_mA": -310}, {"stop path: load switch"}),
    ],
)  # fmt: skip
def test_each_phase_of_the_proof_has_its_limits(looks, currents, result):
    assert proof(looks, **currents)[0] == result


# The depth axis


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


@pytest.mark.parametrize("state", range(len(states.STATES)))
@pytest.mark.parametrize("law", [RUN, PARK, PROVE])
def test_the_main_loop_may_ask_for_a_proof_in_self_test_and_to_move_in_service(looks, state, law):
    looks.set(state=state, law=OFF, main_law=law, button_down=0, own_conditions=0, faults=0)
    looks.control._obey()
    allowed = state == (states.SELF_TEST if law == PROVE else states.SERVICE)
    assert looks.control.law == (law if allowed else OFF)


@pytest.mark.parametrize(
    ("start", "law"), [(states.START, PROVE), (0, OFF)], ids=["a start", "no start"]
)
def test_a_self_test_proves_by_itself_before_a_run_only(looks, start, law):
    looks.set(state=states.READY if start else states.FAULT, own_conditions=0)
    conditions = start | states.CARTRIDGE if start else states.ACKNOWLEDGED
    looks.control._transition(conditions)
    assert (looks.control.state, looks.control.law) == (states.SELF_TEST, law)


@pytest.mark.verifies("R-101")
def test_a_press_from_before_ready_allows_no_start_there(looks):
    looks.set(state=states.STANDBY, own_conditions=0, pressed_ready=1)
    looks.control._transition(states.TESTED | states.CARTRIDGE)
    assert looks.control.state == states.READY
    looks.control._button(0)
    assert looks.control.own_conditions & states.STOP
    looks.control._button(1)
    looks.control._button(0)
    assert not looks.control.own_conditions & states.STOP


@pytest.mark.parametrize(("law", "kept"), [(PROVE, OFF), (PARK, PARK)])
def test_a_fault_ends_a_proof_at_once_and_no_parking(looks, law, kept):
    looks.set(state=states.PARKING, law=law, faults=1 << faults.CARTRIDGE_REMOVED)
    looks.control._latch()
    assert looks.control.law == kept


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


# The edges and the button


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


# The tick itself


def test_the_load_switch_is_pulsed_and_the_motor_written_while_the_gate_is_open_only(looks):
    control = looks.control
    written = []
    looks.set(write_load_switch=lambda level: written.append(("switch", level)))
    looks.set(write_motor=lambda duty: written.append(("motor", duty)), push=None)
    looks.set(read_shunt=lambda: control.shunt_zero, _measure=lambda *_now: None)
    looks.set(_rate_law=lambda _v: None, _look=lambda: None)

    def ticks(**words):
        written.clear()
        looks.set(odd=1, slot=1, duty=5_000, faults=0, latched=0, **words)
        for _ in range(2):
            looks.set(last_us=control.ticks_us() - 1_000 & 0x3FFFFFFF)
            control.tick(None)
        return written[:]

    pulsed = [("switch", 0), ("motor", 5_000), ("switch", 1), ("motor", 5_000)]
    assert ticks(gate=1, law=RUN) == pulsed
    assert ticks(gate=0, law=RUN) == [("motor", 0)] * 2
    assert ticks(gate=0, law=OFF) == [("motor", 0)] * 2


@pytest.mark.verifies("R-407")
@pytest.mark.parametrize(
    ("gap_us", "window", "missed"), [(2_600, 0, True), (2_400, 0, False), (2_600, 1, False)]
)
def test_a_tick_that_is_more_than_1_5_ms_late_is_a_fault_outside_of_a_window(
    looks, gap_us, window, missed
):
    control = looks.control
    looks.set(main_window=window, faults=0, latched=0)
    looks.set(last_us=control.ticks_us() - gap_us & 0x3FFFFFFF)
    control.tick(None)
    assert bool(control.faults & 1 << faults.DEADLINE_MISSED) == missed
    if missed:
        assert looks.signal("tick_late") == pytest.approx(gap_us - 1_000, abs=40)


@pytest.mark.verifies("R-402")
@pytest.mark.parametrize(
    ("currents_mA", "gap_us", "fault"),
    [
        ((2_850, 2_850), 1_000, True), ((2_850, 2_750), 1_000, False),
        ((2_750, 2_850), 1_000, False), ((2_850, 2_850), 2_400, True),
        ((2_850, 2_850), 2_900, False),
    ],
)  # fmt: skip
def test_two_ticks_in_succession_above_2800_mA_are_overcurrent(looks, currents_mA, gap_us, fault):
    control = looks.control
    looks.set(law=RUN, gate=1, faults=0, latched=0, over_us=0, main_window=1)
    for current_mA in currents_mA:
        raw = control.shunt_zero + round(current_mA * 4096 / control.shunt_q12)
        looks.set(read_shunt=lambda raw=raw: raw)
        looks.set(last_us=control.ticks_us() - 1_000 & 0x3FFFFFFF)
        control.tick(None)
        looks.set(over_us=(control.over_us - gap_us) & 0x3FFFFFFF)
    assert bool(control.faults & 1 << faults.OVERCURRENT) == fault


def test_a_tick_tells_how_long_it_took(looks):
    looks.set(main_window=1, last_us=looks.control.ticks_us())
    looks.control.tick(None)
    assert 0 <= looks.signal("tick_time") < 1_000


def test_an_exception_in_the_interrupt_turns_all_off_and_tells_where_it_came(looks):
    control = looks.control
    for odd, slot in ((0, 3), (1, 3)):
        looks.set(faults=0, latched=0, law=RUN, gate=1, duty=900, slot=slot, odd=odd)
        looks.set(own_conditions=0, state=states.RUNNING)
        control._failed(ZeroDivisionError())
        assert control.site == slot + 16 * odd
        assert control.error is ZeroDivisionError
        assert (control.gate, control.duty, control.law) == (0, 0, OFF)
        assert control.state == looks.signal("state") == states.FAULT
        assert control.faults == looks.signal("faults") == 1 << faults.INTERNAL_ERROR
        assert control.own_conditions & states.CUT_FAULT
