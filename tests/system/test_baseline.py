"""`penloop run --baseline`: what a changed firmware does is named, with its size, and seen."""

import json
import re
import shutil
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
import pytest

from penfw import states
from penloop.cli import run
from penloop.scenarios.baseline import Baseline
from penloop.scenarios.comparison import CHANGED, USUAL, worst_first
from penloop.scenarios.execution import run as execute
from penloop.scenarios.scenario_reader import load
from pensim import Firmware
from pensim.trace import read_parquet

ROOT = Path(__file__).parents[2]
START = """
about = "A pen is started in the air and stopped."
duration = "2.6 s"
expect = ["stroke rate above 97 Hz at 1.9 s", "parked within 500 ms of stop"]
[measure]
slowest = "least instant rate at 1.25 s"
"time to 90 Hz" = "time from start to measured rate above 90 Hz"
[[step]]
at = "0.2 s"
do = "insert_cartridge"
[[step]]
at = "0.8 s"
do = "click"
[[step]]
at = "2 s"
do = "press"
"""
REST = """
about = "A pen lies there."
duration = "1 s"
expect = ["instant rate below 1.5 Hz", "no fault"]
"""
SLOW = ("control_setup", 'get("slew") * 4', 'get("slew") * 2')  # half as steep a start
LATE_STALL = ("watch", "_STALL_US = const(60000)", "_STALL_US = const(140000)")


@pytest.fixture
def fork(tmp_path):
    """Makes a firmware's directory with one text replaced."""

    def make(module, old, new):
        root = tmp_path / "fork"
        shutil.copytree(ROOT / "firmware" / "penfw", root / "penfw")
        path = root / "penfw" / f"{module}.py"
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new, 1))
        return root

    return make


@pytest.fixture
def scenarios(tmp_path):
    folder = tmp_path / "scenarios"
    folder.mkdir()
    (folder / "start.pen.toml").write_text(START)
    (folder / "rest.pen.toml").write_text(REST)
    return folder


@pytest.fixture
def stored(scenarios, tmp_path, capsys):
    """A baseline of the scenarios with the firmware that is installed."""
    folder = tmp_path / "baseline"
    assert run(["run", str(scenarios), "--save-baseline", str(folder)]) == 0
    assert f"2 runs saved in {folder}" in capsys.readouterr().out
    return folder


def compared(path, folder, firmware):
    return Baseline(folder).compared(execute(load(path), firmware=firmware))[0]


def test_the_same_firmware_changes_nothing_on_any_engine(scenarios, stored, capsys):
    for options in ([], ["--engine", "micropython", "-j", "2"]):
        assert run(["run", str(scenarios), "--baseline", str(stored), *options]) == 0
        assert "against the baseline: 0 changed, 2 unchanged; the same firmware" in (
            capsys.readouterr().out
        )


def test_each_signals_change_has_the_size_that_the_two_traces_have(scenarios, stored, fork):
    firmware = Firmware.from_directory(fork(*SLOW))
    path = scenarios / "start.pen.toml"
    old, new = execute(load(path)).trace, execute(load(path), firmware=firmware).trace
    comparison = compared(path, stored, firmware)
    assert comparison.status == CHANGED
    changes = {change.column.name: change for change in comparison.signals}

    rate = np.interp(old.time_us, new.time_us, new["plant.rate"]) - old["plant.rate"]
    nearest = np.abs(new.time_us[None, :] - old.time_us[:, None]).argmin(axis=1)
    aimed = new["pen.rate_target"][nearest] - old["pen.rate_target"]
    for name, difference in (("plant.rate", rate), ("pen.rate_target", aimed)):
        change, worst = changes[name], np.argmax(np.abs(difference))
        assert change.greatest == difference[worst]
        assert change.greatest_us == old.time_us[worst]
        assert change.rms == pytest.approx(np.sqrt((difference**2).mean()))
        assert change.first_us == old.time_us[np.abs(difference) >= 1][0]
        assert change.differs == (np.abs(difference) >= 1).mean()
    # Where the steeper ramp ends, the other is half way: 110 Hz at the most, 55 Hz less.
    assert changes["pen.rate_target"].greatest == pytest.approx(-50_000, rel=0.12)
    assert "plant.protrusion" not in changes
    assert comparison.first_us > 800_000
    assert {signal.column.name for signal in comparison.signals[:4]} >= {"pen.rate_target"}


