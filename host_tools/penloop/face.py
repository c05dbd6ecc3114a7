"""A schematic face to lay treated zones out on: lines in millimetres, as puncture_map has them."""

import numpy as np

from penloop.puncture_map import Points

STEPS = 12  # points of a curve between two that are given

# Right half as one looks at it, from the top down; the left is its mirror image.
_HEAD = [(0, -112), (34, -106), (58, -84), (69, -50), (72, -10), (70, 25), (62, 62), (47, 92),
         (26, 114), (0, 122)]  # fmt: skip
_HAIR = [(0, -76), (30, -74), (53, -64), (65, -42), (71, -12)]
_EAR = [(72, -4), (80, -10), (85, 4), (82, 26), (75, 40), (69, 36)]
_BROW = [(15, -8), (28, -15), (42, -13), (52, -5)]
_EYE = [(18, 11), (25, 5), (33, 3), (41, 6), (47, 12), (40, 16), (32, 17), (24, 15), (18, 11)]
_IRIS = [(33 + 5.5 * np.cos(a), 10.2 + 5.5 * np.sin(a)) for a in np.linspace(0.0, 6.2832, 25)]
_NOSE = [(7, 8), (9, 30), (14, 46), (17, 53), (12, 58), (6, 57), (0, 60)]
_LIPS = [(0, 77), (8, 74), (16, 77), (26, 82)]
_MOUTH = [(0, 82), (12, 81), (26, 82)]
_CHIN = [(0, 93), (10, 92), (20, 87), (26, 82)]

_PAIRS = (_HEAD, _HAIR, _EAR, _BROW, _EYE, _IRIS, _NOSE, _LIPS, _MOUTH, _CHIN)


def face_lines() -> list[Points]:
    """Lines to draw, each an array of rows (x mm, y mm)."""
    halves = [_smooth(np.array(points, dtype=float)) for points in _PAIRS]
    mirror = np.array([-1.0, 1.0])
    return [line for half in halves for line in (half, half * mirror)]


def _smooth(points: Points) -> Points:
    """A Catmull-Rom curve through the points; on the face's middle line it runs level."""
    first, last = _beyond(points[0], points[1]), _beyond(points[-1], points[-2])
    padded = np.concatenate([first, points, last])
    steps = np.linspace(0.0, 1.0, STEPS, endpoint=False)[:, None]
    pieces = [_piece(padded[n : n + 4], steps) for n in range(len(points) - 1)]
    return np.concatenate([*pieces, points[-1:]])


def _beyond(end: Points, neighbour: Points) -> Points:
    """The point that goes before a first or after a last one."""
    mirrored = neighbour * np.array([-1.0, 1.0])
    return (mirrored if end[0] == 0.0 else end)[None, :]


def _piece(four: Points, t: Points) -> Points:
    before, start, end, after = four
    curve: Points = 0.5 * (
        2 * start
        + (end - before) * t
        + (2 * before - 5 * start + 4 * end - after) * t**2
        + (3 * start - before - 3 * end + after) * t**3
    )
    return curve
