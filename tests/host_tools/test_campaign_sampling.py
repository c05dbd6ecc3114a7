"""Which values the cases of a campaign have."""

import tomllib

import numpy as np
import pytest
from scipy import stats

from penloop.campaigns.sampling import LATIN_HYPERCUBE, MONTE_CARLO, Plan, permuted
from penloop.campaigns.variables import variables_of
from penloop.errors import UserError

DOCUMENT = {"about": "x", "duration": "1 s", "expect": ["no fault"]}


def variables(text):
    """Of a [vary] table."""
    return variables_of(tomllib.loads(text), DOCUMENT)


TWO = variables("""
motor.resistance_ohm = { uniform = [0, 1] }
motor.friction_nm = { uniform = [0, 1] }
""")


def drawn(plan):
    """The values of all cases, (count, variables)."""
    return np.array([plan.case(number).values for number in range(plan.count)])


def test_monte_carlo_draws_each_variable_by_itself_and_evenly():
    values = drawn(Plan(TWO, MONTE_CARLO, 2000, seed=3))
    for column in values.T:
        assert stats.kstest(column, "uniform").pvalue > 0.01
    assert abs(stats.spearmanr(*values.T).statistic) < 0.06


@pytest.mark.parametrize("count", [1, 2, 7, 100, 333])
def test_a_latin_hypercube_has_one_case_in_each_of_as_many_slices(count):
    values = drawn(Plan(TWO, LATIN_HYPERCUBE, count, seed=1))
    for column in values.T:
        assert sorted((column * count - 1e-6).astype(int)) == list(range(count))


def test_a_latin_hypercube_pairs_its_variables_at_random():
    values = drawn(Plan(TWO, LATIN_HYPERCUBE, 1000, seed=1))
    assert abs(stats.spearmanr(*values.T).statistic) < 0.08


@pytest.mark.parametrize("count", [1, 2, 3, 16, 17, 1000])
def test_a_permutation_takes_every_number_once(count):
    assert sorted(permuted(n, count, 5, "x") for n in range(count)) == list(range(count))


def test_a_sweep_has_every_combination_once():
    table = """
    motor.resistance_ohm = { values = [1, 2, 3] }
    motor.friction_nm = { steps = [0, 1], count = 2 }
    """
    plan = Plan.of_sweep(variables(table), case_seed=7)
    cases = [plan.case(number) for number in range(plan.count)]
    assert [case.values for case in cases] == [(a, b) for a in (1, 2, 3) for b in (0, 1)]
    assert {case.seed for case in cases} == {7}


def test_a_case_hangs_on_its_number_only_and_more_variables_change_no_other():
    plan = Plan(TWO, MONTE_CARLO, 10, seed=3)
    three = variables("battery.capacity_c = { uniform = [100, 1000] }")
    wider = Plan((*TWO, *three), MONTE_CARLO, 10, seed=3)
    assert plan.case(4) == plan.case(4)
    assert wider.case(4).values[:2] == plan.case(4).values
    assert wider.case(4).seed == plan.case(4).seed


def test_another_seed_draws_other_cases():
    one, other = (Plan(TWO, MONTE_CARLO, 10, seed=seed).case(0) for seed in (1, 2))
    assert one.values != other.values
    assert one.seed != other.seed


def test_a_seed_that_varies_is_the_seed_of_the_case():
    plan = Plan.of_sweep(variables("seed = { steps = [3, 5], count = 3 }"), case_seed=0)
    assert [plan.case(number).seed for number in range(3)] == [3, 4, 5]


def test_a_sweep_over_what_cannot_be_counted_is_refused():
    with pytest.raises(UserError, match="give values or steps"):
        Plan.of_sweep(TWO, 0)
