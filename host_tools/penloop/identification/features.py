"""What of a run is compared: single samples while the rate changes, means while it is steady.

Within a turn the current follows the membrane and the skin, and the pen looks at it twice or three
times a turn: pen and twin need not be in step. Means over a second do not know of it; a
transient of the motor is larger than it.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from penloop.identification.contact import Touches
from penloop.identification.evidence import Evidence, Floats
from penloop.identification.windows import Windows

SLOWEST_HZ = 20.0
# The twin needs so long to run as the pen, after a start or a gap: in its first turns the membrane
# rules the motor, and where the crank stood decides.
WARM_UP_S = 0.4
RESTART_S = 0.08
PIECE_S = 1.0  # longest piece of which a mean is taken
SHORTEST_S = 0.15
BLOCK_S = 0.4
# Uncertainties of one sample, the ripple of a turn included, and of the mean of a second.
SAMPLE = {"current_a": 0.03, "rate_hz": 0.5}
MEAN = {"current_a": 0.6e-3, "rate_hz": 0.03}
LATE_S = 0.002  # by which a sample may be early or late
NOTHING, SINGLE = -2, -1
NOWHERE = -1


@dataclass(frozen=True)
class Features:
    """Features of a run: `of` takes them, in the order of `sigma`, `block` and `transient`."""

    label: NDArray[np.int64]  # of each sample: its piece, SINGLE or NOTHING
    sigma: Floats
    block: NDArray[np.int64]
    transient: NDArray[np.int64]  # of each feature; -1 for a mean
    restarts: NDArray[np.int64]  # of each transient the sample some turns before it, or NOWHERE

    @property
    def used(self) -> NDArray[np.bool_]:
        """Samples that take part."""
        return self.label != NOTHING

    def of(self, run: Evidence) -> Floats:
        """The features of a run: of its current in A, then of its rate in Hz."""
        return np.concatenate([self._of(run.current_a), self._of(run.rate_hz)])

    def misfits(self, measured: Evidence, run: Evidence) -> Floats:
        """How far a run is off in each transient: sums of squares, in uncertainties."""
        inside = self.transient >= 0
        squares = ((self.of(run) - self.of(measured)) / self.sigma) ** 2
        sums = np.bincount(self.transient[inside], squares[inside], len(self.restarts))
        return np.asarray(sums, dtype=np.float64)

    def by_transient(self, values: Floats) -> Floats:
        """Of one value a feature, shape (features,), a column for each transient: its own, where
        its crank is placed."""
        inside = np.flatnonzero(self.transient >= 0)
        columns = np.zeros((len(values), len(self.restarts)))
        columns[inside, self.transient[inside]] = values[inside]
        columns[:, self.restarts == NOWHERE] = 0.0
        return columns

    def _of(self, values: Floats) -> Floats:
        return np.concatenate([values[self.label == SINGLE], _means(values, self.label)])


def _means(values: Floats, label: NDArray[np.int64]) -> Floats:
    inside = label >= 0
    sums = np.bincount(label[inside], values[inside])
    return np.asarray(sums / np.bincount(label[inside]))


def features(
    evidence: Evidence, windows: Windows, touches: Touches, skin: bool, smooth: Evidence
) -> Features:
    """What is compared of a recording; `skin`: whether what the needles meet can be modelled.

    smooth: a twin without ripple, which says how much a late sample is off
    """
    used = _used(evidence, touches, skin)
    label = np.where(used, SINGLE, NOTHING)
    pieces = _pieces(evidence, windows, touches, used)
    for number, (low, high) in enumerate(pieces):
        label[low:high] = number
    label[(label == SINGLE) & touches.touching] = NOTHING
    time_s = evidence.time_s - evidence.time_s[0]
    lengths_s = np.array([high - low for low, high in pieces]) * evidence.sampling_s
    sigma = []
    for name in ("current_a", "rate_hz"):
        late = abs(np.gradient(getattr(smooth, name), evidence.time_s)) * LATE_S
        sigma.append(np.hypot(SAMPLE[name], late)[label == SINGLE])
        sigma.append(MEAN[name] / np.sqrt(lengths_s))
    block = (np.concatenate([time_s[label == SINGLE], _means(time_s, label)]) / BLOCK_S).astype(int)
    single = label == SINGLE
    found = np.flatnonzero(single)
    begins = np.diff(time_s[found], prepend=-np.inf) > RESTART_S  # a spoilt sample ends none
    transient = np.concatenate([np.cumsum(begins) - 1, np.full(len(pieces), -1)])
    return Features(
        label,
        np.concatenate(sigma),
        np.concatenate([block] * 2),
        np.concatenate([transient] * 2),
        _restarts(evidence, touches, found[begins]),
    )


def _restarts(evidence: Evidence, touches: Touches, starts: NDArray[np.int64]) -> NDArray[np.int64]:
    found = np.searchsorted(evidence.time_s, evidence.time_s[starts] - RESTART_S)
    off_skin = ~(touches.touching | touches.between)
    driven = off_skin[found] & (evidence.rate_hz[found] > SLOWEST_HZ)
    return np.where(driven, found, NOWHERE)


def _used(evidence: Evidence, touches: Touches, skin: bool) -> NDArray[np.bool_]:
    """Driven, turning, within the current's range, not on the way into the skin."""
    time_s = evidence.time_s
    used = (evidence.duty > 0) & (evidence.rate_hz > SLOWEST_HZ) & ~evidence.saturated
    used &= ~touches.between & (time_s > time_s[0] + WARM_UP_S)
    if not skin:
        used &= ~touches.touching
    turning = evidence.rate_hz > SLOWEST_HZ
    starts = np.flatnonzero(turning[1:] & ~turning[:-1]).tolist()
    gaps = np.flatnonzero(np.diff(time_s) > 0.05).tolist()
    for before in starts + gaps:
        used &= (time_s <= time_s[before]) | (time_s > time_s[before + 1] + WARM_UP_S)
    return used


def _pieces(
    evidence: Evidence, windows: Windows, touches: Touches, used: NDArray[np.bool_]
) -> list[tuple[int, int]]:
    """Steady stretches of one depth, in the skin or out of it, in pieces of a second."""
    calm = np.zeros(len(used), dtype=bool)
    for (low, high), steady in zip(windows.bounds, windows.steady):
        calm[low:high] = steady
    kind = np.where(calm & used, 1 + touches.touching, 0)
    if evidence.depth_m is not None:  # the needles do not move in between
        kind[1:][np.diff(evidence.depth_m) != 0] = 0
    ends = np.flatnonzero(np.diff(np.concatenate([[0], kind, [0]])))
    found = []
    for low, high in pairwise(ends.tolist()):
        count = max(round((high - low) * evidence.sampling_s / PIECE_S), 1)
        bounds = np.linspace(low, high, count + 1).astype(int).tolist()
        found += [(a, b) for a, b in pairwise(bounds) if kind[low]]
    return [(a, b) for a, b in found if (b - a) * evidence.sampling_s >= SHORTEST_S]
