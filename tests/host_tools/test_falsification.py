"""The search for a case that fails, on margins that are worked out instead of simulated."""

import random
import statistics
from dataclasses import replace

import pytest

from penloop.campaigns.campaign import load
from penloop.campaigns.cases import CaseResult
from penloop.campaigns.falsification import GUIDED, RANDOM, Search
from penloop.campaigns.optimiser import Optimiser
from penloop.campaigns.points import own_values, share_of, values_at
from penloop.campaigns.races import NEAREST_S, Races
from penloop.campaigns.screening import Screening
from penloop.errors import UserError
from tests.system.planted import CAMPAIGNS

TRIES = 20
BUDGET = 3000
SOONER = 10.0
CORNER_SHARE = 0.003


@pytest.fixture
def corner():
    """A campaign of seven variables that fails in one corner, and its margins."""
    campaign = load(CAMPAIGNS / "bridge_opens.campaign.toml")
    wanted = (0.0, 1.0, 0.0, 1.0, 1.0, 0.0, 1.0)
    size = (5040 * CORNER_SHARE) ** (1 / 7)  # of a simplex of this share: size**7 / 7!

    def margin(case):
        shares = [share_of(v, x) for v, x in zip(campaign.variables, case.values, strict=True)]
        return sum(abs(share - end) for share, end in zip(shares, wanted, strict=True)) - size

    return campaign, lambda cases: [CaseResult(case, (margin(case),)) for case in cases]


@pytest.fixture
def race():
    """A campaign that fails where a press comes 3 to 19 ms after a release, and its margins."""
    campaign = load(CAMPAIGNS / "second_press.campaign.toml")

    def result(case):
        after_s = case.values[0]
        moments = (
            50_000,
            305_000,
            500_000,
            650_000,
            667_000,
            669_000,
            650_000 + round(after_s * 1e6),
        )
        return CaseResult(case, (-1.0 if 0.003 < after_s < 0.019 else 1.0,), moments=moments)

    return campaign, lambda cases: [result(case) for case in cases]


def runs_until_found(campaign, evaluate, method, seed):
    search = Search(campaign, evaluate, seed, method)
    for _result in search.results(BUDGET):
        pass
    return search.runs


@pytest.mark.parametrize("kind", ["corner", "race"])
def test_a_failure_is_found_ten_times_sooner_than_by_chance(kind, request):
    campaign, evaluate = request.getfixturevalue(kind)
    guided, by_chance = (
        statistics.median(runs_until_found(campaign, evaluate, m, seed) for seed in range(TRIES))
        for m in (GUIDED, RANDOM)
    )
    assert by_chance >= SOONER * guided


def test_where_the_margin_has_no_corner_the_optimiser_still_beats_chance(corner):
    campaign, _evaluate = corner
    campaign = replace(campaign, plan=replace(campaign.plan, variables=campaign.variables[:3]))

    def evaluate(cases):
        for case in cases:
            x = [share_of(v, x) for v, x in zip(campaign.variables, case.values, strict=True)]
            away = sum((a - b) ** 2 for a, b in zip(x, (0.3, 0.6, 0.35), strict=True)) ** 0.5
            yield CaseResult(case, (away - 0.09,))  # 0.3 % of the cube

    guided, by_chance = (
        statistics.median(runs_until_found(campaign, evaluate, m, seed) for seed in range(9))
        for m in (GUIDED, RANDOM)
    )
    assert by_chance > 3 * guided


@pytest.mark.parametrize("kind", ["corner", "race"])
def test_the_same_seed_runs_the_same_cases_and_another_others(kind, request):
    campaign, evaluate = request.getfixturevalue(kind)
    runs = []
    for seed in (4, 4, 5):
        search = Search(campaign, evaluate, seed, worst=True)
        runs.append([result.case for result in search.results(60)])
    assert runs[0] == runs[1] != runs[2]


def test_the_first_run_is_the_scenario_as_it_stands(corner):
    campaign, evaluate = corner
    first = next(Search(campaign, evaluate).results(1))
    assert first.case.values == tuple(variable.nominal for variable in campaign.variables)
    assert first.case.seed == campaign.scenario.seed


def test_the_search_stops_at_the_first_failure_or_goes_on_for_the_deepest(corner):
    campaign, evaluate = corner
    first, deepest = Search(campaign, evaluate), Search(campaign, evaluate, worst=True)
    given = [len(list(search.results(200))) for search in (first, deepest)]
    assert given == [first.least.runs, 200]
    assert deepest.least.result.margin <= first.least.result.margin <= 0


def test_no_more_runs_than_the_budget(corner):
    campaign, _evaluate = corner
    search = Search(campaign, lambda cases: [CaseResult(case, (1.0,)) for case in cases])
    assert len(list(search.results(37))) == search.runs == 37
    assert not search.least.failed


