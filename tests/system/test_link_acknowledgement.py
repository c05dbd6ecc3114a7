"""Faults acknowledged over the link: as by the button, but nothing moves without a press."""

import pytest

from penfw import protocol
from penhost import Pen
from penhost.errors import Refused
from pensim.serial_port import SimulatedPort
from tests.system.story import after, latched, pen_of, state


@pytest.fixture
def stalled(running):
    """A pen in FAULT, its motor free again, its record written; and a client on its line."""

    def make(**options):
        bench = running(**options)
        bench.operator.hazard("motor_jammed")
        bench.run(1.0)
        bench.operator.hazard("motor_jammed", False)
        bench.operator.lift()
        bench.run(4.0)
        assert state(bench) == "FAULT"
        return Pen(SimulatedPort.on_bench(bench)), bench

    return make


def moved(bench, since_s):
    """Whether drive, shaft or axis has moved since."""
    trace = bench.trace()
    rows = after(trace, since_s)
    return {
        name
        for name in ("plant.strokes", "plant.protrusion", "pen.duty")
        if trace[name][rows].max() != trace[name][rows].min()
    }


@pytest.mark.verifies("R-215", "R-103")
def test_after_an_acknowledgement_over_the_link_nothing_moves_until_a_press(stalled):
    pen, bench = stalled()
    start_s = bench.now_s
    pen.command("acknowledge")
    bench.run(10.0)
    assert not latched(bench)
    assert state(bench) == "SELF_TEST"
    assert not moved(bench, start_s)
    bench.operator.click()
    bench.run(3.0)
    assert state(bench) == "READY" or latched(bench) == {"cartridge used"}


@pytest.mark.verifies("R-215")
def test_a_press_that_was_down_before_the_acknowledgement_is_none(stalled):
    pen, bench = stalled()
    bench.operator.press()
    bench.run(0.3)
    with pytest.raises(Refused, match="present state"):
        pen.command("acknowledge")
    bench.operator.release()
    bench.run(0.3)
    start_s = bench.now_s
    pen.command("acknowledge")
    bench.run(3.0)
    assert not moved(bench, start_s)


@pytest.mark.verifies("R-215", "R-206")
def test_while_the_cause_is_there_it_is_refused(running):
    bench = running()
    pen = Pen(SimulatedPort.on_bench(bench))
    bench.operator.usb_power()
    bench.run(5.0)
    assert latched(bench) == {"USB power while running"}
    with pytest.raises(Refused, match="cause"):
        pen.command("acknowledge")
    assert state(bench) == "FAULT"
    bench.operator.usb_power(False)
    bench.run(0.2)
    pen.command("acknowledge")
    bench.run(0.5)
    assert not latched(bench)


@pytest.mark.verifies("R-215")
def test_a_fault_is_recorded_before_it_can_be_acknowledged(running):
    bench = running()
    pen = Pen(SimulatedPort.on_bench(bench))
    bench.operator.hazard("motor_jammed")
    while state(bench) != "FAULT":
        bench.run(0.01)
    assert pen_of(bench).blackbox.fault
    with pytest.raises(Refused, match="recorded"):
        pen.command("acknowledge")
    bench.operator.hazard("motor_jammed", False)
    bench.run(4.0)
    pen.command("acknowledge")
    assert "stall" in pen.blackbox()[0].faults


@pytest.mark.verifies("R-215")
def test_a_cause_that_nobody_has_removed_latches_again_at_once(running):
    bench = running()
    pen = Pen(SimulatedPort.on_bench(bench))
    bench.operator.hazard("position_open")
    bench.run(4.0)
    found = latched(bench)
    pen.command("acknowledge")
    bench.run(0.5)
    assert state(bench) == "FAULT"
    assert latched(bench) <= found


@pytest.mark.verifies("R-215")
def test_without_a_fault_there_is_nothing_to_acknowledge(make_bench):
    bench = make_bench()
    bench.run(1.0)
    with pytest.raises(Refused) as caught:
        Pen(SimulatedPort.on_bench(bench)).command("acknowledge")
    assert caught.value.reason == protocol.WRONG_STATE
