"""Writes docs/tuning-pens.md from the rows that `python -m benchmarks.tuning` has printed.

python -m benchmarks.tuning | tee rows.txt;  python -m tools.tuned_pens rows.txt
"""

import statistics
import sys
from pathlib import Path

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
in [tuning](tuning.md).
"""
# The last cell of a row begins so.
GOOD, KEPT, REFUSED, FAULT, WORSE = "yes", "yes, kept", "no, refused", "no, fault", "no, worse"


def pairs(row):
    """(shipped, tuned) of each figure in a row."""
    return [tuple(map(float, cell.split(" → "))) for cell in row.split(" | ")[2:9]]


def said(rows, how):
    """How many rows' last cell begins so."""
    return sum(row.rstrip(" |").rsplit(" | ", 1)[1].startswith(how) for row in rows)


def page(rows):
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
    yield "| | median, shipped → tuned | worst, shipped → tuned |\n|---|---|---|"
    for name, values in zip(FIGURES, zip(*found)):
        before, after = zip(*values)
        medians = f"{statistics.median(before):.3g} → {statistics.median(after):.3g}"
        yield f"| {name} | {medians} | {max(before):.3g} → {max(after):.3g} |"
    yield f"\n| pen | parameters | {' | '.join(FIGURES)} | at least as good |"
    yield "|" + "---|" * (len(FIGURES) + 3)
    yield from rows


def main():
    """Reads the rows from the file that is named."""
    lines = Path(sys.argv[1]).read_text(encoding="utf-8").splitlines()
    rows = [line for line in lines if line.startswith("| ")]
    PAGE.write_text("\n".join(page(rows)) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
