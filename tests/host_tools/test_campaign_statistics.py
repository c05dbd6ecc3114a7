"""What the results of a campaign say."""

import json
import math

import numpy as np
import pytest

from penloop.campaigns.campaign import load
from penloop.campaigns.cases import CaseResult
from penloop.campaigns.dataset import DataSet
from penloop.campaigns.pages import page_of
from penloop.campaigns.statistics import failures, spread
from penloop.campaigns.summary import Summary, direction

SCENARIO = """
about = "A pen lies there."
duration = "1 s"
expect = ["no fault", "never drive on"]
measure = { deepest = "greatest needle depth" }
step = [{ at = "0.1 s", do = "touch", zone = "cheek" }]
"""
CAMPAIGN = """
about = "Pens & <needles>."
scenario = "lying.pen.toml"
cases = 400
[vary]
motor.resistance_ohm = { uniform = [1, 2] }
motor.friction_nm = { uniform = [0, 1e-3] }
step.1.zone = { values = ["cheek", "scar"] }
"""


def given(case):
    """Results with a known cause: the margin falls with resistance, the depth is the zone's."""
    resistance, _friction, zone = case.values
    if case.number == 399:
        return CaseResult(case, (), (), "it broke")
    return CaseResult(case, (1.9 - resistance, 1.0), (500.0 if zone == "scar" else 300.0,))


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("campaign")
    (folder / "lying.pen.toml").write_text(SCENARIO)
    (folder / "lying.campaign.toml").write_text(CAMPAIGN)
    campaign = load(folder / "lying.campaign.toml")
    data = DataSet(folder / "out", campaign)
    for _result in data.write(given(campaign.plan.case(number)) for number in range(400)):
        pass
    return Summary.of(campaign, data), data


def test_failures_are_counted_with_the_exact_interval_of_a_binomial_count(made):
    found = made[0].failures
    resistances = [made[0].campaign.plan.case(n).values[0] for n in range(399)]
    assert found.failed == sum(value >= 1.9 for value in resistances) + 1
    assert (found.cases, found.errors) == (400, 1)
    # Clopper and Pearson: 46 of 400, from the quantiles of the beta distribution
    from scipy.stats import beta

    assert found.low == pytest.approx(beta.ppf(0.025, found.failed, 401 - found.failed), rel=1e-9)
    assert found.high == pytest.approx(beta.ppf(0.975, found.failed + 1, 400 - found.failed))


def test_a_spread_leaves_out_what_is_no_number():
    found = spread(np.array([1.0, 2.0, 3.0, math.nan, -math.inf]))
    assert (found.count, found.least, found.median, found.greatest) == (3, 1.0, 2.0, 3.0)
    assert spread(np.array([math.nan])) is None


def test_the_variable_that_a_result_hangs_on_comes_first_with_its_sign(made):
    first, *others = made[0].influences["margin"]
    assert first.variable == "motor.resistance_ohm"
    assert first.rank == pytest.approx(-1.0, abs=1e-3)
    assert all(one.share < 0.02 for one in others)


def test_cases_that_could_not_be_run_rank_lowest(made, tmp_path):
    campaign = made[0].campaign
    data = DataSet(tmp_path / "dead", campaign)
    cases = [campaign.plan.case(number) for number in range(60)]
    dead = [CaseResult(case, (), (), "dead") for case in cases]
    alive = [CaseResult(case, (1.0, 1.0), (0.0,)) for case in cases]
    data.add([d if d.case.values[0] > 1.5 else a for d, a in zip(dead, alive, strict=True)])
    first = Summary.of(campaign, data).influences["margin"][0]
    assert first.variable == "motor.resistance_ohm"
    assert first.rank < -0.8


def test_a_variable_of_words_has_a_share_and_no_sign(made):
    first = made[0].influences["measure.deepest_mm"][0]
    assert first.variable == "step.1.zone"
    assert not first.has_sign
    assert first.share == pytest.approx(1.0, abs=0.01)


def test_the_worst_cases_are_those_with_the_smallest_margins_errors_before_all(made):
    worst = made[0].worst
    assert worst[0]["case"] == 399
    margins = [row["margin"] for row in worst]
    assert margins == sorted(margins)
    everything = sorted(made[1].column("margin", 400))
    assert margins == everything[: len(margins)]


def test_a_result_that_rises_and_falls_over_a_variable_is_seen(made, tmp_path):
    campaign = made[0].campaign
    data = DataSet(tmp_path / "bent", campaign)
    cases = [campaign.plan.case(number) for number in range(200)]
    data.add([CaseResult(case, ((case.values[0] - 1.5) ** 2, 1.0), (0.0,)) for case in cases])
    summary = Summary.of(campaign, data)
    first, *others = summary.influences["margin"]
    assert first.variable == "motor.resistance_ohm"
    assert first.bends
    assert abs(first.rank) < 0.3
    assert first.share > 0.8
    assert direction(first) == "raises and lowers it"
    assert [direction(one) for one in others] == ["no influence seen"] * 2
    assert "raises and lowers it" in page_of(summary, data)


def test_a_straight_influence_is_not_called_bent(made):
    (straight,) = [one for one in made[0].influences["margin"] if "resistance" in one.variable]
    assert not straight.bends
    assert direction(straight) == "lowers it"


def test_only_cases_that_were_drawn_one_by_one_have_an_interval(made):
    assert math.isnan(failures(made[1], 400, drawn=False).low)
    assert failures(made[1], 400, drawn=True).low > 0


def test_what_does_not_vary_has_no_influence_on_it(made):
    assert made[0].influences["margin.2"] == []


def test_the_page_has_every_section_a_command_and_no_address(made):
    text = page_of(*made)
    for title in ("Worst cases", "How the results are spread", "What the results hang on",
                  "What the smallest margin hangs on most", "What varied"):  # fmt: skip
        assert f"<h2>{title}</h2>" in text
    assert text.count("<svg") == 3
    assert "--case 399" in text
    assert "Pens &amp; &lt;needles&gt;." in text
    assert "not clinical validation" in text
    assert 'src="http' not in text
    assert 'href="http' not in text.replace('xlink:href="#', "")


def test_results_that_are_all_alike_have_a_page_without_histograms(made, tmp_path):
    campaign = made[0].campaign
    data = DataSet(tmp_path / "alike", campaign)
    data.add([CaseResult(campaign.plan.case(n), (1.0, 1.0), (0.0,)) for n in range(5)])
    text = page_of(Summary.of(campaign, data), data)
    assert "How the results are spread" not in text
    assert "0 of 5 cases fail" in text


def test_equal_results_give_equal_pages(made):
    assert page_of(*made) == page_of(*made)


def test_the_summary_for_scripts_is_strict_json(made):
    told = json.loads(made[0].json(), parse_constant=lambda name: pytest.fail(name))
    assert told["failures"]["cases"] == 400
    assert told["worst"][0]["margin"] is None
    assert told["worst"][0]["error"] == "it broke"
