"""From a failing case to the simplest scenario: what goes, what stays."""

import pytest

from penloop.campaigns.cases import Template
from penloop.campaigns.examples import Change, Example
from penloop.campaigns.places import place_of
from penloop.campaigns.shrinking import Shrinking, reason_of, rounded
from penloop.errors import UserError
from penloop.scenarios import execution
from penloop.scenarios.scenario_reader import loads, scenario_of

SCENARIO = """
about = "A motor is started in the air, with much around it."
duration = "2 s"
seed = 3
expect = ["drive on once", "current below 0.7 A", "no fault"]
measure = { peak = "greatest current" }
[pen]
crank = "0 deg"
settings = { led_brightness = 500, stroke_rate = "110 Hz" }
[[step]]
at = "0.1 s"
do = "insert_cartridge"
kind = "12 needles"
[[step]]
at = "0.5 s"
do = "click"
[[step]]
after = "100 ms"
do = "usb_power"
on = false
[[step]]
after = "900 ms"
do = "touch"
zone = "cheek"
[[fault]]
part = "load switch shorted"
at = "1.9 s"
for = "1 ms"
[[link]]
at = "1.6 s"
set = { buzzer = 0 }
"""


@pytest.fixture
def document():
    import tomllib

    return tomllib.loads(SCENARIO)


def change(document, name, value, own, unit=""):
    return Change(place_of(name, document, unit), value, own)


def started(document, *changes):
    return Shrinking(Template("it", document), Example(document, changes))


@pytest.fixture(scope="module")
def shrunk():
    """The current is above 0.7 A with this slew; the resistance has no part in it."""
    import tomllib

    document = tomllib.loads(SCENARIO)
    shrinking = started(
        document,
        change(document, "settings.slew", 1723.0, 400.0),
        change(document, "motor.resistance_ohm", 1.1037, 1.1),
        change(document, "step.4.after", 0.913, 0.9, "s"),
    )
    shrinking.shrink()
    return shrinking


def test_what_has_no_part_in_the_failure_goes(shrunk):
    found = shrunk.document
    assert set(found) <= {"about", "duration", "seed", "expect", "pen", "step"}
    assert found["expect"] == ["current below 0.7 A"]
    assert [step["do"] for step in found["step"]] == ["insert_cartridge", "click"]
    assert set(found["pen"]) == {"settings"}
    assert not set(found["pen"]["settings"]) - {"slew", "stroke_rate"}
    assert shrunk.example.duration_s < 1.2


def test_a_value_comes_as_near_to_the_scenario_s_own_as_fails_in_few_digits(shrunk):
    (only,) = shrunk.example.changes
    assert only.place.name == "settings.slew"
    assert 400 < only.value < 1723
    assert len(f"{only.value:g}".rstrip("0")) <= 3


def test_the_simplest_fails_as_the_case_did_and_passes_without_its_values(shrunk):
    fails, passes = (
        execution.run(scenario_of(one, "it")) for one in (shrunk.document, shrunk.example.document)
    )
    assert not fails.passed
    assert fails.worst.text == "current below 0.7 A"
    assert passes.passed
    assert shrunk.verdict.margin == fails.margin


def test_the_sentence_about_it_names_the_values_and_what_fails(shrunk):
    (only,) = shrunk.example.changes
    assert f"settings.slew = {only.value:g}" in shrunk.document["about"]
    assert shrunk.document["about"].endswith("does not hold: current below 0.7 A.")


def test_what_the_scenario_needs_to_pass_without_the_values_stays(document):
    document = {**document, "expect": ["state is RUNNING once"]}
    shrinking = started(document, change(document, "step.2.hold", 0.03, 0.15, "s"))
    shrinking.shrink()
    assert [step["do"] for step in shrinking.document["step"]] == ["insert_cartridge", "click"]


def test_an_event_that_never_came_is_another_reason():
    outcomes = []
    for text in ("no fault from 0.1 s after fault stall until stop", "no fault at 0.3 s"):
        scenario = loads(f'about = "x"\nduration = "0.5 s"\nexpect = ["{text}"]')
        outcomes.append(execution.run(scenario))
    never, held = map(reason_of, outcomes)
    assert never.kind == "never came"
    assert held is None


def test_the_duration_is_not_cut_to_before_the_host_s_last_word(document):
    assert Example(document, ()).last_word_s == 1.6
    assert Example({**document, "link": []}, ()).last_word_s == 0


def test_a_case_that_does_not_fail_is_told(document):
    with pytest.raises(UserError, match="does not fail here"):
        started(document, change(document, "settings.slew", 401.0, 400.0))


def test_a_step_that_goes_leaves_the_times_and_the_names_of_the_others(document):
    varied = change(document, "step.4.zone", "scar", "cheek")
    example = Example(document, (varied,))
    before = loads(SCENARIO).steps
    for cut in example.cuts():
        if len(cut.document["step"]) == 3:
            steps = scenario_of(cut.document, "it").steps
            (moved,) = cut.changes
            assert moved.place.name == "step.3.zone"
            assert cut.failing["step"][2]["zone"] == "scar"
            assert {step.time_s for step in steps} <= {step.time_s for step in before}
    assert sum(len(cut.document["step"]) == 3 for cut in example.cuts()) == 3


def test_the_entry_of_a_change_is_not_cut(document):
    example = Example(document, (change(document, "fault.1.at", 1.8, 1.9, "s"),))
    assert all(cut.document.get("fault") for cut in example.cuts())
    assert any("for" not in cut.document["fault"][0] for cut in example.cuts())


@pytest.mark.parametrize(
    ("value", "digits", "up", "result"),
    [(0.01873, 1, False, 0.01), (0.01873, 1, True, 0.02), (0.01873, 2, True, 0.019),
     (5.537e-8, 2, True, 5.6e-8), (1499.0, 1, True, 2000.0), (-1.24, 2, False, -1.3)],
)  # fmt: skip
def test_a_value_is_rounded_to_the_side_on_which_it_fails(value, digits, up, result):
    assert rounded(value, digits, up) == pytest.approx(result, rel=1e-12)
