"""The page of the mutants: how many are killed in each module, and why the others are left."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from itertools import groupby
from typing import Any, Protocol

from penloop import palette
from penloop.evidence import stamp
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


@dataclass(frozen=True)
class Reach:
    """What the present sources are, and what of the firmware and of the changes is left out.

    whole: a hash of them all
    behind: a hash of those on which a mutant's result rests, by what killed it
    """

    whole: str = ""
    behind: Callable[[str], str] = lambda _killer: ""
    modules: tuple[str, ...] = ()
    operators: tuple[str, ...] = ()


def body(
    results: Sequence[MutantResult],
    fresh: Sequence[MutantResult],
    judged: Mapping[Change, Judged],
    counts: Mapping[str, int],
    reach: Reach | None = None,
) -> str:
    """Table, picture and survivors of the last long run; `fresh`: those of the present sources."""
    told = (
        "The last long run, by `make evidence-long`. Red: mutants of a module were not played, or "
        "played on other sources than the present ones, so that they prove nothing of them."
    )
    picture = _picture(_by_module(fresh, counts), counts)
    reach = reach or Reach()
    modules = _when(results, reach) + _modules(results, fresh, counts)
    run = section("The long run", told, picture + modules)
    return run + _not_mutated(reach) + _survivors(results, {id(one) for one in fresh}, judged)


def _when(results: Sequence[MutantResult], reach: Reach) -> str:
    """The newest result and its sources beside the present ones."""
    if not results:
        return f"<p>No result; the present sources are {escape(stamp.short(reach.whole))}.</p>"
    newest = max(results, key=lambda one: datetime.fromisoformat(one.ended))
    return (
        f"<p>Newest result: {escape(age(newest.ended))}. It rests on sources "
        f"<code>{escape(stamp.short(newest.sources))}</code>, which now are "
        f"<code>{escape(stamp.short(reach.behind(newest.killer)))}</code>. All present sources: "
        f"<code>{escape(stamp.short(reach.whole))}</code>.</p>"
    )


def _not_mutated(reach: Reach) -> str:
    """What the share that was killed says nothing of."""
    rows = [("modules of the firmware", str(len(reach.modules)), ", ".join(reach.modules))]
    for kind, alike in groupby(reach.operators, lambda name: name.partition("_")[0]):
        names = [name.partition("_")[2] or name for name in alike]
        rows.append((f"operator {kind}", str(len(names)), ", ".join(names)))
    told = (
        "The share that is killed says nothing of these modules, nor of these changes, "
        "which cosmic-ray has and the run leaves out."
    )
    return section("What is not mutated", told, table(("what", "how many", "which"), rows))


def _modules(
    results: Sequence[MutantResult], fresh: Iterable[MutantResult], counts: Mapping[str, int]
) -> str:
    present = Counter(one.module for one in fresh)
    names = ("module", "mutants", "played", "of the present sources", "killed", "share")
    head = "".join(f"<th>{name}</th>" for name in names)
    rows = []
    found = _by_module(results, counts)
    for module, (played, killed) in found.items():
        cells = (module, counts[module], played, present[module], killed, _share(killed, played))
        rows.append(_row(cells, present[module] >= counts[module]))
    whole = sum(counts.values())
    played, killed = (sum(column) for column in zip(*found.values(), strict=True))
    cells = ("all", whole, played, sum(present.values()), killed, _share(killed, played))
    rows.append(_row(cells, sum(present.values()) >= whole))
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


def _share(killed: int, played: int) -> str:
    return f"{killed / played:.1%}" if played else ""


def _row(cells: Iterable[object], good: bool) -> str:
    mark = "" if good else ' class="failed"'
    return f"<tr{mark}>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


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
