"""A recording cut into windows that begin and end while the pen runs steadily, or stands.

Between two steady moments the equations hold for the means, whatever happens in between: nothing
has to be differentiated, and the filter of the shunt and the delay of the rate's measurement
move nothing in or out (integral method; see docs/identification.md).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from penloop.identification.evidence import Evidence, Floats

TURN_RAD = 2.0 * np.pi
GRID_S = 0.05  # moments that are looked at
LOOK_S = (0.05, 0.02)  # before and behind a moment, in which nothing may change
STEADY_SHARE = 0.012
STILL_HZ = 1.0
SHORTEST_S = 0.18
LONGEST_S = 0.9  # a transient that takes longer belongs to no window
# The rate is told late. 4 ms for the median of three, 2 ms on the way from edges to rate, 2 ms on
# the mean until the next; and the mean of a turn, 1/12 of one old on the mean, is half a turn old:
# a share of the turn's time T, so the integral of the rate misses share * 2 pi * ln(T2 / T1).
DELAY_S = 0.008
DELAY_TURNS = 1 / 2 + 1 / 12
SLOWEST_HZ = 20.0  # of a rate that the second part is worked out for
CHANGE_SHARE = 0.03  # of the rate: more makes a window a transient


@dataclass(frozen=True)
class Windows:
    """Means over each window: voltage of the drive, current, speed; the change of the speed over
    the window's length, the depth, and whether the rate was steady throughout."""

    middle_s: Floats
    length_s: Floats
    drive_v: Floats
    current_a: Floats
    speed_rad_per_s: Floats
    change_rad_per_s2: Floats
    depth_m: Floats
    steady: NDArray[np.bool_]
    bounds: list[tuple[int, int]]

    def __len__(self) -> int:
        return len(self.length_s)


def cut(evidence: Evidence) -> list[tuple[int, int]]:
    """Index ranges of the windows; none over a gap, none where the current left its range."""
    moments = _steady_moments(evidence)
    gaps = np.flatnonzero(np.diff(evidence.time_s) > 3.5 * evidence.sampling_s)
    spoilt = np.concatenate([gaps, np.flatnonzero(evidence.saturated)])
    spoilt.sort()
    found, start = [], None
    for moment in moments:
        if start is None or evidence.time_s[moment] - evidence.time_s[start] > LONGEST_S:
            start = moment
        elif evidence.time_s[moment] - evidence.time_s[start] >= SHORTEST_S:
            whole = np.searchsorted(spoilt, start) == np.searchsorted(spoilt, moment)
            if whole and evidence.rate_hz[moment] > STILL_HZ:
                found.append((start, moment))
            start = moment
    return found


def _steady_moments(evidence: Evidence) -> list[int]:
    time_s, rate_hz = evidence.time_s, evidence.rate_hz
    grid = np.arange(time_s[0] + LOOK_S[0], time_s[-1] - LOOK_S[1], GRID_S)
    first = np.searchsorted(time_s, grid - LOOK_S[0])
    last = np.searchsorted(time_s, grid + LOOK_S[1])
    found = []
    for low, high, middle in zip(first, last, np.searchsorted(time_s, grid)):
        piece = rate_hz[low:high]
        if len(piece) > 4 and np.ptp(piece) <= STEADY_SHARE * piece.max() + 1e-9:
            found.append(int(middle))
    return found


def means(evidence: Evidence, bounds: list[tuple[int, int]]) -> Windows:
    """The means over windows."""
    time_s = evidence.time_s
    starts = np.array([low for low, _ in bounds], dtype=int)
    ends = np.array([high for _, high in bounds], dtype=int)
    length_s = time_s[ends] - time_s[starts]

    def mean(values: Floats) -> Floats:
        """Of what stays until the next sample."""
        held = np.concatenate([[0.0], np.cumsum(values[:-1] * np.diff(time_s))])
        return np.asarray((held[ends] - held[starts]) / length_s)

    def at_ends(values: Floats) -> tuple[Floats, Floats]:
        """Means over the looks at the two ends."""
        steps = max(int(LOOK_S[0] / evidence.sampling_s), 1)
        smooth = np.concatenate([[0.0], np.cumsum(values)])
        low, high = np.maximum(starts - steps, 0), np.maximum(ends - steps, 0)
        return (smooth[starts] - smooth[low]) / np.maximum(starts - low, 1), (
            smooth[ends] - smooth[high]
        ) / np.maximum(ends - high, 1)

    before, after = at_ends(evidence.rate_hz)
    change = TURN_RAD * (after - before) / length_s
    rate_hz = mean(evidence.rate_hz)
    depth_m = np.zeros(len(time_s)) if evidence.depth_m is None else evidence.depth_m
    shallow = np.array([depth_m[low:high].min() for low, high in bounds])
    deep = np.array([depth_m[low:high].max() for low, high in bounds])
    widest = np.array([np.ptp(evidence.rate_hz[low : high + 1]) for low, high in bounds])
    return Windows(
        middle_s=(time_s[starts] + time_s[ends]) / 2,
        length_s=length_s,
        drive_v=mean(evidence.drive_v),
        current_a=mean(evidence.current_a),
        speed_rad_per_s=TURN_RAD * rate_hz + _missed_rad_per_s(before, after, length_s),
        change_rad_per_s2=change,
        depth_m=np.where(shallow == deep, deep, np.nan),
        steady=(widest < CHANGE_SHARE * np.maximum(rate_hz, 1.0)) & (length_s < 2 * SHORTEST_S),
        bounds=bounds,
    )


def _missed_rad_per_s(before_hz: Floats, after_hz: Floats, length_s: Floats) -> Floats:
    """What the mean speed over a window lacks because the rate is told late."""
    late = np.log(np.maximum(after_hz, SLOWEST_HZ) / np.maximum(before_hz, SLOWEST_HZ))
    missed_rad = DELAY_S * (after_hz - before_hz) + DELAY_TURNS * late
    return np.asarray(TURN_RAD * missed_rad / length_s)
