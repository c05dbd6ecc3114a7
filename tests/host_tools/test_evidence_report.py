"""The report of the evidence: what each page and file is of, and that old results do not pass."""

import json
from dataclasses import replace

import pytest

from penloop.campaigns import cases
from penloop.commands import evidence
from penloop.evidence import (
    fuzz,
    fuzz_pages,
    index,
    mutation,
    mutation_pages,
    report,
    sources,
    stamp,
)
from penloop.evidence.mutation_pages import Reach
from penloop.evidence.parts import PARTS
from penloop.evidence.section import Claim, LongRun, Part, Section
from penloop.evidence.stamp import FULL, LONG, SHORT
from penloop.evidence.traceability import outcomes
from penloop.evidence.traceability.outcomes import Outcomes, TestOutcome

NOTICE = "Engineering evidence from simulation, not clinical validation"
GOOD = Section((Claim("It hums.", True, "heard"),))
BAD = Section((Claim("It hums.", True, "heard"), Claim("It sings.", False, "silence")))
LOST = Claim("A million hums were heard.", False, "ten")


def made(part, form=FULL, seconds=90.0, of=""):
    return stamp.now(of or sources.source_sha256(part), form, seconds)


def part(name):
    return next(one for one in PARTS if one.name == name)


SIMPLE, LONGER = part("state-machine"), part("fuzz")


@pytest.fixture
def folder(tmp_path):
    """With good results of all parts."""
    for one in PARTS:
        report.write_part(one, GOOD, made(one), tmp_path)
    return tmp_path


def suite(of="now", outcome="passed"):
    return Outcomes(stamp.now(of, FULL, 900.0), (TestOutcome("tests/a.py::test_b", outcome),))


def page_of(folder, last="now"):
    last = suite() if last == "now" else last
    return index.write_index(PARTS, last, "now", folder).read_text()


def rows(page):
    """The index's rows by their titles."""
    found = page.partition("<tbody>")[2].split("<tr")[1:]
    titles = [*PARTS, Part("suite", "The whole suite of tests", lambda _: GOOD)]
    return {one.name: next(row for row in found if one.title in row) for one in titles}


def red(page):
    return [name for name, row in rows(page).items() if 'class="failed"' in row]


# The stamp


def test_page_and_file_of_a_part_say_what_they_are_of(tmp_path):
    path = report.write_part(SIMPLE, GOOD, made(SIMPLE, SHORT, 12.5), tmp_path)
    told = json.loads((tmp_path / "state-machine.json").read_text())
    of = stamp.of(told)
    assert of.source_sha256 == sources.source_sha256(SIMPLE)
    assert of.firmware_sha256 == cases.installed_sha256()
    assert (of.form, of.seconds) == (SHORT, 12.5)
    page = path.read_text()
    for text in (of.source_sha256, of.firmware_sha256, "Short form", "12.5 s", stamp.when(of)):
        assert text in page
    assert NOTICE in page
    assert told["stamp"]["notice"].startswith(NOTICE)


def test_the_result_of_the_suite_and_the_index_are_stamped_too(tmp_path, folder):
    content = json.loads(outcomes.write(tmp_path, []).read_text())
    assert content["stamp"]["notice"].startswith(NOTICE)
    assert stamp.of(content).seconds > 0
    assert 'class="stamp"' in page_of(folder)


@pytest.mark.parametrize("broken", [{}, {"form": "whole"}, {"made": "today"}, {"seconds": "long"}])
def test_a_stamp_that_is_broken_or_missing_is_none(broken):
    content = {"stamp": {**stamp.told(made(SIMPLE)), **broken}} if broken else {}
    with pytest.raises(ValueError, match="no "):
        stamp.of(content)


def test_the_command_stamps_the_sources_from_before_it_ran(tmp_path, monkeypatch):
    """A change meanwhile may have had a part in the result, or not."""
    hashes = iter(["before", "after"])
    monkeypatch.setattr(evidence.sources, "source_sha256", lambda _part: next(hashes))
    assert evidence._shown(replace(SIMPLE, make=lambda _effort: GOOD), FULL, 1, tmp_path)
    assert stamp.of(json.loads((tmp_path / "state-machine.json").read_text())).source_sha256 == (
        "before"
    )


# The index


def test_results_of_these_sources_stand_without_red(folder):
    page = page_of(folder)
    assert red(page) == []
    minutes = (len(PARTS) * 90 + 900) / 60
    assert f"In all {minutes:.1f} min of at most 60 min" in page
    assert 'notice bad"' not in page


def test_more_than_an_hour_is_red(folder):
    report.write_part(SIMPLE, GOOD, made(SIMPLE, seconds=3000.0), folder)
    assert 'class="notice bad"' in page_of(folder)


def test_a_long_run_does_not_count_as_time(folder):
    report.write_part(LONGER, GOOD, made(LONGER, LONG, 40_000.0), folder)
    page = page_of(folder)
    assert "without 1 of 10" in page
    assert red(page) == []


def test_one_part_made_anew_leaves_the_others_on_the_index(folder):
    report.write_part(SIMPLE, BAD, made(SIMPLE), folder)
    page = page_of(folder)
    assert red(page) == ["state-machine"]
    assert "1 of 2 claims" in rows(page)["state-machine"]
    assert "NOT SHOWN: It sings. (silence)" in rows(page)["state-machine"]
    assert "1 of 1 claims" in rows(page)["accuracy"]


def test_a_result_of_other_sources_is_stale(folder):
    report.write_part(SIMPLE, BAD, made(SIMPLE, of="0" * 64), folder)
    page = page_of(folder)
    assert red(page) == ["state-machine"]
    assert "STALE: the sources are others now" in rows(page)["state-machine"]
    assert "NOT SHOWN: It sings." in rows(page)["state-machine"]


