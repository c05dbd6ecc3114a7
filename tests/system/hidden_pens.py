"""How well `penloop identify` finds out pens that it does not know: the table of its document.

    python -m tests.system.hidden_pens 0 14
    python -m tests.system.hidden_pens 0 14 air

Each pen is off the reference by up to 30 % in every parameter of the fit, and is recorded on
`sim://` by the steps of `penloop identify --record --skin`, which takes about 15 s a pen, or in the
air alone, by those without `--skin`.
"""

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from penhost import Pen
from penloop import service_state
from penloop.identification import evidence, experiment
from penloop.identification.fit import fit
from penloop.identification.model import NAMES, Guess
from penloop.identification.verdict import Verdict, verdicts
from penloop.recordings.provenance import environment
from penloop.recordings.recording_file import RecordingFile
from pensim import Bench
from pensim.plant.parameters import PenParameters
from pensim.plant.presets import SKINS
from pensim.serial_port import SimulatedPort

BASE = Guess(PenParameters(), SKINS["cheek"])
SPREAD = 0.3
NEEDLES = 12


def hidden(number: int) -> Guess:
    """Pen of a number."""
    values = BASE.values()
    rng = np.random.default_rng(number)
    values[: len(NAMES)] *= rng.uniform(1 - SPREAD, 1 + SPREAD, len(NAMES))
    return BASE.with_values(values)


def record(number: int, path: Path, on_skin: bool) -> None:
    """Records the pen, its person doing what is asked for."""
    pen_and_skin = hidden(number)
    skins = {"cheek": pen_and_skin.skin}
    bench = Bench(seed=number, parameters=pen_and_skin.pen, skins=skins, repl=True)
    person = bench.operator
    person.at(0.2, lambda: person.insert_new(f"{NEEDLES} needles", test=True))
    person.at(4.0, lambda: person.click(3.5))

    def obey(text: str) -> None:
        if "set the pen" in text:
            person.touch("cheek")
        else:
            person.lift()

    with Pen(SimulatedPort.on_bench(bench)) as pen:
        service_state.demand(pen, 60.0)
        rows = [pen.signals[name] for name in evidence.USED]
        recording = RecordingFile(path, rows, environment(pen, rows, experiment.PERIOD_MS))
        experiment.perform(pen, recording, on_skin, obey)
        recording.close()


def found(numbers: range, on_skin: bool) -> Iterator[list[tuple[Verdict, float]]]:
    """Verdicts of each pen with the errors of their values."""
    for number in numbers:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "run.parquet"
            record(number, path, on_skin)
            fitted = fit(evidence.read(path, 0.08), BASE, NEEDLES)
        told = verdicts(fitted, BASE, NEEDLES, NAMES)
        truth = hidden(number).values()
        yield [(one, (one.value or 0.0) / true - 1) for one, true in zip(told, truth)]


def main(first: str, end: str, where: str = "skin") -> None:
    """Prints the table."""
    pens = list(found(range(int(first), int(end)), where == "skin"))
    print(f"{len(pens)} pens | told | worst told | rms | covered")
    for name, column in zip(NAMES, zip(*pens)):
        errors = np.array([error for _, error in column])
        told = np.array([one.told for one, _ in column])
        inside = [
            (one.low or 0.0) <= (one.value or 0.0) / (1 + error) <= (one.high or 0.0)
            for one, error in column
        ]
        worst = abs(errors[told]).max(initial=0.0)
        rms = np.sqrt(np.mean(errors**2))
        print(f"{name} | {told.sum()} | {worst:.1%} | {rms:.1%} | {sum(inside)}")


if __name__ == "__main__":
    main(*sys.argv[1:4])
