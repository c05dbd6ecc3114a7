"""The person at the pen: scripts, hand, faults of parts."""

import pytest

from pensim.errors import ScenarioError
from pensim.hazards import HAZARDS
from pensim.operator_script import ACTIONS, load_script, perform, run_script
from tests.system.story import state

SCRIPT = """
[[step]]
at = "200 ms"
do = "insert_cartridge"
kind = "12 needles"

[[step]]
after = "0.8 s"
do = "click"

[[step]]
at = "2 s"
do = "treat"
zone = "cheek"
speed = "3 cm/s"
rows = 2

[[step]]
at = "5 s"
do = "click"
hold = "150 ms"
"""


@pytest.fixture
def script_file(tmp_path):
    """Writes a script and gives its path."""

    def write(text):
        path = tmp_path / "script.toml"
        path.write_text(text)
        return path

    return write


def test_a_script_treats_a_zone(make_bench, script_file):
    bench = make_bench()
    run_script(bench.operator, load_script(script_file(SCRIPT)))
    bench.run(2.5)
    assert state(bench) == "RUNNING"
    bench.run(4.0)
    assert state(bench) == "READY"
    assert len(bench.punctures) > 100
    assert [text for _, text in bench.operator.log][:2] == ["insert 12 needles", "press"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[[step]]\nat = "3 furlong"\ndo = "press"', "'3 furlong' is not a time"),
        ('[[step]]\nat = 3\ndo = "press"', "3 is not a time"),
        ('[[step]]\nat = "1 s"\ndo = "dance"', "'dance'; choose press"),
        ('[[step]]\ndo = "press"', "give either at"),
        ('[[step]]\nat = "1 s"\nafter = "1 s"\ndo = "press"', "give either at"),
        ('[[step]]\nat = "1 s"\ndo = "press"\nforce = "1 s"', "press takes no 'force'"),
        ('[[step]]\nat = "1 s"\ndo = "glide"\nspeed = "3 s"', "'3 s' is not a speed"),
        ('[[step]]\nat = "1 s"\ndo = "usb_power"\non = "yes"', "'yes' is not a bool"),
        ("at = 1", r"expected \[\[step\]\] tables"),
        ("[[step", "is not TOML"),
    ],
)
def test_a_wrong_script_is_one_line_with_the_step_and_the_remedy(script_file, text, words):
    path = script_file(text)
    with pytest.raises(ScenarioError, match=words) as caught:
        load_script(path)
    assert "script.toml" in str(caught.value)
    assert "\n" not in str(caught.value).split(": ", 1)[0]


def test_a_line_of_an_action_may_have_words_with_blanks_in_quotation_marks(make_bench):
    operator = make_bench().operator
    perform(operator, "insert_cartridge kind='1 needle' max_depth=\"1 mm\"")
    assert operator.log[-1][1] == "insert 1 needle"
    with pytest.raises(ScenarioError, match="lacks a quotation mark: add it"):
        perform(operator, 'insert_cartridge kind="1 needle')
    with pytest.raises(ScenarioError, match='put blanks in quotation marks, such as kind="1'):
        perform(operator, "insert_cartridge kind=1 needle")


def test_a_line_of_an_action_has_no_escapes_and_no_cartridge_that_is_none(make_bench):
    operator = make_bench().operator
    with pytest.raises(ScenarioError, match=r"choose reference, forehead"):
        perform(operator, "touch zone=cheek\\")
    with pytest.raises(ScenarioError, match="no cartridge 'none': choose 1 needle"):
        perform(operator, "insert_cartridge kind=none")


def test_an_unknown_zone_and_an_unknown_fault_name_the_choices(make_bench):
    bench = make_bench()
    with pytest.raises(ScenarioError, match=r"choose (forehead|reference)"):
        bench.operator.touch("elbow")
    with pytest.raises(ScenarioError, match="choose tachometer_open"):
        bench.operator.hazard("gremlin")


def test_the_hand_knows_where_it_is(make_bench):
    bench = make_bench()
    bench.operator.touch("cheek")
    bench.operator.glide(3.0, x_mm=0.0, y_mm=5.0)
    bench.run(0.5)
    assert bench.operator.hand.x_at(bench.board.now_us) == pytest.approx(0.015)
    bench.operator.lift()
    bench.run(0.5)
    assert bench.operator.hand.x_at(bench.board.now_us) == pytest.approx(0.015)


def test_every_hazard_can_come_and_go(running):
    bench = running("cheek")
    for name in HAZARDS:
        bench.operator.hazard(name)
        bench.operator.hazard(name, on=False)
    bench.run(0.2)
    assert state(bench) in ("RUNNING", "FAULT", "PARKING")


def test_a_removed_cartridge_takes_its_needles_with_it(running):
    bench = running("cheek")
    assert bench.trace()["plant.needle_force"].max() > 100
    bench.operator.remove_cartridge()
    removed_s = bench.now_s
    bench.run(0.5)
    trace = bench.trace()
    assert abs(trace["plant.needle_force"][trace.time_s > removed_s + 0.002]).max() == 0


def test_every_action_of_a_script_is_known_by_its_keys():
    assert all(isinstance(action.keys, dict) for action in ACTIONS.values())
