"""The figures of the tick itself: gate, deadline, overcurrent, exceptions."""

import pytest

from penfw import faults, states
from tests.system.figures.looks import OFF, RUN


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
        written = []
        looks.set(own_conditions=0, state=states.RUNNING, write_motor=written.append)
        control._failed(ZeroDivisionError())
        assert written == [0]
        assert control.site == slot + 16 * odd
        assert control.error is ZeroDivisionError
        assert (control.gate, control.duty, control.law) == (0, 0, OFF)
        assert control.state == looks.signal("state") == states.FAULT
        assert control.faults == looks.signal("faults") == 1 << faults.INTERNAL_ERROR
        assert control.own_conditions & states.CUT_FAULT


def test_strokes_and_edges_are_counted_to_24_bits(looks):
    control = looks.control
    looks.set(tdc_count=0x7FFFFF, head=3, tdc_head=0xFFFFFD)
    control.top_dead_centre_edge(None)
    assert control.tdc_count == 0x800000
    assert control.tdc_edges == 6
    looks.set(head=0x7FFFFF)
    control.tachometer_edge(None)
    assert control.head == 0x800000
    looks.set(tdc_count=0xFFFFFF)
    control.top_dead_centre_edge(None)
    assert control.tdc_count == 0
