"""What a reproduction leaves: the picture of record and run, and the text of the failing test."""

from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from penloop import palette
from penloop.plots import DPI, STYLE, WIDTH_IN
from penloop.reproduction.fault_record import FaultRecord
from penloop.reproduction.likeness import aligned
from pensim import Trace

# name, title, factor to the title's unit
_PANELS = (
    ("rate", "stroke rate, Hz", 1e-3),
    ("duty", "duty, %", 100.0 / 65535.0),
    ("current", "current, A", 1e-3),
    ("battery", "battery, V", 1e-3),
    ("position", "needles set to, mm", 1e-3),
)
_TEST = '''"""{fault} in {state}, from a pen's black box: fails as long as the fault comes.

{cause}; see {scenario}.
"""

import pytest


@pytest.mark.scenario("{scenario}")
def test_the_pen_has_no_{word}(outcome):
    assert outcome.passed
'''


def draw(record: FaultRecord, trace: Trace, fault_us: int, title: str, path: Path) -> None:
    """The rows of the record as dots over the run as lines, times from the fault on."""
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH_IN, 1.0 + 1.7 * len(_PANELS)), layout="constrained")
        axes = figure.subplots(len(_PANELS), 1, sharex=True)
        axes[0].set_title(title, loc="left", fontsize=13, fontweight="bold")
        times_us = aligned(trace, record, fault_us)
        shift_us = int(times_us[0] - record.rows_us[0]) if len(times_us) else fault_us
        span_us = _span_us(record)
        rows = (trace.time_us >= shift_us + span_us[0]) & (trace.time_us <= shift_us + span_us[1])
        run_s = (trace.time_us[rows] - shift_us) / 1e6
        for ax, (name, label, factor) in zip(axes, _PANELS, strict=True):
            _panel(ax, run_s, trace[f"pen.{name}"][rows] * factor, record, name, factor)
            ax.set_ylabel(label, rotation=0, ha="right", va="center")
            ax.axvline(0.0, color=palette.ALARM, lw=0.9, ls=":")
        axes[0].legend(loc="lower left", ncols=2)
        axes[-1].set_xlabel(f"time from {record.name} on, in s")
        figure.align_ylabels(axes)
        figure.savefig(path, dpi=DPI, facecolor=palette.PAPER)


def _span_us(record: FaultRecord) -> tuple[int, int]:
    if not len(record.rows_us):
        return -500_000, 100_000
    return int(record.rows_us[0]), int(record.rows_us[-1])


def _panel(ax: Any, run_s: Any, run: Any, record: FaultRecord, name: str, factor: float) -> None:
    ax.plot(run_s, run, color=palette.TRUE, lw=1.2, label="simulated pen")
    if name in record.signals:
        told = np.asarray(record.signals[name]) * factor
        ax.plot(record.rows_us / 1e6, told, "o", ms=4, color=palette.PEN, label="black box")


def test_text(record: FaultRecord, cause: str, scenario: str) -> str:
    """A test that fails as long as the fault comes."""
    word = "".join(sign if sign.isalnum() else "_" for sign in record.name.lower()).strip("_")
    return _TEST.format(
        fault=record.name.capitalize(), state=record.state, cause=cause.capitalize(),
        scenario=scenario, word=word,
    )  # fmt: skip
