"""Where in a recording the needles are in skin: windows that take more current than free ones.

The windows with the least current, their friction's rise with the rate taken off, are the free
ones: so a recording has to begin, or to pause, off the skin.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from penloop.identification.evidence import Evidence, Floats
from penloop.identification.windows import Windows

LOWEST_SHARE = 0.15
NOISE_A = 0.0008  # of a window's mean, at least
SIGMAS = 5.0
FEWEST = 3  # windows in a row
BETWEEN_S = 0.35  # around a touch and a lift: on the way into the skin or out


@dataclass(frozen=True)
class Touches:
    """`touching` and `between`, parallel to the samples; `depths_m` at which skin was met."""

    touching: NDArray[np.bool_]
    between: NDArray[np.bool_]
    depths_m: tuple[float, ...]
    seconds: float


def find(evidence: Evidence, windows: Windows) -> Touches:
    """Where the needles are in skin."""
    inside = _inside(windows)
    touching = np.zeros(len(evidence.time_s), dtype=bool)
    between = np.zeros(len(evidence.time_s), dtype=bool)
    depths = set()
    for first, last in _runs(inside):
        start_s, end_s = (evidence.time_s[windows.bounds[n][e]] for n, e in ((first, 0), (last, 1)))
        touching |= (evidence.time_s >= start_s) & (evidence.time_s <= end_s)
        for edge_s in (start_s, end_s):
            between |= abs(evidence.time_s - edge_s) < BETWEEN_S
        depths.update(windows.depth_m[first : last + 1].tolist())
    if evidence.depth_m is None:
        depths.clear()
    deep = tuple(sorted(round(each, 6) for each in depths if np.isfinite(each)))
    return Touches(touching, between, deep, float(touching.sum() * evidence.sampling_s))


def _inside(windows: Windows) -> NDArray[np.bool_]:
    """Of each window whether it takes more than a free one of its rate; transients do not tell."""
    steady = windows.steady
    inside = np.zeros(len(windows), dtype=bool)
    if steady.sum() < FEWEST:
        return inside
    level_a = windows.current_a[steady]
    centre_a = float(np.quantile(level_a, LOWEST_SHARE))
    sigma_a = NOISE_A
    for _ in range(10):
        free = level_a[level_a < centre_a + 3.5 * sigma_a]
        centre_a, sigma_a = float(np.mean(free)), max(float(np.std(free)), NOISE_A)
    inside[steady] = level_a > centre_a + SIGMAS * sigma_a
    return inside


def _runs(inside: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """First and last window of each stay in the skin; a window that does not tell is no end."""
    found: list[tuple[int, int]] = []
    for number in np.flatnonzero(inside).tolist():
        if found and number - found[-1][1] <= 2:
            found[-1] = (found[-1][0], number)
        else:
            found.append((number, number))
    return [run for run in found if run[1] - run[0] + 1 >= FEWEST]


def free_windows(windows: Windows, touches: Touches, evidence: Evidence) -> Floats:
    """Numbers of the windows out of the skin."""
    busy = touches.touching | touches.between
    return np.array(
        [n for n, (a, b) in enumerate(windows.bounds) if not busy[a:b].any()], dtype=int
    )
