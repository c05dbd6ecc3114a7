"""The interrupt's figures of position, supply, heat and cartridge."""

import pytest

from penfw import signals, states
from tests.system.figures.looks import OFF, PARK, PROVE, RUN


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
