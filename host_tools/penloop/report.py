"""The report: one HTML file with everything in it, plotly.js included, for any browser, offline."""

import json
from collections.abc import Sequence
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from penloop import measures, narrative, palette, plots
from penloop.face import face_lines
from penloop.panels import Panel, Series, Story, thinned
from penloop.puncture_map import ZonePunctures
from penloop.summary import Row, Summary, Table

CELL_MM = 0.5  # of the puncture map
BIN_MM = 0.01  # of the histogram of depths
ZONE_COLOURS = ("#b07a2e", "#b3304f", "#5566c9", "#0b7a6f")

Numbers = list[float] | list[int]


def write_report(
    path: Path, summary: Summary, treatment: Story, stall: Story, origin: Table, command: str
) -> None:
    """Writes the page; `origin` tells what the traces were made from, `command` how again."""
    tables = summary.tables()
    page = _template("report.html")
    parts = {
        "title": "A treatment on a simulated pen",
        "lead": escape(narrative.lead(summary)),
        "tiles": "".join(_tile(row) for row in narrative.highlights(summary)),
        "treatment": escape(narrative.treatment_text(summary)),
        "punctures": escape(narrative.punctures_text(summary)),
        "stall": escape(narrative.stall_text(summary)),
        "treatment_table": _table(tables[0]),
        "zone_table": _table(tables[1]),
        "stall_table": _table(tables[2]),
        "origin": _table(origin) + f"<p><br>Made by <code>{escape(command)}</code></p>",
        "css": _template("report.css"),
        "js": _template("report.js"),
        "data": _data(summary, {"treatment": treatment, "stall": stall}),
        "plotly": files("plotly").joinpath("package_data/plotly.min.js").read_text("utf-8"),
    }
    for name, text in parts.items():
        page = page.replace("{{" + name + "}}", text)
    path.write_text(page, encoding="utf-8")


def _template(name: str) -> str:
    return files("penloop").joinpath("templates", name).read_text("utf-8")


def _tile(row: Row) -> str:
    number, _, unit = row.value.partition(" ")
    return (
        f'<div class="tile"><span class="name">{escape(row.label)}</span>'
        f"<b>{escape(number)} <small>{escape(unit)}</small></b>"
        f"<span>{escape(row.detail)}</span></div>"
    )


