"""Hazards, requirements, code and tests: nothing is missing between them, and what is, is told."""

import re
import shutil
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest

from penloop.errors import UserError
from penloop.evidence.section import Effort
from penloop.evidence.traceability import outcomes, part, tables
from penloop.evidence.traceability.checks import problems
from penloop.evidence.traceability.links import APART, EVIDENCE, links_of
from penloop.evidence.traceability.outcomes import TestOutcome
from penloop.evidence.traceability.suite import suite as functions_of
from penloop.evidence.traceability.trace import Verdict
from tests.verification import ROOT

pytestmark = pytest.mark.verifies("R-812")

LINKED = ("firmware", "simulator", "host_tools", "examples", "tests")  # as they are


@pytest.fixture
def copy(tmp_path):
    """A source tree whose tables can be broken."""
    for name in LINKED:
        (tmp_path / name).symlink_to(ROOT / name)
    folder = tmp_path / "docs" / "safety"
    folder.mkdir(parents=True)
    for path in (ROOT / "docs" / "safety").glob("*.toml"):
        (folder / path.name).write_text(path.read_text())
    return tmp_path


def change(root, name, old, new):
    path = root / "docs" / "safety" / f"{name}.toml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


@cache
def all_functions():
    return functions_of(ROOT)


def found(root, tests=None):
    known = all_functions() if tests is None else tests
    return [str(one) for one in problems(root, tables.load(root), known, part.part_names())]


def test_every_hazard_leads_to_requirements_to_code_and_to_tests():
    assert found(ROOT) == []


def test_every_requirement_leads_to_tests_that_there_are():
    there = {one.node for one in all_functions()}
    links = [
        link for one in tables.load(ROOT).requirements for link in links_of(one, all_functions())
    ]
    assert [link.node for link in links if link.node not in there] == []
    shown = {link.parameter for link in links if link.node == EVIDENCE}
    assert shown & set(APART) == set()
    assert shown | set(APART) <= set(part.part_names())


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        ("hazards", '"R-503", "R-601"', '"R-999", "R-601"',
         r"hazards.toml:\d+: H-03 names R-999, which is no requirement: add it to"),
        ("hazards", '["R-503", "R-601", "R-415"]', "[]",
         r"H-03 has no measure: name the requirements"),
        ("hazards", 'residual = "low"', 'residual = "medium"',
         r"H-01 has residual medium, the scale says low"),
        ("hazards", "probability_after = 1", "probability_after = 3",
         r"H-01 stays high: add a measure"),
        ("hazards", "probability_after = 1", "probability_after = 2",
         r"H-01 stays medium: .*say in `note`"),
        ("requirements", "penfw.limits:to_step_um", "penfw.limits:to_steps",
         r"requirements.toml:\d+: R-504 names code penfw.limits:to_steps, which is not there: "
         r"look into firmware/penfw/limits.py"),
        ("requirements", "penfw.limits:to_step_um", "penfw.borders:to_step_um",
         r"R-504 names code .*: correct the module's name"),
        ("requirements", 'id = "R-504"', 'id = "R-599"',
         r'R-599 has no test: put @pytest.mark.verifies\("R-599"\)'),
        ("requirements", "The pen shall leave FAULT", "The pen leaves FAULT",
         r"R-103 does not say what shall be"),
        ("requirements", '"SW-5.2.3"]', '"SW-5.2.9"]',
         r"R-101 names source SW-5.2.9, which is none"),
        ("requirements", '["treatment"]', '["treatments"]',
         r"R-102 names scenario treatments, which is not there: see examples/scenarios"),
        ("requirements", '["stop-paths"]', '["beauty"]',
         r"R-305 names evidence beauty, which is no part: choose state-machine"),
        ("requirements", "reaction_ms = 20", "reaction_ms = 30",
         r"R-401 does not say the reaction time of 'overspeed', 20 ms"),
        ("requirements", 'fault = "overspeed"\n', "",
         r"no requirement is about the fault 'overspeed', number 1: add one"),
        ("requirements", 'fault = "overspeed"\n', 'fault = "too fast"\n',
         r"R-401 is about 'too fast', which is no fault"),
        ("requirements", 'id = "CFR-1"',
         'id = "X"\nname = "x"\ntext = "x"\n\n[[source]]\nid = "CFR-1"',
         r"source X asks for nothing"),
    ],
)  # fmt: skip
def test_what_is_missing_is_told_with_its_line_and_a_remedy(copy, name, old, new, said):
    change(copy, name, old, new)
    assert [text for text in found(copy) if re.search(said, text)]


def test_a_requirement_whose_source_is_neither_clause_nor_hazard_is_told(copy):
    change(copy, "requirements", "# 2 Consent",
           '[[requirement]]\nid = "R-109"\nchapter = "States"\ntext = "The pen shall hum."\n'
           'code = ["penfw.pen"]\n\n# 2 Consent')  # fmt: skip
    text = "\n".join(found(copy))
    assert "R-109 has no source: name one, or a hazard" in text
    assert "R-109 has no test" in text


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        ("hazards", 'harm = "', 'harms = "', r"hazards.toml:\d+: H-01: no `harm`: add harm = "),
        ("hazards", "severity = 4", "severity = 6",
         r"hazards.toml:\d+: H-01: `severity` is 6: the scale goes from 1 to 5"),
        ("hazards", "severity = 4", 'severity = "4"', r"`severity` is no whole number"),
        ("hazards", 'residual = "low"', 'residual = "little"', r"choose low, medium, high"),
        ("hazards", 'id = "H-02"', 'id = "H-01"',
         r"H-01 is there already, at .*:\d+: take the next"),
        ("hazards", 'id = "H-02"', 'id = "2"', r"'2' is no id"),
        ("hazards", '["low", "low", "low", "low", "medium"]', '["low"]',
         r"risk is not 5 rows of 5"),
        ("requirements", 'chapter = "States"', 'chapter = ""', r"R-101: `chapter` is empty"),
        ("requirements", 'chapter = "States"', 'chapter = "States"\nverified = true',
         r"requirements.toml:\d+: R-101: unknown key `verified`"),
        ("requirements", 'name = "21', 'name "21', r"requirements.toml: .*line \d+"),
    ],
)  # fmt: skip
def test_a_table_that_cannot_be_read_is_told_with_its_line(copy, name, old, new, said):
    change(copy, name, old, new)
    with pytest.raises(UserError, match=said):
        tables.load(copy)


