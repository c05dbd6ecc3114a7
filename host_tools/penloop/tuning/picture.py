"""Before and after side by side: the step and the contacts on the twin, the step on the pen."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.figure import Figure

from penloop import palette
from penloop.plots import STYLE, save
from penloop.tuning.application import MEASURED, Measured
from penloop.tuning.experiment import STEP_FROM_HZ, STEP_TO_HZ
from penloop.tuning.judgement import BAND, GOALS
from penloop.tuning.proposal import Proposal, Tried

WIDTH_IN, HEIGHT_IN = 12.0, 11.0
SPAN_S = {"step": (-0.05, 0.6), "touch slow": (-0.1, 0.9), "touch fast": (-0.1, 0.9)}
TITLES = {
    "step": f"step {STEP_FROM_HZ:g} to {STEP_TO_HZ:g} Hz",
    "touch slow": f"skin contact at {STEP_FROM_HZ:g} Hz",
    "touch fast": f"skin contact at {STEP_TO_HZ:g} Hz",
}
SET_HZ = {"step": STEP_TO_HZ, "touch slow": STEP_FROM_HZ, "touch fast": STEP_TO_HZ}


@dataclass(frozen=True)
class Side:
    """One column: what the twin did with these settings, and the pen if it has been measured."""

    title: str
    tried: Tried
    measured: Measured | None = None


def draw(proposal: Proposal, before: Measured | None, after: Measured | None, path: Path) -> None:
    """Writes the picture, of the kind that its suffix says."""
    sides = [
        Side("before", proposal.before, before),
        Side("proposed" if after is None else "after", proposal.after, after),
    ]
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH_IN, HEIGHT_IN), layout="constrained")
        rows = figure.add_gridspec(len(SPAN_S) + 1, 2, height_ratios=[1.3, 1.0, 1.0, 0.95])
        for row, moment in enumerate(SPAN_S):
            left = None
            for column, side in enumerate(sides):
                left = figure.add_subplot(rows[row, column], sharey=left)
                _panel(left, side, moment)
                if row == 0:
                    left.set_title(_heading(side), loc="left", fontsize=11, fontweight="bold")
        _table(figure.add_subplot(rows[len(SPAN_S), :]), sides)
        save(figure, path)


def _heading(side: Side) -> str:
    settings = side.tried.settings
    return (
        f"{side.title}\nkp {settings['rate_kp']} uV/mHz, ki {settings['rate_ki']} uV/mHz/s,\n"
        f"IR {settings['ir_compensation'] / 10:g} %, slew {settings['slew']} mHz/ms,\n"
        f"{settings['motor_constant']} uV/Hz, {settings['motor_resistance'] / 1e3:g} Ohm"
    )


def _panel(ax: Any, side: Side, moment: str) -> None:
    start_s, end_s = SPAN_S[moment]
    set_hz = SET_HZ[moment]
    played = side.tried.play
    times = played.time_s - played.moments_s[moment]
    kept = (times >= start_s) & (times <= end_s)
    ax.axhspan(set_hz * (1 - BAND), set_hz * (1 + BAND), color=palette.GRID, zorder=0)
    if moment == "step" and side.measured is not None:
        _measured(ax, side.measured)
    ax.plot(times[kept], played.mean_hz[kept], color=palette.TRUE, lw=1.6, label="twin")
    if moment != "step":
        lift_s = played.moments_s[moment.replace("touch", "lift")] - played.moments_s[moment]
        ax.axvspan(0.0, lift_s, color=palette.ZONE_OTHER, zorder=-1)
    ax.set_xlim(start_s, end_s)
    ax.set_ylabel(f"{TITLES[moment]}\nHz, one-turn mean")
    ax.set_xlabel("time in s")
    ax.legend(loc="lower right", fontsize=9)


def _measured(ax: Any, measured: Measured) -> None:
    for number, step in enumerate(measured.steps):
        name = "" if number else "pen, measured (a turn late)"
        capture, start_s = step.capture, step.time_s
        style = {"color": palette.PEN, "ls": "", "marker": ".", "ms": 2.5, "alpha": 0.6}
        ax.plot(capture.time_s - start_s, capture.rate_hz, label=name or None, **style)


def _table(ax: Any, sides: Sequence[Side]) -> None:
    ax.set_axis_off()
    heads = [f"{side.title}, {who}" for who in ("twin", "pen") for side in sides]
    texts = []
    for name in GOALS:
        row = [_text(getattr(side.tried.figures, name)) for side in sides]
        for side in sides:
            if side.measured and name in MEASURED:
                row.append(_text(getattr(side.measured.figures, name)))
            else:
                row.append("–")
        texts.append(row)
    names = [f"{goal.title}, {goal.unit}" for goal in GOALS.values()]
    table = ax.table(
        texts, rowLabels=names, colLabels=heads, loc="center", cellLoc="right", edges="horizontal"
    )
    table.auto_set_font_size(False)
    table.set_fontsize(10)
    table.scale(0.72, 1.25)


def _text(value: float) -> str:
    return f"{value:.3g}"
