"""The report's section of what changed against a baseline, with a picture of each changed run."""

from collections.abc import Sequence
from html import escape

from penloop.html_table import named_rows
from penloop.scenarios.comparison import Comparison, worst_first
from penloop.scenarios.comparison_tables import (
    figure_name,
    headline,
    note,
    remarks,
    signals_shown,
)

OPEN = 10  # changed runs that show their picture at once


def section(comparisons: Sequence[Comparison], not_run: Sequence[str] = ()) -> str:
    """HTML; empty where nothing was compared."""
    if not comparisons:
        return ""
    said = "".join(f"<li>{escape(remark)}</li>" for remark in remarks(comparisons, not_run))
    runs = "".join(_run(one, place < OPEN) for place, one in enumerate(worst_first(comparisons)))
    return (
        f"<section><h2>Against the baseline</h2><p>{escape(headline(comparisons))}</p>"
        f"<ul>{said}</ul>{runs}</section>"
    )


def _run(comparison: Comparison, is_open: bool) -> str:
    word = "failed" if comparison.breaks else "changed"
    opened = " open" if is_open else ""
    return (
        f'<details class="{word}"{opened}><summary><b>{escape(comparison.verdict)}</b> '
        f"{escape(comparison.after.name)}<span> seed {comparison.after.seed}</span></summary>"
        f"<p>{escape(note(comparison))}</p>"
        f'<div class="figure">{comparison.picture}</div>'
        f"{_figures(comparison)}{_signals(comparison)}</details>"
    )


def _figures(comparison: Comparison) -> str:
    rows = [(figure_name(change), *change.told()) for change in comparison.figures]
    return _table(("figure", "before", "after", "change"), rows)


def _signals(comparison: Comparison) -> str:
    shown, more = signals_shown(comparison)
    rows = [(signal.column.name, *signal.told()) for signal in shown]
    head = ("signal", "differs from", "greatest difference", "at", "RMS")
    rest = f"<p>and {more} more signals</p>" if more else ""
    return _table(head, rows) + rest


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return named_rows(head, rows, "changes") if rows else ""


CSS = """
details.changed { border-left-color: #e0a82e; }
table.changes td, table.changes thead th + th { text-align: right; white-space: nowrap;
  font-variant-numeric: tabular-nums; }
table.changes tbody th { width: 46%; }
"""
