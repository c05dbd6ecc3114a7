"""Looks for the cause and the unknowns whose run is the nearest to a record.

Each cause has an optimiser of its own (optuna's, in the unit cube of what is unknown). All causes
get some runs, then the nearer half, and so on; the last one gets what is left of the budget. It
goes by generations of a fixed size, so the same is found whoever runs it.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from penloop.campaigns.cases import Case, Template
from penloop.campaigns.optimiser import Optimiser
from penloop.campaigns.places import Value
from penloop.campaigns.points import values_at
from penloop.campaigns.variables import Variable
from penloop.errors import UserError
from penloop.reproduction.causes import Cause, causes_of
from penloop.reproduction.fault_record import FaultRecord
from penloop.reproduction.likeness import Likeness
from penloop.reproduction.story import template_of

FIRST = 8  # runs that every cause gets
GENERATION = 8
GOOD = 1.0  # tolerances: so near, the signals match

Task = tuple[Template, Case]
Evaluate = Callable[[Sequence[Task]], Sequence[Likeness]]


@dataclass(frozen=True)
class Attempt:
    """A run, and how near it came."""

    cause: Cause
    template: Template
    case: Case
    likeness: Likeness

    @property
    def matches(self) -> bool:
        """Whether the pen shows the same fault with matching signals."""
        return self.likeness.same_fault and self.likeness.distance <= GOOD

    @property
    def values(self) -> list[tuple[str, Value, str]]:
        """Name, value and text of each unknown."""
        places = zip(self.template.places, self.case.values, strict=True)
        return [(place.name, value, place.told(value)) for place, value in places]


def _heard(distance: float) -> float:
    """A distance as the optimiser hears it: from 0.01 to 100 within its margins of 10."""
    return 4.0 * math.log10(max(distance, 0.01))


@dataclass
class _Suspect:
    """A cause, its optimiser, and the nearest run so far."""

    cause: Cause
    template: Template
    variables: list[Variable]
    optimiser: Optimiser
    best: Attempt | None = None
    matching: list[Attempt] = field(default_factory=list)

    @property
    def distance(self) -> float:
        return self.best.likeness.distance if self.best else math.inf


@dataclass
class Search:
    """One search; `nearest` and `suspects` can be asked for at any time."""

    record: FaultRecord
    name: str
    evaluate: Evaluate
    seed: int = 0
    runs: int = 0
    suspects: list[_Suspect] = field(default_factory=list)

    def __post_init__(self) -> None:
        for cause in causes_of(self.record):
            template, variables = template_of(self.record, cause, self.name)
            optimiser = Optimiser(len(variables), self.seed)
            self.suspects.append(_Suspect(cause, template, variables, optimiser))

    @property
    def nearest(self) -> Attempt:
        """The nearest run. Raises UserError before the first."""
        best = self.ranking[0].best
        if best is None:
            raise UserError("nothing was run", "give a larger --budget")
        return best

    @property
    def ranking(self) -> list[_Suspect]:
        """The suspects, the nearest first."""
        return sorted(self.suspects, key=lambda suspect: suspect.distance)

    @property
    def told(self) -> list[tuple[str, str, str]]:
        """Of each unknown of the nearest run its name, its value, and between which values it lies
        in all runs of that cause that match: the record leaves at least that open."""
        suspect = self.ranking[0]
        spans = [""] * len(suspect.template.places)
        if suspect.matching:
            columns: Any = zip(*(one.case.values for one in suspect.matching), strict=True)
            spans = [
                f"{place.told(min(column))} to {place.told(max(column))}"
                for place, column in zip(suspect.template.places, columns, strict=True)
            ]
        values = self.nearest.values
        return [(name, text, span) for (name, _, text), span in zip(values, spans, strict=True)]

    @property
    def matching(self) -> list[Attempt]:
        """All runs of the nearest cause that match."""
        return self.ranking[0].matching

    def go(self, budget: int) -> Iterator[int]:
        """Runs through a budget; yields how many runs there were. Raises UserError."""
        if budget < FIRST * len(self.suspects):
            least = FIRST * len(self.suspects)
            raise UserError(
                f"a budget of {budget} runs for {len(self.suspects)} causes",
                f"give --budget {least} or more",
            )
        left, share = list(self.suspects), FIRST
        while len(left) > 1 and self.runs + share * len(left) <= budget:
            for suspect in left:
                yield from self._generations(suspect, share)
            left = sorted(left, key=lambda suspect: suspect.distance)[: (len(left) + 1) // 2]
            share *= 2
        yield from self._generations(self.ranking[0], budget - self.runs)

    def _generations(self, suspect: _Suspect, count: int) -> Iterator[int]:
        for start in range(0, count, GENERATION):
            self._generation(suspect, min(GENERATION, count - start))
            yield self.runs

    def _generation(self, suspect: _Suspect, count: int) -> None:
        points = suspect.optimiser.propose(count)
        cases = [
            Case(self.runs + n, 0, values_at(suspect.variables, point))
            for n, point in enumerate(points)
        ]
        found = self.evaluate([(suspect.template, case) for case in cases])
        for point, case, likeness in zip(points, cases, found, strict=True):
            suspect.optimiser.learn(point, _heard(likeness.distance))
            self.runs += 1
            attempt = Attempt(suspect.cause, suspect.template, case, likeness)
            if attempt.matches:
                suspect.matching.append(attempt)
            if likeness.distance < suspect.distance:
                suspect.best = attempt
