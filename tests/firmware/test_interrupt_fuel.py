"""The control interrupt's cost in wasm fuel: the same in every run, and what the document says."""

import pytest
from tools import interrupt_cost, interrupt_fuel

FEW = 60


@pytest.mark.verifies("R-804")
def test_no_interrupt_takes_more_fuel_than_the_document_says():
    written = interrupt_fuel.documented(interrupt_cost.TABLE.read_text())
    found = interrupt_fuel.measure()
    assert found == pytest.approx(written, rel=interrupt_fuel.TOLERANCE), (
        "run: python -m tools.interrupt_cost"
    )


def test_the_count_is_the_same_in_every_run_and_an_operation_more_is_seen():
    first, second = (interrupt_fuel.measure(count=FEW) for _ in range(2))
    assert first == second
    path = interrupt_cost.SOURCES / "control.py"
    dearer = path.read_text().replace("faults = self.faults\n", "faults = self.faults + 0\n", 1)
    changed = interrupt_fuel.measure({"control": dearer}, count=FEW)
    ticks = [kind for kind in first if kind.startswith("tick, odd") or kind == "tick, even"]
    assert len(ticks) == 3
    assert all(changed[kind] > first[kind] for kind in ticks)
    assert changed["tachometer_edge"] == first["tachometer_edge"]
