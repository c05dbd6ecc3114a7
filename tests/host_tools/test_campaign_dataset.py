"""The results of a campaign on disk."""

import json

import pandas
import pytest

from penloop.campaigns import dataset
from penloop.campaigns.campaign import load
from penloop.campaigns.cases import CaseResult
from penloop.campaigns.dataset import DataSet
from penloop.errors import UserError

SCENARIO = """
about = "A pen lies there."
duration = "1 s"
expect = ["no fault", "never drive on"]
measure = { battery = "least battery" }
step = [{ at = "0.1 s", do = "touch", zone = "cheek" }]
"""
CAMPAIGN = """
about = "Pens lie there."
scenario = "lying.pen.toml"
cases = 25
[vary]
motor.resistance_ohm = { uniform = [1, 2] }
step.1.zone = { values = ["cheek", "scar"] }
"""


@pytest.fixture
def campaign(tmp_path, monkeypatch):
    monkeypatch.setattr(dataset, "BLOCK", 10)
    (tmp_path / "lying.pen.toml").write_text(SCENARIO)
    file = tmp_path / "lying.campaign.toml"
    file.write_text(CAMPAIGN)
    return load(file)


def result(campaign, number, error=""):
    """What a case may have given: margins by its number."""
    margins = () if error else (number - 3.0, 1.0)
    return CaseResult(campaign.plan.case(number), margins, () if error else (3700.0,), error)


def results(campaign, *numbers):
    """Of several cases."""
    return [result(campaign, number) for number in numbers]


def parts(folder):
    """Names of the files."""
    return sorted(path.name for path in (folder / "cases").iterdir())


def test_what_is_there_is_known_without_opening_a_file(campaign, tmp_path):
    data = DataSet(tmp_path / "out", campaign)
    assert data.missing(25) == [range(25)]
    data.add(results(campaign, 3, 4, 5))
    data.add(results(campaign, 8))
    assert data.missing(25) == [range(3), range(6, 8), range(9, 25)]
    assert data.missing(5) == [range(3)]


def test_a_full_block_becomes_one_file_in_whatever_order_it_came(campaign, tmp_path):
    data = DataSet(tmp_path / "out", campaign)
    data.add(results(campaign, 5, 6, 7, 8, 9))
    data.add(results(campaign, 0, 1))
    data.add(results(campaign, 2, 3, 4))
    assert parts(tmp_path / "out") == ["000000000-000000009.parquet"]
    assert data.column("case", 25).tolist() == list(range(10))


def test_it_goes_on_where_it_was_killed_between_a_block_and_its_pieces(campaign, tmp_path):
    folder = tmp_path / "out"
    data = DataSet(folder, campaign)
    data.add(results(campaign, 0, 1))
    piece = folder / "cases" / "000000000-000000001.parquet"
    text = piece.read_bytes()
    data.add(results(campaign, *range(2, 10)))
    piece.write_bytes(text)
    (folder / "cases" / "000000010-000000011.parquet.writing").write_bytes(b"half of it")
    del data
    again = DataSet(folder, campaign)
    assert parts(folder) == ["000000000-000000009.parquet"]
    assert again.missing(12) == [range(10, 12)]
    assert again.column("case", 25).tolist() == list(range(10))


def test_results_pass_through_and_are_written_though_the_reader_stops(campaign, tmp_path):
    data = DataSet(tmp_path / "out", campaign)
    stream = data.write(iter(results(campaign, 0, 1, 2, 7, 8, 9, 10, 11)))
    taken = [next(stream) for _ in range(7)]
    stream.close()
    assert [one.case.number for one in taken] == [0, 1, 2, 7, 8, 9, 10]
    assert data.missing(12) == [range(3, 7), range(11, 12)]


