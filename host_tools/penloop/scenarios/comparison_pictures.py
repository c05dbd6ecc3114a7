"""A picture of what changed: signals before and after, the difference below, states and faults."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from penloop import measures, palette
from penloop.panels import Series, thinned
from penloop.scenarios.comparison import Comparison
from penloop.scenarios.vocabulary import mean_back
from penloop.svg import svg
from pensim import Trace

WIDTH_IN = 13.0
SIGNALS = 3  # at most, the most changed of those below
ROWS_MAX = 400  # of a line
EVEN_US = 20_000  # of the whole run: about two turns, which evens out the ripple within a turn
AROUND_S = 0.12  # of the close-up, on both sides of the greatest difference
BEFORE, AFTER = palette.SET, palette.PEN
NAMED = 0.09  # share of the width from which a state has its name

_PATH, _LONG_NUMBER = re.compile(r' d="[^"]*"'), re.compile(r"(\.\d)\d+")

Values = NDArray[np.float64]


@dataclass(frozen=True)
class View:
    """How a signal is shown: `evened` is what it is over EVEN_US where the whole run is seen."""

    title: str
    unit: str
    column: str
    scale: float
    evened: str = "mean"  # or "greatest", or "" for the signal itself


VIEWS = (
    View("Stroke rate", "Hz", "plant.rate", 1e3),
    View("Depth in skin", "mm", "plant.penetration", 1e3, "greatest"),
    View("Motor current", "A", "plant.current", 1e3),
    View("Protrusion", "mm", "plant.protrusion", 1e3, ""),
    View("Drive", "%", "pen.duty", 655.35),
    View("Battery", "V", "plant.battery", 1e3),
    View("Winding", "°C", "plant.winding", 1e3, ""),
    View("Rate aimed at", "Hz", "pen.rate_target", 1e3, ""),
    View("Depth aimed at", "mm", "pen.depth_target", 1e3, ""),
)


def picture(comparison: Comparison, before: Trace, after: Trace) -> str:
    """SVG: the whole run on the left, the moment of the greatest difference on the right."""
    import matplotlib
    from matplotlib.figure import Figure

    views = views_of(comparison)
    middle_s = _moment_s(comparison, views)
    spans = [_span(before, after), (max(middle_s - AROUND_S, 0.0), middle_s + AROUND_S)]
    heights = [0.34, *[1.0, 0.55] * len(views)]
    with matplotlib.rc_context(_STYLE):
        figure = Figure(figsize=(WIDTH_IN, 0.9 + 1.45 * sum(heights)), layout="constrained")
        grid = figure.subplots(
            len(heights), 2, sharex="col", squeeze=False,
            gridspec_kw={"height_ratios": heights, "width_ratios": [1.7, 1.0]},
        )  # fmt: skip
        for place, span in enumerate(spans):
            _column(list(grid[:, place]), views, (before, after), span, whole=place == 0)
        grid[1][0].legend(loc="upper left", fontsize=9)
        grid[0][0].set_title("the whole run", loc="left")
        grid[0][1].set_title(f"around {middle_s:.3f} s", loc="left")
        figure.align_ylabels(grid[:, 0])
        return _PATH.sub(_shorter, svg(figure))


def _shorter(path: re.Match[str]) -> str:
    """A path to a tenth of a point: more is not to be seen, and doubles the page."""
    return _LONG_NUMBER.sub(r"\1", path[0])


def views_of(comparison: Comparison) -> list[View]:
    """What is drawn: of the signals that people know those that changed most."""
    weights = {signal.column.name: signal.weight for signal in comparison.signals}
    known = [view for view in VIEWS if view.column in weights]
    most = sorted(known, key=lambda view: -weights[view.column])[:SIGNALS]
    return [view for view in VIEWS if view in most] or [VIEWS[0]]


def _moment_s(comparison: Comparison, views: Sequence[View]) -> float:
    moments = {signal.column.name: signal.greatest_us for signal in comparison.signals}
    shown = [moments[view.column] for view in views if view.column in moments]
    return (shown[0] if shown else comparison.first_us or 0) / 1e6


def _span(before: Trace, after: Trace) -> tuple[float, float]:
    return 0.0, float(max(before.time_s[-1], after.time_s[-1]))


def _column(
    cells: Sequence[Any],
    views: Sequence[View],
    traces: tuple[Trace, Trace],
    span: tuple[float, float],
    whole: bool,
) -> None:
    """States, then each signal and its difference, over one span of time."""
    for row, trace in enumerate(traces):
        _states(cells[0], trace, 1 - row, span)
    cells[0].set_yticks([1.5, 0.5], ["before", "after"] if whole else ["", ""])
    cells[0].grid(visible=False)
    cells[0].tick_params(axis="both", length=0)
    for place, view in enumerate(views):
        upper, lower = cells[1 + 2 * place], cells[2 + 2 * place]
        lines = [_line(trace, view, span, whole) for trace in traces]
        _signal(upper, view, lines, whole)
        _difference(lower, view, lines, whole)
        _faults(upper, traces, span, named=place == 0)
    cells[-1].set_xlim(*span)
    cells[-1].set_xlabel("time in s")


def _states(axes: Any, trace: Trace, floor: float, span: tuple[float, float]) -> None:
    for band in measures.state_bands(trace):
        start_s, end_s = max(band.start_s, span[0]), min(band.end_s, span[1])
        if end_s <= start_s:
            continue
        colour = palette.STATES.get(band.state, palette.SET)
        axes.broken_barh([(start_s, end_s - start_s)], (floor + 0.06, 0.88), color=colour, lw=0)
        if end_s - start_s > NAMED * (span[1] - span[0]):
            ink = palette.PAPER if band.state in palette.DARK_STATES else palette.INK
            axes.text((start_s + end_s) / 2, floor + 0.47, band.state, color=ink, fontsize=8,
                      ha="center", va="center")  # fmt: skip
    axes.set_ylim(0, 2)


def _line(trace: Trace, view: View, span: tuple[float, float], whole: bool) -> Series:
    values = trace[view.column] / view.scale
    if whole and view.evened:
        values = _EVENED[view.evened](trace, values)
    margin_s = 0.01
    rows = (trace.time_s >= span[0] - margin_s) & (trace.time_s <= span[1] + margin_s)
    return Series(view.title, AFTER, trace.time_s[rows], values[rows])


def _mean(trace: Trace, values: Values) -> Values:
    """Over the last EVEN_US at each row."""
    return mean_back(trace.time_us, values, EVEN_US)


def _greatest(trace: Trace, values: Values) -> Values:
    """Over the last EVEN_US at each row, of about a row a millisecond."""
    rows = EVEN_US // 1000
    padded = np.concatenate([np.full(rows - 1, values[0]), values])
    greatest: Values = np.lib.stride_tricks.sliding_window_view(padded, rows).max(axis=1)
    return greatest


_EVENED: dict[str, Callable[[Trace, Values], Values]] = {"mean": _mean, "greatest": _greatest}


def _signal(axes: Any, view: View, lines: Sequence[Series], whole: bool) -> None:
    styles = (("before", BEFORE, 2.6), ("after", AFTER, 1.1))
    for line, (name, colour, width) in zip(lines, styles, strict=True):
        short = thinned(line, (), ROWS_MAX)
        axes.plot(short.time_s, short.values, color=colour, lw=width, label=name)
    if whole:
        evened = f"\n{view.evened} of {EVEN_US // 1000} ms" if view.evened else ""
        axes.set_ylabel(f"{view.title}\n{view.unit}{evened}", fontsize=9)


def _difference(axes: Any, view: View, lines: Sequence[Series], whole: bool) -> None:
    before, after = lines
    if len(before.values) and len(after.values):
        values = np.interp(before.time_s, after.time_s, after.values) - before.values
        short = thinned(Series("", palette.ALARM, before.time_s, values), (), ROWS_MAX)
        axes.fill_between(
            short.time_s, short.values, fc=(palette.SKIN, 0.25), ec=palette.SKIN, lw=0.8
        )
    axes.axhline(0.0, color=palette.MUTED, lw=0.6)
    if whole:
        axes.set_ylabel(f"change\n{view.unit}", fontsize=9)


def _faults(axes: Any, traces: tuple[Trace, Trace], span: tuple[float, float], named: bool) -> None:
    """A line where a fault latched: dashed for the run before, its name on the line's left."""
    styles = (((0, (3, 3)), "right", -3), ("-", "left", 3))
    for trace, (style, side, offset_pt) in zip(traces, styles, strict=True):
        for event in measures.fault_events(trace):
            if not span[0] <= event.latched_s <= span[1]:
                continue
            axes.axvline(event.latched_s, color=palette.ALARM, lw=1.0, ls=style)
            if named:
                axes.annotate(
                    event.name, (event.latched_s, 1.0), (offset_pt, -3), fontsize=8, ha=side,
                    xycoords=("data", "axes fraction"), textcoords="offset points", va="top",
                    color=palette.ALARM, rotation=90,
                )  # fmt: skip


_STYLE: Any = {
    "svg.fonttype": "none",  # text stays text: a third of the picture
    "font.sans-serif": ["Arial", "Helvetica", "DejaVu Sans"],
    "font.size": 9,
    "axes.edgecolor": palette.GRID,
    "axes.labelcolor": palette.MUTED,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.titlesize": 11,
    "grid.color": palette.GRID,
    "text.color": palette.INK,
    "xtick.color": palette.MUTED,
    "ytick.color": palette.MUTED,
    "legend.frameon": False,
}
