"""The pictures of a campaign's summary, as SVG: histograms, sensitivity, clouds, sweeps."""

import math
import textwrap
from typing import Any

import numpy as np
from numpy.typing import NDArray

from penloop import palette
from penloop.campaigns.dataset import DataSet
from penloop.campaigns.places import shown
from penloop.campaigns.sampling import SWEEP
from penloop.campaigns.statistics import Influence
from penloop.campaigns.summary import Summary
from penloop.svg import svg

BINS = 40
POINTS = 3000  # of a cloud; the worst ones are always among them
CLOUDS = 4  # variables that get one
COLUMNS = 3  # of small pictures side by side
WIDTH_IN = 10.5
DARK = 0.6  # a strength whose colour wants light text

Column = NDArray[Any]


def _figure(rows: int, columns: int, height_in: float) -> tuple[Any, list[Any]]:
    import matplotlib
    from matplotlib.figure import Figure

    matplotlib.rcParams["text.parse_math"] = False  # people's words may have a $
    figure = Figure(figsize=(WIDTH_IN, height_in * rows), layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False)
    cells = list(grid.ravel())
    for axes in cells:
        axes.spines[["top", "right"]].set_visible(False)
        axes.spines[["left", "bottom"]].set_color(palette.GRID)
        axes.tick_params(labelsize=8, colors=palette.MUTED)
    return figure, cells


def _small_pictures(count: int) -> tuple[Any, list[Any]]:
    rows = math.ceil(count / COLUMNS)
    figure, cells = _figure(rows, min(COLUMNS, max(count, 1)), 2.3)
    for axes in cells[count:]:
        axes.set_visible(False)
    return figure, cells


def histograms(summary: Summary, data: DataSet) -> str:
    """Of every result that varies: failures red where the result is a margin."""
    names = [name for name, one in summary.spreads.items() if one.least < one.greatest]
    if not names:
        return ""
    figure, cells = _small_pictures(len(names))
    for axes, name in zip(cells, names, strict=False):
        values = data.column(name, summary.campaign.plan.count)
        _histogram(axes, values[np.isfinite(values)], name.startswith("margin"))
        axes.set_title(_wrapped(summary.title(name)), fontsize=9, loc="left", color=palette.INK)
    return svg(figure)


def _histogram(axes: Any, values: Column, is_margin: bool) -> None:
    counts, edges = np.histogram(values, _edges(values, is_margin))
    failed = (edges[1:] <= 0) & is_margin
    colours = np.where(failed, palette.ALARM, palette.TRUE)
    axes.bar(edges[:-1], counts, np.diff(edges), align="edge", color=list(colours), lw=0)
    if is_margin and edges[0] < 0:
        axes.axvline(0.0, color=palette.INK, lw=1.0)
    axes.set_ylabel("cases", fontsize=8, color=palette.MUTED)


def _edges(values: Column, is_margin: bool) -> Column:
    """Of the bins; 0 is an edge of a margin's."""
    low, high = float(values.min()), float(values.max())
    width = (high - low) / BINS
    if not is_margin:
        return np.linspace(low, high, BINS + 1)
    return np.arange(math.floor(low / width), math.ceil(high / width) + 1) * width


def sensitivity(summary: Summary) -> str:
    """Every result against every variable: rank correlation, or the share where there is none."""
    names = [name for name, found in summary.influences.items() if found]
    if not names:
        return ""
    variables = [one.variable for one in summary.influences[names[0]]]
    found = {(one.variable, name): one for name in names for one in summary.influences[name]}
    table = [[found.get((variable, name)) for name in names] for variable in variables]
    figure, (axes, *_rest) = _figure(1, 1, 1.6 + 0.36 * len(variables))
    _heat(axes, table)
    axes.set_xticks(
        range(len(names)), [_wrapped(summary.title(name), 22) for name in names], fontsize=8
    )
    axes.set_yticks(range(len(variables)), variables, fontsize=9)
    axes.tick_params(length=0, labelcolor=palette.INK)
    axes.xaxis.tick_top()
    return svg(figure)


def _heat(axes: Any, table: list[list[Influence | None]]) -> None:
    strengths = [[np.nan if one is None else _strength(one) for one in row] for row in table]
    axes.imshow(strengths, cmap=_shades(), vmin=-1, vmax=1, aspect="auto")
    for row, line in enumerate(table):
        for column, one in enumerate(line):
            if one is not None:
                strength = _strength(one)
                ink = palette.PAPER if abs(strength) > DARK else palette.INK
                text = f"{strength:+.2f}" if one.has_sign else f"{strength:.2f}"
                axes.text(column, row, text, ha="center", va="center", fontsize=8, color=ink)


