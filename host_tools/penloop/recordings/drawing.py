"""A picture of recordings as PNG or SVG, drawn with matplotlib."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib import patheffects
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from penloop import palette
from penloop.panels import Panel
from penloop.plots import STYLE
from penloop.recordings.picture import Picture, Span

DPI = 100
WIDTH_IN = 12.8
HEIGHT_IN = 7.2  # a screen's, as long as the panels keep their least height
HEAD_IN, BAND_IN, LEAST_IN, MOST_IN = 1.0, 0.28, 0.95, 2.6
NAMED = 0.05  # of the width; a narrower band or gap goes without its name
MARKS_NAMED = 12  # at most; more would cover the picture


def draw(picture: Picture, path: Path, kind: str, note: str = "") -> None:
    """Writes the picture as `kind`, "png" or "svg"; the note stands small beside its title."""
    count, bands = len(picture.panels), len(picture.bands)
    room_in = (HEIGHT_IN - HEAD_IN - bands * BAND_IN) / max(count, 1)
    panel_in = min(max(room_in, LEAST_IN), MOST_IN)
    ratios = [BAND_IN] * bands + [panel_in] * count
    with matplotlib.rc_context({**STYLE, "svg.hashsalt": "penloop"}):
        figure = Figure(figsize=(WIDTH_IN, HEAD_IN + sum(ratios)), layout="constrained")
        axes = figure.subplots(bands + count, 1, sharex=True, height_ratios=ratios, squeeze=False)
        cells = list(axes[:, 0])
        cells[0].set_title(picture.title, loc="left", fontsize=14, fontweight="bold", pad=10)
        cells[0].set_title(note, loc="right", fontsize=9, color=palette.MUTED, pad=10)
        for cell, (name, spans) in zip(cells, picture.bands.items()):
            _band(cell, name, spans, picture)
        for place, (cell, panel) in enumerate(zip(cells[bands:], picture.panels)):
            _panel(cell, panel, picture)
            if len(panel.series) > 1 and (
                place == 0 or not picture.several
            ):  # of files, once is enough
                cell.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), fontsize=9)
        _name_shades(cells[-1], picture)
        if count:
            _name_marks(cells[bands], picture)
            cells[bands].set_zorder(1)  # a long name reaches over the next panel
            cells[bands].patch.set_visible(False)
        cells[-1].set_xlim(picture.start_s, max(picture.end_s, picture.start_s + 1e-3))
        cells[-1].set_xlabel(picture.axis)
        FigureCanvasAgg(figure)
        metadata = {"Date": None} if kind == "svg" else None
        figure.savefig(path, dpi=DPI, facecolor=palette.PAPER, format=kind, metadata=metadata)


def _band(ax: Any, name: str, spans: Sequence[Span], picture: Picture) -> None:
    for span in spans:
        ax.axvspan(span.start_s, span.end_s, color=span.colour, lw=0)
        if _is_wide(span, picture):
            middle_s = (span.start_s + span.end_s) / 2
            ax.text(middle_s, 0.47, span.text, color=span.ink, ha="center", va="center",
                    fontsize=9, clip_on=True)  # fmt: skip
    ax.set_ylim(0, 1)
    ax.set_yticks([])
    ax.grid(visible=False)
    ax.set_ylabel(name, rotation=0, ha="right", va="center")
    ax.tick_params(axis="x", length=0)
    ax.spines[:].set_visible(False)


def _is_wide(span: Span, picture: Picture) -> bool:
    return span.end_s - span.start_s > NAMED * (picture.end_s - picture.start_s)


def _panel(ax: Any, panel: Panel, picture: Picture) -> None:
    for shade in picture.shades:
        ax.axvspan(shade.start_s, shade.end_s, color=shade.colour, lw=0, zorder=0)
    for mark in picture.marks:
        ax.axvline(mark.time_s, color=mark.colour, lw=1, ls=(0, (4, 3)), zorder=3)
    for series in panel.series:
        style = "steps-post" if series.steps else "default"
        dashes: Any = (0, (4, 2)) if series.dashed else "-"
        width, alpha = (3.5, 0.4) if series.wide else (1.2, 0.9)
        ax.plot(series.time_s, series.values, color=series.colour, label=series.name, lw=width,
                alpha=alpha, ls=dashes, drawstyle=style)  # fmt: skip
    ax.set_ylim(panel.limits())
    title = f"{panel.title}, {panel.unit}" if panel.unit else panel.title
    ax.set_title(title, loc="left", fontsize=9.5, pad=3)


def _name_marks(ax: Any, picture: Picture) -> None:
    halo = [patheffects.withStroke(linewidth=3, foreground=palette.PAPER)]
    for mark in picture.marks[:MARKS_NAMED]:
        late = mark.time_s > picture.end_s - NAMED * (picture.end_s - picture.start_s)
        note = ax.annotate(
            mark.text, (mark.time_s, 1.0), (-4 if late else 4, -3),
            xycoords=("data", "axes fraction"), textcoords="offset points", fontsize=9,
            color=mark.colour, rotation=90, ha="right" if late else "left", va="top",
            path_effects=halo, zorder=5, annotation_clip=True,
        )  # fmt: skip
        note.set_in_layout(False)


def _name_shades(ax: Any, picture: Picture) -> None:
    for shade in picture.shades:
        if _is_wide(shade, picture):
            ax.text(
                (shade.start_s + shade.end_s) / 2, 0.03, shade.text, ha="center", va="bottom",
                transform=ax.get_xaxis_transform(), fontsize=9, color=palette.MUTED, clip_on=True,
            )  # fmt: skip
