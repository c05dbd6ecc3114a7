"""Every fault of the list: a part fails by its mechanism, the pen notices and reacts in time."""

import numpy as np
import pytest

from penfw import faults
from pensim.cartridge import SimulatedCartridge
from pensim.hazards import HAZARDS
from pensim.plant.parameters import PenParameters, Thermal
from tests.system.fault_scenarios import SCENARIOS
from tests.system.story import (
    after,
    control_of,
    fault_names,
    first_time,
    last_time,
    latched,
    state,
)
from tests.verification import verified

CUT, PARK = faults.CUT, faults.PARK

# hazard, fault, class, longest time to detection s
WHILE_RUNNING = [
    ("tachometer_open", "tachometer loss", PARK, 0.1),
    ("tachometer_shorted", "tachometer loss", PARK, 0.1),
    ("top_dead_centre_open", "implausible tachometer", CUT, 0.06),
    ("top_dead_centre_shorted", "implausible tachometer", CUT, 0.06),
    ("bridge_shorted", "overspeed", CUT, 0.02),
    ("motor_jammed", "stall", PARK, 0.2),
    ("load_switch_open", "stall", PARK, 0.2),
    ("position_open", "position sensor range", CUT, 0.08),
    ("position_shorted", "position sensor range", CUT, 0.08),
    ("temperature_shorted", "over-temperature", PARK, 0.06),
    ("battery_empty", "battery critical", PARK, 0.5),
]


def act(bench, name):
    """Lets a part fail, and returns the time."""
    start_s = bench.now_s
    bench.operator.hazard(name)
    bench.run(1.5)
    return start_s


def test_every_fault_of_the_table_has_a_scenario():
    assert SCENARIOS.keys() == {row[1] for row in faults.FAULTS}


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=verified(fault=name)) for name in SCENARIOS]
)
def test_a_scenario_latches_its_fault_and_what_follows_from_it(make_bench, name):
    provoke, found = SCENARIOS[name]
    bench = provoke(make_bench)
    assert name in found
    assert latched(bench) == found
    assert state(bench) == "FAULT"
    assert bench.trace()["pen.duty"][-1] == 0
    both_ways_shorted = name == "motor moves when stopped"
    assert both_ways_shorted or bench.trace()["plant.rate"][-1] == 0


@pytest.mark.verifies("R-460")
@pytest.mark.parametrize(
    ("hazard", "fault", "kind", "limit_s"),
    [pytest.param(*row, marks=verified(fault=row[1])) for row in WHILE_RUNNING],
)
def test_a_failing_part_is_found_in_time(running, hazard, fault, kind, limit_s):
    bench = running("cheek", settings={"stroke_rate": 110000})
    start_s = act(bench, hazard)
    trace = bench.trace()
    assert fault in latched(bench)
    found_s = first_time(trace, after(trace, start_s) & (trace["pen.faults"] != 0))
    assert found_s - start_s < limit_s
    word = int(trace["pen.faults"][np.argmax(trace["pen.faults"] != 0)])
    assert fault_names(word) == {fault}
    assert state(bench) == "FAULT"
    if kind == CUT:
        driven_s = last_time(trace, trace["pen.duty"] > 0)
        assert driven_s - found_s < 0.002


@pytest.mark.verifies("R-105", "R-312")
@pytest.mark.parametrize("hazard", ["tachometer_open", "temperature_shorted", "battery_empty"])
def test_a_park_fault_ends_with_the_needles_retracted(running, hazard):
    bench = running("cheek", settings={"stroke_rate": 110000})
    act(bench, hazard)
    angle = bench.trace()["plant.angle"][-1] / 1000
    assert min(angle, 360 - angle) < 15
    assert bench.trace()["plant.rate"][-1] == 0


@pytest.mark.verifies("R-302")
def test_a_shorted_bridge_is_stopped_by_the_load_switch(running):
    bench = running("cheek")
    start_s = act(bench, "bridge_shorted")
    trace = bench.trace()
    current = np.abs(trace["plant.current"])
    assert last_time(trace, after(trace, start_s) & (trace["plant.rate"] > 1000)) - start_s < 0.15
    assert current[-1] == 0
    assert not bench.electronics.load_switch.closed


@pytest.mark.verifies("R-403")
def test_a_motor_that_moves_by_itself_is_found_within_a_tenth_of_a_second(make_bench):
    bench = SCENARIOS["motor moves when stopped"][0](make_bench)
    trace = bench.trace()
    moves_s = first_time(trace, trace["plant.rate"] > 10_000)
    assert first_time(trace, trace["pen.faults"] != 0) - moves_s < 0.1


@pytest.mark.verifies("R-402")
def test_an_overcurrent_is_cut_within_milliseconds(running):
    bench = running("cheek", settings={"stroke_rate": 150000})
    start_s = bench.now_s
    bench.kernel.set_code_fault(0, 46000, 0)  # the amplifier sees 3.1 A
    bench.run(0.5)
    trace = bench.trace()
    assert "overcurrent" in latched(bench)
    assert last_time(trace, trace["pen.duty"] > 0) - start_s < 0.005


@pytest.mark.verifies("R-517")
@pytest.mark.parametrize("phase", range(6))
def test_the_current_limit_keeps_a_jammed_motor_below_overcurrent(running, phase):
    """Up to 130 Hz at every phase; above, one jam in eight is cut as an overcurrent."""
    bench = running("cheek", settings={"stroke_rate": 130000})
    bench.run(phase / 130.0 / 6.0)
    act(bench, "motor_jammed")
    assert "overcurrent" not in latched(bench)
    assert np.count_nonzero(bench.trace()["pen.current"] > 2000) < 10


