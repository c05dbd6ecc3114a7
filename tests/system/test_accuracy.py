"""What the evidence of accuracy tells of pens, and that a pen that is off is seen."""

import json
from dataclasses import asdict, replace

import numpy as np
import pytest

from penfw import settings
from penloop.evidence import accuracy, accuracy_results
from penloop.evidence.accuracy_results import DEPTHS_MM, RATES_HZ, Results, depths_of, rates_of
from penloop.reproduction import likeness

PENS = 51  # some of them at an edge of the ranges


@pytest.fixture
def good():
    """Pens that hold exactly what is set, and whose needles go in a tenth less deep."""
    set_hz = np.linspace(25.0, 150.0, PENS)
    set_mm = np.linspace(0.1, 2.5, PENS)
    ones = np.ones(PENS)
    return Results(
        set_hz, set_hz, set_hz, set_hz, 0.5 * ones, set_mm, set_mm, set_mm, 0.9 * set_mm,
        0.9 * set_mm, ones > 0, np.array(["1 needle"] * PENS, object),
        np.array(["cheek"] * PENS, object),
    )  # fmt: skip


def off_by(column, pen, amount):
    """The column with one pen that is off."""
    values = column.copy()
    values[pen] += amount
    return values


def verdicts(found):
    return [claim.holds for claim in accuracy._claims(found, "")]


def rows(quantities, edges, name):
    return [row for row in accuracy_results.rows_of(quantities, edges) if row.quantity == name]


def test_needles_that_slip_back_after_they_were_right_are_seen(good):
    assert verdicts(good) == [True] * 4
    slipped = replace(good, nose_least_mm=off_by(good.nose_least_mm, 7, -0.09))
    assert verdicts(slipped) == [True, False, True, True]
    out = replace(good, nose_mm=off_by(good.nose_mm, 7, 0.06))
    assert verdicts(out) == [True, False, True, True]
    rounded = replace(good, nose_mm=good.nose_mm - 0.02, nose_least_mm=good.nose_least_mm - 0.02)
    assert verdicts(rounded) == [True] * 4


def test_a_turn_that_is_off_either_way_is_told_with_its_sign(good):
    slow = replace(good, slowest_hz=good.slowest_hz * (1 - 0.021 * (np.arange(PENS) == 5)))
    assert verdicts(slow) == [False, True, True, True]
    assert rates_of(slow)[1].off[5] == pytest.approx(-2.1)
    fast = replace(good, fastest_hz=good.fastest_hz * (1 + 0.021 * (np.arange(PENS) == 5)))
    assert rates_of(fast)[1].off[5] == pytest.approx(2.1)


def test_a_pen_whose_cell_is_at_its_limit_is_not_judged_by_its_rate(good):
    slow = replace(good, slowest_hz=off_by(good.slowest_hz, 5, -20.0))
    spent = replace(slow, duty=off_by(good.duty, 5, 0.46))
    assert not verdicts(slow)[0]
    assert verdicts(spent)[0]
    assert len(rates_of(spent)[0].off) == PENS - 1


def test_every_pen_stands_in_one_row_of_each_quantity(good):
    for quantities, edges in (rates_of(good), RATES_HZ), (depths_of(good), DEPTHS_MM):
        for one in quantities:
            found = rows(quantities, edges, one.name)
            assert sum(row.pens for row in found) == PENS
            assert all(row.low <= row.set_mean <= row.high for row in found)


def test_a_row_has_the_mean_the_percentiles_and_the_worst_of_its_pens(good):
    shallow = replace(good, reached_mm=good.set_mm - np.linspace(0.0, 0.39, PENS))
    found = rows(depths_of(shallow), (0.0, 2.5), "deepest stroke, 0.5 s after contact on")
    [row] = found
    assert row.set_mean == pytest.approx(1.3)
    assert row.held_mean == pytest.approx(1.3 - 0.195)
    told = (row.off_least, row.off_5_percent, row.off_median, row.off_95_percent, row.off_greatest)
    assert told == pytest.approx((-0.39, -0.3705, -0.195, -0.0195, 0.0))
    assert row.outside == 0
    assert row.at_most == pytest.approx(1 - 0.025 ** (1 / PENS))  # Clopper and Pearson, two-sided


def test_a_row_counts_the_pens_outside_and_is_less_sure_of_the_others(good):
    deep = replace(good, deepest_mm=off_by(good.set_mm, 3, 0.06))
    [row] = rows(depths_of(deep), (0.0, 2.5), "deepest stroke of all")
    [none] = rows(depths_of(good), (0.0, 2.5), "deepest stroke of all")
    assert (row.outside, none.outside) == (1, 0)
    assert row.at_most > none.at_most


def test_a_pen_that_never_worked_in_skin_is_outside(good):
    nothing = replace(good, reached_mm=off_by(good.reached_mm, 3, np.nan))
    [row] = rows(depths_of(nothing), (0.0, 2.5), "deepest stroke, 0.5 s after contact on")
    assert row.outside == 1
    assert np.isfinite(row.held_mean)


def test_page_and_file_have_the_same_rows(good):
    pens = accuracy.campaign(1)
    told = json.loads(json.dumps(accuracy._data(accuracy.Played(pens, good, 0))))
    tables = accuracy._tables(good)
    assert {name: told[name] for name in tables} == {
        name: [asdict(row) for row in rows] for name, rows in tables.items()
    }
    page = accuracy._body(good, good)
    for row in tables["rate"] + tables["depth"]:
        assert "".join(f"<td>{cell}</td>" for cell in row.cells()) in page
    assert len(accuracy_results.HEAD) == len(tables["rate"][0].cells())


@pytest.mark.verifies("R-453", "R-508", "R-509")
def test_a_pen_at_the_ends_treats_at_the_depth_that_service_has_unlocked():
    """The drawn pens reach below and beyond the others; one of the deepest is played."""
    pens = accuracy.campaign(PENS, "accuracy_ends")
    names = [variable.place.name for variable in pens.variables]
    cases = [dict(zip(names, accuracy.possible(pens, n).values)) for n in range(PENS)]
    depths_mm = np.array([case["link.2.set.depth"] for case in cases])
    assert depths_mm.max() > 2.3
    assert depths_mm.max() <= settings.HARD_DEPTH_UM / 1000
    assert depths_mm.min() < 0.3
    assert min(case["battery.charge_fraction"] for case in cases) < 0.12
    number = int(depths_mm.argmax())
    outcome = likeness.run_of(pens.template, accuracy.possible(pens, number))
    assert outcome.passed
    assert outcome.trace["plant.penetration"].max() > 1500
    assert outcome.trace["plant.protrusion"].max() == depths_mm[number] * 1000 // 25 * 25


def test_every_column_of_the_results_is_of_one_measure_or_variable():
    """Both campaigns name what they vary and measure alike, so that one reader takes both."""
    for name in "accuracy", "accuracy_ends":
        pens = accuracy.campaign(1, name)
        measures = {one.name for one in pens.scenario.measures}
        assert {"nose", "nose_least", "deepest", "reached", "held"} <= measures
        for end in ".stroke_rate", ".depth", ".kind", ".zone":
            assert sum(one.place.name.endswith(end) for one in pens.variables) == 1
