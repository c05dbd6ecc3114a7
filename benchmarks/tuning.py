"""`penloop tune` on random pens: gains at least as good as the shipped ones, and no fault.

Resistance, torque constant, rotor inertia and friction are drawn within 30 %, each pen with its
own noise and charge. A pen is tuned through its link alone, from the shipped settings; then the
test of `penloop.tuning.twin` is played on the pen itself, with the shipped and with the tuned
settings, three times each with other noise, and judged by the plant's true rate.

    python -m benchmarks.tuning [PENS [FIRST]]     100 pens from number 0
"""

import hashlib
import random
import statistics
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import astuple, dataclass, replace
from pathlib import Path

from penhost import Pen
from penloop.tuning import safety, session, twin
from penloop.tuning.experiment import ExperimentEnded, Experiments
from penloop.tuning.judgement import GOALS, Figures, mean_of
from pensim.plant.parameters import PenParameters
from pensim.serial_port import SimulatedPort

PENS, PROCESSES, SPREAD = 100, 2, 0.3
DRAWN = ("resistance_ohm", "torque_constant_nm_per_a", "rotor_inertia_kg_m2", "friction_nm")
ROOT = Path(__file__).parents[1]
# What decides how a pen is tuned and how it does then.
SOURCES = (
    "firmware/penfw",
    "simulator/pensim",
    "host_tools/penloop/tuning",
    "benchmarks/tuning.py",
)
JUDGED = (101, 202, 303)  # seeds of the noise in the judgement, none of which tuning has seen


@dataclass(frozen=True)
class Result:
    """One pen, shipped and tuned."""

    number: int
    shares: tuple[float, ...]  # of DRAWN
    changes: dict[str, int]
    shipped: Figures
    tuned: Figures
    faults: int
    ended: str = ""  # what ended the tuning before there was a proposal
    again: bool = True  # whether the tuned pen may be tuned again

    @property
    def passed(self):
        """Tuned to the end, at least as good, no fault anywhere, and fit to be tuned again."""
        ended = self.ended or self.faults or not self.again
        return not ended and self.tuned.at_least_as_good_as(self.shipped)

    @property
    def kept(self):
        """Whether tuning found nothing better than what is there."""
        return not (self.ended or self.changes)

    def verdict(self):
        """The last cell of the row: yes, or no and why."""
        if self.ended:
            return f"no, refused: {self.ended}"
        if self.faults:
            return f"no, fault: {self.faults:#x}"
        if not self.again:
            return "no, refused: it may not be tuned again"
        if not self.passed:
            return "no, worse: " + ", ".join(self.tuned.worse_than(self.shipped) or ["score"])
        return "yes, kept as it was" if self.kept else "yes"

    def row(self):
        """A row of the table in docs/tuning-pens.md."""
        pairs = zip(astuple(self.shipped), astuple(self.tuned))
        cells = [f"{before:.3g} → {after:.3g}" for before, after in pairs]
        scores = f"{self.shipped.score():.2f} → {self.tuned.score():.2f}"
        pen = " ".join(f"{share:.2f}" for share in self.shares)
        return " | ".join([f"| {self.number}", pen, *cells, scores, f"{self.verdict()} |"])


def source_hash(root=ROOT):
    """SHA-256 over SOURCES, names and contents."""
    whole = hashlib.sha256()
    for place in SOURCES:
        found = root / place
        for path in sorted(found.rglob("*.py")) if found.is_dir() else [found]:
            whole.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    return whole.hexdigest()


def drawn(number):
    """(shares, parameters) of a random pen."""
    chance = random.Random(number)
    shares = tuple(chance.uniform(1.0 - SPREAD, 1.0 + SPREAD) for _name in DRAWN)
    pen = PenParameters()
    values = {name: getattr(pen.motor, name) * share for name, share in zip(DRAWN, shares)}
    battery = replace(pen.battery, charge_fraction=chance.uniform(0.3, 1.0))
    return shares, replace(pen, motor=replace(pen.motor, **values), battery=battery)


def tune(number):
    """Tunes one pen and judges it."""
    shares, parameters = drawn(number)
    changes, ended = {}, ""
    with twin.in_service(parameters, {}, number) as bench:
        with Pen(SimulatedPort.on_bench(bench)) as pen:
            try:
                found = session.find(Experiments(pen))
                changes = session.propose(found, lambda _tried: None).changes
            except ExperimentEnded as error:
                ended = str(error)
            shipped = {name: value.value for name, value in pen.get_all(twin.LAW).items()}
        faults = bench.signal("faults")
    judged = []
    for settings in (shipped, {**shipped, **changes}):
        plays = [twin.play(parameters, settings, seed) for seed in JUDGED]
        faults |= sum(played.faults for played in plays)
        judged.append(mean_of([played.figures() for played in plays]))
    again = safety.allows({**shipped, **changes})
    return Result(number, shares, changes, *judged, faults, ended, again)


def summary(results):
    """How many pens passed, and by how much the figures have changed."""
    changed = [one for one in results if one.changes]
    yield (
        f"{sum(one.passed for one in results)} of {len(results)} pens at least as good, "
        f"{sum(one.kept for one in results)} kept as they were, "
        f"{sum(bool(one.ended) for one in results)} refused, "
        f"{sum(bool(one.faults) for one in results)} with a fault; {len(changed)} changed, "
        f"{sum(one.tuned.score() < one.shipped.score() for one in changed)} with a better score"
    )
    for name, goal in GOALS.items():
        before, after = (
            [getattr(one, side) for one in map(lambda r, k=kind: getattr(r, k), results)]
            for kind, side in (("shipped", name), ("tuned", name))
        )
        yield (
            f"{goal.title}: median {statistics.median(before):.3g} → "
            f"{statistics.median(after):.3g} {goal.unit}, worst {max(before):.3g} → "
            f"{max(after):.3g}"
        )


def main():
    """Prints the sources, a row a pen as it is done, then the summary; fails where a pen does."""
    count, first = (int(text) for text in (sys.argv[1:] + [str(PENS), "0"][len(sys.argv) - 1 :]))
    print(f"sources {source_hash()}", flush=True)
    results = []
    with ProcessPoolExecutor(PROCESSES) as workers:
        for result in workers.map(tune, range(first, first + count)):
            print(result.row(), flush=True)
            results.append(result)
    for line in summary(results):
        print(f"tuning, {line}", flush=True)
    sys.exit(0 if all(one.passed for one in results) else 1)


if __name__ == "__main__":
    main()
