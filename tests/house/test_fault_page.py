"""docs/faults.md: every fault with what it does and shows, as the firmware's tables say."""

import re

from tools import fault_page

from penfw import faults
from tests.house.sources import ROOT

TEXT = (ROOT / "docs" / "faults.md").read_text()


def test_the_page_is_that_of_the_tables():
    assert fault_page.page() == TEXT, "run: python tools/fault_page.py"


def test_each_fault_has_a_code_of_its_own_and_is_made_real():
    codes = [fault_page.flashes(number) for number in range(1, faults.LAST + 1)]
    assert len(set(codes)) == faults.LAST
    missing = [part for part in TEXT.split("\n### ")[1:] if "Made real by" not in part]
    assert [part.splitlines()[0] for part in missing] == []


def test_the_scenarios_that_it_names_are_there():
    named = re.findall(r"\]\(\.\./(examples/scenarios/[^)]+)\)", TEXT)
    assert len(named) >= faults.LAST
    assert [path for path in named if not (ROOT / path).is_file()] == []
