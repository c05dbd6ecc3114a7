"""Figures of recordings against values known by construction, and runs side by side."""

import json

import numpy as np
import pytest

from penfw import states
from penloop.cli import run
from penloop.errors import UserError
from penloop.recordings import comparison, formats
from penloop.recordings.alignment import zero_us
from penloop.recordings.figures import figures
from penloop.recordings.response import response
from pensim.trace import Column, Trace, TraceHeader
from tests.host_tools.recorded import ENVIRONMENT, recording

TAU_S = 0.05


def made(share, start=100, target=100_000):
    """A run at 1 kHz whose rate is a share of its target: RUNNING from row 100 on."""
    rows = np.arange(len(share))
    running = rows >= start
    columns = {
        ("pen.state", ""): np.where(running, states.RUNNING, states.READY),
        ("pen.rate", "mHz"): np.rint(target * share),
        ("pen.rate_target", "mHz"): np.where(running, target, 0),
    }
    pairs = [(Column(*key), np.asarray(values).astype(np.int64)) for key, values in columns.items()]
    return Trace(rows * 1000, pairs)


def exponential():
    times_s = np.maximum(np.arange(3000) - 100, 0) / 1000
    return 1 - np.exp(-times_s / TAU_S)


def values(trace):
    return {one.name: one.value for one in figures(trace)}


def test_rise_and_settling_are_those_of_the_closed_form():
    found = response(made(exponential()))
    assert found.rise_us == pytest.approx(TAU_S * np.log(9) * 1e6, rel=0.01)
    assert found.settling_us == pytest.approx(TAU_S * np.log(50) * 1e6, abs=1500)
    assert found.overshoot == 0
    assert found.dips == []


def test_overshoot_is_that_of_a_damped_oscillation():
    times_s = np.maximum(np.arange(3000) - 100, 0) / 1000
    damping, omega = 0.4, 60.0
    damped = omega * np.sqrt(1 - damping**2)
    decay = np.exp(-damping * omega * times_s)
    share = 1 - decay * (
        np.cos(damped * times_s) + damping * omega / damped * np.sin(damped * times_s)
    )
    expected = np.exp(-np.pi * damping / np.sqrt(1 - damping**2))
    assert response(made(share)).overshoot == pytest.approx(expected, rel=0.01)


def test_ripple_and_settled_rate_are_those_of_a_sine():
    share = np.where(np.arange(3000) >= 100, 1.002 + 0.01 * np.sin(np.arange(3000) / 5), 0.0)
    found = values(made(share))
    assert found["ripple"] == pytest.approx(1.0 / np.sqrt(2), rel=0.02)
    assert found["settled rate off its target"] == pytest.approx(0.2, abs=0.01)


def test_a_dip_has_its_depth_and_recovery_and_spoils_neither_ripple_nor_rate():
    share = np.where(np.arange(3000) >= 100, 1.0, 0.0)
    share[1000:1060] = 0.93
    share[2000:2030] = 0.97
    found = values(made(share))
    assert (found["dips of the rate"], found["longest recovery"]) == (2, 60_000)
    assert found["deepest dip"] == pytest.approx(7.0)
    assert (found["ripple"], found["settled rate"]) == (0, 100_000)
    assert zero_us(made(share), "contact", "it") == 1_000_000


def test_what_was_never_reached_has_no_figure():
    found = values(made(np.where(np.arange(1000) >= 100, 0.8, 0.0)))
    assert "settling time" not in found
    assert "rise time" not in found
    assert "settled rate" not in found


def test_a_run_that_began_before_the_recording_has_no_rise():
    whole = made(exponential())
    cut = Trace(whole.time_us[500:], [(c, v[500:]) for c, v in whole.columns()[1:]])
    found = values(cut)
    assert not {"rise time", "settling time", "overshoot", "battery sag"} & set(found)
    assert found["settled rate"] == pytest.approx(100_000, rel=0.001)
    assert found["deepest dip"] == pytest.approx(0, abs=0.1)
    with pytest.raises(UserError, match="it has no start of the run"):
        zero_us(cut, "start", "it")


def test_a_recording_without_the_rate_still_has_its_other_figures():
    trace = recording()
    pairs = [pair for pair in trace.columns()[1:] if "rate" not in pair[0].name]
    found = values(Trace(trace.time_us, pairs, trace.header))
    assert "rise time" not in found
    assert found["current, peak"] == 152
    assert found["battery sag"] == 100


def test_the_setting_is_the_target_where_the_target_is_not_recorded():
    whole = recording()
    pairs = [pair for pair in whole.columns()[1:] if pair[0].name != "pen.rate_target"]
    trace = Trace(whole.time_us, pairs, whole.header)
    assert values(trace)["rise time"] == values(whole)["rise time"]
    assert "rise time" not in values(Trace(whole.time_us, pairs))


