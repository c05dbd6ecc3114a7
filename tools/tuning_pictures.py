"""Plays docs/tuning.md on a simulated pen: the pictures into docs/pictures, its words on stdout.

    python -m tools.tuning_pictures

The pen is that of examples/pens/other-motor.toml. Every picture is drawn and every line is printed
by the commands of `penloop` themselves.
"""

import sys
import tempfile
from pathlib import Path

from penhost import Pen
from penloop.cli import run
from penloop.connection import held
from pensim import Bench
from pensim.pen_file import load_pen
from pensim.serial_port import SimulatedPort

ROOT = Path(__file__).parents[1]
PICTURES = ROOT / "docs" / "pictures"
PEN = ROOT / "examples" / "pens" / "other-motor.toml"


NAMES = ("rate_kp", "rate_ki", "ir_compensation", "slew", "motor_constant")


def commands(profile):
    """The commands of the tutorial, each with whether a person holds the button just before it."""
    yield False, ["info"]
    yield True, ["service", "--wait", "60s"]
    yield False, ["get", *NAMES]
    yield False, ["tune", "--yes", "--out", str(PICTURES / "tuning.png")]
    yield False, ["get", *NAMES]
    yield False, ["service", "--end"]
    yield False, ["params", "dump", str(profile), "--changed"]


def play(bench, profile):
    """Plays all of them; returns the first exit code that is not 0."""
    bench.run(1.0)
    with Pen(SimulatedPort.on_bench(bench)) as pen, held(pen):
        for hold, words in commands(profile):
            if hold:
                bench.operator.click(3.5)
            print("$ penloop " + " ".join(words), flush=True)
            code = run(words)
            if code:
                return code
    print(profile.read_text())
    return 0


def main():
    """Returns the exit code."""
    parameters = load_pen(PEN).parameters
    with tempfile.TemporaryDirectory() as folder, Bench(seed=5, parameters=parameters) as bench:
        return play(bench, Path(folder) / "pen.toml")


if __name__ == "__main__":
    sys.exit(main())
