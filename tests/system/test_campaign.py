"""`penloop campaign`: real cases, from the command line."""

import json
import os
import signal
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from penloop.cli import run
from penloop.scenarios.scenario_reader import load as load_scenario
from tests.system.penloop_process import finish, start, until

SCENARIO = """
about = "A pen is started in the air."
duration = "1.6 s"
expect = ["drive on once", "current below 1.7 A"]
measure = { peak = "greatest current" }

[[step]]
at = "0.2 s"
do = "insert_cartridge"

[[step]]
at = "0.8 s"
do = "click"
"""
CAMPAIGN = """
about = "Motors of many windings."
scenario = "start.pen.toml"
cases = 8
seed = 2
[vary]
motor.resistance_ohm = { uniform = [0.9, 1.4] }
step.2.at = { uniform = ["0.7 s", "0.9 s"] }
"""
EXAMPLES = Path(__file__).parents[2] / "examples" / "campaigns"


@pytest.fixture
def campaign_file(tmp_path):
    def make(text=CAMPAIGN, scenario=SCENARIO):
        (tmp_path / "start.pen.toml").write_text(scenario)
        path = tmp_path / "start.campaign.toml"
        path.write_text(text)
        return path

    return make


def table(folder):
    """The whole data set, in the order of the cases."""
    return pq.read_table(folder / "cases").sort_by("case")


def test_a_campaign_runs_and_leaves_data_a_summary_and_a_page(campaign_file, tmp_path, capsys):
    out = tmp_path / "out"
    assert run(["campaign", str(campaign_file()), "-j", "1", "--out", str(out)]) in (0, 1)
    told = json.loads((out / "summary.json").read_text())
    rows = table(out).to_pylist()
    assert [row["case"] for row in rows] == list(range(8))
    assert told["failures"]["failed"] == sum(not row["passed"] for row in rows)
    assert all(0.9 <= row["motor.resistance_ohm"] <= 1.4 for row in rows)
    assert all(0.3 < row["measure.peak_mA"] / 1000 < 4 for row in rows)
    assert "<svg" in (out / "summary.html").read_text()
    assert f"{told['failures']['failed']} of 8 cases fail" in capsys.readouterr().out


def test_the_exit_code_says_whether_a_case_failed(campaign_file, tmp_path):
    always, never = (SCENARIO.replace("below 1.7 A", text) for text in ("below 9 A", "below 1 mA"))
    for scenario, code in ((always, 0), (never, 1)):
        file = campaign_file(CAMPAIGN.replace("= 8", "= 2"), scenario)
        out = str(tmp_path / f"out{code}")
        assert run(["campaign", str(file), "-j", "1", "--out", out]) == code


def test_processes_give_the_same_results_as_one(campaign_file, tmp_path):
    file = str(campaign_file())
    for jobs in ("1", "2"):
        run(["campaign", file, "-j", jobs, "--out", str(tmp_path / jobs)])
    assert table(tmp_path / "1").equals(table(tmp_path / "2"))


def test_a_killed_campaign_goes_on_and_ends_with_the_same_results(campaign_file, tmp_path):
    file = str(campaign_file(CAMPAIGN.replace("= 8", "= 150")))
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    process = start("campaign", file, "-j", "1", "--out", str(killed), start_new_session=True)
    until(lambda: list(killed.glob("cases/*.parquet")), "a part of the results")
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert 0 < table(killed).num_rows < 150
    code, out, _err = finish(start("campaign", file, "-j", "1", "--out", str(killed)))
    assert code in (0, 1)
    assert "of 150 cases are there already" in out
    run(["campaign", file, "-j", "2", "--out", str(whole)])
    assert table(killed).equals(table(whole))


def test_ctrl_c_says_how_to_go_on_and_keeps_what_is_done(campaign_file, tmp_path):
    file = str(campaign_file(CAMPAIGN.replace("= 8", "= 2000")))
    out = tmp_path / "out"
    process = start("campaign", file, "-j", "1", "--out", str(out))
    until(lambda: list(out.glob("cases/*.parquet")), "a part of the results")
    process.send_signal(signal.SIGINT)
    code, told, err = finish(process)
    assert code == 130
    assert "the same command goes on" in told
    assert "Traceback" not in err
    assert 0 < table(out).num_rows < 2000


