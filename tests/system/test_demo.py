"""The demo: plausible results, all of its files, and the same traces on another engine."""

import json
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from penfw import faults
from penloop import demo_files, measures
from penloop.cli import run
from penloop.commands.demo import run_demo
from pensim.trace import read_parquet

SEED = 4
FILES = {
    "report.html", "treatment.png", "punctures.png", "stall.png", "treatment.parquet",
    "stall.parquet",
}  # fmt: skip


@pytest.fixture(scope="module")
def summary():
    return run_demo("cpython", SEED, quick=True, console=Console(quiet=True))


@pytest.fixture(scope="module")
def out(summary, tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    demo_files.write(folder, summary, "penloop demo")
    return folder


def test_the_rate_that_the_host_set_is_held_in_the_skin(summary):
    trace = summary.treatment.trace
    assert [change.status for change in summary.treatment.changes] == ["applied", "applied"]
    assert measures.rate_set_hz(trace) == 110.0
    held = measures.rate_held_hz(trace)
    assert held.count > 20
    assert 0.98 * 110 < held.low < held.mean < held.high < 1.02 * 110


def test_needles_reach_less_deep_than_set_and_deeper_over_bone(summary):
    assert measures.depth_set_mm(summary.treatment.trace) == 0.75
    depths = summary.strokes.depth_mm
    assert 0.35 < depths.mean() < 0.75
    assert depths.max() < 0.80  # the axis stops within 0.05 mm
    forehead, cheek = summary.zones
    assert forehead.depth_mm.mean() > cheek.depth_mm.mean()


def test_strokes_come_at_the_rate_and_punctures_by_the_needle(summary):
    trace = summary.treatment.trace
    expected = 110.0 * measures.contact_time_s(trace)
    assert len(summary.strokes.depth_mm) == pytest.approx(expected, rel=0.03)
    assert sum(map(len, summary.zones)) == 12 * len(summary.strokes.depth_mm)
    assert measures.strokes_made(trace) > len(summary.strokes.depth_mm)


def test_the_hand_lifts_off_and_comes_back(summary):
    touching = [move.touching for move in summary.treatment.moves]
    zones = [move.zone for move in summary.treatment.moves if not move.touching]
    assert zones.count("cheek") >= 2
    assert not touching[-1]
    assert not measures.fault_events(summary.treatment.trace)


def test_battery_and_winding_are_plausible(summary):
    trace = summary.treatment.trace
    seconds = trace.time_s[-1]
    mean_ma = measures.battery_used_mah(trace) * 3600.0 / seconds
    assert 40 < mean_ma < 400
    heat = measures.winding(trace)
    assert 25.0 < heat.plant_c < 60.0
    assert heat.underestimate_c < 1.0


def test_the_stall_happens_in_the_skin_is_detected_and_the_needles_are_parked(summary):
    (event,) = summary.stall_events
    assert event.name == "stall"
    assert event.cause == "motor_jammed"
    trace = summary.stall.trace
    stuck = np.argmin(np.abs(trace.time_s - (event.cause_s + 0.03)))
    assert trace["plant.penetration"][stuck] > 200  # um: it stands with its needles in
    assert 0 < event.since_cause_ms(event.off_s) < 150
    parked_ms = event.since_cause_ms(event.parked_s)
    assert event.since_cause_ms(event.off_s) < parked_ms < faults.row(event.number)[3]


def test_the_host_heard_the_whole_treatment(summary):
    heard = summary.treatment.heard
    assert heard.lost == summary.stall.heard.lost == 0
    assert heard.paused <= 3  # an erased sector stops the interrupts for 45 ms
    assert heard.seconds == pytest.approx(summary.treatment.trace.time_s[-1], abs=2.0)


def test_it_writes_a_report_pictures_and_traces(out):
    assert {path.name for path in out.iterdir()} == FILES
    for name in ("treatment", "punctures", "stall"):
        assert (out / f"{name}.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"


def test_the_parquet_files_hold_the_traces(out, summary):
    for name, run_ in (("treatment", summary.treatment), ("stall", summary.stall)):
        trace = read_parquet(out / f"{name}.parquet")
        assert trace.digest() == run_.trace.digest()
        assert measures.fault_events(trace) == measures.fault_events(run_.trace)


def test_the_report_needs_nothing_else_and_shows_what_was_measured(out, summary):
    page = (out / "report.html").read_text()
    assert "{{" not in page.replace(_plotly(page), "")
    assert not [tag for tag in ("<script src", "<link", "<img", "@import") if tag in page]
    held = measures.rate_held_hz(summary.treatment.trace)
    assert f"{held.mean:.2f}" in page
    assert summary.treatment.trace.digest() in page
    assert "not clinical validation" in page
    data = json.loads(page.split('id="data">')[1].split("</script>")[0])
    assert set(data["stories"]) == {"treatment", "stall"}


def _plotly(page: str) -> str:
    return page.split("</script>")[1]


def test_the_command_gives_the_same_traces_on_real_micropython(out, tmp_path, capsys):
    arguments = f"demo --quick --seed {SEED} --engine micropython --out {tmp_path / 'new' / 'demo'}"
    assert run(arguments.split()) == 0
    told = capsys.readouterr().out
    assert "stroke rate held" in told
    assert "report.html" in told
    for name in ("treatment", "stall"):
        other = read_parquet(tmp_path / "new" / "demo" / f"{name}.parquet")
        assert other.digest() == read_parquet(out / f"{name}.parquet").digest()
        assert other.header.environment["engine"] == "micropython"


def test_what_was_there_before_is_replaced(out):
    assert (Path(out) / "report.html").stat().st_size < 8_000_000
