"""A picture of a pen and its twin under the same voltage."""

from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from penloop import palette
from penloop.identification.evidence import Evidence, Floats
from penloop.identification.fit import Fit
from penloop.plots import DPI, STYLE, WIDTH_IN

CLOSE_S = (0.25, 0.6)  # before and behind the largest change that is shown enlarged


def draw(fit: Fit, path: Path) -> None:
    """Rate and current of both over the recording, and close up where most changes."""
    measured = fit.measured
    low, high = _liveliest(measured, fit)
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH_IN, 7.5), layout="constrained")
        axes = figure.subplots(2, 2, sharey="row", sharex="col", width_ratios=[1.6, 1.0])
        axes[0][0].set_title("Pen and twin", loc="left", fontsize=15, fontweight="bold")
        axes[0][1].set_title("close up", loc="left")
        for column, piece in enumerate((slice(None), slice(low, high))):
            rows = (("rate_hz", "stroke rate\nHz", 1.0), ("current_a", "current\nmA", 1e3))
            for row, (name, title, scale) in enumerate(rows):
                ax = axes[row][column]
                _both(ax, fit, name, scale, piece)
                if column == 0:
                    ax.set_ylabel(title)
            axes[1][column].set_xlabel("time in s")
        for start_s, end_s in _stays(fit):
            axes[1][0].axvspan(start_s, end_s, color=palette.ZONE_OTHER, lw=0, zorder=0)
        axes[0][0].legend(loc="lower right")
        FigureCanvasAgg(figure)
        figure.savefig(path, dpi=DPI, facecolor=palette.PAPER)


def _both(ax: Any, fit: Fit, name: str, scale: float, piece: slice) -> None:
    time_s = fit.measured.time_s[piece] - fit.measured.time_s[0]
    pen: Floats = getattr(fit.measured, name)[piece] * scale
    ax.plot(time_s, pen, color=palette.PEN, lw=2.5, alpha=0.45, label="pen")
    twin = fitted(fit, name)[piece] * scale
    ax.plot(time_s, twin, color=palette.TRUE, lw=1.0, label="twin")


def fitted(fit: Fit, name: str) -> Floats:
    """The twin's signal; not a number where the fit has not looked, as at rest and after a stop."""
    values: Floats = getattr(fit.twin, name)
    return np.where(fit.used, values, np.nan)


def _liveliest(measured: Evidence, fit: Fit) -> tuple[int, int]:
    change = np.where(fit.used, abs(measured.current_a), 0.0)
    at_s = measured.time_s[int(change.argmax())]
    low, high = np.searchsorted(measured.time_s, (at_s - CLOSE_S[0], at_s + CLOSE_S[1]))
    return int(low), int(high)


def _stays(fit: Fit) -> list[tuple[float, float]]:
    """Beginning and end of each stay in the skin."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], fit.touches.touching, [0]])))
    time_s = fit.measured.time_s - fit.measured.time_s[0]
    return [(time_s[a], time_s[min(b, len(time_s) - 1)]) for a, b in zip(edges[::2], edges[1::2])]
