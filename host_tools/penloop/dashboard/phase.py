"""The crank's phase from what the pen sends: strokes, tachometer edges and the stroke rate.

The pen does not send an angle. It counts a stroke 15 degrees before top dead centre, where the
sensor's window begins, and has edges at 30, 90, ... 330 degrees (docs/hardware.md). A sample tells
how many strokes there were, and how old the last edge was when the rate was measured last, in this
sample's tick or 2 ms before. None of it alone is the phase; together, over some turns, it is. So
each phase that the crank could have is weighed by how well it explains the samples.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

WINDOW_TURNS = 15 / 360  # the sensor's window begins so far before the top
EDGE_TURNS = 1 / 6
FIRST_EDGE_TURNS = 30 / 360
MEASURED_AGO_US = (0, 2000)
BINS = 144  # phases that are weighed, 2.5 degrees apart
EDGE_TRUST = 3 / 360  # turns; edges are within 0.7 degrees, the rate within some tenths of a hertz
SLIP = 0.02  # share of the weight that moves to either neighbour a sample: what the rate hides
UNLIKELY = 0.2  # a phase that contradicts the count of strokes
SPREAD_MAX_TURNS = 0.06  # a phase that is known no better is not shown
STILL_MHZ = 1000
LONGEST_PERIOD_US = 6_000  # with fewer samples, some rates would look as if they stood still
GAP_PERIODS = 20  # samples missing; then it begins anew
NEEDED = ("rate", "strokes", "edge_age")


@dataclass(frozen=True)
class Phase:
    """Turns from top dead centre (0: needles retracted, 0.5: out), at a device time."""

    time_us: int
    turns: float
    spread_turns: float  # standard deviation
    rate_mHz: int

    @property
    def known(self) -> bool:
        """Whether it is good enough to be shown."""
        return self.rate_mHz >= STILL_MHZ and self.spread_turns <= SPREAD_MAX_TURNS


class PhaseTracker:
    """Takes the samples of one subscription in their order."""

    def __init__(self, period_us: int) -> None:
        self._period_us = period_us
        self._offsets = np.arange(BINS) / BINS
        self._travelled = 0.0  # turns since the first sample, by the rate
        self._last: Any = None
        self._forget()

    def _forget(self) -> None:
        self._weights = np.full(BINS, 1.0 / BINS)

    def take(self, samples: Any) -> Phase | None:
        """The phase at the last sample, or None when signals that it needs are not there."""
        if self._period_us > LONGEST_PERIOD_US or not set(NEEDED) <= set(samples.dtype.names):
            return None
        for sample in samples:
            self._step(sample)
        return self._phase(samples[-1])

    def _step(self, sample: Any) -> None:
        last, self._last = self._last, sample
        if last is None:
            return
        span_us = int(sample["time_us"]) - int(last["time_us"])
        if sample["rate"] < STILL_MHZ or not 0 < span_us < GAP_PERIODS * self._period_us:
            self._forget()
            return
        turns = self._turns(span_us, (int(sample["rate"]) + int(last["rate"])) / 2)
        strokes = int(sample["strokes"]) - int(last["strokes"])
        before = self._offsets + self._travelled + WINDOW_TURNS
        self._travelled = (self._travelled + turns) % 1.0
        counted = np.floor(before % 1.0 + turns) == strokes
        self._weigh(np.where(counted, 1.0, UNLIKELY))
        self._weigh(self._edge_likelihood(int(sample["edge_age"]), int(sample["rate"])))

    def _edge_likelihood(self, age_us: int, rate_mHz: int) -> Any:
        likelihood = np.full(BINS, 0.05)
        for ago_us in MEASURED_AGO_US:
            at_edge = self._offsets + self._travelled - self._turns(age_us + ago_us, rate_mHz)
            off = (at_edge - FIRST_EDGE_TURNS + EDGE_TURNS / 2) % EDGE_TURNS - EDGE_TURNS / 2
            likelihood += np.exp(-0.5 * (off / EDGE_TRUST) ** 2)
        return likelihood

    def _weigh(self, likelihood: Any) -> None:
        weights = self._weights * likelihood
        neighbours = np.roll(weights, 1) + np.roll(weights, -1)
        weights = (1.0 - 2.0 * SLIP) * weights + SLIP * neighbours + 1e-9
        self._weights = weights / weights.sum()

    def _phase(self, sample: Any) -> Phase:
        mean = np.sum(self._weights * np.exp(2j * np.pi * self._offsets))
        length = min(max(abs(mean), 1e-9), 1.0)
        spread = float(np.sqrt(-2.0 * np.log(length)) / (2.0 * np.pi))
        turns = (float(np.angle(mean)) / (2.0 * np.pi) + self._travelled) % 1.0
        return Phase(int(sample["time_us"]), turns, spread, int(sample["rate"]))

    @staticmethod
    def _turns(span_us: float, rate_mHz: float) -> float:
        return span_us * rate_mHz * 1e-9
