"""The page of the fuzzing: the last long results, red where the sources have changed since."""

from collections.abc import Iterable, Mapping
from html import escape
from typing import Any, Protocol

from penloop import palette
from penloop.evidence import stamp
from penloop.evidence.html import age, section
from penloop.svg import svg

HEAD = ("target", "inputs", "of", "a second", "found", "sources", "when")
MILLION = 1e6


class LongResult(Protocol):
    """What the page tells of a target's long form."""

    @property
    def target(self) -> str: ...
    @property
    def source_hash(self) -> str: ...
    @property
    def inputs(self) -> int: ...
    @property
    def seconds(self) -> float: ...
    @property
    def ended(self) -> str: ...
    @property
    def findings(self) -> tuple[str, ...]: ...


def body(results: Iterable[LongResult], hashes: Mapping[str, str], goals: Mapping[str, int]) -> str:
    """Table and picture; `hashes` are those of the present sources, `goals` the inputs to come."""
    by_name = {result.target: result for result in results}
    rows = [_row(name, goal, by_name.get(name), hashes[name]) for name, goal in goals.items()]
    head = "".join(f"<th>{escape(name)}</th>" for name in HEAD)
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
    told = (
        "The last long run, by `make evidence-long`. Red: not done, or done on other sources than "
        "the present ones, so that it proves nothing of them. The claims in the first table are of "
        "the form that the page's head names, of this run only where that is the long form."
    )
    return section("The long run", told, _picture(by_name, hashes, goals) + table)


def _row(name: str, goal: int, result: LongResult | None, source_hash: str) -> str:
    if result is None:
        return _cells((name, "not done", f"{goal:,}", "", "", "", ""), good=False)
    fresh = result.source_hash == source_hash
    rate = result.inputs / result.seconds if result.seconds else 0.0
    found = "; ".join(result.findings) or "nothing"
    sources = stamp.short(result.source_hash) + (
        "" if fresh else ", now " + stamp.short(source_hash)
    )
    cells = (name, f"{result.inputs:,}", f"{goal:,}", f"{rate:,.0f}", found, sources)
    good = fresh and result.inputs >= goal and not result.findings
    return _cells((*cells, age(result.ended)), good)


def _cells(texts: Iterable[str], good: bool) -> str:
    mark = "" if good else ' class="failed"'
    return f"<tr{mark}>" + "".join(f"<td>{escape(text)}</td>" for text in texts) + "</tr>"


def _picture(
    results: Mapping[str, LongResult], hashes: Mapping[str, str], goals: Mapping[str, int]
) -> str:
    """Inputs of each target beside those it is to have."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.0, 2.6), layout="constrained")
    axes: Any = figure.subplots()
    names = list(goals)
    axes.barh(names, [goals[name] / MILLION for name in names], color=palette.GRID)
    for name, result in results.items():
        fresh = result.source_hash == hashes[name] and not result.findings
        colour = palette.TRUE if fresh else palette.ALARM
        axes.barh([name], [result.inputs / MILLION], height=0.45, color=colour)
    axes.invert_yaxis()
    axes.set_xlabel("million inputs; grey: to be done, red: of other sources, or with a finding")
    axes.spines[["top", "right"]].set_visible(False)
    return svg(figure)
