"""The report of a set of runs as one HTML page, and a viewer page for each run that failed."""

from collections.abc import Sequence
from html import escape
from importlib.resources import files
from pathlib import Path

import numpy as np

from penloop import palette
from penloop.errors import UserError
from penloop.scenarios import comparison_pages
from penloop.scenarios.comparison import Comparison
from penloop.scenarios.execution import Outcome
from penloop.scenarios.expectation import Verdict
from penloop.scenarios.results import file_stem, replay_command
from penloop.svg import svg
from penloop.viewer import Mark, viewer_page
from pensim import Trace

AROUND_US = 150_000  # of the moment that decides, on both sides
MARK_US = 20_000  # how wide a mark is in the viewer
PLOTS = 4  # of a run's failed expectations, at most
NOTICE = (
    "Engineering evidence from simulation, not clinical validation. The firmware is the one that a"
    " board runs, unchanged; motor, skin, battery and hand are models."
)


def needs_plots() -> None:
    """Raises UserError when what draws is not installed."""
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        raise UserError("the report needs matplotlib", "pip install 'penloop[report]'") from None


def failure_page(outcome: Outcome) -> str:
    """The viewer's page of a run, its expectations marked where they were decided."""
    if outcome.trace is None:
        return ""
    marks = [
        Mark(
            max(verdict.time_us - MARK_US, 0),
            verdict.time_us + MARK_US,
            verdict.text,
            verdict.holds,
        )
        for verdict in outcome.verdicts
    ]
    shown = list(dict.fromkeys(c for v in outcome.verdicts if not v.holds for c in v.columns))
    title = f"{outcome.scenario.name}, seed {outcome.seed}: {outcome.scenario.about}"
    return viewer_page(
        outcome.trace, title, outcome.log, marks, [n for n in shown if n in outcome.trace]
    )


def failure_plots(outcome: Outcome) -> list[str]:
    """A picture (SVG) of the signals around each expectation that does not hold."""
    trace = outcome.trace
    if trace is None:
        return []
    failed = [verdict for verdict in outcome.verdicts if not verdict.holds][:PLOTS]
    return [_plot(trace, verdict) for verdict in failed]


def _plot(trace: Trace, verdict: Verdict) -> str:
    from matplotlib.figure import Figure

    near = np.abs(trace.time_us - verdict.time_us) <= AROUND_US
    columns = [name for name in verdict.columns if name in trace]
    figure = Figure(figsize=(8.0, 0.6 + 1.5 * len(columns)), layout="constrained")
    rows = figure.subplots(max(len(columns), 1), 1, sharex=True, squeeze=False)[:, 0]
    for axes, name in zip(rows, columns, strict=False):
        axes.step(trace.time_s[near], trace[name][near], where="post", color=palette.TRUE, lw=1.4)
        axes.axvline(verdict.time_us / 1e6, color=palette.ALARM, lw=1.0, ls="--")
        axes.set_ylabel(name, fontsize=8)
        axes.grid(color=palette.GRID)
    rows[-1].set_xlabel("time, s", fontsize=8)
    return svg(figure)


def report_page(
    outcomes: Sequence[Outcome],
    plots: Sequence[list[str]],
    pages: Sequence[str],
    comparisons: Sequence[Comparison] = (),
    not_run: Sequence[str] = (),
) -> str:
    """The report. `plots` are the pictures of each run, `pages` its viewer's address or ""."""
    failed = sum(not outcome.passed for outcome in outcomes)
    rows = "".join(
        _row(outcome, pictures, page)
        for outcome, pictures, page in zip(outcomes, plots, pages, strict=True)
    )
    css = files("penloop").joinpath("templates", "report.css").read_text()
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>penloop run: {failed} of {len(outcomes)} failed</title><style>{css}{_CSS}"
        f"{comparison_pages.CSS}</style>"
        '</head><body><header><p class="over">penloop run</p>'
        f"<h1>{len(outcomes)} runs, {failed} failed</h1>"
        f'<p class="notice">{NOTICE}</p></header>'
        f"<main>{comparison_pages.section(comparisons, not_run)}"
        f"<section>{rows}</section></main></body></html>"
    )


def _row(outcome: Outcome, pictures: list[str], page: str) -> str:
    word = "passed" if outcome.passed else "failed"
    verdicts = "".join(_verdict_row(verdict) for verdict in outcome.verdicts)
    error = f"<p><b>{escape(outcome.error)}</b></p>" if outcome.error else ""
    link = f'<p><a href="{escape(page)}">Open its trace</a></p>' if page else ""
    figures = "".join(f'<div class="figure">{picture}</div>' for picture in pictures)
    opened = "" if outcome.passed else " open"
    return (
        f'<details class="{word}"{opened}><summary><b>{word}</b> {escape(outcome.scenario.name)}'
        f"<span> seed {outcome.seed}, margin {outcome.margin:+.3f}</span></summary>"
        f"<p>{escape(outcome.scenario.about)}</p>{error}"
        f"<table><thead><tr><th>what must hold</th><th>margin</th><th>when</th></tr></thead>"
        f"<tbody>{verdicts}</tbody></table>{figures}{link}"
        f"<p><code>{escape(replay_command(outcome))}</code><br>"
        f"<code>digest {outcome.digest}</code></p></details>"
    )


def _verdict_row(verdict: Verdict) -> str:
    mark = "" if verdict.holds else ' class="failed"'
    return (
        f"<tr{mark}><th>{escape(verdict.text)}<br><code>{escape(verdict.formula)}</code></th>"
        f'<td class="value">{verdict.margin:+.3f}</td>'
        f'<td class="detail">{escape(verdict.explanation)}</td></tr>'
    )


def page_path(report: Path, outcome: Outcome) -> Path:
    """Where the viewer's page of a failed run lies, beside the report."""
    name = file_stem(outcome.scenario.name, outcome.seed)
    return report.with_name(f"{report.stem}_files") / f"{name}.html"


_CSS = """
details { padding: 10px 16px; margin: 0 0 10px; border-left: 5px solid #2e9e5b;
  background: #f6f8fa; }
details.failed { border-left-color: #c81e2b; }
summary { cursor: pointer; } summary span { color: var(--muted); }
details.failed summary b { color: #c81e2b; }
tr.failed td.value, tr.failed th { color: #c81e2b; }
tbody th { width: 62%; } .figure svg { max-width: 100%; height: auto; }
"""
