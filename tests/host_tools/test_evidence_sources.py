"""What a result of the evidence depends on, and that it is made anew where that has changed."""

import pytest

from penloop.campaigns import campaign
from penloop.commands import evidence
from penloop.evidence import accuracy, sources, tree
from penloop.evidence.parts import PARTS
from penloop.evidence.section import Claim, Effort, Section
from penloop.evidence.traceability import outcomes, whole_run
from tests.verification import ROOT


def part(name):
    return next(one for one in PARTS if one.name == name)


# What a part depends on


def test_a_part_depends_on_firmware_simulator_client_and_what_it_imports():
    names = {path.relative_to(ROOT).as_posix() for path in sources.source_files(part("accuracy"))}
    assert {
        "firmware/penfw/rate.py",
        "simulator/pensim/plant/kernel.py",
        "simulator/pensim/plant/kernel.pxd",
        "host_tools/penhost/units.py",
        "host_tools/penloop/scenarios/measure.py",
        "host_tools/penloop/evidence/accuracy.py",
        "host_tools/penloop/evidence/campaigns/accuracy.campaign.toml",
    } <= names
    assert "host_tools/penloop/evidence/timing.py" not in names
    assert not [name for name in names if name.startswith("tests/")]


def test_a_part_depends_on_what_it_says_that_it_reads():
    files = sources.source_files(part("fuzz"))
    assert ROOT / "tests/fuzz/link.py" in files
    assert any(ROOT / "tests/fuzz/corpus/link" in path.parents for path in files)
    whole = sources.source_files(part("traceability"))
    assert {ROOT / "docs/evidence.md", ROOT / "docs/safety/hazards.toml"} <= whole


def test_the_pens_of_accuracy_are_run_anew_on_other_sources(tmp_path, monkeypatch):
    begun = []

    def run(_pens, data, _effort):
        begun.append(data.folder.name)
        raise InterruptedError

    monkeypatch.setattr(accuracy, "_run", run)
    for digest in ("1" * 64, "1" * 64, "2" * 64):
        monkeypatch.setattr(accuracy, "source_sha256", lambda _part, digest=digest: digest)
        with pytest.raises(InterruptedError):
            accuracy.make(Effort(True, 1, tmp_path))
    assert begun == ["1" * 12, "1" * 12, "2" * 12]


def test_a_campaign_on_another_simulator_is_another_one(monkeypatch):
    before = accuracy.campaign(10).fingerprint
    assert accuracy.campaign(10).fingerprint == before
    monkeypatch.setattr(campaign, "simulator_sha256", lambda: "another")
    assert accuracy.campaign(10).fingerprint != before


# What the tests depend on


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("host_tools/penloop/evidence/interplay.pml", True),
        ("docs/protocol.md", True),
        ("docs/pictures/wiring.svg", True),
        ("README.md", True),
        ("tests/fuzz/corpus/link/0a", True),
        ("tools/setup.sh", True),
        ("docs/safety/long-runs/fuzz/link.json", False),
        ("out/evidence/fuzz.json", False),
        ("firmware/penfw/__pycache__/rate.pyc", False),
        ("tests/mcap_reader/node_modules/x/index.js", False),
        ("simulator/pensim/plant/_kernel_compiled.so", False),
    ],
)
def test_all_that_tests_read_and_nothing_that_they_write_is_in_the_hash(tmp_path, name, counts):
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("before")
    before = outcomes.source_sha256(tmp_path)
    path.write_text("after")
    assert (outcomes.source_sha256(tmp_path) != before) == counts


def test_every_file_of_the_repository_is_in_the_hash_but_for_long_runs():
    known = {path.relative_to(ROOT).as_posix() for path in tree.files(ROOT)}
    for place in ("docs/evidence.md", "host_tools/penloop/evidence/interplay.pml", "action.yml",
                  ".ci/run", "Makefile", "tests/mcap_reader/read.mjs"):  # fmt: skip
        assert place in known
    assert not [name for name in known if name.startswith(tree.LONG_RUNS)]


# The suite runs first


@pytest.fixture
def project(tmp_path):
    """A small one whose suite writes its result as ours does."""
    (tmp_path / "pyproject.toml").write_text('[tool.pytest.ini_options]\ntestpaths = ["tests"]\n')
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_hum.py").write_text("def test_hum(): pass\n")
    (tmp_path / "tests" / "conftest.py").write_text(
        "from pathlib import Path\nfrom penloop.evidence.traceability import outcomes\n\n"
        "def pytest_sessionfinish(session):\n"
        "    if not hasattr(session.config, 'workerinput'):\n"
        "        outcomes.write(Path(__file__).parents[1], [])\n"
    )
    return tmp_path


def test_the_suite_runs_first_where_its_result_is_missing_or_stale(project, capfd):
    whole_run.make_sure(project, 1)
    said = capfd.readouterr()
    assert "there is no result of the whole suite: the whole suite of tests runs first" in said.err
    assert said.out == ""
    assert whole_run.missing(project) == ""
    whole_run.make_sure(project, 1)
    assert capfd.readouterr().err == ""
    with (project / "tests" / "test_hum.py").open("a") as file:
        file.write("\ndef test_sing(): pass\n")
    whole_run.make_sure(project, 1)
    assert "was last run on other sources" in capfd.readouterr().err
    assert whole_run.missing(project) == ""


def test_where_there_are_no_tests_none_run(tmp_path):
    assert whole_run.missing(tmp_path) == ""


@pytest.mark.parametrize(
    ("arguments", "runs"),
    [(([],), True), ((["traceability"],), True), ((["accuracy"],), False), (([], True), False)],
)
def test_only_the_full_form_with_traceability_needs_the_suite(
    tmp_path, monkeypatch, arguments, runs
):
    begun = []
    monkeypatch.setattr(evidence.whole_run, "make_sure", lambda *_: begun.append(True))
    monkeypatch.setattr(evidence, "_made", lambda *_: Section((Claim("It hums.", True, "heard"),)))
    evidence.evidence(*arguments, out=tmp_path, jobs=1)
    assert bool(begun) == runs
    assert (tmp_path / "index.html").exists()