def _strength(one: Influence) -> float:
    return one.rank if one.has_sign else math.sqrt(one.share)


def _shades() -> Any:
    """Red for what is bad or falls, green for what is good or rises."""
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("signed", [palette.ALARM, palette.PAPER, palette.TRUE])


def clouds(summary: Summary, data: DataSet) -> str:
    """The smallest margin over the variables that it hangs on most; each dot is a case."""
    names = [one.variable for one in summary.influences.get("margin", [])][:CLOUDS]
    if not names:
        return ""
    count = summary.campaign.plan.count
    margins = data.column("margin", count)
    chosen = _some(margins)
    figure, cells = _figure(math.ceil(len(names) / 2), min(2, len(names)), 2.8)
    for axes in cells[len(names) :]:
        axes.set_visible(False)
    for axes, name in zip(cells, names, strict=False):
        _cloud(axes, data.column(name, count)[chosen], margins[chosen])
        axes.set_xlabel(name, fontsize=9, color=palette.INK)
        axes.set_ylabel("smallest margin", fontsize=8, color=palette.MUTED)
    return svg(figure)


def _some(margins: Column) -> Column:
    """Cases of a cloud: evenly taken, the worst ones always, those without a margin never."""
    known = np.flatnonzero(np.isfinite(margins))
    step = max(len(known) // POINTS, 1)
    worst = known[np.argsort(margins[known], kind="stable")[: POINTS // 10]]
    return np.unique(np.concatenate([known[::step], worst]))


def _cloud(axes: Any, values: Column, margins: Column) -> None:
    failed = margins <= 0
    for rows, colour, size in ((~failed, palette.TRUE, 6), (failed, palette.ALARM, 14)):
        axes.scatter(values[rows], margins[rows], s=size, color=colour, alpha=0.6, lw=0)
    axes.axhline(0.0, color=palette.INK, lw=0.8)
    axes.grid(color=palette.GRID, lw=0.6)
    axes.set_axisbelow(True)


def sweep(summary: Summary, data: DataSet) -> str:
    """The smallest margin of a sweep: a line over one variable, a map over two."""
    plan = summary.campaign.plan
    if plan.method != SWEEP or len(plan.variables) > 2:
        return ""
    margins = data.column("margin", plan.count)
    figure, (axes, *_rest) = _figure(1, 1, 4.2)
    if len(plan.variables) == 1:
        _line(axes, plan.variables[0], margins)
    else:
        _map(figure, axes, plan.variables, margins)
    return svg(figure)


def _line(axes: Any, variable: Any, margins: Column) -> None:
    axes.plot(variable.values, margins, color=palette.TRUE, lw=1.4, marker=".", ms=4)
    failed = margins <= 0
    places = np.flatnonzero(failed)
    axes.plot([variable.values[n] for n in places], margins[failed], ls="", marker="o", ms=5,
              color=palette.ALARM)  # fmt: skip
    axes.axhline(0.0, color=palette.INK, lw=0.8)
    axes.grid(color=palette.GRID, lw=0.6)
    axes.set_xlabel(variable.place.column, color=palette.INK)
    axes.set_ylabel("smallest margin", color=palette.MUTED)


def _map(figure: Any, axes: Any, variables: Any, margins: Column) -> None:
    first, second = variables
    table = margins.reshape(len(first.values), len(second.values))
    table = np.where(np.isfinite(table), table, np.nan)
    most = float(np.nanmax(np.abs(table))) or 1.0
    image = axes.imshow(
        table.T, origin="lower", cmap=_shades(), vmin=-most, vmax=most, aspect="auto"
    )
    for place, setter in ((first, axes.set_xticks), (second, axes.set_yticks)):
        ticks = range(0, len(place.values), max(len(place.values) // 8, 1))
        setter(list(ticks), [shown(place.values[n]) for n in ticks], fontsize=8)
    axes.set_xlabel(first.place.column, color=palette.INK)
    axes.set_ylabel(second.place.column, color=palette.INK)
    bar = figure.colorbar(image, ax=axes, pad=0.01)
    bar.set_label("smallest margin; red fails", fontsize=8, color=palette.MUTED)
    bar.outline.set_visible(False)


def _wrapped(text: str, width: int = 40) -> str:
    return "\n".join(textwrap.wrap(text, width)[:3])