def test_measures_margins_and_what_nobody_asked_for_are_compared(scenarios, stored, fork):
    firmware = Firmware.from_directory(fork(*SLOW))
    path = scenarios / "start.pen.toml"
    runs = [execute(load(path)), execute(load(path), firmware=firmware)]
    comparison = compared(path, stored, firmware)
    changes = {change.name: change for change in comparison.figures}

    for place, name in enumerate(("slowest", "time to 90 Hz")):
        values = [outcome.measures[place] for outcome in runs]
        assert [changes[name].before, changes[name].after] == values
    assert 120_000 < changes["time to 90 Hz"].difference < 300_000
    strokes = [int(outcome.trace["plant.strokes"][-1]) for outcome in runs]
    assert changes["strokes"].told() == (
        str(strokes[0]), str(strokes[1]), str(strokes[1] - strokes[0]),
    )  # fmt: skip
    margins = [outcome.verdicts[0].margin for outcome in runs]
    text = runs[0].verdicts[0].text
    assert [changes[text].before, changes[text].after] == pytest.approx(margins)
    peaks = [outcome.trace["plant.current_peak"].max() for outcome in runs]
    assert changes["peak current"].kind == USUAL
    assert changes["peak current"].difference == peaks[1] - peaks[0]


def test_a_fault_that_comes_later_is_named_with_its_delay(tmp_path, fork):
    path = ROOT / "examples" / "scenarios" / "stall_in_skin.pen.toml"
    before = execute(load(path))
    Baseline(tmp_path).keep(before)
    firmware = Firmware.from_directory(fork(*LATE_STALL))
    comparison = compared(path, tmp_path, firmware)
    change = next(one for one in comparison.figures if one.name == "fault stall at")
    first_us = before.trace.time_us[before.trace["pen.faults"] != 0][0]
    assert change.before == first_us
    assert change.difference == pytest.approx(80_000, abs=21_000)  # looked at every 20 ms
    state = next(one for one in comparison.signals if one.column.name == "pen.state")
    assert state.told()[1].startswith("differs for ")


def test_a_change_is_told_and_fails_no_run(scenarios, stored, fork, capsys):
    root = fork(*SLOW)
    outputs = []
    for jobs in ("1", "2"):
        command = ["run", str(scenarios), "--baseline", str(stored), "--firmware", str(root)]
        assert run([*command, "-j", jobs]) == 0
        out = capsys.readouterr().out
        outputs.append(out.partition("start, seed 0  passed; differs from")[2])
    assert outputs[0] == outputs[1]
    assert "1 changed, 1 unchanged; firmware" in outputs[0]
    assert re.search(r"time to 90 Hz +0\.\d+ s +0\.\d+ s +\+0\.\d+ s", outputs[0])
    assert re.search(r"pen\.rate_target +\S+ s +-\d+\.\d+ Hz +\S+ s +\S+ Hz", outputs[0])


def test_what_fails_now_comes_first(scenarios, stored, fork):
    firmware = Firmware.from_directory(fork(*SLOW))
    mild, strict = scenarios / "start.pen.toml", scenarios / "strict.pen.toml"
    strict.write_text(START.replace("at 1.9 s", "at 1.45 s"))
    Baseline(stored).keep(execute(load(strict)))
    comparisons = [compared(path, stored, firmware) for path in (mild, strict)]
    ranked = worst_first(comparisons)
    assert [one.after.name for one in ranked] == ["strict", "start"]
    assert [one.breaks for one in ranked] == [True, False]
    assert ranked[0].verdict == "passed -> FAILED"


def test_the_report_has_a_picture_of_both_runs(scenarios, stored, fork, tmp_path):
    report, summary = tmp_path / "out" / "report.html", tmp_path / "out" / "summary.md"
    command = ["run", str(scenarios), "--baseline", str(stored), "--firmware", str(fork(*SLOW))]
    files = ["--html", str(report), "--markdown", str(summary), "-j", "2"]
    assert run([*command, *files]) == 0
    text = report.read_text()
    (picture,) = re.findall(r"<svg.*?</svg>", text, re.DOTALL)
    words = {item.text for item in ElementTree.fromstring(picture).iter() if item.text}
    assert {"before", "after", "RUNNING", "the whole run"} <= words
    assert "Against the baseline" in text
    assert len(text) < 400_000
    told = summary.read_text()
    assert told.startswith("## penloop run: 2 runs, 0 failed")
    assert "1 changed, 1 unchanged" in told
    assert "<details><summary>start, seed 0</summary>" in told
    assert re.search(r"\| time to 90 Hz \| 0\.\d+ s \| 0\.\d+ s \| \+0\.\d+ s \|", told)
    assert str(tmp_path) not in told