def test_a_short_form_beside_full_ones_is_stale(folder):
    report.write_part(SIMPLE, GOOD, made(SIMPLE, SHORT), folder)
    page = page_of(folder)
    assert red(page) == ["state-machine"]
    assert "STALE: of the short form, others are of the full one" in page
    for one in PARTS:
        report.write_part(one, GOOD, made(one, SHORT), folder)
    assert red(page_of(folder)) == []


def test_a_part_that_is_missing_broken_or_without_a_stamp_is_red(folder):
    (folder / "accuracy.json").unlink()
    (folder / "timing.json").write_text("{")
    told = json.loads((folder / "faults.json").read_text())
    del told["stamp"]
    (folder / "faults.json").write_text(json.dumps(told))
    page = page_of(folder)
    assert red(page) == ["faults", "timing", "accuracy"]
    assert "MISSING" in rows(page)["accuracy"]
    assert "STALE: it does not say what it is of" in rows(page)["faults"]
    assert "without 3 of 10" in page


def test_the_suite_has_a_row(folder):
    assert red(page_of(folder, None)) == ["suite"]
    assert red(page_of(folder, suite("other"))) == ["suite"]
    failed = page_of(folder, suite(outcome="failed"))
    assert "FAILED: tests/a.py::test_b" in rows(failed)["suite"]


def test_results_of_an_earlier_run_are_told_beside_the_time(folder):
    reused = replace(GOOD, reused="7 of 9 pens are of an earlier run")
    path = report.write_part(part("accuracy"), reused, made(part("accuracy")), folder)
    assert reused.reused in path.read_text()
    assert reused.reused in rows(page_of(folder))["accuracy"]


# Long runs


def test_a_long_run_of_other_sources_is_red_on_page_and_index_and_fails_no_command(folder, capsys):
    section = replace(GOOD, long_run=LongRun("ten of a million", (LOST,)))
    assert evidence._shown(replace(LONGER, make=lambda _effort: section), FULL, 1, folder)
    assert "STALE OR INCOMPLETE  long run: ten of a million" in capsys.readouterr().out
    page = page_of(folder)
    assert red(page) == ["fuzz"]
    assert "long run: ten of a million" in rows(page)["fuzz"]
    assert f"NOT SHOWN on these sources: {LOST.text} (ten)" in rows(page)["fuzz"]
    own = (folder / "fuzz.html").read_text()
    assert own.index("STALE OR INCOMPLETE") < own.index("It hums.")
    assert LOST.text in own


def test_a_long_run_of_these_sources_is_told_and_not_red(folder):
    section = replace(GOOD, long_run=LongRun("all of a million", (replace(LOST, holds=True),)))
    path = report.write_part(LONGER, section, made(LONGER), folder)
    assert "STALE OR INCOMPLETE" not in path.read_text()
    page = page_of(folder)
    assert red(page) == []
    assert "all of a million" in rows(page)["fuzz"]


def test_inputs_of_other_sources_show_nothing_of_the_present_ones():
    hashes = {target.name: "now" for target in fuzz.TARGETS}
    goals = fuzz._goals()
    results = [fuzz.Result(name, "now", goal, 1.0, "2026-11-24T12:00:00+00:00")
               for name, goal in goals.items()]  # fmt: skip
    assert all(claim.holds for claim in fuzz._long_claims(results, hashes))
    results[0] = replace(results[0], source_hash="then")
    lost = [claim for claim in fuzz._long_claims(results, hashes) if not claim.holds]
    assert [claim.text for claim in lost] == [
        fuzz.TARGETS[0].claim,
        "10,000,000 inputs were played on these very sources",
    ]
    assert "10,000,000 of 10,000,000 inputs played, 8,800,000 of them on the present" in (
        fuzz._told(results, hashes)
    )


def test_the_page_of_the_fuzzing_says_of_which_form_its_first_claims_are():
    page = fuzz_pages.body([], {"link": "now"}, {"link": 10})
    assert "The claims in the first table are of the form that the page&#x27;s head names" in page


def mutant(killer="tests/x.py::test_y", occurrence=0):
    return mutation.Result("then", "2026-11-24T12:00:00+00:00", "states", "AddNot", occurrence,
                           "a", "b", killer, 1.0)  # fmt: skip


def test_the_page_of_the_mutants_tells_the_whole_share_and_both_hashes():
    results = [mutant(), mutant(occurrence=1), mutant("", 2)]
    reach = Reach("whole-now", lambda killer: f"behind {killer[:5]}")
    page = mutation_pages.body(results, [], {}, {"states": 2, "limits": 1}, reach)
    assert '<tr class="failed"><td>all</td><td>3</td><td>3</td><td>0</td><td>2</td>' in page
    assert "<td>66.7%</td></tr></tbody>" in page
    for text in ("then", "behind tests", "whole-now"):
        assert f"<code>{text}</code>" in page


def test_the_page_of_the_mutants_names_modules_and_operators_that_are_left_out():
    modules, operators = mutation._left_out()
    assert {"blackbox", "settings", "telemetry"} <= {*modules}
    assert "states" not in modules
    assert "NumberReplacer" in operators
    assert "AddNot" not in operators
    page = mutation_pages.body([], [], {}, {"states": 2}, Reach("now", str, modules, operators))
    assert "blackbox_record" in page
    assert "VariableReplacer" in page


def test_the_share_of_mutants_is_told_with_how_many_still_count():
    results = [mutant(), mutant(occurrence=1), mutant("", 2)]
    told = mutation._told(results, results[:1], {"states": 4})
    assert told.startswith("2 of 3 mutants killed, 66.7%; of the 4 there are, 1 were played")
    assert not any(claim.holds for claim in mutation._claims([], 4, {}))
