"""Pens in files: what a simulator takes from them, and what it says of mistakes."""

import pytest
import serial

from penhost import Pen
from penloop.scenarios import scenario_reader
from pensim import Bench
from pensim.errors import ScenarioError
from pensim.pen_file import find_pen
from pensim.pen_url import PenUrl
from pensim.plant.presets import PENS, SKINS

TWIN = """
base = "worn"

[motor]
resistance_ohm = "1230 mohm"  # 95 %: 1210 to 1250 mohm
rotor_inertia_kg_m2 = "0.61 gcm2"
torque_constant_nm_per_a = 2.5e-3

[battery]
capacity_c = "500 mAh"

[skin.cheek]
puncture_force_n = "24 mN"

[skin.knee]
like = "chin"

[about]
recording = "run.parquet"
"""


@pytest.fixture
def twin(tmp_path):
    """A pen's file."""
    path = tmp_path / "twin.toml"
    path.write_text(TWIN)
    return path


def wrong(tmp_path, text):
    """What is said of a pen's file."""
    path = tmp_path / "wrong.toml"
    path.write_text(text)
    with pytest.raises(ScenarioError) as told:
        find_pen(str(path))
    return str(told.value)


def test_a_file_changes_its_base_and_nothing_else(twin):
    found = find_pen(str(twin)).parameters
    assert found.motor.resistance_ohm == pytest.approx(1.23)
    assert found.motor.rotor_inertia_kg_m2 == pytest.approx(0.61e-7)
    assert found.battery.capacity_c == pytest.approx(1800)
    assert found.mechanism == PENS["worn"].mechanism
    assert found.motor.friction_nm == PENS["worn"].motor.friction_nm


def test_a_zone_of_the_file_replaces_that_of_the_presets(twin):
    zones = find_pen(str(twin)).skins
    assert zones["cheek"].puncture_force_n == pytest.approx(0.024)
    assert zones["cheek"].full_force_n == SKINS["cheek"].full_force_n
    assert zones["knee"] == SKINS["chin"]


def test_presets_keep_their_names():
    assert find_pen("1331").parameters == PENS["1331"]


def test_a_simulated_port_takes_a_pens_file_and_its_zones(twin):
    bench = PenUrl.parse(f"sim://?pen={twin}&zone=knee").make_bench()
    assert bench.parameters.motor.resistance_ohm == pytest.approx(1.23)
    assert bench.operator.hand.zone == "knee"
    assert bench.skins["cheek"].puncture_force_n == pytest.approx(0.024)
    bench.close()


def test_a_pen_of_a_file_answers(twin):
    with Pen(f"sim://?pen={twin}") as pen:
        assert pen.get("stroke_rate").value


def test_a_bench_takes_a_pens_file(twin):
    pen = find_pen(str(twin))
    with Bench(parameters=pen.parameters, skins=pen.skins) as bench:
        bench.operator.touch("knee")
        assert bench.parameters.motor.resistance_ohm == pytest.approx(1.23)


def test_a_scenario_finds_a_pens_file_beside_itself(twin):
    scenario = twin.parent / "cheek.scenario.toml"
    scenario.write_text(
        'about = "x"\nduration = "1 s"\nexpect = ["never needle depth above 3 mm"]\n'
        '[pen]\npreset = "twin.toml"\nparameters = {"motor.copper_per_k" = 0.004}\n'
        '[[step]]\nat = "0.1 s"\ndo = "touch"\nzone = "knee"\n'
    )
    found = scenario_reader.load(scenario)
    assert found.parameters.motor.resistance_ohm == pytest.approx(1.23)
    assert found.parameters.motor.copper_per_k == 0.004
    assert found.skins["knee"] == SKINS["chin"]


@pytest.mark.parametrize(
    ("text", "what", "remedy"),
    [
        ('base = "best"', "no base 'best'", "choose reference"),
        ("[moter]", "no part 'moter'", "did you mean 'motor'?"),
        ("[motor]\nresistance = 1", "motor has no 'resistance'", "did you mean 'resistance_ohm'?"),
        ("[motor]\nresistance_ohm = '1 V'", "'1 V' has no unit that fits", "ohm or mohm"),
        ("[motor]\nresistance_ohm = 0", "is not a number from 0.001", "datasheet"),
        ("[motor]\nresistance_ohm = true", "is not a number", "datasheet"),
        ("[battery]\nopen_circuit_v = [3.0]", "is not 11 rising voltages", "tenth of the charge"),
        ("[battery]\ncharge_fraction = 'half'", "it has no unit", "write digits"),
        ("[cartridge]\nneedle_count = 3", "holds no cartridge", "where it is put in"),
        ("[skin]\npuncture_force_n = 1", "no zone", "[skin.cheek]"),
        ("[skin.knee]", "no zone 'knee'", "choose"),
        ("[skin.cheek]\nforce = 1", "skin.cheek has no 'force'", "use"),
        ("motor = 3", "no table", "write [motor]"),
        ("motor = [", "is not TOML", "end of document"),
    ],
)
def test_a_mistake_is_told_in_one_line_with_its_remedy(tmp_path, text, what, remedy):
    told = wrong(tmp_path, text)
    assert what in told
    assert remedy in told
    assert "wrong.toml" in told
    assert "\n" not in told


def test_an_unknown_pen_and_a_file_that_is_not_there_are_told():
    with pytest.raises(ScenarioError, match=r"choose reference.*or give a file"):
        find_pen("best")
    with pytest.raises(ScenarioError, match=r"cannot read the pen /nowhere.*give a file"):
        find_pen("/nowhere/pen.toml")
    with pytest.raises(serial.SerialException, match="no pen 'best'"):
        serial.serial_for_url("sim://?pen=best")
