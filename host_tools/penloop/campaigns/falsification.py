"""The search for a case that fails: where a campaign draws by chance, this looks where it hurts.

Points of a unit cube, a side for each variable of a campaign; what counts is the smallest margin.
Three proposers take turns, and one optimiser (optuna's TPE sampler) learns from all of them:

screening  the scenario as it is, then every variable at its two ends, then the corner that these
           predict, and its neighbours: weak spots of plants that respond in one direction lie in
           corners
moments    times next to those at which something changed in the runs so far: races lie there
sampler    where the optimiser expects less margin

It goes by generations of a fixed size, so the same cases are run whoever runs them.
"""

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from penhost.units import usual
from penloop.campaigns.cases import Case, CaseResult
from penloop.campaigns.variables import Variable

GENERATION = 8
NEAREST_S, FARTHEST_S = 1e-4, 5e-2  # from a moment, drawn by their logarithm
TIMES = ("at", "after", "for", "hold")  # keys whose values are times
MARGINS = (-10.0, 10.0)  # what the optimiser hears, at least and at most

Point = tuple[float, ...]
Evaluate = Callable[[list[Case]], Iterable[CaseResult]]


@dataclass(frozen=True)
class Finding:
    """What a search has found: the case with the smallest margin, and after how many runs."""

    result: CaseResult
    runs: int

    @property
    def failed(self) -> bool:
        """Whether the case fails."""
        return not self.result.passed


def search(
    variables: Sequence[Variable],
    evaluate: Evaluate,
    budget: int,
    seed: int = 0,
    case_seed: int = 0,
    method: str = "falsify",
    to_the_end: bool = False,
    on_result: Callable[[CaseResult], None] = lambda _result: None,
) -> Finding | None:
    """Searches until a case fails, or through the whole budget of runs; None without a run.

    evaluate: gives the results of cases, in their order
    case_seed: of every case
    method: "falsify", or "random" to compare with
    to_the_end: goes on for the deepest failure
    """
    proposer = Random(variables, seed) if method == "random" else Guided(variables, seed)
    least: Finding | None = None
    runs = 0
    while runs < budget:
        points = proposer.propose(min(GENERATION, budget - runs))
        cases = [
            Case(runs + number, case_seed, _values(variables, point))
            for number, point in enumerate(points)
        ]
        for point, result in zip(points, evaluate(cases), strict=True):
            runs += 1
            on_result(result)
            proposer.learn(point, result)
            if least is None or result.margin < least.result.margin:
                least = Finding(result, runs)
            if least.failed and not to_the_end:
                return least
    return least


def _values(variables: Sequence[Variable], point: Point) -> tuple[Any, ...]:
    return tuple(variable.at(share) for variable, share in zip(variables, point, strict=True))


class Random:
    """Every point by chance."""

    def __init__(self, variables: Sequence[Variable], seed: int) -> None:
        self._count = len(variables)
        self._chance = random.Random(seed)

    def propose(self, count: int) -> list[Point]:
        """As many points."""
        return [tuple(self._chance.random() for _ in range(self._count)) for _ in range(count)]

    def learn(self, point: Point, result: CaseResult) -> None:
        """Nothing."""


