"""The monitor of signal temporal logic against an independent one, rtamt, and by hand."""

import numpy as np
import pytest
import rtamt
from hypothesis import given, settings
from hypothesis import strategies as st

from penloop.scenarios.monitor import (
    Margin,
    always,
    best,
    conjunction,
    disjunction,
    eventually,
    negation,
    worst,
)

STEP_US = 1000
LONGEST = 12  # rows that any window of the formulas looks ahead
FORMULAS = {
    "always[2:7](a >= 0)": lambda a, b: always(a, 2000, 7000),
    "eventually[0:5](b >= 0)": lambda a, b: eventually(b, 0, 5000),
    "always[0:4](a >= 0 or eventually[1:6](b >= 0))": lambda a, b: always(
        disjunction(a, eventually(b, 1000, 6000)), 0, 4000
    ),
    "eventually[1:5](always[0:3](a >= 0 and b >= 0))": lambda a, b: eventually(
        always(conjunction(a, b), 0, 3000), 1000, 5000
    ),
    "not (eventually[0:9](a >= 0 and not (b >= 0)))": lambda a, b: negation(
        eventually(conjunction(a, negation(b)), 0, 9000)
    ),
}
samples = st.lists(
    st.tuples(st.integers(-9, 9), st.integers(-9, 9)), min_size=LONGEST + 1, max_size=60
)


@pytest.mark.parametrize("formula", list(FORMULAS))
@settings(max_examples=40, deadline=None)
@given(rows=samples)
def test_margins_agree_with_an_independent_monitor(formula, rows):
    a, b = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    times = np.arange(len(a)) * STEP_US
    mine = FORMULAS[formula](Margin(times, a), Margin(times, b)).resampled(times)
    whole = len(a) - LONGEST
    assert mine[:whole] == pytest.approx(robustness(formula, a, b)[:whole])


def robustness(formula, a, b):
    """rtamt's robustness at each sample."""
    specification = rtamt.StlDiscreteTimeSpecification()
    for name in ("a", "b", "out"):
        specification.declare_var(name, "float")
    specification.spec = f"out = {formula}"
    specification.parse()
    rows = specification.evaluate({"time": list(range(len(a))), "a": list(a), "b": list(b)})
    return [value for _time, value in rows]


def test_a_window_sees_what_holds_between_two_rows():
    margin = Margin(np.array([0, 10_000, 11_000]), np.array([1.0, -3.0, 1.0]))
    assert always(margin, 0, 500).at(9_600) == -3.0
    assert always(margin, 0, 500).at(9_499) == 1.0
    assert eventually(negation(margin), 0, 500).at(9_600) == 3.0


def test_the_worst_and_the_best_moment_are_told():
    margin = Margin(np.array([0, 100, 200, 300]), np.array([2.0, -1.0, 5.0, 0.5]))
    assert worst(margin, 0, 300) == (-1.0, 100)
    assert worst(margin, 150, 300) == (-1.0, 150)
    assert worst(margin, 250, 299) == (5.0, 250)
    assert best(margin, 0, 300) == (5.0, 200)
