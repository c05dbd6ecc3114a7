"""Screening: which corner of the cube a failure would lie in, in few runs.

Weak spots of plants that respond in one direction lie in corners. The runs are the rows of a
Hadamard matrix, so n variables take little more than n runs, and half of all runs tell of each
(Plackett and Burman 1946; Sylvester's construction). Then come the corner that their means
predict and the neighbours of the worst one so far, as long as that brings a worse one.
"""

from penloop.campaigns.points import Point, moved


class Screening:
    """Corners of the cube. `propose` gives what can be told by now, `learn` what it gave."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._rows = [_row(number, count) for number in range(_order(count))] if count else []
        self._margins: dict[Point, float] = {}
        self._coming = list(self._rows)
        self._asked = set(self._rows)

    def propose(self, count: int) -> list[Point]:
        """At most so many corners; none while margins are awaited, or when the walk has ended."""
        if not self._coming and all(point in self._margins for point in self._asked):
            self._coming = self._next()
            self._asked.update(self._coming)
        points, self._coming = self._coming[:count], self._coming[count:]
        return points

    def learn(self, point: Point, margin: float) -> None:
        """The margin of a corner."""
        if point in self._asked:
            self._margins[point] = margin

    def _next(self) -> list[Point]:
        """The predicted corner, and those next to the worst one that has been seen."""
        if not self._margins:
            return []
        predicted = tuple(self._worse_end(side) for side in range(self._count))
        worst = min(self._margins, key=lambda point: self._margins[point])
        sides = sorted(range(self._count), key=self._influence)  # what matters least may be wrong
        corners = [predicted, *(moved(worst, side, 1.0 - worst[side]) for side in sides)]
        return [corner for corner in dict.fromkeys(corners) if corner not in self._asked]

    def _worse_end(self, side: int) -> float:
        return min((0.0, 1.0), key=lambda end: self._mean(side, end))

    def _influence(self, side: int) -> float:
        """How much it matters at which end a variable is."""
        return abs(self._mean(side, 0.0) - self._mean(side, 1.0))

    def _mean(self, side: int, end: float) -> float:
        """Of the rows that have a variable at this end."""
        margins = [self._margins[row] for row in self._rows if row[side] == end]
        return sum(margins) / len(margins)


def _order(count: int) -> int:
    """Of the smallest matrix with a column for each variable beside the constant one."""
    return 1 << count.bit_length()


def _row(number: int, count: int) -> Point:
    return tuple(float((number & column).bit_count() & 1) for column in range(1, count + 1))
