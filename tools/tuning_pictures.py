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


def commands(folder):
    """The commands of the tutorial, each with what a person does at the pen just before it."""
    profile, before, after = (str(folder / name) for name in ("pen.toml", "before", "after"))
    yield "", ["info"]
    yield "hold", ["service", "--wait", "60s"]
    yield "", ["get", "rate_kp", "rate_ki", "ir_compensation", "slew", "motor_constant"]
    yield "", ["tune", "--yes", "--out", str(PICTURES / "tuning.png")]
    yield "", ["get", "rate_kp", "rate_ki", "ir_compensation", "slew", "motor_constant"]
    yield "", ["service", "--end"]
    yield "", ["params", "dump", profile, "--changed"]


def main():
    """Plays all of them; returns the first exit code that is not 0."""
    with Bench(seed=5, parameters=load_pen(PEN).parameters) as bench, tempfile.TemporaryDirectory() as name:
        bench.run(1.0)
        with Pen(SimulatedPort.on_bench(bench)) as pen, held(pen):
            for gesture, words in commands(Path(name)):
                if gesture:
                    bench.operator.click(3.5)
                print("$ penloop " + " ".join(words), flush=True)
                code = run(words)
                if code:
                    return code
            print((Path(name) / "pen.toml").read_text())
    return 0


if __name__ == "__main__":
    sys.exit(main())
