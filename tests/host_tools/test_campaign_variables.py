"""What a campaign varies, and how it is spread."""

import tomllib

import numpy as np
import pytest
from scipy import stats

from penloop.campaigns import distributions
from penloop.campaigns.places import place_of, with_values
from penloop.campaigns.variables import BadVariable, variables_of
from penloop.errors import UserError
from penloop.scenarios.scenario_reader import scenario_of

SHARES = np.linspace(0.001, 0.999, 499)

DOCUMENT = tomllib.loads("""
about = "A jam in the skin."
duration = "2 s"
expect = ["no fault"]
pen = { settings = { depth = "0.75 mm" } }
step = [{ at = "1 s", do = "touch", zone = "cheek" }]
fault = [{ part = "motor jammed", at = "1.5 s" }]
""")


def variable(text, document=DOCUMENT):
    """The one variable of a [vary] table."""
    (found,) = variables_of(tomllib.loads(text), document)
    return found


@pytest.mark.parametrize(
    ("ours", "scipys"),
    [
        (distributions.uniform(2.0, 5.0), stats.uniform(2.0, 3.0)),
        (distributions.triangular(1.0, 2.0, 5.0), stats.triang(0.25, 1.0, 4.0)),
        (distributions.normal(10.0, 0.5), stats.truncnorm(-3, 3, 10.0, 0.5)),
    ],
)
def test_a_distribution_is_that_of_scipy(ours, scipys):
    assert [ours.at(share) for share in SHARES] == pytest.approx(scipys.ppf(SHARES), rel=1e-9)


def test_the_logarithm_of_a_lognormal_value_is_normal():
    spread = distributions.lognormal(2.0, 1.5)
    logs = np.log([spread.at(share) for share in SHARES])
    assert logs == pytest.approx(
        stats.truncnorm(-3, 3, np.log(2.0), np.log(1.5)).ppf(SHARES), rel=1e-9
    )


def test_a_choice_follows_its_weights():
    spread = distributions.choice(["a", "b"], [1, 3])
    drawn = [spread.at(share) for share in SHARES]
    assert drawn.count("a") == pytest.approx(len(SHARES) / 4, abs=1)
    assert spread.at(1.0) == "b"


def test_steps_have_both_ends():
    assert distributions.steps(1.0, 3.0, 5).values == (1.0, 1.5, 2.0, 2.5, 3.0)


@pytest.mark.parametrize(
    ("text", "column", "low", "high"),
    [
        ('motor.resistance_ohm = { tolerance = "10 %" }', "motor.resistance_ohm", 0.99, 1.21),
        ('"motor.resistance_ohm" = { uniform = [0.9, 1.3] }', "motor.resistance_ohm", 0.9, 1.3),
        ('settings.depth = { tolerance = "0.1 mm" }', "settings.depth_mm", 0.65, 0.85),
        ('settings.stroke_rate = { tolerance = "10 %", shape = "uniform" }',
         "settings.stroke_rate_Hz", 90.0, 110.0),
        ('fault.1.at = { uniform = ["900 ms", "1.1e3 ms"] }', None, 0, 0),
        ('fault.1.at = { uniform = ["900 ms", "1100 ms"] }', "fault.1.at_ms", 900.0, 1100.0),
        ("skin.cheek.full_force_n = { normal = [0.15, 0.01] }", "skin.cheek.full_force_n",
         0.12, 0.18),
        ('pen.crank = { uniform = ["0 deg", "360 deg"] }', "pen.crank_deg", 0.0, 360.0),
        ("seed = { steps = [0, 4], count = 5 }", "seed", 0.0, 4.0),
    ],
)  # fmt: skip
def test_a_variable_names_its_column_with_unit_and_keeps_to_its_ends(text, column, low, high):
    if column is None:
        with pytest.raises(BadVariable, match="unit"):
            variable(text)
        return
    found = variable(text)
    assert found.place.column == column
    assert (found.at(0.0), found.at(1.0)) == (pytest.approx(low), pytest.approx(high))


