"""Calibration: a pen whose sensors are off comes to SERVICE, is measured, and becomes ready."""

import json

import numpy as np
import pytest

from penhost import Pen
from penhost.errors import Refused
from penloop import calibration
from penloop.cli import run
from penloop.errors import BoardError
from pensim.plant.parameters import PenParameters, Sensors
from pensim.serial_port import SimulatedPort
from tests.system.story import enter_service, latched, pen_of, state

OFF = Sensors(
    position_zero_v=0.62, position_v_per_m=900.0, shunt_zero_v=0.84, battery_divider=0.47
)  # fmt: skip
# A sound pen's settings are wrong for it by 0.22 mm, -10 %, 180 mA and -6 %.
WORDS = ["--battery", "4.0V", "--wait", "10s"]


def no_gauge(_depth_um):
    """Nobody reads one."""


@pytest.fixture
def in_service(make_bench):
    """A client, and the bench of a pen that is not calibrated, in SERVICE."""

    def make(sensors=OFF, **options):
        parameters = PenParameters(sensors=sensors)
        bench = make_bench(parameters=parameters, calibrated=False, **options)
        enter_service(bench)
        return Pen(SimulatedPort.on_bench(bench)), bench

    return make


def meter_mV(bench):
    """What a meter at the cell reads."""
    return round(float(bench.trace()["plant.battery"][-1]))


@pytest.mark.verifies("R-213", "R-216", "R-508")
def test_a_pen_with_sensors_off_is_calibrated_becomes_ready_and_keeps_its_depth(in_service):
    pen, bench = in_service()
    values = calibration.measure(pen, meter_mV(bench), no_gauge)
    calibration.verify(pen, values)
    assert pen.get("depth").value == 500
    bench.operator.insert_cartridge()
    bench.operator.click()
    bench.run(4.0)
    assert state(bench) == "READY", latched(bench)
    for depth_um in (1250, 250, 1500, 500):
        pen.set({"depth": depth_um, "stroke_rate": 130000})
        bench.run(1.0)
        assert abs(bench.trace()["plant.protrusion"][-1] - depth_um) <= 50
        assert abs(bench.signal("position") - depth_um) <= 50
    assert abs(bench.signal("battery") - meter_mV(bench)) < 40
    bench.operator.click()
    bench.run(2.0)
    assert state(bench) == "RUNNING"
    assert not latched(bench)
    bench.operator.power_cycle()
    bench.run(3.0)
    stored = Pen(SimulatedPort.on_bench(bench)).get_all(list(values))
    assert {name: value.value for name, value in stored.items()} == values


def test_what_is_measured_is_what_the_plant_has(in_service):
    pen, bench = in_service()
    values = calibration.measure(pen, meter_mV(bench), no_gauge)
    per_volt = 65535 / 3.3
    assert values["shunt_zero"] == pytest.approx(0.84 * per_volt, abs=15)
    assert values["position_home"] == pytest.approx(0.62 * per_volt, abs=400)  # 20 um of play
    assert values["position_gain"] == pytest.approx(1e6 / (0.0009 * per_volt), rel=0.01)
    assert values["battery_gain"] == pytest.approx(1e9 / (0.47 * per_volt), rel=0.01)
    assert "backlash" not in values


def test_without_a_meter_the_battery_is_left_as_it_is(in_service):
    pen, _bench = in_service()
    assert "battery_gain" not in calibration.measure(pen, None, no_gauge)


