"""The optimiser that learns from every run of a search: optuna's, in the unit cube."""

from typing import Any

from penloop.campaigns.points import Point
from penloop.errors import UserError

FIRST = 4  # runs that it has to have seen; before, it draws by chance
MARGINS = (-10.0, 10.0)  # what it hears, at least and at most


class Optimiser:
    """A tree-structured Parzen estimator, seeded. Raises UserError where optuna is missing."""

    def __init__(self, count: int, seed: int) -> None:
        try:
            import optuna
        except ImportError:
            raise UserError("a search needs optuna", "pip install 'penloop[campaign]'") from None
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self._optuna = optuna
        side = optuna.distributions.FloatDistribution(0.0, 1.0)
        self._sides: dict[str, Any] = {f"x{number}": side for number in range(count)}
        sampler = optuna.samplers.TPESampler(
            seed=seed, multivariate=True, n_startup_trials=FIRST, constant_liar=True
        )
        self._study = optuna.create_study(sampler=sampler)
        self._asked: dict[Point, Any] = {}

    def propose(self, count: int) -> list[Point]:
        """As many points where it expects little margin."""
        points = []
        for _ in range(count):
            trial = self._study.ask(self._sides)
            point = tuple(trial.params[name] for name in self._sides)
            self._asked[point] = trial
            points.append(point)
        return points

    def learn(self, point: Point, margin: float) -> None:
        """The margin of a point, whoever proposed it."""
        heard = min(max(margin, MARGINS[0]), MARGINS[1])
        trial = self._asked.pop(point, None)
        if trial is not None:
            self._study.tell(trial, heard)
            return
        params = dict(zip(self._sides, point, strict=True))
        self._study.add_trial(
            self._optuna.trial.create_trial(params=params, distributions=self._sides, value=heard)
        )
