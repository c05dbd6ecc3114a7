"""Plays docs/tuning.md on a simulated pen: the pictures into docs/pictures, its words on stdout.

    python -m tools.tuning_pictures

The pen is that of examples/pens/other-motor.toml. Every picture is drawn and every line is printed
by the commands of `penloop` themselves.
"""

import shutil
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


DRAWN = ("tuning-scope.png", "tuning.png")  # kept once all has gone well
NAMES = ("rate_kp", "rate_ki", "ir_compensation", "slew", "motor_constant")


def commands(folder):
    """The commands of the tutorial, each with what the person at the pen does meanwhile."""
    capture, plot = str(folder / "start.parquet"), str(folder / DRAWN[0])
    scope = ["scope", "--signals", "rate,rate_target,current", "--trigger", "state RUNNING"]
    yield None, ["info"]
    yield start, [*scope, "--samples", "600", "--wait", "20s", "--out", capture, "--plot", plot]
    yield enter_service, ["service", "--wait", "60s"]
    yield None, ["get", *NAMES]
    yield None, ["tune", "--yes", "--out", str(folder / DRAWN[1])]
    yield None, ["get", *NAMES]
    yield None, ["service", "--end"]
    yield None, ["params", "dump", str(folder / "pen.toml"), "--changed"]


def start(operator):
    """A cartridge is put in, and the button pressed."""
    operator.insert_cartridge()
    operator.at(operator.now_s + 3.0, operator.click)


def enter_service(operator):
    """The treatment is ended, the cartridge taken out, the button held."""
    operator.click()
    operator.at(operator.now_s + 2.0, operator.remove_cartridge)
    operator.at(operator.now_s + 3.0, lambda: operator.click(3.5))


def play(bench, folder):
    """Plays all of them; returns the first exit code that is not 0."""
    bench.run(1.0)
    with Pen(SimulatedPort.on_bench(bench)) as pen, held(pen):
        for gesture, words in commands(folder):
            if gesture:
                gesture(bench.operator)
            print("$ penloop " + " ".join(words), flush=True)
            code = run(words)
            if code:
                return code
    print((folder / "pen.toml").read_text())
    for name in DRAWN:
        shutil.copyfile(folder / name, PICTURES / name)
    return 0


def main():
    """Returns the exit code."""
    parameters = load_pen(PEN).parameters
    with tempfile.TemporaryDirectory() as folder, Bench(seed=5, parameters=parameters) as bench:
        return play(bench, Path(folder))


if __name__ == "__main__":
    sys.exit(main())