def test_two_points_of_a_gauge_scale_the_sensor(in_service):
    pen, _bench = in_service()
    plain = calibration.measure(pen, None, no_gauge)
    gauged = calibration.measure(pen, None, lambda depth_um: depth_um * 102 // 100)
    assert gauged["position_gain"] / plain["position_gain"] == pytest.approx(1.02, abs=0.005)


@pytest.mark.verifies("R-216")
def test_a_gauge_that_contradicts_the_steps_is_refused_and_the_depth_comes_back(in_service):
    pen, _bench = in_service()
    with pytest.raises(BoardError, match="check home switch"):
        calibration.measure(pen, None, lambda depth_um: depth_um + 80)
    assert pen.get("depth").value == 500
    assert pen.get("calibrated").value == 0


def test_more_play_than_a_step_is_measured_and_too_much_refused(in_service):
    pen, bench = in_service()
    bench.axis._backlash_um = 45.0
    assert calibration.measure(pen, None, no_gauge)["backlash"] == pytest.approx(45, abs=4)
    bench.axis._backlash_um = 80.0
    with pytest.raises(BoardError, match="of play"):
        calibration.measure(pen, None, no_gauge)


@pytest.mark.parametrize(
    ("battery_mV", "told"), [(3000, "check both"), (9000, "no cell"), (100, "no cell")]
)
def test_a_meter_that_cannot_be_right_is_refused(in_service, battery_mV, told):
    pen, _bench = in_service()
    with pytest.raises(BoardError, match=told):
        calibration.battery_gain(pen, battery_mV)


@pytest.mark.verifies("R-216")
def test_wrong_values_are_found_on_trial_and_go_back(in_service):
    pen, _bench = in_service()
    values = calibration.measure(pen, None, no_gauge)
    wrong = {**values, "position_home": values["position_home"] + 1500}
    with pytest.raises(BoardError, match="position"):
        calibration.verify(pen, wrong)
    assert pen.get("position_home").value == 7944
    assert pen.get("calibrated").value == 0


@pytest.mark.verifies("R-216")
def test_a_dead_position_sensor_is_told(in_service):
    pen, _bench = in_service(Sensors(position_v_per_m=100.0, position_zero_v=0.9))
    with pytest.raises((BoardError, Refused)):
        calibration.verify(pen, calibration.measure(pen, None, no_gauge))
    assert pen.get("calibrated").value == 0


@pytest.mark.verifies("R-704")
def test_a_calibrated_pen_whose_sensor_was_replaced_can_be_declared_uncalibrated(make_bench):
    bench = make_bench(parameters=PenParameters(sensors=OFF))
    bench.run(3.0)
    assert state(bench) == "FAULT"
    pen = Pen(SimulatedPort.on_bench(bench))
    bench.operator.press()
    bench.run(3.5)
    with pytest.raises(Refused, match="SERVICE"):
        pen.set({"calibrated": 0, "shunt_zero": 15000})
    pen.set({"calibrated": 0})
    bench.operator.release()
    with pytest.raises(Refused, match="SERVICE"):
        pen.set({"calibrated": 1})
    bench.run(4.0)
    bench.operator.click(2.0)
    bench.run(4.0)
    bench.operator.click(3.5)
    bench.run(4.5)
    assert state(bench) == "SERVICE", latched(bench)


@pytest.mark.verifies("R-704")
@pytest.mark.parametrize("held_s", [0.0, 0.15, 2.0, 8.5])
def test_in_fault_no_host_widens_a_pen_s_limits_without_somebody_who_holds_the_button(
    make_bench, held_s
):
    bench = make_bench()
    bench.run(1.0)
    bench.operator.hazard("position_open")
    bench.run(4.0)
    control = pen_of(bench).control
    limits = control.mismatch_um, control.battery_critical_mV
    pen = Pen(SimulatedPort.on_bench(bench))
    if held_s:
        bench.operator.press()
        bench.run(held_s)
    with pytest.raises(Refused, match="hold the pen's button for 3 s"):
        pen.set({"calibrated": 0})
    assert (control.mismatch_um, control.battery_critical_mV) == limits == (100, 3000)


@pytest.mark.parametrize(("hold", "code"), [("5 s", 0), ("2 s", 1)])
def test_the_command_waits_for_the_person_who_holds_the_button(tmp_path, capsys, hold, code):
    port = sim(tmp_path).replace("calibrated=0&", "")
    (tmp_path / "person.toml").write_text(f'[[step]]\nat = "6 s"\ndo = "hold"\nhold = "{hold}"\n')
    assert run(["calibrate", "--forget", "--wait", "15s", "--port", port]) == code
    out, err = capsys.readouterr()
    assert "hold the pen's button for 5 s" in err
    assert ("let go" in out) == (code == 0)
    assert ("nobody held" in err) == (code == 1)


def sim(tmp_path, extra=""):
    """A URL of a pen with sensors that are off, whose person enters SERVICE."""
    (tmp_path / "pen.toml").write_text(
        "[sensors]\nposition_zero_v = 0.62\nposition_v_per_m = 900.0\nshunt_zero_v = 0.84\n"
    )
    (tmp_path / "person.toml").write_text('[[step]]\nat = "1 s"\ndo = "hold"\nhold = "3.5 s"\n')
    return f"sim://?calibrated=0&pen={tmp_path}/pen.toml&operator={tmp_path}/person.toml{extra}"


def test_the_command_shows_old_and_new_and_stores_them_when_told(tmp_path, capsys):
    words = ["calibrate", "--wait", "10s", "--port", sim(tmp_path)]
    assert run([*words, "--yes"]) == 0
    told = capsys.readouterr().out
    assert "shunt_zero: 14894 counts -> 16" in told
    assert "position_home" in told
    assert "calibrated and stored" in told
    assert run([*words, "--dry-run", "--json"]) == 0
    steps = json.loads(capsys.readouterr().out)
    assert {step["name"] for step in steps} >= {"shunt_zero", "position_home", "position_gain"}
    assert run(words) == 2  # nobody is there to agree
    assert "give --yes" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ("--yes", "needs SERVICE"),
        ("--yes --battery 4", "no unit"),
        ("--yes --gauge 0.5mm", "no point"),
        ("--yes --gauge 2mm=2mm", "no point"),
        ("--yes --gauge 0.5mm=0.9mm --wait 10s", "check home switch"),
        ("--yes --battery 3V --wait 10s", "check both"),
    ],
)
def test_what_cannot_be_is_one_line(tmp_path, capsys, words, error):
    assert run(["calibrate", *words.split(), "--port", sim(tmp_path)]) in (1, 2)
    err = capsys.readouterr().err
    assert error in err
    assert "Traceback" not in err


def test_the_noise_of_the_readings_is_averaged_out(in_service):
    pen, bench = in_service()
    found = [calibration.measure(pen, meter_mV(bench), no_gauge) for _ in range(2)]
    for name in ("shunt_zero", "position_home", "position_gain", "battery_gain"):
        assert np.ptp([one[name] for one in found]) <= 0.01 * found[0][name]
