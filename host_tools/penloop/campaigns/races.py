"""Races: times next to those at which something changed in a run.

A race shows only when two things come within milliseconds. So a time that varies is put next to a
moment of a run that has been seen: somewhat before it or after it, by distances that are spread
evenly in their logarithm. What came after the act itself may be its own consequence and would move
with it, so only moments before the act count.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from penhost.units import usual
from penloop.campaigns.cases import CaseResult
from penloop.campaigns.places import Value
from penloop.campaigns.points import Point, moved, share_of
from penloop.campaigns.variables import Variable
from penloop.scenarios.scenario import Scenario

NEAREST_S, FARTHEST_S = 1e-4, 5e-2
SAME_S = 5e-4  # moments as close as that are one
GOLDEN = 0.6180339887498949  # its multiples, without the whole part, fill 0..1 evenly
TIMES = ("at", "after", "hold", "for")  # keys whose values are times of the run


@dataclass(frozen=True)
class Act:
    """A variable that is a time: its side of the cube, and what its value is in seconds."""

    side: int
    variable: Variable

    def value_s(self, value: Value) -> float:
        """A value of the variable."""
        return float(value) * self._unit_s

    def share(self, value_s: float) -> float:
        """Where in the cube it has this value."""
        return share_of(self.variable, value_s / self._unit_s)

    @property
    def ends_s(self) -> tuple[float, float]:
        """Its smallest and its greatest value."""
        return self.value_s(self.variable.at(0.0)), self.value_s(self.variable.at(1.0))

    @property
    def _unit_s(self) -> float:
        return float(usual(self.variable.place.unit)[1])

    def time_s(self, scenario: Scenario) -> float | None:
        """When it happens in a case; None where that hangs on what the run brings."""
        head, number, *_rest = self.variable.place.keys
        key = str(self.variable.place.keys[-1])
        place = int(number)
        if head == "step":
            step = scenario.steps[place]
            return step.time_s + (step.arguments["hold"] if key == "hold" else 0.0)
        if head == "link":
            return scenario.link[place].at_us / 1e6
        fault = scenario.faults[place]
        if fault.at_us is None:
            return None
        return (fault.at_us + (fault.for_us or 0 if key == "for" else 0)) / 1e6


def acts_of(variables: Sequence[Variable]) -> list[Act]:
    """Those variables that are times."""
    return [
        Act(side, variable)
        for side, variable in enumerate(variables)
        if variable.place.keys[-1] in TIMES and usual(variable.place.unit)[0] == "s"
    ]


@dataclass(frozen=True)
class _Target:
    """A side of a moment of a run where an act may be put, all else as in that run."""

    point: Point
    act: Act
    value_s: float  # of the act's variable, to come at the moment itself
    sign: int  # -1 before, 1 after

    def at(self, distance_s: float) -> Point:
        """The point with the act so far from the moment, as far as its variable reaches."""
        low_s, high_s = self.act.ends_s
        value_s = min(max(self.value_s + self.sign * distance_s, low_s), high_s)
        return moved(self.point, self.act.side, self.act.share(value_s))


class Races:
    """Puts the acts next to moments, each moment of a run in turn."""

    def __init__(self, variables: Sequence[Variable], seed: int) -> None:
        self.acts = acts_of(variables)
        self._chance = random.Random(seed)
        self._spread = self._chance.random()
        self._known: list[list[_Target]] = []  # of each run that has some
        self._coming: list[_Target] = []

    def propose(self, count: int) -> list[Point]:
        """As many points; none without a time that varies, or before a run has shown a moment."""
        if not self._known:
            return []
        return [self._next().at(self._distance_s()) for _ in range(count)]

    def learn(self, point: Point, result: CaseResult, scenario: Scenario) -> None:
        """The moments of a run."""
        targets = []
        for act in self.acts:
            time_s = act.time_s(scenario)
            if time_s is None:
                continue
            offset_s = time_s - act.value_s(result.case.values[act.side])
            before = [moment_s for moment_s in _apart(result.moments) if moment_s < time_s]
            targets += [
                _Target(point, act, moment_s - offset_s, sign)
                for moment_s in before
                for sign in (-1, 1)
                if _in_reach(act, moment_s - offset_s, sign)
            ]
        if targets:
            self._known.append(targets)

    def _next(self) -> _Target:
        """Those of one run before those of another."""
        if not self._coming:
            self._coming = list(self._chance.choice(self._known))
            self._chance.shuffle(self._coming)
        return self._coming.pop()

    def _distance_s(self) -> float:
        self._spread = (self._spread + GOLDEN) % 1.0
        return float(NEAREST_S * (FARTHEST_S / NEAREST_S) ** self._spread)


def _in_reach(act: Act, value_s: float, sign: int) -> bool:
    """Whether some distances on this side of the moment are among the act's values."""
    low_s, high_s = act.ends_s
    nearest_s, farthest_s = value_s + sign * NEAREST_S, value_s + sign * FARTHEST_S
    return min(nearest_s, farthest_s) < high_s and max(nearest_s, farthest_s) > low_s


def _apart(moments_us: Sequence[int]) -> list[float]:
    """Seconds; of moments that are next to each other the first."""
    found: list[float] = []
    for moment_us in moments_us:
        if not found or moment_us / 1e6 - found[-1] > SAME_S:
            found.append(moment_us / 1e6)
    return found
