"""The viewer's page: what it holds, and, in a real browser, that it draws and can be searched."""

import base64
import json
import re
import shutil
import subprocess
import zlib
from html import unescape

import numpy as np
import pytest

from penfw import faults, states
from penloop.viewer import Mark, viewer_page
from pensim.trace import Column, Trace, TraceHeader

STALL, PARK_NOT_REACHED = 1 << faults.STALL, 1 << faults.PARK_NOT_REACHED
NASTY = "</script><b>{{js}} & \"quoted\" <!-- <script> 'µm'"


def made(columns, count, step_us=1000):
    """A trace from {(name, unit): values}."""
    pairs = [(Column(*key), np.array(rows, np.int64)) for key, rows in columns.items()]
    return Trace(np.arange(count, dtype=np.int64) * step_us, pairs, TraceHeader({"seed": 7}, {}))


@pytest.fixture
def stalled():
    """400 rows: a treatment, a stall from row 200 on, and a park that fails at row 300."""
    rows = np.arange(400)
    columns = {
        ("plant.rate", "mHz"): np.where(rows < 200, 110_000 + rows % 7 * 100, 0),
        ("plant.current", "mA"): np.where(rows < 190, 80 + rows % 5, 2000),
        ("plant.winding", "mdegC"): np.full(400, 25_000),
        ("plant.large", ""): rows * 10**11,
        ("pen.state", ""): np.where(rows < 200, states.RUNNING, states.FAULT),
        ("pen.faults", "bits"): STALL * (rows >= 200) + PARK_NOT_REACHED * (rows >= 300),
        ("pen.rate", "mHz"): np.where(rows < 205, 110_000, 0),
    }
    return made(columns, 400)


def content(html):
    return json.loads(re.search(r'id="page">(.*?)</script>', html, re.DOTALL)[1])


def decoded(html):
    """{(name, unit): values} of all columns, as the page's script unpacks them."""
    page = content(html)
    block = zlib.decompress(
        base64.b64decode(re.search(r'id="columns">(.*?)</script>', html, re.DOTALL)[1])
    )
    return {one["name"]: column_of(one, block, page["rows"]) for one in page["columns"]}


def column_of(entry, block, rows):
    code, place, changes = "<" + entry["code"], entry["place"], entry["changes"]
    if not changes:
        return np.frombuffer(block, code, rows, place).astype(np.int64)
    at = np.frombuffer(block, "<i4", changes, place)
    values = np.frombuffer(block, code, changes, place + 4 * changes)
    return np.repeat(values.astype(np.int64), np.diff(at, append=rows))


def test_the_page_needs_nothing_from_outside(stalled):
    html = viewer_page(stalled, "A stall")
    assert not re.search(
        r"https?:|//[a-z]+\.|\bsrc=|\bhref=|@import|url\(|\bfetch\(|import\(", html
    )
    assert "default-src 'none'" in html
    assert "{{" not in html


def test_the_page_holds_the_very_columns_of_the_trace(stalled):
    columns = decoded(viewer_page(stalled, "A stall"))
    for column, values in stalled.columns():
        assert columns[column.name].tolist() == values.tolist(), column.name


@pytest.mark.parametrize("extreme", [2**31 - 1, 2**31, -(2**31), -(2**31) - 1, 2**52])
def test_values_of_any_size_are_kept(extreme):
    trace = made({("x", ""): [0, extreme, extreme, 5]}, 4)
    assert decoded(viewer_page(trace, ""))["x"].tolist() == [0, extreme, extreme, 5]


def test_what_changes_seldom_is_kept_as_its_changes(stalled):
    entries = {one["name"]: one for one in content(viewer_page(stalled, ""))["columns"]}
    assert entries["pen.state"]["changes"] == 2
    assert entries["plant.winding"]["changes"] == 1
    assert entries["time"]["changes"] == 0


def test_units_are_those_that_a_person_reads(stalled):
    entries = {one["name"]: one for one in content(viewer_page(stalled, ""))["columns"]}
    rate, winding = entries["plant.rate"], entries["plant.winding"]
    assert (rate["unit"], rate["scale"], rate["digits"]) == ("Hz", 0.001, 3)
    assert (winding["unit"], winding["scale"]) == ("°C", 0.001)
    assert entries["pen.faults"]["unit"] == "bits"