def test_both_lines_of_a_picture_are_those_of_the_traces(scenarios, stored, fork, monkeypatch):
    from penloop.scenarios import comparison_pictures

    drawn = []
    monkeypatch.setattr(comparison_pictures, "svg", lambda figure: drawn.append(figure) or "")
    firmware = Firmware.from_directory(fork(*SLOW))
    after = execute(load(scenarios / "start.pen.toml"), firmware=firmware)
    comparison, before = Baseline(stored).compared(after)
    comparison_pictures.picture(comparison, before, after.trace)
    axes = {one.get_ylabel().partition("\n")[0]: one for one in drawn[0].axes}
    place = next(iter(drawn[0].axes)).get_subplotspec().get_gridspec()
    assert place.ncols == 2
    lines = {line.get_label(): line for line in axes["Rate aimed at"].lines}
    for name, trace in (("before", before), ("after", after.trace)):
        times_s, values = lines[name].get_data()
        rows = np.searchsorted(trace.time_s, times_s)
        assert np.allclose(values, trace["pen.rate_target"][rows] / 1e3)
        assert values.max() == trace["pen.rate_target"].max() / 1e3


def test_a_run_that_is_not_stored_is_new(scenarios, stored, capsys):
    (scenarios / "later.pen.toml").write_text(REST)
    assert run(["run", str(scenarios), "--baseline", str(stored)]) == 0
    out = capsys.readouterr().out
    assert "new, nothing is stored of them: later, seed 0" in out
    assert "0 changed, 2 unchanged, 1 new" in out


def cut_trace(folder):
    path = next(folder.glob("start-0.*.parquet"))
    path.write_bytes(path.read_bytes()[:1000])


def foreign_trace(folder):
    other = next(folder.glob("rest-0.*.parquet"))
    shutil.copy(other, next(folder.glob("start-0.*.parquet")))


def no_trace(folder):
    next(folder.glob("start-0.*.parquet")).unlink()


def cut_entry(folder):
    path = folder / "start-0.json"
    path.write_text(path.read_text()[:300])


def other_duration(folder):
    path = folder / "start-0.json"
    path.write_text(path.read_text().replace('"duration_us": 2600000', '"duration_us": 3000000'))


DAMAGES = {
    cut_trace: "cannot be read", foreign_trace: "is another run's trace",
    no_trace: "cannot be read", cut_entry: "start-0.json cannot be read",
    other_duration: "the stored run lasts 3 s, now 2.6 s",
}  # fmt: skip


@pytest.mark.parametrize("damage", list(DAMAGES), ids=lambda damage: damage.__name__)
def test_a_damaged_entry_is_told_with_its_remedy_and_loses_nothing(
    scenarios, stored, fork, capsys, damage
):
    damage(stored)
    before = {path.name: path.read_bytes() for path in stored.iterdir()}
    command = ["run", str(scenarios), "--baseline", str(stored), "--firmware", str(fork(*SLOW))]
    assert run(command) == 0
    out = capsys.readouterr().out
    assert "not compared: start, seed 0: " in out
    assert DAMAGES[damage] in out
    assert f"store it anew with --save-baseline {stored}" in out
    assert "passed  start" in out
    assert {path.name: path.read_bytes() for path in stored.iterdir()} == before


@pytest.mark.parametrize("kind", ["absent", "file", "empty"])
def test_what_is_no_baseline_is_told_before_anything_runs(scenarios, tmp_path, capsys, kind):
    place = tmp_path / "place"
    if kind == "file":
        place.write_text("")
    elif kind == "empty":
        place.mkdir()
    assert run(["run", str(scenarios), "--baseline", str(place)]) == 2
    told = capsys.readouterr()
    assert f"with --save-baseline {place}" in told.err
    assert "passed" not in told.out


def test_two_scenarios_of_one_name_are_told(scenarios, stored, capsys):
    (scenarios / "more").mkdir()
    (scenarios / "more" / "start.pen.toml").write_text(START)
    assert run(["run", str(scenarios), "--baseline", str(stored)]) == 2
    assert "two scenarios are called start" in capsys.readouterr().err


