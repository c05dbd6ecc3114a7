"""The search for a case that fails: where a campaign draws by chance, this looks where it hurts.

What counts is the smallest margin. First runs the scenario as it stands; then three proposers
share the runs, and the optimiser learns from all of them:

screening  corners of what varies (screening.py)
races      times next to moments at which something changed (races.py)
optimiser  where optuna expects less margin (optimiser.py)

It goes by generations of a fixed size, so the same cases are run whoever runs them.
"""

import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from penloop.campaigns.campaign import Campaign
from penloop.campaigns.cases import Case, CaseResult
from penloop.campaigns.optimiser import Optimiser
from penloop.campaigns.points import Point, own_values, share_of, values_at
from penloop.campaigns.races import Races
from penloop.campaigns.screening import Screening
from penloop.errors import UserError

GENERATION = 8  # runs; half of them for two processes
GUIDED, RANDOM = "guided", "random"
METHODS = (GUIDED, RANDOM)

Evaluate = Callable[[list[Case]], Iterable[CaseResult]]


@dataclass(frozen=True)
class Finding:
    """What a search has found: the case with the smallest margin, and after how many runs.

    runs: until it was found
    """

    result: CaseResult
    runs: int

    @property
    def failed(self) -> bool:
        """Whether the case fails; values that make no scenario are no failure."""
        return not self.result.passed and self.result.possible


class Random:
    """Every point by chance."""

    def __init__(self, count: int, seed: int) -> None:
        self._count = count
        self._chance = random.Random(seed)

    def propose(self, count: int) -> list[Point]:
        """As many points."""
        return [tuple(self._chance.random() for _ in range(self._count)) for _ in range(count)]

    def learn(self, point: Point, result: CaseResult) -> None:
        """Nothing."""


class Guided:
    """Screening, races and the optimiser, side by side."""

    def __init__(self, campaign: Campaign, seed: int) -> None:
        self._campaign = campaign
        self._screening = Screening(len(campaign.variables))
        self._races = Races(campaign.variables, seed)
        self._optimiser = Optimiser(len(campaign.variables), seed)

    def propose(self, count: int) -> list[Point]:
        """A half by races where times vary, then screening while it goes on."""
        points = self._races.propose((count + 1) // 2)
        points += self._screening.propose(count - len(points))
        return points + self._optimiser.propose(count - len(points))

    def learn(self, point: Point, result: CaseResult) -> None:
        """Of one run."""
        margin = result.margin if result.possible else float("inf")
        self._screening.learn(point, margin)
        self._optimiser.learn(point, margin)
        if self._races.acts and result.possible:
            self._races.learn(point, result, self._campaign.template.scenario(result.case))


@dataclass
class Search:
    """One search: what has been found so far can be asked for at any time.

    evaluate: gives the results of cases, in their order
    worst: goes through the whole budget for the deepest failure
    """

    campaign: Campaign
    evaluate: Evaluate
    seed: int = 0
    method: str = GUIDED
    worst: bool = False
    runs: int = 0
    least: Finding | None = None

    def results(self, budget: int) -> Iterator[CaseResult]:
        """Runs until a case fails, or through a budget of runs.

        Raises UserError when the scenario fails as it stands, or nothing varies.
        """
        variables = self.campaign.variables
        if budget < 1:
            raise UserError(f"a budget of {budget} runs", "give --budget 1 or more")
        if not variables:
            raise UserError("nothing varies", "name what does under [vary]")
        proposer = self._proposer()
        own = own_values(variables)
        centre = tuple(share_of(one, value) for one, value in zip(variables, own, strict=True))
        generation = [(centre, self._case(0, own))]
        while generation:
            results = self.evaluate([case for _point, case in generation])
            for (point, _case), result in zip(generation, results, strict=True):
                proposer.learn(point, result)
                yield self._noted(result)
                if self.least and self.least.failed and not self.worst:
                    return
            points = proposer.propose(min(GENERATION, budget - self.runs))
            numbered = enumerate(points, self.runs)
            generation = [(one, self._case(n, values_at(variables, one))) for n, one in numbered]

    def _proposer(self) -> Random | Guided:
        if self.method == RANDOM:
            return Random(len(self.campaign.variables), self.seed)
        return Guided(self.campaign, self.seed)

    def _case(self, number: int, values: tuple[float | str, ...]) -> Case:
        """With the scenario's own seed, unless that varies."""
        seed = self.campaign.scenario.seed
        for variable, value in zip(self.campaign.variables, values, strict=True):
            if variable.place.name == "seed":
                seed = int(value)
        return Case(number, seed, values)

    def _noted(self, result: CaseResult) -> CaseResult:
        self.runs += 1
        if self.runs == 1:
            self._check_own(result)
        if result.possible and (self.least is None or result.margin < self.least.result.margin):
            self.least = Finding(result, self.runs)
        return result

    def _check_own(self, result: CaseResult) -> None:
        """What fails as it stands needs no search."""
        if result.passed:
            return
        name = self.campaign.template.name
        why = result.error or f"margin {result.margin:+.3f}"
        raise UserError(
            f"the scenario {name} fails as it stands, {why}",
            "correct it, or what it tests, with `penloop run`, before searching for more",
        )
