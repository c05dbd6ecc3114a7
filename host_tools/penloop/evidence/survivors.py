"""The survivors among the mutants that a person has judged: docs/safety/survivors.toml.

A judgement names its mutants by module and text, which stay when lines move; where a module has
that change several times, by which of them it is about.
"""

import tomllib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from penloop.errors import UserError

if TYPE_CHECKING:
    from penloop.evidence.mutants import Mutant

Change = tuple[str, str, str]  # module, its line before and after

KINDS = {
    "equivalent": "no input can tell it from the firmware",
    "within tolerance": "it moves a figure by less than parts and skin do",
    "convenience": "light, sound or a notice differs; no limit, no reaction",
    "second line": "another check, which is tested, does the same",
}
_REMEDY = (
    f"a [[survivor]] has module, before, after, why, and a kind of {', '.join(KINDS)}; nth and of "
    "too where its module has that change several times"
)


@dataclass(frozen=True)
class Judgement:
    """Why a survivor is none to worry about: `kind` is one of KINDS.

    nth: which of the mutants with that change it is about, from 1, in the order of the module
    of: how many mutants have that change
    """

    kind: str
    why: str
    nth: tuple[int, ...] = (1,)
    of: int = 1

    @property
    def is_one(self) -> bool:
        """Whether it says something, of mutants that there can be."""
        possible = set(range(1, self.of + 1))
        return self.kind in KINDS and bool(self.why and self.nth) and possible.issuperset(self.nth)


Judgements = Mapping[Change, Judgement]


def read(file: Path) -> dict[Change, Judgement]:
    """By the change. Raises UserError where the file says nothing that can be used."""
    found: dict[Change, Judgement] = {}
    try:
        for row in tomllib.loads(file.read_text()).get("survivor", []):
            change = row["module"], row["before"], row["after"]
            if change in found:
                raise UserError(f"{file.name}: {change} is judged twice", "make one row of both")
            nth = tuple(row.get("nth", (1,)))
            found[change] = Judgement(row["kind"], row["why"], nth, row.get("of", 1))
            if not found[change].is_one:
                raise UserError(f"{file.name}: no judgement of {change}", _REMEDY)
    except (OSError, tomllib.TOMLDecodeError, KeyError, TypeError) as error:
        raise UserError(f"{file.name} cannot be read: {error!r}", _REMEDY) from None
    return found


def one_by_one(judged: Judgements) -> dict[Change, Judgement]:
    """Each mutant's own judgement, by the change as `numbered` tells it."""
    return {
        (module, _label(before, nth, one.of), after): one
        for (module, before, after), one in judged.items()
        for nth in one.nth
    }


def numbered(results: Iterable[Any]) -> list[Any]:
    """Results of mutants; where several have one change, `before` tells which of them each is."""
    alike: dict[Change, list[Any]] = defaultdict(list)
    every: list[Any] = list(results)
    for one in sorted(every, key=lambda one: (one.operator, one.occurrence)):
        alike[one.change].append(one)
    ranks = {id(one): n for group in alike.values() for n, one in enumerate(group, 1)}
    return [
        replace(one, before=_label(one.before, ranks[id(one)], len(alike[one.change])))
        for one in every
    ]


def _label(before: str, nth: int, of: int) -> str:
    return f"{before}  ({nth} of {of})" if before and of > 1 else before


def is_judged(one: "Mutant", judged: Judgements) -> bool:
    """Whether a judgement names this mutant, whose change a person has to know."""
    from penloop.evidence.mutants import change_of

    change = change_of(one)
    found = judged.get((one.module, change.before, change.after)) if change else None
    if not found or not change:
        return False
    alike = _with_change((one.module, change.before, change.after))
    return found.of == len(alike) and alike.index(one) + 1 in found.nth


def lost(judged: Judgements) -> list[str]:
    """Judgements that name no mutant, or not as many as there are, each in a few words."""
    counts = {change: len(_with_change(change)) for change in judged}
    return [
        f"{change[0]}: {change[2]} ({counts[change]} mutants, {one.of} judged)"
        for change, one in judged.items()
        if counts[change] != one.of
    ]


def _with_change(change: Change) -> list["Mutant"]:
    """The present mutants that make this change, in the order in which `numbered` counts them."""
    from penloop.evidence.mutants import change_of, mutants_of, source

    module, before, after = change
    lines = [line.strip() for line in source(module).splitlines()]
    there = (one for one in mutants_of(module) if lines[one.line - 1] == before)
    made = ((one, change_of(one)) for one in there)
    alike = [one for one, its in made if its and (its.before, its.after) == (before, after)]
    return sorted(alike, key=lambda one: one[:3])
