"""What holds of the short form of every part of the evidence."""

import json
from pathlib import Path

from penloop.evidence.section import Effort, Part, Section
from penloop.evidence.traceability import tables
from tests.verification import ROOT

REQUIREMENTS = tables.load(ROOT).requirements


def shown(part: Part, folder: Path) -> Section:
    """The part's section; every claim of it holds, for the requirements that name the part."""
    section = part.make(Effort(True, 1, folder))
    assert [claim.text for claim in section.claims if not claim.holds] == []
    assert section.claims
    assert "<svg" in section.body
    json.dumps(section.data, allow_nan=False)
    named = {claim.requirement for claim in section.claims if claim.requirement}
    assert named == {one.id for one in REQUIREMENTS if part.name in one.evidence}
    return section
