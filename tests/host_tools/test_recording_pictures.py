"""Recordings as pictures: what is drawn, where it is broken, and that a browser shows it."""

import json
import re
import shutil
import subprocess
from html import unescape

import numpy as np
import pytest
from PIL import Image

from penfw import faults
from penloop import palette
from penloop.cli import run
from penloop.errors import UserError
from penloop.recordings import formats
from penloop.recordings.picture import picture
from penloop.recordings.source import check_units, sources, usual_signals
from pensim.trace import Column, Trace
from tests.host_tools.recorded import recording


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Two recordings, `a` and `b`, in the present folder."""
    monkeypatch.chdir(tmp_path)
    formats.write(recording(), tmp_path / "a.parquet")
    formats.write(recording(110), tmp_path / "b.mcap")
    return tmp_path


def drawn(*traces, signals=None, moment="begin", start="", end=""):
    shown = sources(list(zip("abc", traces)), moment, start, end)
    return picture(shown, usual_signals(shown) if signals is None else signals, "time", "title")


def panel(one, title):
    return next(panel for panel in one.panels if panel.title == title)


def test_a_recording_is_shown_in_the_units_that_people_read():
    units = {panel.title: panel.unit for panel in drawn(recording()).panels}
    assert units == {
        "Rate": "Hz", "current": "mA", "position": "mm", "battery": "V", "duty": "%",
        "housing": "°C",
    }  # fmt: skip


def test_no_line_is_drawn_where_samples_are_missing():
    [line] = panel(drawn(recording()), "current").series
    broken = np.flatnonzero(np.isnan(line.values))
    assert line.time_s[broken].tolist() == pytest.approx([2.99, 5.68])
    assert len(line.values) == 602


def test_gaps_are_shades_and_states_are_bands_with_names():
    one = drawn(recording())
    assert [shade.text for shade in one.shades] == ["samples lost", "pen restarted"]
    edges = [edge for shade in one.shades for edge in (shade.start_s, shade.end_s)]
    assert edges == pytest.approx([2.99, 3.19, 5.68, 6.18])
    spans = [(span.text, span.start_s, span.end_s) for span in one.bands["state"]]
    assert spans == [
        ("READY", 0.0, 1.0), ("RUNNING", 1.0, 2.99), ("RUNNING", 3.19, 5.19),
        ("FAULT", 5.19, 5.68), ("FAULT", 6.18, 6.67),
    ]  # fmt: skip


def test_the_band_of_a_bit_ends_at_a_gap_and_begins_anew_behind_it():
    spans = drawn(recording(), signals=["pen.inputs"]).bands["cartridge"]
    assert [(span.start_s, span.end_s) for span in spans] == [
        (0.0, 2.99), (3.19, 5.68), (6.18, 6.67),
    ]  # fmt: skip


def test_the_bits_of_a_word_are_bands_with_their_names():
    one = drawn(recording(), signals=["pen.inputs", "pen.rate"])
    assert list(one.bands) == ["state", "button", "cartridge"]
    [pressed] = one.bands["button"]
    assert (pressed.start_s, pressed.end_s, pressed.text) == (0.9, 0.91, "button")
    assert [panel.title for panel in one.panels] == ["rate"]
    both = drawn(recording(), recording(110), signals=["pen.inputs"])
    assert list(both.bands) == [
        "a", "b", "button, a", "cartridge, a", "button, b", "cartridge, b",
    ]  # fmt: skip


def test_a_bit_that_toggles_all_the_time_is_one_span():
    toggling = np.arange(20_000) % 2
    trace = Trace(np.arange(20_000) * 1000, [(Column("board.pins", "bits"), toggling)])
    one = drawn(trace, signals=["board.pins"])
    assert [len(spans) for spans in one.bands.values()] == [1]


def test_a_recording_full_of_gaps_is_drawn_with_few_shades_and_pieces():
    rows = np.arange(100_000)
    gap = (rows % 5 == 4).astype(np.int64)
    pairs = [
        (Column("pen.current", "mA"), rows % 7),
        (Column("link.gap", ""), gap),
        (Column("link.missing", ""), gap),
    ]
    one = drawn(Trace(np.cumsum(2000 + 2000 * gap), pairs))
    assert [shade.text for shade in one.shades] == ["samples lost"]
    assert len(one.panels[0].series[0].values) < 7000


def test_faults_are_marked_with_their_names():
    [mark] = drawn(recording()).marks
    assert (mark.time_s, mark.text) == (5.19, "fault: stall")


def test_a_capture_has_its_zero_and_a_mark_at_its_trigger():
    trace = recording()
    trace.header.environment["trigger_us"] = int(trace.time_us[100])
    first, second = drawn(trace, moment="trigger").marks
    assert (first.time_s, first.text, second.text) == (0.0, "trigger", "fault: stall")
    trace.header.environment["trigger"] = "rate > 10Hz"
    assert drawn(trace, moment="trigger").marks[0].text == "rate > 10Hz"


def test_names_are_those_of_the_recorded_pen():
    trace = recording()
    trace.header.environment |= {
        "states": ["A", "B", "IDLE", "GOING", "E", "BROKEN"],
        "faults": {str(faults.STALL): "stuck"},
    }  # fmt: skip
    one = drawn(trace)
    names = dict.fromkeys(span.text for span in one.bands["state"])
    assert list(names) == ["IDLE", "GOING", "BROKEN"]
    assert one.marks[0].text == "fault: stuck"


def test_recordings_over_each_other_share_the_start_of_their_run():
    late = recording(110)
    late = Trace(late.time_us + 5_000_000, late.columns()[1:], late.header)
    one = drawn(recording(), late, moment="start")
    lines = panel(one, "rate").series
    assert [line.name for line in lines] == ["a", "b"]
    assert [line.colour for line in lines] == list(palette.RUNS[:2])
    starts = [line.time_s[np.flatnonzero(line.values > 0)[0]] for line in lines]
    assert starts == pytest.approx([0.01, 0.01])
    assert [len(one.bands), len(one.marks)] == [2, 1]
    assert "(" not in one.marks[0].text


def test_the_extremes_of_a_long_line_are_kept():
    rows = 200_000
    values = np.zeros(rows, np.int64)
    values[123_457], values[67_891] = 900, -400
    trace = Trace(np.arange(rows) * 1000, [(Column("pen.current", "mA"), values)])
    [line] = drawn(trace, signals=["pen.current"]).panels[0].series
    assert len(line.values) < 7000
    assert (line.values.min(), line.values.max()) == (-400, 900)


def test_a_few_wild_values_do_not_flatten_the_others_and_are_told():
    rates = np.full(1000, 100_000, np.int64)
    rates[::2] += 1000
    rates[500] = 4_900_000
    trace = Trace(np.arange(1000) * 1000, [(Column("pen.rate", "mHz"), rates)])
    [one] = drawn(trace, signals=["pen.rate"]).panels
    low, high = one.limits()
    assert 99 < low < 100 < 101 < high < 102
    assert "4900 Hz lies beyond the axis" in one.title


def test_short_times_are_shown_in_milliseconds():
    trace = Trace(np.arange(3) * 1000, [(Column("pen.tick_time", "us"), np.array([60, 67, 61]))])
    [one] = drawn(trace, signals=["pen.tick_time"]).panels
    assert (one.unit, one.series[0].values.max()) == ("ms", 0.067)


def test_a_signal_with_another_unit_in_one_file_is_told():
    other = Trace(np.arange(3), [(Column("pen.rate", "rpm"), np.zeros(3, np.int64))])
    with pytest.raises(UserError, match="mHz in a, rpm in b"):
        check_units(sources([("a", recording()), ("b", other)], "begin"), ["pen.rate"])


def test_the_picture_stands_beside_the_recording_unless_told(folder, capsys):
    assert run(["plot", "a.parquet"]) == 0
    assert capsys.readouterr().out == "a.png\n"
    with Image.open("a.png") as image:
        assert image.size == (1280, 720)
        assert image.convert("RGB").getpixel((640, 42)) == (0x2E, 0x9E, 0x5B)  # RUNNING


def test_an_svg_has_its_names_and_nothing_from_outside(folder):
    assert run(["plot", "a.parquet", "b.mcap", "--out", "both.svg", "--signals", "rate"]) == 0
    text = (folder / "both.svg").read_text()
    assert text.startswith("<?xml")
    assert not re.search(r'href="(?!#)', text)


BAD = {
    "a.parquet --signals rat": "it has rate",
    "a.parquet --out a.doc": "let it end in .png, .svg, .html",
    "a.parquet --from 9s": "a has no samples from 9s to its end: it has them from 0 s to 6.67 s",
    "a.parquet --from x": "no number",
    "a.parquet --align nowhere": "no such moment",
    "a.parquet --align trigger": "has no trigger",
    "a.parquet a.parquet": "named twice",
    "nothing.parquet": "there is no nothing.parquet",
    "a.parquet --out a.parquet/x.png": "cannot be written",
}


@pytest.mark.parametrize("line", BAD)
def test_what_cannot_be_drawn_is_told_in_one_line(line, folder, capsys):
    assert run(["plot", *line.split()]) != 0
    said = capsys.readouterr().err
    assert BAD[line].replace("no number", "is not a number") in said
    assert said.count("\n") == 1
    assert sorted(path.name for path in folder.iterdir()) == ["a.parquet", "b.mcap"]


def test_a_picture_is_replaced_only_when_told(folder, capsys):
    (folder / "a.png").write_text("dear to somebody")
    assert run(["plot", "a.parquet"]) == 2
    assert "--force" in capsys.readouterr().err
    assert (folder / "a.png").read_text() == "dear to somebody"
    assert run(["plot", "a.parquet", "--force"]) == 0


def test_a_span_is_that_of_the_axis_wherever_its_zero_is():
    one = drawn(recording(), recording(110), moment="start", start="-100ms", end="0.5s")
    assert (one.start_s, one.end_s) == (-0.1, 0.5)
    assert [len(line.values) for line in panel(one, "rate").series] == [61, 61]


# In the browser: what the page itself finds out stands in an element that --dump-dom shows.

PROBE = """<script>
const wrong = [];
addEventListener("error", (event) => wrong.push(event.message));
addEventListener("securitypolicyviolation", (event) => wrong.push(event.blockedURI));
</script>"""
REPORT = """<pre id="probe"></pre><script>
setTimeout(() => {
  const texts = [...document.querySelectorAll("#picture text")].map((one) => one.textContent);
  const lines = [...document.querySelectorAll("#picture .scatterlayer .js-line")];
  document.getElementById("probe").textContent = JSON.stringify({ wrong, texts,
    pieces: lines.length,
    tables: [...document.querySelectorAll("table")].map((one) => one.innerText) });
}, 1500);
</script></body>"""


def shown(path):
    """What a real browser makes of a page."""
    chromium = shutil.which("chromium")
    assert chromium, "chromium is not there: run tools/setup.sh test"
    html = path.read_text()
    probed = path.with_name("probed.html")
    page, _, _ = html.replace("<title>", PROBE + "<title>", 1).rpartition("</body>")
    probed.write_text(page + REPORT)
    dom = subprocess.run(
        [chromium, "--headless", "--no-sandbox", "--disable-gpu", "--window-size=1280,720",
         "--virtual-time-budget=6000", "--dump-dom", probed.as_uri()],
        capture_output=True, text=True, timeout=100,
    ).stdout  # fmt: skip
    return json.loads(unescape(re.search(r'id="probe">(.*?)</pre>', dom, re.DOTALL)[1]))


def test_the_page_is_drawn_in_a_browser_without_anything_from_outside(folder):
    assert run(["plot", "a.parquet", "--out", "a.html"]) == 0
    html = (folder / "a.html").read_text()
    assert "default-src 'none'" in html
    found = shown(folder / "a.html")
    assert found["wrong"] == []
    assert {"READY", "RUNNING", "FAULT", "fault: stall", "pen restarted"} <= set(found["texts"])
    assert found["pieces"] == 7 * 3  # seven lines, each broken by two gaps


def test_a_comparison_s_page_has_its_tables_and_both_runs(folder):
    assert run(["compare", "a.parquet", "b.mcap", "--out", "ab.html"]) == 0
    found = shown(folder / "ab.html")
    assert found["wrong"] == []
    assert {"RUNNING", "a", "b"} <= set(found["texts"])
    assert "settled rate" in found["tables"][-1]


def test_a_file_s_name_cannot_become_a_script(folder):
    name = "<img src=x onerror=alert(1)>.parquet"
    formats.write(recording(), folder / name)
    assert run(["plot", name, "--out", "bad.html"]) == 0
    assert "<img src=x" not in (folder / "bad.html").read_text()
