"""A proposal has to gain more on the twin than noise does."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from penfw.settings_table import SETTINGS
from penloop.tuning import proposal, safety, twin
from penloop.tuning.judgement import GOALS, Figures
from penloop.tuning.response import MotorResponse

RESPONSE = MotorResponse(
    emf_v_per_hz=0.0168, resistance_ohm=1.1, inertia_as_per_hz=1.39e-4, friction_a=0.048,
    friction_as=5e-5, swing_a=0.0, delay_s=7e-3, errors=(0.0,) * 7, winding_c=25.0,
    rate_residual_hz=0.3, current_residual_a=0.007,
)  # fmt: skip
PRESENT = {
    "rate_kp": 10, "rate_ki": 300, "ir_compensation": 500, "slew": 400, "motor_constant": 16800,
    "motor_resistance": 1100, "current_limit": 1600,
}  # fmt: skip
ROWS = {row[0]: row for row in SETTINGS}
BOUNDS = {name: (ROWS[name][4], ROWS[name][5]) for name in PRESENT}


def share_of_goals(share, ripple):
    """Figures that are a share of their goals each, ripple of its own."""
    shares = dict.fromkeys(GOALS, share) | {"ripple_percent": ripple}
    return Figures(**{name: shares[name] * goal.good for name, goal in GOALS.items()})


@pytest.fixture
def landscape(monkeypatch):
    """Has the twin's figures be `figures(settings, seed)`."""

    def lay(figures):
        def play(_parameters, settings, seed=1):
            found = figures(settings, seed)
            return SimpleNamespace(figures=lambda: found)

        monkeypatch.setattr(twin, "play", play)

    return lay


@pytest.fixture
def gains(landscape):
    """Has every candidate gain so much on the twin, in the search and in the proof of it."""

    def play(share_searched, share_proved, ripple=0.5):
        def figures(settings, seed):
            if settings == PRESENT:
                return share_of_goals(0.8, ripple)
            share = share_searched if seed == 1 else share_proved
            return share_of_goals(0.8 * share, ripple * 0.9)

        landscape(figures)

    return play


def test_what_gains_no_more_than_noise_leaves_the_present_settings(gains):
    gains(0.97, 0.97)
    assert proposal.propose(RESPONSE, 3.8, PRESENT, BOUNDS).changes == {}


def test_what_was_best_in_one_run_by_luck_leaves_the_present_settings(gains):
    gains(0.90, 1.0)
    assert proposal.propose(RESPONSE, 3.8, PRESENT, BOUNDS).changes == {}


def test_what_gains_more_than_noise_is_proposed(gains):
    gains(0.90, 0.90)
    assert proposal.propose(RESPONSE, 3.8, PRESENT, BOUNDS).changes


def test_gains_whose_ripple_may_be_worse_on_the_pen_than_on_the_twin_are_not_proposed(gains):
    gains(0.90, 0.90, ripple=1.0)
    assert proposal.propose(RESPONSE, 3.8, PRESENT, BOUNDS).changes == {}


def test_the_search_steps_on_to_where_no_closed_form_leads(landscape):
    def figures(settings, _seed):
        share = 0.9 * abs(settings["slew"] / 520 - 1.0) + 0.4
        return Figures(*(share * goal.good for goal in GOALS.values()))

    landscape(figures)
    found = proposal.propose(RESPONSE, 3.8, PRESENT, BOUNDS)
    assert found.changes["slew"] == pytest.approx(520, rel=0.06)
    assert found.tried < proposal.MOST + len(proposal.STEPS)


def test_the_best_is_left_where_one_figure_is_beyond_its_limit(landscape):
    """The faster the better, but above 470 the dip is too large: the best below it is proposed."""

    def figures(settings, _seed):
        share = 0.8 * 400 / settings["slew"]
        told = Figures(*(share * goal.good for goal in GOALS.values()))
        return replace(told, dip_percent=3.0) if settings["slew"] > 470 else told

    landscape(figures)
    assert 400 < proposal.propose(RESPONSE, 3.8, PRESENT, BOUNDS).changes["slew"] <= 470


def test_a_proposal_has_the_measured_constants_whatever_does_best(landscape):
    """The twin knows no difference but the slew's; the settings before are stepped from as well."""
    landscape(lambda settings, _seed: Figures(*(
        abs(settings["slew"] / 520 - 1.0) * goal.good for goal in GOALS.values()
    )))  # fmt: skip
    other = replace(RESPONSE, emf_v_per_hz=0.0180)
    changes = proposal.propose(other, 3.8, PRESENT, BOUNDS).changes
    assert changes["slew"] > 450
    assert changes["motor_constant"] == 18000


def test_nothing_is_proposed_that_could_not_be_tuned_from_again(landscape):
    """The larger rate_kp the better: a heavy rotor allows more than one as heavy as others."""
    heavy = replace(RESPONSE, inertia_as_per_hz=3.0 * RESPONSE.inertia_as_per_hz)
    landscape(lambda settings, _seed: Figures(*(
        0.1 + goal.good / settings["rate_kp"] for goal in GOALS.values()
    )))  # fmt: skip
    changes = proposal.propose(heavy, 3.8, PRESENT, BOUNDS).changes
    assert changes["rate_kp"] > 10
    assert safety.allows({**PRESENT, **changes})


def test_a_measured_constant_stays_within_the_pen_s_bounds():
    narrow = {**BOUNDS, "motor_constant": (8000, 16000)}
    weak = replace(RESPONSE, emf_v_per_hz=0.0180)
    assert proposal.measured_constants(weak, PRESENT, narrow)["motor_constant"] == 16000
    assert proposal.measured_constants(weak, PRESENT, BOUNDS)["motor_constant"] == 18000