def test_states_faults_and_missing_samples_are_counted():
    found = values(recording())
    assert found["time in RUNNING"] == 3_990_000
    assert found["fault stall"] == 4_190_000
    assert (found["faults"], found["samples missing"]) == (1, 68)


def test_time_in_a_state_leaves_out_what_is_not_recorded():
    spent = {one.name: one.value for one in figures(recording()) if "time in" in one.name}
    assert spent == {
        "time in READY": 1_000_000, "time in RUNNING": 3_990_000, "time in FAULT": 980_000,
    }  # fmt: skip


def test_what_differs_in_pen_firmware_and_settings_is_listed_with_units():
    newer = {
        **ENVIRONMENT,
        "pen": {**ENVIRONMENT["pen"], "firmware_version": "1.3.0"},
        "settings": {"stroke_rate": 110_000, "depth": 500},
    }
    found = comparison.differences([recording(), recording(environment=newer)])
    assert [(one.name, one.values) for one in found] == [
        ("pen's firmware version", ("1.2.3", "1.3.0")),
        ("setting stroke_rate", ("100 Hz", "110 Hz")),
    ]


def test_settings_are_the_same_whether_a_file_tells_their_units_or_not():
    bare = {name: part for name, part in ENVIRONMENT.items() if name != "setting_units"}
    assert comparison.differences([recording(), recording(environment=bare)]) == []
    other = {**bare, "settings": {"stroke_rate": 100_000, "depth": 750}}
    [found] = comparison.differences([recording(environment=bare), recording(environment=other)])
    assert (found.name, found.values) == ("setting depth", ("0.5 mm", "0.75 mm"))


def test_figures_stand_side_by_side_with_their_change():
    rows = {row.name: row for row in comparison.rows([recording(), recording(110)])}
    assert rows["rate aimed at"].told() == ["100 Hz", "110 Hz", "+10 Hz"]
    assert rows["current, peak"].told() == ["152 mA", "152 mA", "="]
    alone = {row.name: row for row in comparison.rows([recording(), made(exponential())])}
    assert alone["battery sag"].told() == ["0.1 V", "–", ""]


def test_a_simulated_trace_adds_what_only_the_plant_knows(tmp_path):
    from pensim import Bench

    bench = Bench(seed=7)
    bench.operator.insert_cartridge()
    bench.run(1.0)
    bench.operator.click()
    bench.run(1.0)
    bench.operator.touch("cheek")
    bench.run(1.0)
    found = values(bench.trace())
    assert found["settled rate"] == pytest.approx(100_000, rel=0.02)
    assert found["rate held in skin, true"] == pytest.approx(100_000, rel=0.02)
    assert found["deepest in skin, true"] == pytest.approx(500, abs=50)
    moment_us = zero_us(bench.trace(), "contact", "it")
    assert moment_us == pytest.approx(2_000_000, abs=100_000)


@pytest.fixture
def files(tmp_path):
    paths = [tmp_path / "a.parquet", tmp_path / "b.mcap"]
    for path, rate_hz in zip(paths, (100, 110)):
        formats.write(recording(rate_hz), path)
    return [str(path) for path in paths]


def test_compare_prints_a_table_and_json(files, capsys):
    assert run(["compare", *files]) == 0
    out = capsys.readouterr().out
    assert "pen, firmware and settings are the same" in out
    assert "+10 Hz" in out
    assert run(["compare", *files, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    first = document["figures"][0]
    assert (first["name"], first["values"], first["changes"]) == (
        "rate aimed at", [100_000, 110_000], [10_000],
    )  # fmt: skip


def test_one_file_cannot_be_compared(files, capsys):
    assert run(["compare", files[0]]) == 2
    assert "name two or more" in capsys.readouterr().err


def test_a_moment_that_one_file_lacks_is_told(files, tmp_path, capsys):
    quiet = tmp_path / "quiet.parquet"
    trace = Trace(np.arange(3) * 1000, [(Column("pen.rate", "mHz"), np.zeros(3, np.int64))])
    formats.write(Trace(trace.time_us, trace.columns()[1:], TraceHeader()), quiet)
    assert run(["compare", files[0], str(quiet), "--align", "fault"]) == 2
    assert "quiet has no first fault" in capsys.readouterr().err


def test_a_share_that_is_nothing_has_no_sign():
    assert comparison.shown(-0.001, "%") == "0.00 %"
    assert comparison.shown(-0.01, "%") == "-0.01 %"
