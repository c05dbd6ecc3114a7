"""The pictures as PNG, drawn with matplotlib."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib import patheffects
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from penloop import palette
from penloop.face import face_lines
from penloop.panels import Panel, Story
from penloop.puncture_map import ZonePunctures

DPI = 110
WIDTH_IN = 12.0
CLOSE_UP_MM = 8.0  # side of the enlarged piece of a zone
NEEDLE_MM = 0.25  # how large a puncture is drawn there
STATES_HEIGHT = 0.22  # of a panel's
MIN_BAND = 0.05  # of the picture's width; a narrower state goes without its name
STYLE: Any = {
    "font.size": 10,
    "axes.edgecolor": palette.GRID,
    "axes.labelcolor": palette.MUTED,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": palette.MUTED,
    "ytick.color": palette.MUTED,
    "text.color": palette.INK,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": palette.GRID,
    "legend.frameon": False,
}

DEPTHS = LinearSegmentedColormap.from_list("depths", palette.DEPTHS)


def draw_story(story: Story, path: Path) -> None:
    """States on top, then a panel each, over one axis of time."""
    count = len(story.panels)
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH_IN, 1.0 + 1.8 * count), layout="constrained")
        ratios = [STATES_HEIGHT] + [1.0] * count
        axes = figure.subplots(count + 1, 1, sharex=True, height_ratios=ratios)
        axes[0].set_title(story.title, loc="left", fontsize=15, fontweight="bold", pad=12)
        _states(axes[0], story)
        for ax, panel in zip(axes[1:], story.panels):
            _panel(ax, panel, story)
        _name_marks(axes[1], story)
        _name_contacts(axes[-1], story)
        axes[-1].set_xlim(story.start_s, story.end_s)
        axes[-1].set_xlabel("time in s")
        figure.align_ylabels(axes[1:])
        save(figure, path)


def _states(ax: Any, story: Story) -> None:
    span_s = story.end_s - story.start_s
    for band in story.bands:
        width_s = band.end_s - band.start_s
        colour = palette.STATES[band.state]
        ax.add_patch(Rectangle((band.start_s, 0), width_s, 1, color=colour, lw=0))
        if width_s > MIN_BAND * span_s:
            ink = palette.PAPER if band.state in palette.DARK_STATES else palette.INK
            middle_s = band.start_s + width_s / 2
            ax.text(middle_s, 0.46, band.state, color=ink, ha="center", va="center", fontsize=9)
    ax.set_ylim(0, 1)
    ax.set_yticks([])
    ax.grid(visible=False)
    ax.set_ylabel("state", rotation=0, ha="right", va="center")
    ax.tick_params(axis="x", length=0)
    ax.spines[:].set_visible(False)


def _panel(ax: Any, panel: Panel, story: Story) -> None:
    for contact in story.contacts:
        ax.axvspan(contact.start_s, contact.end_s, color=contact.colour, lw=0, zorder=0)
    for mark in story.marks:
        ax.axvline(mark.time_s, color=mark.colour, lw=1, ls=(0, (4, 3)), zorder=3)
    for series in panel.series:
        if series.dots:
            style: dict[str, Any] = {"ls": "", "marker": ".", "ms": 3.5, "alpha": 0.8, "mew": 0}
        else:
            style = {"ls": (0, (4, 2)) if series.dashed else "-", "lw": 1.2}
            if series.wide:
                style |= {"lw": 3.5, "alpha": 0.4}
        ax.plot(
            series.time_s, series.values, color=series.colour, label=series.name or None, **style
        )
    ax.set_ylim(panel.limits())
    ax.set_ylabel(f"{panel.title}\n{panel.unit}")
    ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), fontsize=9, markerscale=2.5)


def _name_marks(ax: Any, story: Story) -> None:
    _low, high = ax.get_ylim()
    halo = [patheffects.withStroke(linewidth=3, foreground=palette.PAPER)]
    for mark in story.marks:
        ax.annotate(
            mark.text, (mark.time_s, high), (4, -4), textcoords="offset points", fontsize=9,
            color=mark.colour, rotation=90, ha="left", va="top", path_effects=halo, zorder=5,
        )  # fmt: skip


def _name_contacts(ax: Any, story: Story) -> None:
    for one in story.contacts:
        middle_s = (max(one.start_s, story.start_s) + min(one.end_s, story.end_s)) / 2
        ax.text(
            middle_s, 0.03, one.zone, transform=ax.get_xaxis_transform(), ha="center", va="bottom",
            fontsize=9, color=palette.MUTED,
        )  # fmt: skip


def draw_punctures(zones: Sequence[ZonePunctures], path: Path) -> None:
    """The face with every puncture, and an enlarged piece of each zone."""
    colours = depth_range(zones)
    with matplotlib.rc_context({**STYLE, "axes.grid": False}):
        figure = Figure(figsize=(WIDTH_IN, 8.6), layout="constrained")
        columns = figure.add_gridspec(1, 2, width_ratios=[1.5, 1.0])
        face = figure.add_subplot(columns[0])
        _face(face, zones, colours)
        right = columns[1].subgridspec(max(len(zones), 1), 1)
        for number, one in enumerate(zones):
            _close_up(figure.add_subplot(right[number]), one, colours)
        mappable = matplotlib.cm.ScalarMappable(colours, DEPTHS)
        bar = figure.colorbar(
            mappable, ax=face, location="bottom", shrink=0.55, aspect=40, pad=0.02
        )
        bar.set_label("depth reached in the skin in mm")
        bar.outline.set_visible(False)
        save(figure, path)


def depth_range(zones: Sequence[ZonePunctures]) -> Normalize:
    """Range of the colours: all depths but the shallowest and deepest 1 %."""
    if not zones:
        return Normalize(0.0, 1.0)
    depths = np.concatenate([one.depth_mm for one in zones])
    low, high = np.percentile(depths, (1, 99))
    return Normalize(float(low), float(max(high, low + 0.01)))


def _face(ax: Any, zones: Sequence[ZonePunctures], colours: Normalize) -> None:
    for line in face_lines():
        ax.plot(line[:, 0], line[:, 1], color=palette.MUTED, lw=1.1, alpha=0.65, zorder=1)
    for one in zones:
        ax.scatter(
            one.x_mm, one.y_mm, c=one.depth_mm, cmap=DEPTHS, norm=colours, s=0.9, lw=0, zorder=2
        )
        text = f"{one.zone.title}: {one.density_per_cm2():,.0f} punctures/cm²"
        corner = (one.zone.left_mm, one.zone.top_mm + one.zone.height_mm + 2)
        halo = [patheffects.withStroke(linewidth=3, foreground=palette.PAPER)]
        ax.annotate(text, corner, fontsize=10, va="top", path_effects=halo, zorder=3)
    ax.set_title("Puncture map", loc="left", fontsize=15, fontweight="bold")
    ax.set_aspect("equal")
    ax.set_xlim(-92, 92)
    ax.set_ylim(126, -116)
    ax.set_axis_off()


def _close_up(ax: Any, one: ZonePunctures, colours: Normalize) -> None:
    x_mm, y_mm, depth_mm = one.piece(CLOSE_UP_MM)
    for x, y, depth in zip(x_mm, y_mm, depth_mm):
        ax.add_patch(
            matplotlib.patches.Circle((x, y), NEEDLE_MM / 2, color=DEPTHS(colours(depth)), lw=0)
        )
    ax.set_xlim(0, CLOSE_UP_MM)
    ax.set_ylim(CLOSE_UP_MM, 0)
    ax.set_aspect("equal")
    size = f"{CLOSE_UP_MM:g} × {CLOSE_UP_MM:g} mm"
    ax.set_title(f"{one.zone.title}: {size}, every needle", fontsize=10, loc="left")
    ax.tick_params(labelsize=8)
    ax.set_xlabel("mm", fontsize=8)
    ax.spines[:].set_visible(True)


def save(figure: Figure, path: Path) -> None:
    """Writes a figure as PNG."""
    FigureCanvasAgg(figure)
    figure.savefig(path, dpi=DPI, facecolor=palette.PAPER)
