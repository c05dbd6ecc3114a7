"""The state machine as a picture, drawn from the firmware's table."""

from collections.abc import Iterator
from typing import Any

from penfw import states
from penloop import palette
from penloop.svg import svg

# Where each state stands; a state that is not here fails the picture, as it should.
PLACES = {
    "SELF_TEST": (0.0, 0.9), "STANDBY": (2.6, 3.3), "READY": (6.8, 3.3), "RUNNING": (9.9, 0.9),
    "PARKING": (6.8, -1.5), "SERVICE": (3.3, -1.5), "FAULT": (0.0, -2.9),
}  # fmt: skip
HALF_WIDTH, HALF_HEIGHT = 0.85, 0.32
BOW = 0.16  # of an arrow, to its right
BOWS = {("PARKING", "FAULT"): -0.16}
LABELS = {("READY", "SERVICE"): 0.25}  # how far along the arrow, where the middle is taken
EVERYWHERE = ("cut fault", "cut fault\npark fault")  # told in the legend instead
ARROW: Any = {"arrowstyle": "-|>", "mutation_scale": 13, "shrinkA": 0, "shrinkB": 0}


def diagram() -> str:
    """States as boxes, green-edged where the motor may be powered; an arrow a pair of states."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11.5, 6.6), layout="constrained")
    axes = figure.subplots()
    for name in states.STATES:
        _box(axes, name)
    for start, goal, text in arrows():
        if goal != "FAULT" or text not in EVERYWHERE:
            _arrow(axes, start, goal, text)
    axes.text(4.6, -3.25, _LEGEND, fontsize=9, color=palette.MUTED, va="bottom")
    axes.set_xlim(-1.0, 10.9)
    axes.set_ylim(-3.4, 3.9)
    axes.set_axis_off()
    return svg(figure)


_LEGEND = (
    "heavy edge: the motor may be powered\n"
    "not drawn: a fault that cuts leads from every state to FAULT, at rest one that parks too\n"
    "+ and, / or, not: forbidden; several rows one below the other"
)


def arrows() -> Iterator[tuple[str, str, str]]:
    """(state, next state, what leads there) for each pair; several rows in several lines."""
    found: dict[tuple[int, int], list[str]] = {}
    for state, rows in enumerate(states.ROWS):
        for required, forbidden, goal in rows:
            found.setdefault((state, goal), []).append(_told(required, forbidden))
    for (state, goal), texts in found.items():
        yield states.STATES[state], states.STATES[goal], "\n".join(texts)


def _told(required: int, forbidden: int) -> str:
    wanted = [name for number, name in enumerate(states.CONDITIONS) if required >> number & 1]
    barred = [name for number, name in enumerate(states.CONDITIONS) if forbidden >> number & 1]
    parts = [" + ".join(_short(name) for name in wanted)] if wanted else []
    if barred:
        parts.append("not " + " / ".join(_short(name) for name in barred))
    return ", ".join(parts)


def _short(name: str) -> str:
    return name.lower().replace("_", " ")


def _box(axes: Any, name: str) -> None:
    from matplotlib.patches import FancyBboxPatch

    x, y = PLACES[name]
    powered = states.POWERED >> states.STATES.index(name) & 1
    axes.add_patch(
        FancyBboxPatch(
            (x - HALF_WIDTH, y - HALF_HEIGHT), 2 * HALF_WIDTH, 2 * HALF_HEIGHT,
            boxstyle="round,pad=0.02,rounding_size=0.14", facecolor=palette.STATES[name],
            edgecolor=palette.INK if powered else palette.GRID, lw=2.6 if powered else 1.0,
            zorder=3,
        )
    )  # fmt: skip
    ink = palette.PAPER if name in palette.DARK_STATES else palette.INK
    axes.text(x, y, name, ha="center", va="center", color=ink, fontsize=11, fontweight="bold",
              zorder=4)  # fmt: skip


def _arrow(axes: Any, start: str, goal: str, text: str) -> None:
    from matplotlib.patches import FancyArrowPatch

    begin, end = _edges(PLACES[start], PLACES[goal])
    bow = BOWS.get((start, goal), BOW)
    colour = palette.ALARM if goal == "FAULT" else palette.INK
    axes.add_patch(
        FancyArrowPatch(
            begin, end, connectionstyle=f"arc3,rad={bow}", color=colour, lw=1.0, zorder=2, **ARROW
        )
    )
    x, y = _beside(begin, end, bow, LABELS.get((start, goal), 0.5))
    axes.text(x, y, _lines(text), fontsize=8, ha="center", va="center", color=colour, zorder=5,
              bbox={"facecolor": palette.PAPER, "edgecolor": "none", "pad": 1.2})  # fmt: skip


def _lines(text: str) -> str:
    """What a fault that cuts does is told in the legend."""
    return "\n".join(line for line in text.split("\n") if line != "cut fault")


def _edges(
    start: tuple[float, float], goal: tuple[float, float]
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Where an arrow leaves one box and meets the other."""
    return _edge(start, goal), _edge(goal, start)


def _edge(of: tuple[float, float], towards: tuple[float, float]) -> tuple[float, float]:
    x, y = towards[0] - of[0], towards[1] - of[1]
    share = min(HALF_WIDTH / abs(x) if x else 9.0, HALF_HEIGHT / abs(y) if y else 9.0)
    return of[0] + x * share * 1.05, of[1] + y * share * 1.05


def _beside(
    begin: tuple[float, float], end: tuple[float, float], bow: float, share: float
) -> tuple[float, float]:
    """A point of the arrow: a quadratic curve whose middle is pulled aside by `bow`."""
    across_x, across_y = end[1] - begin[1], begin[0] - end[0]
    middle_x = (begin[0] + end[0]) / 2 + bow * across_x
    middle_y = (begin[1] + end[1]) / 2 + bow * across_y
    early, late = (1 - share) ** 2, share**2
    pull = 2 * share * (1 - share)
    return (
        early * begin[0] + pull * middle_x + late * end[0],
        early * begin[1] + pull * middle_y + late * end[1],
    )
