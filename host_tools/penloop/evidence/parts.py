"""The parts of the evidence, in the order of the report."""

from penloop.evidence import accuracy, stop_paths
from penloop.evidence.section import Part

PARTS: tuple[Part, ...] = (accuracy.PART, stop_paths.PART)
