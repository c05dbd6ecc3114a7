"""Writes docs/tuning-pens.md from what `python -m benchmarks.tuning` has printed.

python -m benchmarks.tuning | tee rows.txt;  python -m tools.tuned_pens rows.txt
python -m tools.tuned_pens     whether the page is of the sources that are here
"""

import re
import statistics
import sys
from pathlib import Path

from benchmarks.tuning import source_hash

PAGE = Path(__file__).parents[1] / "docs" / "tuning-pens.md"
PENS = 100
FIGURES = (
    "rise time, ms", "overshoot, %", "settling time, ms", "ripple, %", "dip, %", "recovery, ms",
    "score",
)  # fmt: skip
HEAD = """# Tuned pens

`python -m benchmarks tuning`: pens whose resistance, torque constant, rotor inertia and friction
are drawn within 30 %, the shares in this order, each with its own charge and noise. Each is tuned
by its link alone from the shipped settings; then shipped and tuned settings are played on the pen
itself, three times with noise that tuning has not seen, and judged by the plant's true rate. A
fault, in tuning or in a play, would be a failure. A pen is kept as it was where nothing does
better on its twin, and refused where its experiments do not tell enough; both keep the shipped
settings, the second counts as a failure. What the figures are and what "at least as good" means is
in [tuning](tuning.md): a figure within its goal may get worse, and how many do stands below.
"""
MUCH, DOUBLE = 1.1, 2.0  # times as large as before
# The last cell of a row begins so.
GOOD, KEPT, REFUSED, FAULT, WORSE = "yes", "yes, kept", "no, refused", "no, fault", "no, worse"


def pairs(row):
    """(shipped, tuned) of each figure in a row."""
    return [tuple(map(float, cell.split(" → "))) for cell in row.split(" | ")[2:9]]


def said(rows, how):
    """How many rows' last cell begins so."""
    return sum(row.rstrip(" |").rsplit(" | ", 1)[1].startswith(how) for row in rows)


def worsened(values, times):
    """How many of (shipped, tuned) are more than so many times as large as before."""
    return sum(after > times * before for before, after in values)


def price(rows):
    """What got worse by more than a tenth, and by more than double, figure by figure."""
    values = zip(FIGURES[:-1], zip(*(pairs(row)[:-1] for row in rows)))
    counts = [(worsened(two, MUCH), worsened(two, DOUBLE), name) for name, two in values]
    return ", ".join(
        f"{name.partition(',')[0]} in {much}"
        + (f" (more than double in {double})" if double else "")
        for much, double, name in sorted(counts, reverse=True)
    )


def page(rows, sources):
    """The page's text."""
    found = [pairs(row) for row in rows]
    better = sum(one[-1][1] < one[-1][0] for one in found)
    whole = "All 100 pens" if len(rows) == PENS else f"The first {len(rows)} of {PENS} pens"
    yield HEAD
    yield (
        f"{whole}: {said(rows, GOOD)} of {len(rows)} at least as good, {better} with a better "
        f"score, {said(rows, KEPT)} kept as they were; {said(rows, REFUSED)} refused, "
        f"{said(rows, WORSE)} worse, {said(rows, FAULT)} with a fault.\n"
    )
    paid = sum(worsened(one[:-1], MUCH) > 0 for one in found)
    yield (
        f"The price: {paid} of {len(rows)} pens have a figure that is worse by more than a tenth, "
        f"{sum(worsened(one[:-1], DOUBLE) > 0 for one in found)} one that is more than double.\n"
    )
    yield (
        f"Played with the sources {sources[:12]}; `python -m tools.tuned_pens` tells whether these "
        "are those that are here.\n"
    )
    yield "| | median, shipped → tuned | worst, shipped → tuned | pens worse by > 10 % | > double |"
    yield "|---|---|---|---|---|"
    for name, values in zip(FIGURES, zip(*found)):
        before, after = zip(*values)
        medians = f"{statistics.median(before):.3g} → {statistics.median(after):.3g}"
        worst = f"{max(before):.3g} → {max(after):.3g}"
        counts = f"{worsened(values, MUCH)} | {worsened(values, DOUBLE)}"
        yield f"| {name} | {medians} | {worst} | {counts} |"
    yield f"\n| pen | parameters | {' | '.join(FIGURES)} | at least as good |"
    yield "|" + "---|" * (len(FIGURES) + 3)
    yield from rows


def write(printed):
    """Writes the page of what was printed; its pens have to be of one version."""
    lines = printed.splitlines()
    rows = [line for line in lines if line.startswith("| ")]
    sources = {line.split()[1] for line in lines if line.startswith("sources ")}
    if len(sources) != 1:
        sys.exit(f"the pens are of {len(sources)} versions of the sources: play them with one")
    PAGE.write_text("\n".join(page(rows, *sources)) + "\n", encoding="utf-8")


def stale():
    """In words, that the page is of other sources; empty where it is of these."""
    played = re.search(r"Played with the sources (\w+)", PAGE.read_text(encoding="utf-8"))
    here = source_hash()
    if played and here.startswith(played[1]):
        return ""
    told = played[1] if played else "unknown"
    return f"{PAGE.name} is of the sources {told}, here are {here[:12]}: play the pens anew"


def main():
    """Writes the page from the file that is named; without one says whether it is stale."""
    if len(sys.argv) > 1:
        return write(Path(sys.argv[1]).read_text(encoding="utf-8"))
    return stale()


if __name__ == "__main__":
    sys.exit(main())
