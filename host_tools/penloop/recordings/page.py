"""A picture of recordings as one HTML file, plotly.js included, for any browser, offline."""

import json
import re
from collections.abc import Sequence
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from penloop import palette
from penloop.html_table import named_rows
from penloop.panels import Panel, Series
from penloop.recordings.picture import Picture, Span, Table


def write_page(
    picture: Picture,
    path: Path,
    about: Sequence[str] = (),
    above: Sequence[Table] = (),
    below: Sequence[Table] = (),
) -> None:
    """Writes the page: a line of text each of `about`, the picture with tables on both sides."""
    parts = {
        "title": escape(picture.title),
        "about": "".join(f"<p>{escape(line)}</p>" for line in about),
        "above": "".join(_table(*table) for table in above),
        "below": "".join(_table(*table) for table in below),
        "css": _template("recording.css"),
        "js": _template("recording.js"),
        "data": json.dumps(_data(picture), separators=(",", ":")).replace("<", "\\u003c"),
        "plotly": files("plotly").joinpath("package_data/plotly.min.js").read_text("utf-8"),
    }
    # In one pass, so that a title may hold whatever looks like a part.
    page = re.sub(r"{{(\w+)}}", lambda match: parts[match[1]], _template("recording.html"))
    path.write_text(page, encoding="utf-8")


def _template(name: str) -> str:
    return files("penloop").joinpath("templates", name).read_text("utf-8")


def _table(title: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    if not rows:
        return ""
    rows_shown = named_rows(heads, rows)
    return f"<section><h2>{escape(title)}</h2><div class='wide'>{rows_shown}</div></section>"


def _data(picture: Picture) -> dict[str, Any]:
    return {
        "axis": picture.axis,
        "start": picture.start_s,
        "end": picture.end_s,
        "bands": [
            {"name": name, "spans": [_span(span) for span in spans]}
            for name, spans in picture.bands.items()
        ],
        "shades": [_span(shade) for shade in picture.shades],
        "marks": [{"time": m.time_s, "text": m.text, "colour": m.colour} for m in picture.marks],
        "panels": [_panel(panel) for panel in picture.panels],
        "colours": {"ink": palette.INK, "muted": palette.MUTED, "grid": palette.GRID},
    }


def _span(span: Span) -> dict[str, Any]:
    return {
        "start": span.start_s,
        "end": span.end_s,
        "text": span.text,
        "colour": span.colour,
        "ink": span.ink,
    }


def _panel(panel: Panel) -> dict[str, Any]:
    return {
        "title": panel.title,
        "unit": panel.unit,
        "range": panel.limits(),
        "series": [_series(one) for one in panel.series],
    }


def _series(one: Series) -> dict[str, Any]:
    values = [None if np.isnan(value) else round(value, 6) for value in one.values.tolist()]
    return {
        "name": one.name,
        "colour": one.colour,
        "x": [round(time_s, 6) for time_s in one.time_s.tolist()],
        "y": values,
        "dashed": one.dashed,
        "steps": one.steps,
        "wide": one.wide,
    }
