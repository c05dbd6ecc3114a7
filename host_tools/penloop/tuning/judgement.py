"""What a test run tells about gains: six figures, their goals, and which of two runs is better."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from penloop.tuning.capture import Values

RISE_FROM, RISE_TO = 0.1, 0.9  # shares of the step
SETTLED = 0.02  # of the set rate: the tolerance at steady state, by which a step is settled
BAND = 0.01  # of the set rate, within which contact has to bring it back
STEADY_S = 0.25  # before the next move, in which ripple is measured
SLACK = 0.1  # a figure may be so much worse than before, as a share, and be called no worse


class Goal(NamedTuple):
    """Of one figure: its name and unit as people read them, and the value that is good enough."""

    title: str
    unit: str
    good: float


@dataclass(frozen=True)
class Figures:
    """Of one run; smaller is better in each. Shares are in percent.

    Rise and overshoot are those of the step, from the one-turn mean of the true rate; settling is
    the time from the set point's move until the mean stays within 2 %. Dip and recovery belong to
    the reference disturbance, touch and lift, averaged over the rates at which it was played;
    recovery is the time outside 1 % of the set rate. Ripple is the RMS of the one-turn mean at
    steady state, in the air and on the skin.
    """

    rise_ms: float
    overshoot_percent: float
    settling_ms: float
    ripple_percent: float
    dip_percent: float = 0.0
    recovery_ms: float = 0.0

    def score(self) -> float:
        """RMS of each figure by its goal, so that the worst counts most: 1 is good enough."""
        shares = [getattr(self, name) / goal.good for name, goal in GOALS.items()]
        return float(np.sqrt(np.mean(np.square(shares))))

    def limits(self, slack: float = SLACK) -> "Figures":
        """What others may have that are no worse: each figure's goal, or `slack` more than here."""
        return Figures(*(
            max(goal.good, getattr(self, name) * (1.0 + slack)) for name, goal in GOALS.items()
        ))  # fmt: skip

    def worse_than(self, other: "Figures", slack: float = SLACK) -> list[str]:
        """The figures that are worse than the other's by more than `slack`, and miss their goal."""
        limits = other.limits(slack)
        return [name for name in GOALS if getattr(self, name) > getattr(limits, name)]

    def strain(self, limits: "Figures") -> float:
        """The greatest figure as a share of its limit: at most 1 where none is beyond."""
        return max(getattr(self, name) / getattr(limits, name) for name in GOALS)

    def at_least_as_good_as(self, other: "Figures") -> bool:
        """No figure worse, and not worse on the whole."""
        return not self.worse_than(other) and self.score() <= other.score()


GOALS = {
    "rise_ms": Goal("rise time", "ms", 80.0),
    "overshoot_percent": Goal("overshoot", "%", 10.0),
    "settling_ms": Goal("settling time", "ms", 200.0),
    "ripple_percent": Goal("ripple", "%", 0.4),
    "dip_percent": Goal("dip on contact", "%", 2.0),
    "recovery_ms": Goal("recovery from contact", "ms", 60.0),
}
assert list(GOALS) == [field.name for field in fields(Figures)]


def mean_of(runs: Sequence[Figures]) -> Figures:
    """Each figure's mean over runs that differ by chance."""
    return Figures(*(float(np.mean([getattr(one, name) for one in runs])) for name in GOALS))


def one_turn_means(time_s: Values, rate_hz: Values) -> Values:
    """At each time the mean over the last whole turn, 0 before there is one."""
    moved = 0.5 * (rate_hz[1:] + rate_hz[:-1]) * np.diff(time_s)
    turns = np.concatenate([[0.0], np.cumsum(np.maximum(moved, 1e-9))])
    began_s = np.interp(turns - 1.0, turns, time_s)
    return np.where(turns > 1.0, 1.0 / np.maximum(time_s - began_s, 1e-4), 0.0)


def step_figures(
    time_s: Values, mean_hz: Values, start_s: float, from_hz: float, to_hz: float
) -> tuple[float, float, float]:
    """(rise ms, overshoot %, settling ms) of a step up that was commanded at `start_s`."""
    size_hz = to_hz - from_hz
    after = time_s >= start_s
    times, rates = time_s[after], mean_hz[after]
    began = _first(times, rates >= from_hz + RISE_FROM * size_hz)
    ended = _first(times, rates >= from_hz + RISE_TO * size_hz)
    overshoot = max(0.0, float(rates.max()) - to_hz) / size_hz * 100.0
    return (ended - began) * 1e3, overshoot, settling_ms(times, rates, to_hz, start_s)


def settling_ms(times: Values, rates: Values, set_hz: float, start_s: float) -> float:
    """Until the rate stays within SETTLED of the set one; the whole time if it never does."""
    outside = np.nonzero(np.abs(rates / set_hz - 1.0) > SETTLED)[0]
    return float(times[outside[-1]] - start_s) * 1e3 if len(outside) else 0.0


def time_outside_ms(times: Values, rates: Values, set_hz: float) -> float:
    """How long the rate is further than BAND from the set one."""
    outside = np.abs(rates[:-1] / set_hz - 1.0) > BAND
    return float(np.sum(np.diff(times)[outside])) * 1e3


def ripple_percent(rates: Values, set_hz: float) -> float:
    """RMS about the mean, of the set rate."""
    return float(np.std(rates) / set_hz * 100.0)


def _first(times: Values, reached: NDArray[np.bool_]) -> float:
    """The first time at which it is so; the last time if never."""
    return float(times[int(np.argmax(reached))] if reached.any() else times[-1])