def test_what_the_scenario_has_is_told_in_the_unit_of_the_variable():
    assert variable('fault.1.at = { uniform = ["900 ms", "1600 ms"] }').nominal == 1500.0
    assert variable('settings.depth = { uniform = ["300 um", "900 um"] }').nominal == 750.0


def test_a_value_stands_in_the_scenario_as_it_stands_in_the_data_set():
    found = variable('fault.1.at = { uniform = ["1.2 s", "1.6 s"] }')
    value = found.at(0.123456789)
    scenario = scenario_of(with_values(DOCUMENT, {found.place: value}), "x")
    assert scenario.faults[0].at_us == round(value * 1e6)


def test_a_zone_of_the_presets_becomes_one_of_the_scenarios_own():
    place = place_of("skin.cheek.full_force_n", DOCUMENT)
    scenario = scenario_of(with_values(DOCUMENT, {place: 0.2}), "x")
    assert scenario.skins["cheek"].full_force_n == 0.2
    assert scenario.skins["cheek"].stiffness_n_per_m == 900.0


def test_values_that_are_words_may_begin_with_a_number():
    found = variable('step.1.kind = { values = ["12 needles", "36 needles"] }')
    assert found.at(0.9) == "36 needles"


def test_the_document_that_is_varied_stays_as_it_is():
    before = str(DOCUMENT)
    with_values(DOCUMENT, {place_of("motor.resistance_ohm", DOCUMENT): 2.0})
    assert str(DOCUMENT) == before


def test_a_choice_never_takes_what_has_no_weight():
    found = variable("motor.resistance_ohm = { values = [1, 2, 3, 4], weights = [0, 1, 2, 0] }")
    shares = (0.0, 1e-12, 0.3333, 0.3334, 0.999999, 1.0)
    assert [found.at(share) for share in shares] == [2.0, 2.0, 2.0, 3.0, 3.0, 3.0]


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("engine.resistance_ohm", "name such as motor.resistance_ohm"),
        ("motor.colour", "use copper_per_k"),
        ("settings.colour", "use "),
        ("skin.elbow.full_force_n", "choose reference"),
        ("skin.cheek.colour", "use "),
        ("step.2.at", "count from 1 to 1"),
        ("link.1.at", r"add a \[\[link\]\]"),
    ],
)
def test_a_place_that_is_not_there_is_told_with_those_that_are(name, remedy):
    with pytest.raises(UserError, match=remedy):
        place_of(name, DOCUMENT)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("motor.resistance_ohm = 3", "give uniform"),
        ("motor.resistance_ohm = { uniform = [1, 2], normal = [1, 2] }", "give uniform"),
        ("motor.resistance_ohm = { uniform = [1, 2], shape = 'x' }", "'shape' does not go"),
        ("motor.resistance_ohm = { uniform = [2, 1] }", "smaller one first"),
        ("motor.resistance_ohm = { uniform = [1] }", "give 2"),
        ("motor.resistance_ohm = { uniform = 1 }", "write a list"),
        ("motor.resistance_ohm = { uniform = ['a', 'b'] }", "write numbers"),
        ("motor.resistance_ohm = { normal = [1, 0] }", "above 0"),
        ("motor.resistance_ohm = { lognormal = [1, 1] }", "above 0"),
        ("motor.resistance_ohm = { tolerance = '1 mm' }", "write it in"),
        ("motor.resistance_ohm = { tolerance = 'much' }", "write it in"),
        ("motor.resistance_ohm = { tolerance = 'much %' }", "write it in"),
        ("motor.resistance_ohm = { tolerance = '5 %', shape = 'round' }", "choose normal"),
        ("motor.resistance_ohm = { steps = [1, 2] }", "count of at least 2"),
        ("motor.resistance_ohm = { values = [] }", "no values"),
        ("motor.resistance_ohm = { values = [1, 2], weights = [1] }", "as many weights"),
        ("settings.depth = { uniform = ['1 mm', '2000 um'] }", "all in one unit"),
        ("step.1.zone = { tolerance = '5 %' }", "give values"),
    ],
)
def test_a_variable_that_cannot_be_says_why(text, why):
    with pytest.raises(BadVariable, match=why):
        variable(text)
