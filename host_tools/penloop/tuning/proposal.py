"""The proposal: the settings that do best on the twin, or the present ones where none does better.

Every candidate keeps the margins of design.py. The twin runs the pen's own firmware with each and
plays the test of twin.py. The search begins with the gains of the closed forms and goes on by
steps from the best; one with a figure that is worse than with the present settings, and misses its
goal, counts the less the more it is so, and is not proposed.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass

from penloop.tuning import safety, twin
from penloop.tuning.design import Bounds, Design, candidates, design, stable, within
from penloop.tuning.judgement import Figures, mean_of
from penloop.tuning.loop import Gains
from penloop.tuning.response import MotorResponse
from penloop.tuning.twin import Play
from pensim.plant.parameters import PenParameters

# Steps of the search from the best, times so much: large enough to be told from noise.
STEPS = (
    ("slew", 0.88), ("slew", 1 / 0.88), ("rate_kp", 0.85), ("rate_kp", 1 / 0.85),
    ("rate_ki", 0.75), ("rate_ki", 1 / 0.75), ("ir_compensation", 0.88),
    ("ir_compensation", 1 / 0.88),
)  # fmt: skip
BREADTH = 3  # so many of the best are stepped from
MOST = 60  # candidates, about
STRAIN_POWER = 2  # of the share by which a figure is beyond its limit
# Of the score that a change has to bring on average over PROOF_SEEDS. In what it brings, pen and
# twin differ by 3 % of the score (one standard deviation of pens 0 to 99 of benchmarks/tuning.py).
ADVANTAGE = 0.08
# By how much a figure of the pen may be worse than the twin's mean of PROOF_SEEDS; of the same pens
# 99 in 100 are within it. Ripple hangs on how the motor's turns and the law's runs meet.
DOUBT, RIPPLE_DOUBT = 0.1, 0.3
SEARCH_SEED = 1  # of the twin's noise
PROOF_SEEDS = (2, 3, 4, 5)  # fresh noise: the best of a search has been lucky with its own
EMF_SHARE, OHM_SHARE = 0.005, 0.03  # a constant that is off by less stays as it is
ROUND_UV, ROUND_MOHM = 10, 5


@dataclass(frozen=True)
class Tried:
    """Settings and how the twin did with them."""

    settings: dict[str, int]
    play: Play
    figures: Figures


@dataclass(frozen=True)
class Proposal:
    """What to change, and what was found on the way."""

    response: MotorResponse
    parameters: PenParameters
    before: Tried
    after: Tried
    margins_before: Design
    margins_after: Design
    tried: int

    @property
    def changes(self) -> dict[str, int]:
        """Settings that would change; none when the present ones do as well."""
        before = self.before.settings
        return {name: value for name, value in self.after.settings.items() if value != before[name]}


def propose(
    response: MotorResponse,
    battery_v: float,
    settings: Mapping[str, int],
    bounds: Bounds,
    tell: Callable[[int], None] = lambda _tried: None,
) -> Proposal:
    """Searches for better settings; `settings` and `bounds` hold at least those of twin.LAW."""
    law = {name: settings[name] for name in twin.LAW}
    search = _Search(response, battery_v, law, bounds, tell)
    best = search.best()
    return Proposal(
        response,
        search.parameters,
        search.before,
        best,
        design(response, Gains.of(search.before.settings)),
        design(response, Gains.of(best.settings)),
        len(search.tried),
    )


def measured_constants(
    response: MotorResponse, settings: Mapping[str, int], bounds: Bounds
) -> dict[str, int]:
    """motor_constant and motor_resistance as measured, where they are off by more than a little."""
    emf = ROUND_UV * round(response.emf_v_per_hz * 1e6 / ROUND_UV)
    ohm = ROUND_MOHM * round(response.winding_25c_ohm * 1e3 / ROUND_MOHM)
    found = {}
    for name, value, share in (
        ("motor_constant", emf, EMF_SHARE), ("motor_resistance", ohm, OHM_SHARE),
    ):  # fmt: skip
        near = abs(value / settings[name] - 1.0) < share
        found[name] = settings[name] if near else within(value, bounds[name])
    return found


def doubted(figures: Figures) -> Figures:
    """The worst that a pen may do whose twin has these figures."""
    values = {name: value * (1.0 + DOUBT) for name, value in asdict(figures).items()}
    return Figures(**{**values, "ripple_percent": figures.ripple_percent * (1.0 + RIPPLE_DOUBT)})


class _Search:
    """Tries settings on the twin, each once."""

    def __init__(self, response: MotorResponse, battery_v: float, settings: dict[str, int],
                 bounds: Bounds, tell: Callable[[int], None]) -> None:  # fmt: skip
        self.response = response
        self._bounds = bounds
        self.parameters = twin.twin_of(response, battery_v)
        self.tried: dict[tuple[int, ...], Tried] = {}
        self._averages: dict[tuple[int, ...], Figures] = {}
        self._tell = tell
        self.before = self._try(settings)
        self._limits = self._average(self.before).limits()
        self._constants = measured_constants(response, settings, bounds)

    def best(self) -> Tried:
        """The best that is proved to be better than the settings before; else those."""
        self._try_stable(self.before.settings)
        ohm = self._constants["motor_resistance"]
        for gains in candidates(self.response, ohm, self._bounds):
            chosen = {
                "rate_kp": gains.rate_kp,
                "rate_ki": gains.rate_ki,
                "ir_compensation": gains.ir_compensation,
            }
            self._try_stable({**self.before.settings, **chosen})
        self._climb()
        for one in self._ranked():
            if one is self.before or self._proved(one):
                return one
        return self.before

    def _climb(self) -> None:
        """Steps from the best few until none leads further."""
        done: list[Tried] = []
        while len(self.tried) < MOST:
            start = next((one for one in self._ranked()[:BREADTH] if one not in done), None)
            if start is None:
                return
            done.append(start)
            for name, times in STEPS:
                self._try_stable({**start.settings, name: round(start.settings[name] * times)})

    def _cost(self, one: Tried) -> float:
        """Its score, more where a figure of the pen may be beyond what it may."""
        strain = doubted(one.figures).strain(self._limits)
        return one.figures.score() * max(1.0, strain) ** STRAIN_POWER

    def _ranked(self) -> list[Tried]:
        """All that have been tried, the settings before among them, the best first."""
        return sorted(self.tried.values(), key=self._cost)

    def _proved(self, one: Tried) -> bool:
        """Whether it is better on average over noise that the search has not seen."""
        after, before = self._average(one), self._average(self.before)
        better = after.score() <= before.score() * (1.0 - ADVANTAGE)
        return better and doubted(after).strain(self._limits) <= 1.0

    def _average(self, one: Tried) -> Figures:
        key = tuple(one.settings.values())
        if key not in self._averages:
            plays = [self._play(one.settings, seed) for seed in PROOF_SEEDS]
            self._averages[key] = mean_of([played.figures() for played in plays])
        return self._averages[key]

    def _try_stable(self, wanted: Mapping[str, int]) -> None:
        """With the measured constants; not what could not be tuned from again."""
        settings = {**wanted, **self._constants}
        within_bounds = all(
            least <= settings[name] <= most for name, (least, most) in self._bounds.items()
        )
        if within_bounds and stable(self.response, Gains.of(settings)) and safety.allows(settings):
            self._try(settings)

    def _try(self, settings: dict[str, int]) -> Tried:
        key = tuple(settings.values())
        if key not in self.tried:
            played = self._play(settings, SEARCH_SEED)
            self.tried[key] = Tried(dict(settings), played, played.figures())
        return self.tried[key]

    def _play(self, settings: dict[str, int], seed: int) -> Play:
        played = twin.play(self.parameters, settings, seed)
        self._tell(len(self.tried))
        return played