def test_a_tree_without_the_tables_is_told(tmp_path):
    with pytest.raises(UserError, match="work in penloop's source tree"):
        tables.load(tmp_path)


def test_a_test_that_names_an_unknown_requirement_is_told_with_its_line(tmp_path):
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_hum.py").write_text(
        'import pytest\n\n@pytest.mark.verifies("R-999", "R-101")\ndef test_it_hums():\n    pass\n'
    )
    extra = functions_of(tmp_path)
    assert extra[0].requirements == ("R-999", "R-101")
    text = "\n".join(found(ROOT, [*all_functions(), *extra]))
    assert "tests/test_hum.py:4: test_it_hums verifies R-999, which is no requirement" in text
    assert "R-101" not in text


@pytest.mark.parametrize("folder", ["", "traceability"])
def test_a_claim_that_names_an_unknown_requirement_is_told_with_its_file(copy, folder):
    evidence = copy / "host_tools" / "penloop" / "evidence"
    (copy / "host_tools").unlink()
    shutil.copytree(ROOT / "host_tools", copy / "host_tools")
    (evidence / folder / "hum.py").write_text('REQUIREMENTS = ("R-999", "R-101")\n')
    [problem] = found(copy)
    place = (Path("host_tools/penloop/evidence") / folder / "hum.py").as_posix()
    assert problem.startswith(f"{place}: a claim names R-999, which is no requirement")


# What the last whole run gave


@pytest.fixture
def tree(copy, monkeypatch):
    """The copy, as if penloop were installed from it."""
    monkeypatch.setattr(part, "ROOT", copy)
    return copy


def everything_passed(root):
    trace = part.trace_of(root)
    return [
        TestOutcome(link.name, "passed", (name,))
        for name, links in trace.links.items()
        for link in links
    ]


def whole(root):
    section = part.make(Effort(False, 1, root / "out" / "evidence" / "traceability"))
    return section, section.claims[-1]


def test_a_whole_run_on_these_sources_verifies_every_requirement(tree):
    outcomes.write(tree, everything_passed(tree))
    section, _claim = whole(tree)
    assert section.holds
    assert "STALE" not in section.body
    assert all(one["verdict"] == "verified" for one in section.data["requirements"])


def test_a_result_that_is_missing_is_said_to_be(tree):
    section, claim = whole(tree)
    assert not claim.holds
    assert "no result of a whole run is there: run the whole suite" in claim.shown_by
    assert "There is no result of a whole run" in section.body


def test_outside_of_the_source_tree_it_is_said_that_nothing_can_be_shown(tmp_path, monkeypatch):
    monkeypatch.setattr(part, "ROOT", tmp_path)
    _section, claim = whole(tmp_path)
    assert not claim.holds
    assert "run it in penloop's source tree" in claim.shown_by


def test_a_result_of_other_sources_is_stale(tree):
    outcomes.write(tree, everything_passed(tree))
    change(tree, "hazards", "# Depth", "# Depth of needles")
    section, claim = whole(tree)
    assert not claim.holds
    assert "on other sources" in claim.shown_by
    assert 'class="run bad">Last whole run' in section.body
    assert "STALE" in section.body


def test_a_requirement_whose_test_has_failed_is_not_verified(tree):
    results = everything_passed(tree)
    broken = next(one for one in results if "R-504" in one.requirements)
    results[results.index(broken)] = TestOutcome(broken.node_id, "failed", ("R-504",))
    outcomes.write(tree, results)
    _section, claim = whole(tree)
    assert claim.shown_by.endswith("not verified: R-504")
    assert part.trace_of(tree).verdicts["R-504"] is Verdict.FAILED


def test_a_result_that_cannot_be_read_is_none(tmp_path):
    path = tmp_path / "verification.json"
    for text in ("", "[]", '{"tests": []}', '{"tests": 3, "source_sha256": "", "finished": ""}'):
        path.write_text(text)
        assert outcomes.read(path) is None


def test_the_page_leads_to_hazards_requirements_code_and_tests(tree):
    outcomes.write(tree, everything_passed(tree))
    section, _claim = whole(tree)
    page = section.body
    ids = set(re.findall(r'id="([HR]-\d+)"', page))
    assert set(re.findall(r'href="#([^"]+)"', page)) <= ids
    known = tables.load(tree)
    assert {one.id for one in (*known.hazards, *known.requirements)} == ids
    folder = tree / "out" / "evidence"
    for address in set(re.findall(r'href="(\.\.[^"#]+)', page)):
        assert (folder / address).exists(), address


def test_the_age_of_a_result_is_since_it_was_finished(tree):
    outcomes.write(tree, [])
    last = outcomes.read(tree / outcomes.VERIFICATION)
    assert 0 <= last.age_s(datetime.now(UTC)) < 60
