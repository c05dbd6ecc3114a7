"""The space in which a campaign's cases lie: a unit cube, a side for each variable.

A point is a tuple of shares, one a variable, as `Variable.at` takes them.
"""

from collections.abc import Sequence

from penloop.campaigns.places import Value
from penloop.campaigns.variables import Variable

Point = tuple[float, ...]
_HALVINGS = 40  # of the cube's side: nearer than a value's rounding


def moved(point: Point, side: int, share: float) -> Point:
    """The point with another share of one variable."""
    return (*point[:side], share, *point[side + 1 :])


def values_at(variables: Sequence[Variable], point: Point) -> tuple[Value, ...]:
    """What a case at the point has."""
    return tuple(variable.at(share) for variable, share in zip(variables, point, strict=True))


def own_values(variables: Sequence[Variable]) -> tuple[Value, ...]:
    """Those of the scenario itself; the middle of what varies where it has none."""
    return tuple(
        variable.at(0.5) if variable.nominal is None else variable.nominal for variable in variables
    )


def share_of(variable: Variable, value: Value) -> float:
    """The share at which a variable has a value, or the nearest to it; of a strange word 0.5."""
    if variable.values:
        places = [n for n, one in enumerate(variable.values) if one == value]
        return (places[0] + 0.5) / len(variable.values) if places else 0.5
    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if float(variable.distribution.at(middle)) < float(value):
            low = middle
        else:
            high = middle
    return (low + high) / 2
