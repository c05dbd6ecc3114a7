"""Which tests verify a requirement: those that name it, and those that the tables name."""

from collections.abc import Sequence
from dataclasses import dataclass

from penloop.evidence.traceability.suite import TestFunction
from penloop.evidence.traceability.tables import Requirement

# Tests whose parameters stand in the tables: of faults, scenarios and parts of the evidence.
FAULTS = "tests/system/test_faults.py::test_a_scenario_latches_its_fault_and_what_follows_from_it"
SCENARIOS = "tests/system/test_scenario_library.py::test_every_scenario_holds"
EVIDENCE = "tests/system/test_evidence.py::test_the_short_form_of_each_part_shows_every_claim"


@dataclass(frozen=True)
class Link:
    """A test that verifies a requirement: its function, and its parameter where that is named."""

    node: str
    parameter: str = ""

    @property
    def name(self) -> str:
        """The node id, as pytest has it."""
        return f"{self.node}[{self.parameter}]" if self.parameter else self.node

    def covers(self, node_id: str) -> bool:
        """Whether a test that ran is this one, or this one with some parameter."""
        return node_id == self.name or (not self.parameter and node_id.startswith(self.node + "["))


# Parts of the evidence that have a test of their own.
_ORDER = "test_no_order_of_interrupt_main_loop_host_and_button_is_unsafe"
APART = {"interplay": Link(f"tests/system/test_interplay.py::{_ORDER}")}


def links_of(requirement: Requirement, tests: Sequence[TestFunction]) -> list[Link]:
    """All of a requirement's tests."""
    named = [Link(test.node) for test in tests if requirement.id in test.requirements]
    faults = [Link(FAULTS, requirement.fault)] if requirement.fault else []
    scenarios = [Link(SCENARIOS, name) for name in requirement.scenarios]
    parts = [APART.get(name) or Link(EVIDENCE, name) for name in requirement.evidence]
    return [*named, *faults, *scenarios, *parts]