def _table(table: Table) -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name in table.head)
    body = "".join(_table_row(row) for row in table.rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _table_row(row: Row) -> str:
    value = f'<td class="value">{escape(row.value)}</td>'
    detail = f'<td class="detail">{escape(row.detail)}</td>'
    return f'<tr><th scope="row">{escape(row.label)}</th>{value}{detail}</tr>'


def _data(summary: Summary, stories: dict[str, Story]) -> str:
    """What report.js draws, as JSON that may stand in a script element."""
    colours = plots.depth_range(summary.zones)
    content = {
        "colours": {
            "ink": palette.INK, "muted": palette.MUTED, "grid": palette.GRID, "set": palette.SET,
        },
        "stories": {name: _story(story) for name, story in stories.items()},
        "face": [[_short(line[:, 0], 1), _short(line[:, 1], 1)] for line in face_lines()],
        "zones": [_zone_map(one) for one in summary.zones],
        "depthScale": [[n / (len(palette.DEPTHS) - 1), c] for n, c in enumerate(palette.DEPTHS)],
        "depthRange": [round(colours.vmin or 0.0, 3), round(colours.vmax or 1.0, 3)],
        "depthSet": measures.depth_set_mm(summary.treatment.trace),
        "histograms": [_histogram(*pair) for pair in zip(summary.zones, ZONE_COLOURS)],
        "closeUps": [_close_up(one) for one in summary.zones],
        "closeUpSide": plots.CLOSE_UP_MM,
        "needle": plots.NEEDLE_MM,
    }  # fmt: skip
    return json.dumps(content, separators=(",", ":")).replace("</", "<\\/")


def _story(story: Story) -> dict[str, Any]:
    return {
        "start": story.start_s,
        "end": story.end_s,
        "bands": [_band(band) for band in story.bands],
        "contacts": [
            {"zone": one.zone, "colour": one.colour, "start": one.start_s, "end": one.end_s}
            for one in story.contacts
        ],
        "marks": [{"time": m.time_s, "text": m.text, "colour": m.colour} for m in story.marks],
        "panels": [_panel(panel, story) for panel in story.panels],
        "views": [{"name": name, "start": a, "end": b} for name, a, b in story.views()],
    }


def _band(band: measures.Band) -> dict[str, Any]:
    ink = palette.PAPER if band.state in palette.DARK_STATES else palette.INK
    return {
        "state": band.state,
        "start": band.start_s,
        "end": band.end_s,
        "colour": palette.STATES[band.state],
        "ink": ink,
    }


def _panel(panel: Panel, story: Story) -> dict[str, Any]:
    spans = [(start_s, end_s) for _, start_s, end_s in story.views()[1:]]
    series = [_series(thinned(one, spans)) for one in panel.series]
    return {"title": panel.title, "unit": panel.unit, "range": panel.limits(), "series": series}


def _series(one: Series) -> dict[str, Any]:
    return {
        "name": one.name,
        "colour": one.colour,
        "x": _short(one.time_s, 4),
        "y": _short(one.values, 3),
        "dots": one.dots,
        "dashed": one.dashed,
        "wide": one.wide,
    }


def _short(values: NDArray[np.float64], digits: int) -> Numbers:
    return [round(value, digits) for value in values.tolist()]


def _zone_map(one: ZonePunctures) -> dict[str, Any]:
    """Mean depth and count of punctures in square cells; null where there is none."""
    x, y, count, depth = cells(one, CELL_MM)
    return {
        "title": one.zone.title,
        "label": f"{one.density_per_cm2():,.0f} punctures/cm²",
        "left": one.zone.left_mm,
        "bottom": one.zone.top_mm + one.zone.height_mm,
        "x0": x + CELL_MM / 2,
        "y0": y + CELL_MM / 2,
        "cell": CELL_MM,
        "count": count.tolist(),
        "depth": [[round(d, 3) if n else None for d, n in zip(*row)] for row in zip(depth, count)],
    }


def cells(
    one: ZonePunctures, side_mm: float
) -> tuple[float, float, NDArray[np.int64], NDArray[np.float64]]:
    """x and y (mm) of the first cell's corner, then counts and mean depths (mm), a row per y."""
    columns = np.floor(one.x_mm / side_mm).astype(int)
    rows = np.floor(one.y_mm / side_mm).astype(int)
    left, top = int(columns.min()), int(rows.min())
    shape = (int(rows.max()) - top + 1, int(columns.max()) - left + 1)
    flat = (rows - top) * shape[1] + columns - left
    size = shape[0] * shape[1]
    count = np.bincount(flat, minlength=size)
    depth = np.bincount(flat, weights=one.depth_mm, minlength=size) / np.maximum(count, 1)
    return left * side_mm, top * side_mm, count.reshape(shape), depth.reshape(shape)


def _histogram(one: ZonePunctures, colour: str) -> dict[str, Any]:
    """Share of the strokes in steps of 0.01 mm, percent."""
    low, high = np.floor(one.depth_mm.min() / BIN_MM), np.ceil(one.depth_mm.max() / BIN_MM)
    edges = np.arange(low - 1, high + 2) * BIN_MM
    count, _ = np.histogram(one.depth_mm, edges)
    return {
        "name": one.zone.title,
        "colour": colour,
        "x": _short(edges[:-1] + BIN_MM / 2, 3),
        "y": _short(count * 100.0 / len(one), 2),
    }


def _close_up(one: ZonePunctures) -> dict[str, Any]:
    x_mm, y_mm, depth_mm = one.piece(plots.CLOSE_UP_MM)
    return {
        "title": one.zone.title,
        "x": _short(x_mm, 2),
        "y": _short(y_mm, 2),
        "depth": _short(depth_mm, 3),
    }


def origin_table(runs: Sequence[tuple[str, Any]]) -> Table:
    """What each named trace was made from: file, seed, firmware, engine and digest."""
    rows = []
    for name, trace in runs:
        header = trace.header
        environment = header.environment
        rows += [
            Row(name, f"seed {header.reproduce['seed']}", f"{len(trace):,} rows of 1 ms"),
            Row("digest", "", trace.digest()),
            Row("firmware", "", header.reproduce["firmware"]),
            Row(
                "made with",
                str(environment["engine"]),
                f"{environment['kernel']} plant, Python {environment['python']}, "
                f"{environment['platform']}",
            ),
        ]
    return Table("Origin", ("", "", ""), rows)
