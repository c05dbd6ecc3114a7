"""The page of the mutants: how many are killed in each module, and why the others are left."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from html import escape
from typing import Any, Protocol

from penloop import palette
from penloop.evidence.html import age, section, table
from penloop.svg import svg

Change = tuple[str, str, str]


class MutantResult(Protocol):
    """What the page tells of a mutant."""

    @property
    def sources(self) -> str: ...
    @property
    def ended(self) -> str: ...
    @property
    def module(self) -> str: ...
    @property
    def before(self) -> str: ...
    @property
    def after(self) -> str: ...
    @property
    def killer(self) -> str: ...
    @property
    def change(self) -> Change: ...


class Judged(Protocol):
    """What the page tells of a survivor's judgement."""

    @property
    def kind(self) -> str: ...
    @property
    def why(self) -> str: ...


def body(
    results: Sequence[MutantResult],
    fresh: Sequence[MutantResult],
    judged: Mapping[Change, Judged],
    counts: Mapping[str, int],
) -> str:
    """Table, picture and survivors of the last long run; `fresh`: those of the present sources."""
    told = (
        "The last long run, by `make evidence-long`. Red: mutants of a module were not played, or "
        "played on other sources than the present ones, so that they prove nothing of them."
    )
    picture = _picture(_by_module(fresh, counts), counts)
    run = section("The long run", told, picture + _modules(results, fresh, counts))
    return run + _survivors(results, {id(one) for one in fresh}, judged)


def _modules(
    results: Sequence[MutantResult], fresh: Iterable[MutantResult], counts: Mapping[str, int]
) -> str:
    present = Counter(one.module for one in fresh)
    names = ("module", "mutants", "played", "of the present sources", "killed", "share")
    head = "".join(f"<th>{name}</th>" for name in names)
    rows = []
    for module, (played, killed) in _by_module(results, counts).items():
        share = f"{killed / played:.1%}" if played else ""
        cells = (module, counts[module], played, present[module], killed, share)
        mark = ' class="failed"' if present[module] < counts[module] else ""
        rows.append(f"<tr{mark}>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>")
    when = ""
    if results:
        newest = max(results, key=lambda one: datetime.fromisoformat(one.ended))
        when = f"<p>Sources {escape(newest.sources[:12])}, {escape(age(newest.ended))}.</p>"
    return f"{when}<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


def _by_module(
    results: Iterable[MutantResult], counts: Mapping[str, int]
) -> dict[str, tuple[int, int]]:
    """(played, killed) of each module."""
    real = [one for one in results if one.before]
    played = Counter(one.module for one in real)
    killed = Counter(one.module for one in real if one.killer)
    return {module: (played[module], killed[module]) for module in counts}


def _survivors(
    results: Iterable[MutantResult], fresh: set[int], judged: Mapping[Change, Judged]
) -> str:
    alive = [one for one in results if one.before and not one.killer]
    rows = []
    for one in sorted(alive, key=lambda one: one.change):
        found = judged.get(one.change)
        kind, why = (found.kind, found.why) if found else ("not judged", "")
        played = "the present sources" if id(one) in fresh else "others"
        rows.append((one.module, one.before, one.after, played, kind, why))
    told = "What each survivor changes, and why none of them is one to worry about."
    head = ("module", "it was", "it is", "played on", "judged", "why")
    return section("Survivors", told, table(head, rows))


def _picture(found: Mapping[str, tuple[int, int]], counts: Mapping[str, int]) -> str:
    """`found`: (played, killed) of each module on the present sources."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.0, 0.8 + 0.24 * len(counts)), layout="constrained")
    axes: Any = figure.subplots()
    axes.barh([*counts], [*counts.values()], color=palette.GRID)
    axes.barh([*found], [played for played, _ in found.values()], color=palette.ALARM, height=0.5)
    axes.barh([*found], [killed for _, killed in found.values()], color=palette.TRUE, height=0.5)
    axes.invert_yaxis()
    axes.set_xlabel("mutants; green: killed, red: alive, grey: not played on these sources")
    axes.spines[["top", "right"]].set_visible(False)
    return svg(figure)