def test_a_case_runs_again_by_its_number_and_becomes_a_scenario(campaign_file, tmp_path, capsys):
    file, out = str(campaign_file()), tmp_path / "out"
    run(["campaign", file, "-j", "1", "--out", str(out)])
    row = table(out).to_pylist()[5]
    capsys.readouterr()
    code = run(["campaign", file, "--case", "5", "--out", str(out)])
    told = capsys.readouterr().out
    assert code == (0 if row["passed"] else 1)
    assert f"margin {row['margin']:+.3f}" in told
    as_scenario = out / "case-5.pen.toml"
    assert load_scenario(as_scenario).parameters.motor.resistance_ohm == row["motor.resistance_ohm"]
    run(["run", str(as_scenario)])
    digests = [word for word in (told + capsys.readouterr().out).split() if len(word) >= 12]
    (digest,) = {told.partition("digest ")[2][:12]}
    assert any(word.startswith(digest) for word in digests[1:])
    assert "<canvas" in (out / "case-5.html").read_text()


def test_other_results_are_set_aside_not_lost(campaign_file, tmp_path, capsys):
    out = tmp_path / "out"
    file = campaign_file(CAMPAIGN.replace("= 8", "= 2"))
    run(["campaign", str(file), "-j", "1", "--out", str(out)])
    before = table(out)
    file = campaign_file(CAMPAIGN.replace("= 8", "= 2").replace("seed = 2", "seed = 3"))
    assert run(["campaign", str(file), "-j", "1", "--out", str(out)]) == 2
    assert "--fresh" in capsys.readouterr().err
    assert table(out).equals(before)
    run(["campaign", str(file), "-j", "1", "--out", str(out), "--fresh"])
    (aside,) = tmp_path.glob("out.*")
    assert table(aside).equals(before)
    assert not table(out).equals(before)


def test_a_folder_without_results_is_not_set_aside(campaign_file, tmp_path, capsys):
    (tmp_path / "mine").mkdir()
    file = str(campaign_file())
    assert run(["campaign", file, "-j", "1", "--out", str(tmp_path / "mine"), "--fresh"]) == 2
    assert "no results of a campaign" in capsys.readouterr().err
    assert list(tmp_path.glob("mine*")) == [tmp_path / "mine"]


def test_the_command_that_runs_a_case_again_names_all_that_makes_it(
    campaign_file, tmp_path, capsys
):
    file = str(campaign_file(CAMPAIGN.replace("seed = 2", 'method = "latin hypercube"')))
    arguments = [
        file,
        "-j",
        "1",
        "--cases",
        "3",
        "--firmware",
        "firmware",
        "--engine",
        "micropython",
    ]
    run(["campaign", *arguments, "--out", str(tmp_path / "out")])
    again = capsys.readouterr().out.partition("one again: ")[2].splitlines()[0].split()
    rows = {row["case"]: row["margin"] for row in table(tmp_path / "out").to_pylist()}
    assert run([*again[1:], "--out", str(tmp_path / "out")]) in (0, 1)
    margin = rows[int(again[again.index("--case") + 1])]
    assert f"margin {margin:+.3f}" in capsys.readouterr().out


def test_a_case_that_cannot_be_run_is_an_error_and_the_others_go_on(campaign_file, tmp_path):
    text = CAMPAIGN.replace('step.2.at = { uniform = ["0.7 s", "0.9 s"] }',
                            "skin.cheek.puncture_force_n = { values = [0.02, 0.12] }\n"
                            "skin.cheek.full_force_n = { values = [0.3, 0.1] }")  # fmt: skip
    out = tmp_path / "out"
    assert run(["campaign", str(campaign_file(text)), "-j", "1", "--out", str(out)]) == 1
    errors = {row["error"] for row in table(out).to_pylist()}
    assert len(errors) > 1
    assert "" in errors
    assert any("raise full_force_n" in error for error in errors)


def spread_by(how):
    """The campaign with its resistance spread otherwise."""
    return CAMPAIGN.replace("{ uniform = [0.9, 1.4] }", how)


