"""Where the needles went in: strokes of a trace, moves of the hand, pattern of the cartridge.

Coordinates are millimetres in the plane of the face as one looks at it: x to the right, y down,
the origin between the brows. A zone is a rectangle there; the hand's position is counted from its
upper left corner, along x.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from penloop.measures import Strokes
from pensim.operator import Hand

SWATH_MM = 5.0  # width of the strip that a cartridge treats
OUTER_MM = 2.35  # radius of the outer ring of needles
INNER_MM = 1.0
OUTER_TURN_RAD = 0.175  # so that the tracks of 12 needles lie side by side, evenly
INNER_TURN_RAD = 0.14
CELL_MM = 1.0  # an area counts as treated when its cell of this size was hit

Points = NDArray[np.float64]


@dataclass(frozen=True)
class Zone:
    """A rectangle of the schematic face that is treated, mm."""

    name: str
    title: str
    left_mm: float
    top_mm: float
    width_mm: float
    height_mm: float


ZONES = {
    "forehead": Zone("forehead", "Forehead", -51.0, -62.0, 102.0, 35.0),
    "cheek": Zone("cheek", "Cheek", 19.0, 23.0, 39.0, 45.0),
}


def needle_pattern(count: int) -> Points:
    """Places of a cartridge's needles about its axis, mm, one row (x, y) a needle.

    Two rings [A]: a third of the needles on the inner one, the others on the outer one, both
    turned so that needles do not run in each other's tracks.
    """
    if count == 1:
        return np.zeros((1, 2))
    inner = count // 3 if count > 6 else 0
    rings = [(OUTER_MM, count - inner, OUTER_TURN_RAD), (INNER_MM, inner, INNER_TURN_RAD)]
    return np.concatenate([_ring(*ring) for ring in rings])


def _ring(radius_mm: float, count: int, turn_rad: float) -> Points:
    angles = turn_rad + 2.0 * np.pi * np.arange(count) / max(count, 1)
    return radius_mm * np.stack([np.cos(angles), np.sin(angles)], axis=1)


@dataclass(frozen=True)
class ZonePunctures:
    """The punctures of one zone, one row a needle and stroke: places in mm, depths in mm."""

    zone: Zone
    strokes: int
    x_mm: Points
    y_mm: Points
    depth_mm: Points

    def __len__(self) -> int:
        return len(self.x_mm)

    def area_cm2(self) -> float:
        """Treated area: cells of 1 mm by 1 mm with at least one puncture."""
        cells = np.stack([self.x_mm, self.y_mm]) // CELL_MM
        return len(np.unique(cells, axis=1).T) * (CELL_MM / 10.0) ** 2

    def density_per_cm2(self) -> float:
        """Punctures per treated area."""
        return len(self) / self.area_cm2()

    def piece(self, side_mm: float) -> tuple[Points, Points, Points]:
        """x, y (mm from its upper left corner) and depth of a square in the middle of it."""
        x_mm = self.x_mm - (float(np.median(self.x_mm)) - side_mm / 2)
        y_mm = self.y_mm - (float(np.median(self.y_mm)) - side_mm / 2)
        rows = (x_mm >= 0) & (x_mm <= side_mm) & (y_mm >= 0) & (y_mm <= side_mm)
        return x_mm[rows], y_mm[rows], self.depth_mm[rows]


def zone_punctures(strokes: Strokes, moves: Sequence[Hand], needles: int) -> list[ZonePunctures]:
    """The punctures of each zone of the face that was touched, in the order of the first touch.

    A stroke counts at the hand's position when its needles left the skin; while they were in,
    the pen went on by at most some tenths of a millimetre (FACTS.md, drag).
    """
    pattern = needle_pattern(needles)
    named = list(dict.fromkeys(move.zone for move in moves if move.zone in ZONES))
    axes = _axes(strokes, moves)
    found = []
    for name in named:
        rows = [(x, y, depth) for zone, x, y, depth in axes if zone == name]
        if rows:
            found.append(_placed(ZONES[name], np.array(rows), pattern))
    return found


def _axes(strokes: Strokes, moves: Sequence[Hand]) -> list[tuple[str, float, float, float]]:
    """(zone, x mm, y mm, depth mm) of the pen's axis at each stroke."""
    starts_s = np.array([move.since_us / 1e6 for move in moves])
    found = []
    for time_s, depth_mm in zip(strokes.time_s, strokes.depth_mm):
        at = int(np.searchsorted(starts_s, time_s, side="right")) - 1
        if at >= 0:
            hand = moves[at]
            x_mm, y_mm = hand.x_at(round(time_s * 1e6)) * 1e3, hand.y_m * 1e3
            found.append((hand.zone, x_mm, y_mm, float(depth_mm)))
    return found


def _placed(zone: Zone, axes: Points, pattern: Points) -> ZonePunctures:
    needles = len(pattern)
    x_mm = (axes[:, 0, None] + pattern[None, :, 0] + zone.left_mm).ravel()
    y_mm = (axes[:, 1, None] + pattern[None, :, 1] + zone.top_mm).ravel()
    return ZonePunctures(zone, len(axes), x_mm, y_mm, np.repeat(axes[:, 2], needles))