def test_states_and_latched_faults_are_bands_with_names(stalled):
    spans = [
        [span[:3] for span in band["spans"]] for band in content(viewer_page(stalled, ""))["bands"]
    ]
    assert spans == [
        [[0, 200_000, "RUNNING"], [200_000, 399_000, "FAULT"]],
        [[200_000, 399_000, "stall"]],
        [[300_000, 399_000, "park not reached"]],
    ]


def test_states_and_faults_of_another_firmware_are_bands_too():
    trace = made({("pen.state", ""): [99, 99], ("pen.faults", "bits"): [0, 1 << 30]}, 2)
    state, fault = content(viewer_page(trace, ""))["bands"]
    assert state["spans"][0][2] == "state 99"
    assert fault["spans"][0][2] == "fault 30"


def test_texts_are_escaped(stalled):
    html = viewer_page(stalled, NASTY, [(5, NASTY)], [Mark(1, 2, NASTY, False)])
    assert NASTY not in html
    page = content(html)
    assert page["log"] == [[5, NASTY]]
    assert page["marks"] == [[1, 2, NASTY, False]]
    assert unescape(re.search(r"<title>(.*?)</title>", html)[1]) == NASTY


def test_signals_that_are_not_there_are_not_shown(stalled):
    assert content(viewer_page(stalled, "", shown=["pen.rate", "no.such"]))["shown"] == ["pen.rate"]
    usual = ["plant.rate", "pen.rate", "plant.current"]
    assert content(viewer_page(stalled, "", shown=["no.such"]))["shown"] == usual


# In the browser. A probe is a script of the test's own at the end of the page; what it finds out
# stands in an element that --dump-dom shows.

PROBE = """<script>
const faultsSeen = [];
addEventListener("error", (event) => faultsSeen.push(event.message));
addEventListener("unhandledrejection", (event) => faultsSeen.push(String(event.reason)));
</script>"""
REPORT = """<pre id="probe"></pre><script>
const coloursSeen = () => {
  const dots = new Uint32Array(pen.getImageData(0, 0, canvas.width, canvas.height).data.buffer);
  return new Set(dots).size;
};
// Of virtual time, which costs nothing: a busy machine draws a frame late.
const settled = () => new Promise((go) => setTimeout(go, 1000));
ready.then(async () => { const found = await (async () => { %s })();
  await settled();
  const notice = element("notice").hidden ? "" : element("notice").textContent;
  const all = { found, notice, faultsSeen, colours: coloursSeen() };
  element("probe").textContent = JSON.stringify(all);
});
</script></body>"""


@pytest.fixture
def browse(tmp_path):
    """Opens a page in Chromium, runs a piece of script there, and gives what it returns."""

    def look(html, script="return null"):
        path = tmp_path / "page.html"
        html = html.replace("<body>", "<body>" + PROBE, 1)
        path.write_text(html.replace("</body>", REPORT % script), encoding="utf-8")
        seen = json.loads(_dumped(path, tmp_path / "profile"))
        assert seen["faultsSeen"] == []
        assert seen["notice"] == ""
        assert seen["colours"] > 2, "nothing is drawn"
        return seen["found"]

    return look