@pytest.mark.parametrize("phase", range(6))
def test_a_motor_that_jams_at_the_greatest_rate_is_off_at_once_whatever_it_is_told_as(
    running, phase
):
    """Up to the next step of its law the PWM stays: that may be the current of an overcurrent."""
    bench = running("cheek", settings={"stroke_rate": 150000})
    bench.run(phase / 150.0 / 6.0)
    start_s = act(bench, "motor_jammed")
    trace = bench.trace()
    assert latched(bench) <= {"stall", "park not reached", "overcurrent"}
    assert state(bench) == "FAULT"
    assert last_time(trace, trace["plant.current"] > 2000) - start_s < 0.02


@pytest.mark.verifies("R-414")
def test_taking_the_cartridge_off_parks(running):
    bench = running("cheek")
    start_s = bench.now_s
    bench.operator.remove_cartridge()
    bench.run(1.0)
    trace = bench.trace()
    assert latched(bench) == {"cartridge removed"}
    assert first_time(trace, trace["pen.faults"] != 0) - start_s < 0.06
    assert trace["plant.rate"][-1] == 0


@pytest.mark.verifies("R-415", "R-601")
def test_a_cartridge_whose_contacts_are_dirty_is_refused(make_bench):
    bench = make_bench()
    bench.run(0.5)
    cartridge = SimulatedCartridge()
    cartridge.eeprom.answers = False
    bench.operator.insert_cartridge(cartridge)
    bench.run(0.5)
    assert latched(bench) == {"cartridge invalid"}


@pytest.mark.verifies("R-420")
def test_a_hot_housing_ends_the_treatment(running):
    thermal = Thermal(ambient_c=60.0, housing_c=53.0, winding_c=53.0)
    bench = running(parameters=PenParameters(thermal=thermal))
    bench.run(60.0)
    assert latched(bench) == {"over-temperature"}


@pytest.mark.verifies("R-103", "R-205")
def test_a_fault_is_cleared_by_holding_the_button_and_leads_to_a_new_self_test(running):
    bench = running("cheek")
    bench.operator.usb_power()
    bench.run(1.0)
    bench.operator.usb_power(False)
    bench.operator.click(1.5)
    bench.run(3.0)
    assert latched(bench) == set()
    assert state(bench) == "READY"


@pytest.mark.verifies("R-205", "R-452")
def test_a_short_press_does_not_clear_a_fault(running):
    bench = running("cheek")
    bench.operator.usb_power()
    bench.run(1.0)
    bench.operator.click(0.2)
    bench.run(1.0)
    assert state(bench) == "FAULT"


@pytest.mark.verifies("R-206")
def test_a_refused_cartridge_cannot_be_acknowledged_while_it_is_in(make_bench):
    bench = make_bench()
    bench.run(0.5)
    cartridge = SimulatedCartridge()
    cartridge.damage()
    bench.operator.insert_cartridge(cartridge)
    bench.run(0.5)
    bench.operator.click(1.5)
    bench.run(3.0)
    assert state(bench) == "FAULT"
    bench.operator.remove_cartridge()
    bench.operator.click(1.5)
    bench.run(3.0)
    assert state(bench) == "STANDBY"


@pytest.mark.verifies("R-301")
def test_the_load_switch_opens_when_the_control_interrupt_dies(running):
    bench = running("cheek")
    start_s = bench.now_s
    bench.board.timers.reset()
    bench.run(0.2)
    trace = bench.trace()
    assert not bench.electronics.load_switch.closed
    backswing_mA = 200  # the membrane turns the motor back a little: a generator's current
    late = after(trace, start_s + 0.045)
    assert trace["plant.current"][late].max() < backswing_mA
    assert last_time(trace, trace["plant.rate"] != 0) - start_s < 0.15


@pytest.mark.verifies("R-309", "R-408")
def test_an_exception_in_the_control_interrupt_cuts_both_paths(running):
    bench = running("cheek")
    control = control_of(bench)
    start_s = bench.now_s
    control.kp_q16 = None
    bench.run(0.5)
    trace = bench.trace()
    assert "internal error" in latched(bench)
    assert last_time(trace, trace["pen.duty"] > 0) - start_s < 0.01
    assert control.error is TypeError


@pytest.mark.verifies("R-407")
def test_a_late_control_interrupt_is_a_missed_deadline(running):
    bench = running("cheek")
    start_s = bench.now_s
    bench.board.processor.hold(4_000)
    bench.run(0.5)
    trace = bench.trace()
    assert latched(bench) == {"control deadline missed"}
    assert last_time(trace, trace["pen.duty"] > 0) - start_s < 0.02


@pytest.mark.verifies("R-453")
def test_ordinary_treatments_raise_no_fault(running):
    for zone in ("forehead", "cheek", "nose", "scar"):
        bench = running(zone, settings={"stroke_rate": 110000, "depth": 750}, seed=len(zone))
        bench.run(1.0)
        bench.operator.lift()
        bench.operator.click()
        bench.run(1.0)
        assert bench.signal("faults") == 0
        assert state(bench) == "READY"


@pytest.mark.verifies("R-518")
def test_a_rate_that_current_cannot_hold_is_told_as_limited(running):
    bench = running("scar", settings={"stroke_rate": 150000, "depth": 1500, "current_limit": 300})
    bench.run(0.5)
    assert bench.signal("limited") & 1
    assert bench.signal("rate") < 149000


def test_every_hazard_says_its_mechanism():
    assert all(hazard.mechanism for hazard in HAZARDS.values())
