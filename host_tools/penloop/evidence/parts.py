"""The parts of the evidence, in the order of the report."""

from penloop.evidence.section import Part

PARTS: tuple[Part, ...] = ()