@pytest.mark.parametrize(
    ("text", "line", "remedy"),
    [
        ("", 1, "add it"),
        (CAMPAIGN.replace("scenario =", "scenery ="), 3, "use about, scenario"),
        (CAMPAIGN.replace("= 8", "= 0"), 4, "cases"),
        (CAMPAIGN.replace("[0.9, 1.4]", "[1.4, 0.9]"), 7, "smaller one first"),
        (CAMPAIGN.replace("[0.9, 1.4]", "[0, 1.4]"), 7, "not possible"),
        (CAMPAIGN.replace("motor.resistance_ohm", '"motor.colour"'), 7, "use copper_per_k"),
        (CAMPAIGN.replace("step.2.at", "step.3.at"), 8, "count from 1 to 2"),
        (CAMPAIGN.replace("cases = 8", 'method = "sweep"'), 6, "give values or steps"),
        (CAMPAIGN.replace("seed = 2", 'method = "sweep"'), 4, "leave cases away"),
        (CAMPAIGN.replace("seed = 2", 'method = "guess"'), 5, "method"),
        (spread_by('{ values = [1, 2], weights = ["a", 2] }'), 7, "docs/campaigns.md"),
        (spread_by("{ values = [1, 2], weights = [-1, 2] }"), 7, "docs/campaigns.md"),
        (spread_by("{ values = [1, 2], weights = 3 }"), 7, "docs/campaigns.md"),
        (spread_by("{ values = [1, 2], weights = [0, 0] }"), 7, "as many weights"),
        (spread_by('{ steps = [1, 2], count = "x" }'), 7, "docs/campaigns.md"),
        (spread_by("{ steps = [1, 2], count = 2.5 }"), 7, "docs/campaigns.md"),
        (spread_by('{ lognormal = [1, "x"] }'), 7, "docs/campaigns.md"),
        (spread_by('{ lognormal = ["x", 1.1] }'), 7, "write numbers"),
        (spread_by("{ lognormal = [1, [2]] }"), 7, "docs/campaigns.md"),
        (spread_by("{ uniform = [true, false] }"), 7, "docs/campaigns.md"),
        (spread_by("{ unifrom = [1, 2] }"), 7, "give uniform"),
        (spread_by("{ tolerance = [1] }"), 7, "docs/campaigns.md"),
        (spread_by("{ uniform = [nan, 2] }"), 7, "give the value of"),
        (spread_by("{ uniform = [1, inf] }"), 7, "not possible"),
        (CAMPAIGN.replace("step.2.at =", "step.2.at.x ="), 8, "leave away what is after at"),
        (CAMPAIGN.replace('"0.9 s"', '"9 s"'), 8, "give an earlier time"),
    ],
)
def test_a_mistake_in_a_campaign_is_told_with_its_line(text, line, remedy, campaign_file, capsys):
    file = campaign_file(text)
    assert run(["campaign", str(file)]) == 2
    told = capsys.readouterr().err
    assert f"{file}:{line}: " in told
    assert remedy in told


@pytest.mark.parametrize(
    ("arguments", "remedy"),
    [
        (["/nowhere.campaign.toml"], "give a campaign file"),
        ([], "name a file"),
        (["FILE", "--case", "8"], "choose 0 to 7"),
        (["FILE", "-j", "0"], "--help"),
        (["FILE", "--out", "/dev/null/x"], "name another folder"),
        (["FILE", "--engine", "turbo"], "choose cpython"),
    ],
)
def test_a_wrong_option_names_its_remedy(arguments, remedy, campaign_file, capsys):
    file = str(campaign_file())
    assert run(["campaign", *(file if word == "FILE" else word for word in arguments)]) == 2
    assert remedy in capsys.readouterr().err


def test_a_scenario_that_is_not_there_is_told_at_its_line(campaign_file, capsys):
    file = campaign_file(CAMPAIGN.replace("start.pen", "stop.pen"))
    assert run(["campaign", str(file)]) == 2
    assert "stop.pen.toml: No such file" in capsys.readouterr().err


def test_the_schema_is_published(capsys):
    assert run(["campaign", "--schema"]) == 0
    assert json.loads(capsys.readouterr().out)["title"] == "penloop campaign"


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.campaign.toml")), ids=lambda p: p.stem)
def test_every_example_runs(path, tmp_path):
    arguments = ["campaign", str(path), "-j", "1", "--out", str(tmp_path / "out")]
    sweeps = 'method = "sweep"' in path.read_text()
    assert run(arguments if sweeps else [*arguments, "--cases", "3"]) in (0, 1)