def test_saving_again_replaces_a_run_and_leaves_the_others(scenarios, stored, fork, capsys):
    kept = {path.name: path.read_bytes() for path in stored.glob("rest*")}
    path = scenarios / "start.pen.toml"
    options = ["--firmware", str(fork(*SLOW)), "--save-baseline", str(stored)]
    assert run(["run", str(path), "--baseline", str(stored), *options]) == 0
    assert "1 changed" in capsys.readouterr().out  # compared with what was there before
    assert run(["run", str(path), "--baseline", str(stored), *options[:2]]) == 0
    assert "0 changed, 1 unchanged" in capsys.readouterr().out
    assert {path.name: path.read_bytes() for path in stored.glob("rest*")} == kept
    entry = json.loads((stored / "start-0.json").read_text())
    assert [path.name for path in stored.glob("start-0.*.parquet")] == [entry["trace"]]
    assert read_parquet(stored / entry["trace"]).digest() == entry["digest"]


def test_a_save_that_is_cut_off_leaves_the_old_run_whole(scenarios, stored, fork, monkeypatch):
    path = scenarios / "start.pen.toml"
    firmware = Firmware.from_directory(fork(*SLOW))
    changed = execute(load(path), firmware=firmware)
    replaced = []

    def killed_at_the_entry(source, goal):
        replaced.append(goal)
        if goal.suffix == ".json":
            raise KeyboardInterrupt
        Path(source).rename(goal)

    monkeypatch.setattr("penloop.scenarios.baseline.os.replace", killed_at_the_entry)
    with pytest.raises(KeyboardInterrupt):
        Baseline(stored).keep(changed)
    monkeypatch.undo()
    assert [goal.suffix for goal in replaced] == [".parquet", ".json"]
    assert Baseline(stored).compared(execute(load(path)))[0].status == "unchanged"
    assert Baseline(stored).compared(changed)[0].status == CHANGED


def test_a_scenario_that_is_another_is_said_to_be(scenarios, stored):
    path = scenarios / "start.pen.toml"
    path.write_text(START + '[pen]\nsettings = { stroke_rate = "98 Hz" }\n')
    comparison = Baseline(stored).compared(execute(load(path)))[0]
    assert comparison.setup == ("settings",)
    assert comparison.before.firmware == comparison.after.firmware
    assert comparison.before.figures[0].value > comparison.after.figures[0].value


def test_a_run_that_gets_into_fault_is_compared_though_it_never_started(scenarios, stored, fork):
    root = fork("treatment", "self.starting = True", "self.starting = False")
    path = scenarios / "start.pen.toml"
    comparison = compared(path, stored, Firmware.from_directory(root))
    assert comparison.breaks
    figures = {change.name: change for change in comparison.figures}
    assert figures["time to the first start"].told()[1:] == ("none", "")
    assert (
        states.RUNNING
        not in execute(load(path), firmware=Firmware.from_directory(root)).trace["pen.state"]
    )


def test_a_changed_sentence_is_told_though_every_signal_is_the_same(scenarios, stored, capsys):
    path = scenarios / "start.pen.toml"
    path.write_text(START.replace("above 97 Hz", "above 120 Hz"))
    assert run(["run", str(path), "--baseline", str(stored)]) == 1
    out = capsys.readouterr().out
    assert "1 changed (1 fails now), 0 unchanged" in out
    assert "passed -> FAILED; every signal is the same" in out
    assert "stroke rate above 120 Hz at 1.9 s" in out


def test_a_stored_run_that_is_not_run_any_more_is_told(scenarios, stored, tmp_path, capsys):
    (scenarios / "rest.pen.toml").unlink()
    page, summary = tmp_path / "report.html", tmp_path / "summary.md"
    options = ["--html", str(page), "--markdown", str(summary)]
    assert run(["run", str(scenarios), "--baseline", str(stored), *options]) == 0
    for text in (capsys.readouterr().out, page.read_text(), summary.read_text()):
        assert "stored, but not run now: rest-0" in text


def test_signals_that_only_one_firmware_tells_are_named(scenarios, stored, fork, capsys):
    other = fork("signal_table", '"tick_time"', '"tick_took"')
    path = scenarios / "rest.pen.toml"
    assert run(["run", str(path), "--baseline", str(stored), "--firmware", str(other)]) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "new signals: pen.tick_took; gone signals: pen.tick_time" in out
