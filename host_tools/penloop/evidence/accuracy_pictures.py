"""Pictures of the evidence of accuracy."""

from typing import Any

import numpy as np

from penloop import palette
from penloop.evidence.accuracy_results import (
    DEPTH_MM,
    DUTY_LIMIT,
    RATE_PERCENT,
    Column,
    Results,
)
from penloop.svg import svg


def _axes(count: int, height_in: float) -> tuple[Any, Any]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10.5, height_in), layout="constrained")
    cells = figure.subplots(1, count, squeeze=False)[0]
    for axes in cells:
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(color=palette.GRID, lw=0.6)
        axes.set_axisbelow(True)
        axes.tick_params(labelsize=8, colors=palette.MUTED)
    return figure, cells


def of_rate(found: Results) -> str:
    """Rate against what was set, and its spread."""
    figure, (over, spread) = _axes(2, 3.4)
    free = found.duty < DUTY_LIMIT
    for rows, colour in ((free, palette.TRUE), (~free, palette.SET)):
        over.scatter(found.set_hz[rows], found.worst_percent[rows], s=7, color=colour, lw=0,
                     alpha=0.7)  # fmt: skip
    over.axhline(RATE_PERCENT, color=palette.ALARM, lw=1, ls="--")
    over.set_ylim(0, max(2.3, float(np.nanmax(found.worst_percent)) * 1.05))
    over.set_xlabel("stroke rate set, Hz")
    over.set_ylabel("farthest from it, %")
    spread.hist(found.held_percent[free], 60, color=palette.TRUE)
    spread.set_xlabel("mean of the whole contact against what was set, %")
    spread.set_ylabel("pens")
    return svg(figure)


def of_depth(found: Results) -> str:
    """Needles beyond the nose and in the skin against what was set."""
    figure, (nose, skin) = _axes(2, 3.6)
    limits = (0.0, float(np.max(found.set_mm)) * 1.05)
    for axes, values in ((nose, found.nose_mm), (skin, found.reached_mm)):
        axes.plot(limits, limits, color=palette.SET, lw=1, ls="--")
        axes.plot(limits, (limits[0] + DEPTH_MM, limits[1] + DEPTH_MM), color=palette.ALARM, lw=1,
                  ls=":")  # fmt: skip
        axes.scatter(found.set_mm, values, s=7, color=palette.TRUE, lw=0, alpha=0.7)
        axes.set_xlabel("depth set, mm")
    nose.set_ylabel("needles beyond the nose, mm")
    skin.set_ylabel("deepest stroke in the skin, mm")
    return svg(figure)


def by_cartridge(found: Results) -> str:
    """The worst pen of each cartridge and zone."""
    figure, cells = _axes(2, 3.2)
    excess = found.deepest_mm - found.set_mm
    for axes, values, title in (
        (cells[0], found.worst_percent, "rate: farthest from set, %"),
        (cells[1], excess, "depth in the skin beyond what is set, mm"),
    ):
        _map(axes, found, values)
        axes.set_title(title, fontsize=9, loc="left", color=palette.INK)
    return svg(figure)


def _map(axes: Any, found: Results, values: Column) -> None:
    kinds = sorted(set(found.kind), key=lambda kind: int(kind.split()[0]))
    zones = sorted(set(found.zone))
    table = np.full((len(kinds), len(zones)), np.nan)
    for row, kind in enumerate(kinds):
        for column, zone in enumerate(zones):
            chosen = values[(found.kind == kind) & (found.zone == zone)]
            if len(chosen):
                table[row, column] = np.nanmax(chosen)
                axes.text(column, row, f"{table[row, column]:.2f}", ha="center", va="center",
                          fontsize=8)  # fmt: skip
    axes.imshow(table, cmap="Oranges", aspect="auto", alpha=0.6)
    axes.grid(visible=False)
    axes.set_xticks(range(len(zones)), [zone.replace("_", " ") for zone in zones], fontsize=8)
    axes.set_yticks(range(len(kinds)), kinds, fontsize=8)
    axes.tick_params(axis="x", rotation=30, length=0)
