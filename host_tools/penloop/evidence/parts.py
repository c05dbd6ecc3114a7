"""The parts of the evidence, in the order of the report."""

from penloop.evidence import accuracy
from penloop.evidence.section import Part

PARTS: tuple[Part, ...] = (accuracy.PART,)