class Guided:
    """Screening, moments and the optimiser, in turn."""

    def __init__(self, variables: Sequence[Variable], seed: int) -> None:
        self._screening = Screening(variables)
        self._moments = Moments(variables, random.Random(seed))
        self._sampler = Sampler(len(variables), seed)

    def propose(self, count: int) -> list[Point]:
        """Half by screening while it goes on, a half of the rest next to moments."""
        points = self._screening.propose(count // 2 if self._moments.known else count)
        points += self._moments.propose((count - len(points) + 1) // 2)
        return points + self._sampler.propose(count - len(points))

    def learn(self, point: Point, result: CaseResult) -> None:
        """Of one run."""
        self._screening.learn(point, result.margin)
        self._moments.learn(point, result)
        self._sampler.learn(point, result.margin)


class Screening:
    """One variable at a time, then the corner that they predict, then the corners next to it."""

    def __init__(self, variables: Sequence[Variable]) -> None:
        self._centre = tuple(share_of(variable) for variable in variables)
        self._margins: dict[Point, float] = {}
        self._ends = [
            _moved(self._centre, place, end)
            for place in range(len(self._centre))
            for end in (0.0, 1.0)
        ]
        self._coming = [self._centre, *self._ends]
        self._corners_due = len(self._centre) > 1

    def propose(self, count: int) -> list[Point]:
        """At most so many points; none while the margins that decide on the next are awaited."""
        if not self._coming and self._corners_due and all(p in self._margins for p in self._ends):
            self._corners_due = False
            self._coming = list(self._corners())
        points, self._coming = self._coming[:count], self._coming[count:]
        return points

    def learn(self, point: Point, margin: float) -> None:
        """The margin of a point, whoever proposed it."""
        self._margins[point] = margin

    def _corners(self) -> Iterator[Point]:
        """The predicted one, then those that differ in what matters least."""
        corner = tuple(self._worse_end(place) for place in range(len(self._centre)))
        yield corner
        for place in sorted(range(len(corner)), key=self._influence):
            yield _moved(corner, place, 1.0 - corner[place])

    def _worse_end(self, place: int) -> float:
        return min((0.0, 1.0), key=lambda end: self._margin_at(place, end))

    def _influence(self, place: int) -> float:
        """How much it matters at which end a variable is."""
        return abs(self._margin_at(place, 0.0) - self._margin_at(place, 1.0))

    def _margin_at(self, place: int, end: float) -> float:
        return self._margins.get(_moved(self._centre, place, end), 0.0)


def _moved(point: Point, place: int, share: float) -> Point:
    return (*point[:place], share, *point[place + 1 :])


class Moments:
    """Times next to what happened, all else as in a run that was drawn before."""

    def __init__(self, variables: Sequence[Variable], chance: random.Random) -> None:
        self._times = [place for place, one in enumerate(variables) if is_time(one)]
        self._variables = variables
        self._chance = chance
        self.known: list[tuple[Point, tuple[int, ...]]] = []

    def propose(self, count: int) -> list[Point]:
        """As many points; none without a time that varies, or a run."""
        if not self._times or not self.known:
            return []
        return [self._point() for _ in range(count)]

    def learn(self, point: Point, result: CaseResult) -> None:
        """The moments of a run."""
        if self._times and result.moments:
            self.known.append((point, result.moments))

    def _point(self) -> Point:
        point, moments = self._chance.choice(self.known)
        place = self._chance.choice(self._times)
        variable = self._variables[place]
        low_s, high_s = (_seconds(variable, variable.at(end)) for end in (0.0, 1.0))
        near = [moment / 1e6 for moment in moments if low_s - FARTHEST_S < moment / 1e6 < high_s]
        if not near:
            return _moved(point, place, self._chance.random())
        distance_s = NEAREST_S * (FARTHEST_S / NEAREST_S) ** self._chance.random()
        time_s = self._chance.choice(near) + self._chance.choice((-1, 1, 1)) * distance_s
        return _moved(point, place, share_of(variable, time_s / _second(variable)))


def is_time(variable: Variable) -> bool:
    """Whether its values are points of time."""
    return usual(variable.place.unit)[0] == "s" and variable.place.keys[-1] in TIMES


def _second(variable: Variable) -> float:
    """How many seconds one of its unit is."""
    return float(usual(variable.place.unit)[1])


def _seconds(variable: Variable, value: Any) -> float:
    return float(value) * _second(variable)


def share_of(variable: Variable, value: Any = None) -> float:
    """The share at which a variable has a value, by default the scenario's own; else the middle."""
    wanted = variable.nominal if value is None else value
    if wanted is None:
        return 0.5
    if variable.values:
        places = [n for n, one in enumerate(variable.values) if one == wanted]
        return (places[0] + 0.5) / len(variable.values) if places else 0.5
    low, high = 0.0, 1.0
    for _ in range(40):
        middle = (low + high) / 2
        if float(variable.distribution.at(middle)) < float(wanted):
            low = middle
        else:
            high = middle
    return (low + high) / 2


class Sampler:
    """optuna's tree-structured Parzen estimator on all margins so far."""

    def __init__(self, count: int, seed: int) -> None:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self._distributions: dict[str, Any] = {
            f"x{number}": optuna.distributions.FloatDistribution(0.0, 1.0)
            for number in range(count)
        }
        sampler = optuna.samplers.TPESampler(seed=seed, multivariate=True, n_startup_trials=4)
        self._study = optuna.create_study(sampler=sampler)

    def propose(self, count: int) -> list[Point]:
        """As many points."""
        from optuna.trial import TrialState

        asked = [self._study.ask(self._distributions) for _ in range(count)]
        for trial in asked:  # what they gave comes as trials of its own, as that of the others
            self._study.tell(trial, state=TrialState.FAIL)
        return [tuple(trial.params[name] for name in self._distributions) for trial in asked]

    def learn(self, point: Point, margin: float) -> None:
        """The margin of a point, whoever proposed it."""
        import optuna

        value = min(max(margin, MARGINS[0]), MARGINS[1])
        params = dict(zip(self._distributions, point, strict=True))
        self._study.add_trial(
            optuna.trial.create_trial(params=params, distributions=self._distributions, value=value)
        )
