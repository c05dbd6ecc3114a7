"""The parts of the evidence, in the order of the report."""

from penloop.evidence import (
    accuracy,
    fault_campaign,
    fuzz,
    interplay,
    mutation,
    state_machine,
    stop_paths,
    timing,
    traceability,
)
from penloop.evidence.section import Part

PARTS: tuple[Part, ...] = (
    state_machine.PART,
    interplay.PART,
    stop_paths.PART,
    fault_campaign.PART,
    timing.PART,
    accuracy.PART,
    fuzz.PART,
    mutation.PART,
    traceability.PART,  # last: it leads to the others' pages
)
