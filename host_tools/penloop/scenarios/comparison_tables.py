"""What changed against a baseline, for the terminal and for the page of a pull request."""

from collections import Counter
from collections.abc import Iterator, Sequence

from rich.markup import escape
from rich.table import Table

from penloop.scenarios.comparison import (
    CHANGED,
    MARGIN,
    NEW,
    UNCHANGED,
    UNREADABLE,
    Comparison,
    FigureChange,
    SignalChange,
    worst_first,
)

SHOWN_RUNS = 8  # with all their figures in the terminal
SHOWN_SIGNALS = 6  # of a run
DETAILED = 40  # runs with their figures in Markdown: a page of a CI server holds no more than 1 MiB
HASH = 12  # digits of a hash that people see


def headline(comparisons: Sequence[Comparison]) -> str:
    """One line: how many of each, and which firmware against which."""
    counts = Counter(one.status for one in comparisons)
    parts = [f"{counts[CHANGED]} changed", f"{counts[UNCHANGED]} unchanged"]
    parts += [f"{counts[status]} {status}" for status in (NEW, UNREADABLE) if counts[status]]
    breaks = sum(one.breaks for one in comparisons)
    if breaks:
        parts[0] += f" ({breaks} fail{'s' if breaks == 1 else ''} now)"
    return f"{', '.join(parts)}{_firmwares(comparisons)}"


def _firmwares(comparisons: Sequence[Comparison]) -> str:
    pairs = {(one.before.firmware, one.after.firmware) for one in comparisons if one.before}
    if len(pairs) != 1:
        return ""
    before, after = pairs.pop()
    same = f"the same firmware {after[:HASH]}"
    return f"; {same if before == after else f'firmware {before[:HASH]} -> {after[:HASH]}'}"


def run_name(comparison: Comparison) -> str:
    """Scenario and seed."""
    return f"{comparison.after.name}, seed {comparison.after.seed}"


def remarks(comparisons: Sequence[Comparison], not_run: Sequence[str] = ()) -> Iterator[str]:
    """A line for each run that could not be compared, one for those that are new, and one for
    those that are stored and were not run."""
    for one in comparisons:
        if one.status == UNREADABLE:
            yield f"not compared: {run_name(one)}: {one.why}"
    new = [run_name(one) for one in comparisons if one.status == NEW]
    if new:
        yield f"new, nothing is stored of them: {_some(new)}"
    if not_run:
        yield f"stored, but not run now: {_some(not_run)}"


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - SHOWN_RUNS} more" if len(names) > SHOWN_RUNS else ""
    return f"{'; '.join(names[:SHOWN_RUNS])}{more}"


def note(comparison: Comparison) -> str:
    """Where it begins to differ, and what else is another."""
    parts = []
    if comparison.first_us is not None:
        parts.append(f"differs from {comparison.first_us / 1e6:.4f} s on")
    elif comparison.status == CHANGED:
        parts.append("every signal is the same")
    for what, names in (("new", comparison.appeared), ("gone", comparison.vanished)):
        if names:
            parts.append(f"{what} signals: {', '.join(names)}")
    if comparison.setup:
        parts.append(f"its set-up is another too: {', '.join(comparison.setup)}")
    if comparison.after.error:
        parts.append(comparison.after.error)
    return "; ".join(parts)


def figure_name(change: FigureChange) -> str:
    """As the tables name it."""
    return f"margin: {change.name}" if change.kind == MARGIN else change.name


def signals_shown(comparison: Comparison) -> tuple[tuple[SignalChange, ...], int]:
    """The most changed signals, and how many more there are."""
    shown = comparison.signals[:SHOWN_SIGNALS]
    return shown, len(comparison.signals) - len(shown)


def tables(comparisons: Sequence[Comparison]) -> Iterator[Table | str]:
    """For the terminal: the changed runs, worst first."""
    changed = worst_first(comparisons)
    for one in changed[:SHOWN_RUNS]:
        yield ""
        yield _head(one)
        if one.figures:
            yield _figure_table(one)
        if one.signals:
            yield _signal_table(one)
    for one in changed[SHOWN_RUNS:]:
        yield _head(one)


def _head(comparison: Comparison) -> str:
    return f"[bold]{run_name(comparison)}[/]  {comparison.verdict}; {escape(note(comparison))}"


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for place, name in enumerate(columns):
        table.add_column(name, justify="right" if place else "left", overflow="fold")
    return table


def _figure_table(comparison: Comparison) -> Table:
    table = _table("  figure", "before", "after", "change")
    for change in comparison.figures:
        table.add_row(f"  {figure_name(change)}", *change.told())
    return table


def _signal_table(comparison: Comparison) -> Table:
    shown, more = signals_shown(comparison)
    table = _table("  signal", "differs from", "greatest difference", "at", "RMS")
    for signal in shown:
        table.add_row(f"  {signal.column.name}", *signal.told())
    if more:
        table.add_row(f"  and {more} more")
    return table


def markdown(comparisons: Sequence[Comparison], not_run: Sequence[str] = ()) -> str:
    """For the page of a pull request."""
    changed = worst_first(comparisons)
    lines = ["## Against the baseline", "", headline(comparisons), ""]
    lines += [f"- {_plain(remark)}" for remark in remarks(comparisons, not_run)]
    if changed:
        lines += ["", "| run | verdict | margin that fell most | most changed signal |",
                  "|---|---|---|---|"]  # fmt: skip
        lines += [_markdown_row(one) for one in changed]
    for one in changed[:DETAILED]:
        lines += _details(one)
    return "\n".join(lines) + "\n"


def _markdown_row(comparison: Comparison) -> str:
    worst = max(comparison.figures, key=lambda change: change.loss, default=None)
    margin = "{} → {} ({})".format(*worst.told()) if worst is not None and worst.loss else ""
    signal = comparison.signals[0] if comparison.signals else None
    told = "" if signal is None else f"{signal.column.name}: {signal.told()[1]}"
    verdict = comparison.verdict.replace("->", "→")
    mark = f"**{verdict}**" if comparison.breaks else verdict
    return f"| {_plain(run_name(comparison))} | {mark} | {margin} | {told} |"


def _details(comparison: Comparison) -> Iterator[str]:
    yield from ("", f"<details><summary>{_plain(run_name(comparison))}</summary>", "")
    yield from (_plain(note(comparison)), "")
    if comparison.figures:
        yield from ("| figure | before | after | change |", "|---|--:|--:|--:|")
        for change in comparison.figures:
            yield "| " + " | ".join((_plain(figure_name(change)), *change.told())) + " |"
    shown, more = signals_shown(comparison)
    if shown:
        yield from ("", "| signal | differs from | greatest difference | at | RMS |",
                    "|---|--:|--:|--:|--:|")  # fmt: skip
        for signal in shown:
            yield "| " + " | ".join((f"`{signal.column.name}`", *signal.told())) + " |"
        if more:
            yield f"| and {more} more | | | | |"
    yield from ("", "</details>")


def _plain(text: str) -> str:
    """Without what Markdown and HTML would take as their own."""
    for sign, written in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("|", "&#124;")):
        text = text.replace(sign, written)
    return text