def _dumped(path, profile):
    command = [
        shutil.which("chromium") or pytest.fail("no chromium: tools/setup.sh installs it"),
        "--headless", "--no-sandbox", "--disable-gpu", "--window-size=1280,860",
        f"--user-data-dir={profile}", "--virtual-time-budget=20000", "--dump-dom", path.as_uri(),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    return unescape(re.search(r'<pre id="probe">(.*?)</pre>', done.stdout, re.DOTALL)[1])


def test_a_browser_unpacks_the_very_columns(stalled, browse):
    html = viewer_page(stalled, NASTY, [(1000, NASTY)], [Mark(1, 2000, NASTY, False)])
    sums = browse(html, "return page.columns.map((one) => [one.name, [...values(one)]])")
    for (column, values), (name, seen) in zip(stalled.columns(), sums, strict=True):
        assert (name, seen) == (column.name, values.tolist())


def test_the_search_finds_a_signal_and_shows_it(stalled, browse):
    found = browse(
        viewer_page(stalled, "A stall", shown=["plant.rate"]),
        """element("search").value = "WIND pla";
        element("search").dispatchEvent(new Event("input"));
        const names = [...document.querySelectorAll("#list span")].map((one) => one.textContent);
        element("search").dispatchEvent(new KeyboardEvent("keydown", { key: "Enter" }));
        return [names, [...shown], layout().lanes.length];""",
    )
    assert found == [["plant.winding"], ["plant.rate", "plant.winding"], 2]


def test_signals_of_one_unit_share_a_lane(stalled, browse):
    wanted = ["plant.rate", "pen.rate", "plant.current", "plant.large", "pen.state"]
    found = browse(
        viewer_page(stalled, "", shown=wanted),
        "return layout().lanes.map((lane) => lane.columns.map((one) => one.name))",
    )
    assert found == [["plant.rate", "pen.rate"], ["plant.current"], ["plant.large"], ["pen.state"]]


def test_the_cursor_tells_time_values_state_and_faults(stalled, browse):
    found = browse(
        viewer_page(stalled, "A stall", [(310_000, "press")]),
        """const x = canvas.getBoundingClientRect().left + pixel(310_400);
        canvas.dispatchEvent(new PointerEvent("pointermove", { clientX: x, pointerId: 1 }));
        await settled();
        const values = [...byName.values()].map((one) => shownValue(one, rowAt(cursor)));
        return [element("readout").textContent, values];""",
    )
    text, values = found
    assert re.match(r"0\.31\d+ s FAULT · stall · park not reached · press", text)
    assert values[:3] == ["0.000 Hz", "2000 mA", "25.000 °C"]
    assert values[5] == f"0x{STALL | PARK_NOT_REACHED:x}"


def test_the_wheel_zooms_at_the_cursor_and_a_double_click_shows_all(stalled, browse):
    before, at_before, after, at_after, whole = browse(
        viewer_page(stalled, "A stall"),
        """const x = pixel(100_000), left = canvas.getBoundingClientRect().left;
        const seen = [view.to - view.from, moment(x)];
        canvas.dispatchEvent(new WheelEvent("wheel", { clientX: left + x, deltaY: -800 }));
        seen.push(view.to - view.from, moment(x));
        canvas.dispatchEvent(new MouseEvent("dblclick"));
        return [...seen, view.to - view.from];""",
    )
    assert after < before / 3
    assert at_after == pytest.approx(at_before, abs=1500)
    assert whole == before == 399_000


def test_keys_zoom_and_pan_within_the_trace(stalled, browse):
    spans = browse(
        viewer_page(stalled, "A stall"),
        """const spans = [];
        for (const key of ["+", "+", "ArrowRight", "ArrowLeft", "-", "0", "ArrowLeft"]) {
          canvas.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
          spans.push([view.from, view.to]);
        }
        return spans;""",
    )
    closer, right, left, wider, whole, still = spans[1:]
    assert closer[1] - closer[0] == pytest.approx(399_000 * 0.49)
    assert right[0] > closer[0]
    assert left == pytest.approx(closer)
    assert wider[1] - wider[0] == pytest.approx(399_000 * 0.7)
    assert whole == still == [0, 399_000]


def test_a_click_on_an_expectation_shows_its_moment(stalled, browse):
    found = browse(
        viewer_page(stalled, "", marks=[Mark(200_000, 220_000, "drive off", False)]),
        """const button = document.querySelector("#marks .fails");
        button.click();
        return [button.textContent, view.from, view.to];""",
    )
    assert found == ["✗ drive off", 150_000, 270_000]


@pytest.mark.parametrize(
    "trace",
    [
        made({("plant.rate", "mHz"): [5]}, 1),
        made({("plant.rate", "mHz"): [5] * 50}, 50),
        made({("plant.rate", "mHz"): []}, 0),
        made({}, 3),
    ],
    ids=["one row", "without a change", "no row", "no signal"],
)
def test_odd_traces_are_drawn(trace, browse):
    html = viewer_page(trace, "Odd", marks=[Mark(-5, 10**9, "long", True)])
    browse(html, "setCursor(3000); zoom(0.01); stepCursor(1); await settled(); fit(); return null")


def test_a_hundred_thousand_rows_are_drawn_with_few_points(browse):
    rows = np.arange(100_000)
    columns = {(f"plant.s{n}", "mA"): (rows * (n + 3)) % 997 for n in range(6)}
    points, extremes = browse(
        viewer_page(made(columns, 100_000), "Long", shown=[f"plant.s{n}" for n in range(6)]),
        """let points = 0; const lows = [];
        const lineTo = pen.lineTo;
        pen.lineTo = function (x, y) { points += 1; lineTo.call(this, x, y); };
        draw();
        const keep = (y) => { lows.push(y); return y; };
        tracePixels(values(byName.get("plant.s0")), 1, 0, page.rows - 1, keep);
        return [points, [Math.min(...lows), Math.max(...lows)]];""",
    )
    assert 6 * 1000 < points < 6 * 2600
    assert extremes == [0, 996]