def test_pandas_opens_the_folder_with_values_margins_and_measures(campaign, tmp_path):
    data = DataSet(tmp_path / "out", campaign)
    data.add([*results(campaign, 0, 1), result(campaign, 2, "it broke")])
    table = pandas.read_parquet(tmp_path / "out" / "cases")
    assert list(table.columns) == [
        "case", "seed", "motor.resistance_ohm", "step.1.zone", "passed", "margin", "error",
        "margin.1", "margin.2", "measure.battery_V",
    ]  # fmt: skip
    assert table["motor.resistance_ohm"][1] == campaign.plan.case(1).values[0]
    assert table["measure.battery_V"][0] == pytest.approx(3.7)
    assert table["margin"].tolist() == [-3.0, -2.0, float("-inf")]
    assert table["error"][2] == "it broke"
    assert not table["passed"].any()


@pytest.mark.parametrize(
    "change",
    [
        ("uniform = [1, 2]", "uniform = [1, 3]"),
        ("cheek", "scar"),
        ('["cheek", "scar"] }', '["cheek", "scar"], weights = [3, 2] }'),
        ('about = "Pens lie there."', 'about = "x"\nseed = 4'),
        ('about = "Pens lie there."', 'about = "x"\nmethod = "latin hypercube"'),
    ],
)
def test_results_of_another_campaign_are_not_mixed_in(campaign, tmp_path, change):
    DataSet(tmp_path / "out", campaign)
    campaign.path.write_text(CAMPAIGN.replace(*change))
    with pytest.raises(UserError, match="--fresh"):
        DataSet(tmp_path / "out", load(campaign.path))


def test_every_value_of_a_list_counts(campaign, tmp_path):
    told = [
        CAMPAIGN.replace("uniform = [1, 2]", f"values = [1, 2, 3, 4, 5, 6, 7, {last}]")
        for last in (8, 9)
    ]
    prints = []
    for text in told:
        campaign.path.write_text(text)
        prints.append(load(campaign.path).fingerprint)
    assert prints[0] != prints[1]


def test_files_of_others_in_the_folder_are_left_alone(campaign, tmp_path):
    DataSet(tmp_path / "out", campaign)
    for name, text in (("notes.parquet", "mine"), ("000000000-000000003.parquet", "")):
        (tmp_path / "out" / "cases" / name).write_text(text)
    assert DataSet(tmp_path / "out", campaign).missing(5) == [range(5)]
    assert (tmp_path / "out" / "cases" / "notes.parquet").exists()


def test_another_scenario_or_engine_is_another_campaign(campaign, tmp_path):
    scenario = tmp_path / "lying.pen.toml"
    scenario.write_text(SCENARIO.replace('"1 s"', '"2 s"'))
    assert load(campaign.path).fingerprint != campaign.fingerprint
    scenario.write_text(SCENARIO)
    assert load(campaign.path).fingerprint == campaign.fingerprint
    assert load(campaign.path, "micropython").fingerprint != campaign.fingerprint


def test_more_cases_of_a_monte_carlo_campaign_go_on_with_the_same(campaign, tmp_path):
    data = DataSet(tmp_path / "out", campaign)
    data.add(results(campaign, 0, 1))
    del data
    more = load(campaign.path, cases=40)
    assert more.plan.case(1) == campaign.plan.case(1)
    assert DataSet(tmp_path / "out", more).missing(40) == [range(2, 40)]


def test_two_processes_do_not_write_the_same_folder(campaign, tmp_path):
    kept = DataSet(tmp_path / "out", campaign)
    with pytest.raises(UserError, match="another process writes"):
        DataSet(tmp_path / "out", campaign)
    assert kept.missing(1) == [range(1)]


def test_a_damaged_description_is_told(campaign, tmp_path):
    DataSet(tmp_path / "out", campaign)
    (tmp_path / "out" / "campaign.json").write_text('{"fing')
    with pytest.raises(UserError, match="cannot be read: give another folder"):
        DataSet(tmp_path / "out", campaign)


def test_the_description_has_what_made_the_results(campaign, tmp_path):
    DataSet(tmp_path / "out", campaign)
    told = json.loads((tmp_path / "out" / "campaign.json").read_text())
    assert told["firmware"] == campaign.template.firmware_sha256
    assert told["vary"]["motor.resistance_ohm"] == "uniform 1 to 2"
    assert told["scenario"]["duration"] == "1 s"