def test_values_that_make_no_scenario_are_no_failure(corner):
    campaign, _evaluate = corner

    def evaluate(cases):
        for case in cases:
            possible = case.number % 2 == 0
            yield CaseResult(case, (1.0,) if possible else (), error="", possible=possible)

    search = Search(campaign, evaluate)
    assert len(list(search.results(30))) == 30
    assert not search.least.failed
    assert search.least.result.possible


def test_an_error_in_the_run_is_a_failure(corner):
    campaign, _evaluate = corner

    def evaluate(cases):
        for case in cases:
            broke = case.number == 5
            yield CaseResult(case, () if broke else (1.0,), error="it broke" if broke else "")

    search = Search(campaign, evaluate)
    assert len(list(search.results(30))) == 6
    assert search.least.failed


@pytest.mark.parametrize(
    ("changed", "budget", "remedy"),
    [({}, 0, "--budget 1"), ({"variables": ()}, 9, "under \\[vary\\]")],
)
def test_a_search_that_cannot_be_is_told(corner, changed, budget, remedy):
    campaign, evaluate = corner
    campaign = replace(campaign, plan=replace(campaign.plan, **changed))
    with pytest.raises(UserError, match=remedy):
        list(Search(campaign, evaluate).results(budget))


def test_a_scenario_that_fails_as_it_stands_is_told(corner):
    campaign, _evaluate = corner
    search = Search(campaign, lambda cases: [CaseResult(case, (-0.2,)) for case in cases])
    with pytest.raises(UserError, match=r"fails as it stands, margin -0\.200: correct it"):
        list(search.results(10))


@pytest.mark.parametrize("count", [1, 2, 3, 6, 7, 8, 12])
def test_in_the_screening_every_variable_stands_against_every_other(count):
    screening = Screening(count)
    rows = screening.propose(1000)
    assert count < len(rows) <= 2 * (count + 1)
    for side in range(count):
        assert sum(row[side] for row in rows) == len(rows) / 2
        for other in range(side):
            assert sum(row[side] == row[other] for row in rows) == len(rows) / 2


def test_the_screening_ends_in_the_worst_corner():
    screening = Screening(5)
    weights, seen = (3.0, -2.0, 1.0, -0.5, 0.1), []
    while points := screening.propose(4):
        for point in points:
            margin = sum(weight * share for weight, share in zip(weights, point, strict=True))
            screening.learn(point, margin)
            seen.append((margin, point))
    assert min(seen)[1] == (0.0, 1.0, 0.0, 1.0, 0.0)
    assert len(seen) == len({point for _margin, point in seen}) <= 8 + 1 + 2 * 5


def test_after_the_rows_comes_the_corner_that_they_predict_then_the_worst_one_s_neighbours():
    screening = Screening(3)
    for row in screening.propose(4):
        screening.learn(row, 3.0 - sum(row) if row != (0.0, 0.0, 0.0) else 2.5)
    predicted, *others = screening.propose(10)
    assert predicted == (1.0, 1.0, 1.0)
    assert sorted(others) == [(0.0, 0.0, 1.0), (1.0, 0.0, 0.0)]


def test_a_race_puts_the_act_beside_moments_that_came_before_it(race):
    campaign, evaluate = race
    races = Races(campaign.variables, 3)
    assert races.propose(4) == []
    own = own_values(campaign.variables)
    search = Search(campaign, evaluate)
    result = next(search.results(1))
    races.learn((0.4,) * 5, result, campaign.template.scenario(result.case))
    times_s = [0.65 + values_at(campaign.variables, point)[0] for point in races.propose(60)]
    moments_s = (0.65, 0.667, 0.669)
    nearest = [min(abs(time_s - moment_s) for moment_s in moments_s) for time_s in times_s]
    assert max(nearest) < 0.052
    assert sum(0.655 < time_s < 0.6665 for time_s in times_s) > 5  # also before the moments
    assert min(nearest) < 5 * NEAREST_S
    assert all(abs(time_s - 0.65 - own[0]) > 1.0 for time_s in times_s)


def test_the_optimiser_learns_from_the_runs_of_others():
    chance = random.Random(1)
    optimiser = Optimiser(2, seed=1)
    for _ in range(60):
        point = (chance.random(), chance.random())
        optimiser.learn(point, abs(point[0] - 0.2) + abs(point[1] - 0.7))
    proposed = optimiser.propose(20)
    near = [abs(a - 0.2) + abs(b - 0.7) for a, b in proposed]
    assert statistics.median(near) < 0.25


def test_a_share_leads_back_to_its_value():
    campaign = load(CAMPAIGNS / "bridge_opens.campaign.toml")
    for variable in campaign.variables:
        assert variable.at(share_of(variable, variable.nominal)) == variable.nominal
