"""Pictures of the fault campaign: parts against situations, and reactions over the phase."""

import math
from typing import Any

import numpy as np

from penloop import palette
from penloop.evidence.fault_pairs import Pair, end_ms, limits_ms
from penloop.svg import svg

WIDTH_IN = 10.5
LATE = 0.8  # a share of the allowed time that wants light text


def matrix(pairs: list[Pair]) -> str:
    """Causes down, situations across; the figure is the time, the colour its share."""
    from matplotlib.colors import LinearSegmentedColormap
    from matplotlib.figure import Figure

    causes = list(dict.fromkeys(one.cause for one in pairs))
    situations = list(dict.fromkeys(one.situation.title for one in pairs))
    shares = np.full((len(causes), len(situations)), np.nan)
    figure = Figure(figsize=(WIDTH_IN, 1.2 + 0.3 * len(causes)), layout="constrained")
    axes = figure.subplots()
    for one in pairs:
        row, column = causes.index(one.cause), situations.index(one.situation.title)
        shares[row, column] = _cell(axes, row, column, one)
    colours = ["#e8f3ef", palette.TRUE, palette.ALARM]
    shades: Any = LinearSegmentedColormap.from_list("used", colours)
    shades = shades.with_extremes(bad="#eceff3")
    axes.imshow(shares, cmap=shades, vmin=0.0, vmax=1.25, aspect="auto")
    axes.set_xticks(range(len(situations)), situations, rotation=30, ha="left", fontsize=8)
    axes.set_yticks(range(len(causes)), [name.replace("_", " ") for name in causes], fontsize=8)
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    return svg(figure)


def _cell(axes: Any, row: int, column: int, one: Pair) -> float:
    """Writes a pair's figure; returns its share of the allowed time."""
    worst = one.worst
    if one.unseen and not worst.names:
        text, share = ("later" if not one.verdict() else "NO"), math.nan
    else:
        ended = end_ms(worst, one.expected)
        text = "never" if math.isnan(ended) else f"{ended:.0f}"
        share = one.share(worst)
    ink = palette.PAPER if share > LATE / 2 else palette.INK
    axes.text(column, row, text, ha="center", va="center", fontsize=7.5, color=ink)
    return share


def phases(pairs: list[Pair]) -> str:
    """The end of the reaction over the moment of the fault, a panel a pair."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH_IN, 2.8), layout="constrained")
    for axes, one in zip(figure.subplots(1, len(pairs), squeeze=False)[0], pairs, strict=True):
        first_us = one.situation.fault_us
        times_ms = [(each.at_us - first_us) / 1000 for each in one.reactions]
        ends_ms = [end_ms(each, one.expected) for each in one.reactions]
        axes.plot(times_ms, ends_ms, color=palette.TRUE, lw=1.2, marker=".", ms=5)
        if sign := one.expected.sign(one.worst.names):
            limit_ms = limits_ms(sign, one.expected, one.situation)[1]
            axes.axhline(limit_ms, color=palette.ALARM, lw=1, ls="--")
        title = f"{one.cause.replace('_', ' ')}, {one.situation.title}"
        axes.set_title(title, fontsize=9, loc="left")
        axes.set_xlabel("moment of the fault, ms", fontsize=8)
        axes.set_ylabel("end of the reaction, ms", fontsize=8)
        axes.set_ylim(bottom=0)
        axes.grid(color=palette.GRID, lw=0.6)
        axes.spines[["top", "right"]].set_visible(False)
    return svg(figure)
