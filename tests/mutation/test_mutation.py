"""The mutants: what they change, that the tests' verdict on them is right, and what is kept."""

import json
import subprocess
import sys

import pytest

from penloop.errors import UserError
from penloop.evidence import long_runs, mutants, mutation, mutation_pages
from penloop.evidence.mutants import MODULES, change_of, mutants_of
from penloop.evidence.mutation import Result
from penloop.evidence.mutation_process import ROOT, Sources, sources
from penloop.evidence.section import Effort
from tests.mutation import blocks


def wanted(module, after):
    """The mutant of a module that makes this line of it."""
    for one in mutants_of(module):
        change = change_of(one)
        if change and change.after == after:
            return one
    raise AssertionError(after)


def played(*todo, measured=False, files=None):
    """Rows of tests.mutation for these mutants."""
    command = [sys.executable, "-m", "tests.mutation", "1", *(["--measured"] * measured)]
    text = "".join(json.dumps([*one, [], files]) + "\n" for one in todo)
    done = subprocess.run(command, cwd=ROOT, input=text, capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize("module", MODULES)
def test_each_mutant_changes_one_line_of_its_module(module):
    found = mutants_of(module)
    assert found
    for one in found[:: max(1, len(found) // 12)]:
        change = change_of(one)
        if change is None:
            continue
        lines = mutants.source(module).splitlines(), change.text.splitlines()
        differ = [n for n, (a, b) in enumerate(zip(*lines, strict=True), 1) if a != b]
        assert differ == [one.line]
        compile(change.text, module, "exec")


def test_a_number_is_halved_and_doubled_and_a_small_one_moves_by_one():
    numbers = [one for one in mutants_of("service") if one.operator == "NumberChange"]
    made = [change_of(one) for one in numbers]
    after = [one.after for one in made if one and one.before == "IDLE_MS = 600000"]
    assert after == ["IDLE_MS = 1200000", "IDLE_MS = 300000"]
    after = [one.after for one in made if one and one.before == "return 0"]
    assert after == ["return 1"]


def test_a_mutant_is_killed_on_the_board_and_in_a_test_of_its_module_alone():
    board = wanted("watch", "_STALL_US = const(120000)  # neither an edge nor top dead centre")
    unit = wanted("button", "STUCK_MS = 20000")

    rows = {tuple(row[:3]): row for row in played(board, unit)}
    assert rows[board[:3]][3:5] == [
        "_STALL_US = const(60000)  # neither an edge nor top dead centre",
        "_STALL_US = const(120000)  # neither an edge nor top dead centre",
    ]
    assert "figures/test_motion.py::test_a_stall" in rows[board[:3]][5]
    assert "tests/firmware/test_button.py::" in rows[unit[:3]][5]


def test_a_mutant_meets_the_tests_of_some_files_only():
    unit = wanted("button", "STUCK_MS = 20000")
    [row] = played(unit, files=["tests/firmware/test_states.py"])
    assert row[5] == ""


def test_a_block_tells_that_it_is_reached():
    for module in MODULES:
        reached = []
        text = blocks.marked(module)
        assert len(blocks.blocks_of(module)) == text.count(blocks.TELLS)
        compile(text, module, "exec")
        assert not reached
    line = mutants.source("button").splitlines().index("            return STUCK") + 1
    assert blocks.blocks_at("button", line) == {line - 1}


def test_a_private_constant_has_its_effect_where_it_is_read():
    lines = mutants.source("watch").splitlines()
    line = next(n for n, text in enumerate(lines, 1) if text.startswith("_STALL_US"))
    [block] = blocks.blocks_at("watch", line)
    assert lines[block - 1].strip() == "self.driven_looks += 1"
    assert blocks.blocks_at("button", 10) is None  # whoever imports it


# The part of the evidence


def result(sources="now", killer="tests/x.py::test_y", after="b", occurrence=0, module="states"):
    return Result(sources, "2026-11-24T12:00:00+00:00", module, "AddNot", occurrence, "a", after,
                  killer, 1.0)  # fmt: skip


def test_a_cut_line_of_the_kept_results_is_passed_over(tmp_path):
    file = tmp_path / "results.jsonl"
    whole = json.dumps(result().__dict__)
    file.write_text(f"{whole}\n{whole[:40]}")
    assert mutation.kept(file) == [result()]
    assert mutation.kept(tmp_path / "none") == []


HASHES = {"": "f", "tests/x.py": "x", "tests/z.py": "z"}


def test_a_killed_mutant_rests_on_its_killer_and_a_survivor_on_all_tests():
    present = Sources(HASHES)
    killed = result(present.behind("tests/x.py::test_y"))
    alive = result(present.behind(""), killer="", occurrence=1)
    hangs = result(present.behind("a test hangs"), killer="a test hangs", occurrence=2)
    results = [killed, alive, hangs]
    assert mutation._fresh(results, present) == results
    assert mutation._fresh([*results, killed], present) == results
    assert mutation._fresh(results, Sources({**HASHES, "tests/z.py": "a"})) == [killed]
    assert mutation._fresh(results, Sources({**HASHES, "tests/x.py": "a"})) == []
    assert mutation._fresh(results, Sources({**HASHES, "": "a"})) == []


def test_a_survivor_meets_the_tests_that_have_changed_since(tmp_path):
    file = tmp_path / "sources.json"
    alive = result(Sources(HASHES).behind(""), killer="")
    killed = result(Sources(HASHES).behind("tests/x.py::test_y"), occurrence=1)
    results = [alive, killed]
    assert mutation._changed_tests(results, file, Sources(HASHES)) == {}
    changed = Sources({**HASHES, "tests/z.py": "a", "tests/new.py": "n"})
    files = ["tests/z.py", "tests/new.py"]
    assert mutation._changed_tests(results, file, changed) == {alive.place: files}
    other = Sources({**HASHES, "": "a", "tests/z.py": "a"})
    assert mutation._changed_tests(results, file, other) == {}
    again = [*results, result(changed.behind("tests/z.py::test"), "tests/z.py::test")]
    assert mutation._changed_tests(again, file, changed) == {}


@pytest.fixture
def long_runs_of_its_own(tmp_path, monkeypatch):
    """Where nothing was run yet."""
    monkeypatch.setattr(long_runs, "KEPT", tmp_path / "long-runs")
    return tmp_path / "long-runs"


def test_a_long_run_that_was_broken_off_goes_on_and_leaves_one_line_a_mutant(
    tmp_path, monkeypatch, long_runs_of_its_own
):
    every = [wanted("button", "STUCK_MS = 20000"), wanted("service", "return 1")]
    monkeypatch.setattr(
        mutants, "mutants_of", lambda module: [one for one in every if one.module == module]
    )
    killer = "tests/x.py::test_y"
    todos = []

    def play(todo, _jobs, _log, measured):
        assert measured
        todos.append([row[0] for row in todo])
        for row in todo[:1]:
            yield [*row[:3], "a", "b", killer, 0.1]

    monkeypatch.setattr(mutation, "play", play)
    monkeypatch.setattr(mutation, "sources", lambda: Sources(HASHES))
    efforts = [Effort(False, 1, tmp_path / "out", long=True)] * 3
    sections = [mutation.make(effort) for effort in efforts]
    assert [len(todo) for todo in todos] == [2, 1, 0]
    assert sections[-1].claims[2].holds
    kept = mutation.kept(long_runs_of_its_own / "mutation" / "results.jsonl")
    assert [one.module for one in kept] == ["button", "service"]


def test_the_page_tells_of_stale_survivors_too():
    killed = [result(occurrence=n) for n in range(9)]
    alive = result(killer="", after="alive and kicking", occurrence=9)
    page = mutation_pages.body([*killed, alive], killed, {}, {"states": 10})
    assert "<td>90.0%</td>" in page
    assert "alive and kicking" in page
    assert "others" in page
    assert 'class="failed"' in page
    fresh = mutation_pages.body([*killed, alive], [*killed, alive], {}, {"states": 10})
    assert 'class="failed"' not in fresh
    assert "the present sources</td>" in fresh


def test_broken_sources_of_earlier_runs_are_none(tmp_path):
    file = tmp_path / "sources.json"
    file.write_text('{"abc": {"')
    alive = result(Sources(HASHES).behind(""), killer="")
    assert mutation._changed_tests([alive], file, Sources(HASHES)) == {}
    assert json.loads(file.read_text()) == {Sources(HASHES).whole: HASHES}


def test_the_sources_are_told_file_by_file():
    hashes = sources().hashes
    assert "tests/system/test_safety.py" in hashes
    assert {len(one) for one in hashes.values()} == {64}
    assert len({*hashes.values()}) == len(hashes)


def test_the_claims_ask_for_95_percent_for_judgement_and_for_all_of_them():
    done = [result(occurrence=n) for n in range(95)]
    done += [result(occurrence=n, killer="", after=f"c{n}") for n in range(95, 100)]
    judged = {one.change: mutation.Judgement("equivalent", "so") for one in done if not one.killer}
    assert [one.holds for one in mutation._claims(done, 100, judged)] == [True, True, True]
    assert [one.holds for one in mutation._claims(done, 101, judged)] == [True, True, False]
    assert [one.holds for one in mutation._claims(done, 100, {})] == [True, False, True]
    done[0] = result(killer="", after="d")
    assert [one.holds for one in mutation._claims(done, 100, judged)] == [False, False, True]
    assert not any(one.holds for one in mutation._claims([], 0, judged)[::2])


@pytest.mark.parametrize(
    "text",
    [
        "[[survivor]]\nmodule = 'states'\n", "[[survivor]\n",
        "[[survivor]]\nmodule='a'\nbefore='b'\nafter='c'\nkind='whatever'\nwhy='d'\n",
        "[[survivor]]\nmodule='a'\nbefore='b'\nafter='c'\nkind='equivalent'\nwhy=''\n",
    ],
)  # fmt: skip
def test_a_judgement_that_is_none_is_told_with_the_remedy(tmp_path, monkeypatch, text):
    file = tmp_path / "survivors.toml"
    file.write_text(text)
    monkeypatch.setattr(mutation, "JUDGED", file)
    with pytest.raises(UserError) as told:
        mutation.judgements()
    assert "equivalent" in str(told.value)


def test_every_judgement_is_of_a_line_that_there_is():
    for module, before, _after in mutation.judgements():
        assert before in [line.strip() for line in mutants.source(module).splitlines()]
