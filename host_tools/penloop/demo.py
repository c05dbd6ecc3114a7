"""The demo: a treatment from the cartridge to the last stroke, and a motor that stalls in skin.

Both run the real firmware in virtual time. The host tool talks to the pen through `sim://` and
pyserial, as it would to a device; the person at the pen is the bench's operator.
"""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from penhost import Pen
from penhost.ports import open_port
from penhost.replies import Change
from penhost.tables import Identity
from penloop.puncture_map import SWATH_MM, ZONES, Zone
from pensim import Bench, Trace
from pensim.operator import Hand, Operator

CARTRIDGE = "12 needles"
WISHES = {"stroke_rate": "110Hz", "depth": "0.75mm"}
WATCHED = ("state", "rate", "current", "depth", "battery", "winding")
WATCH_MS = 20
HAND_CM_PER_S = 3.0
CARTRIDGE_IN_S = 0.3
AWAY_S = 0.6  # off the skin between two passes
SNAG_S = 1.2  # into the second run, the needles are held
PULL_OFF_S = 0.25  # a hand's reaction to it [A]
STALL_ZONE = "scar"

Script = Generator[Any, Any, None]


@dataclass(frozen=True)
class Heard:
    """What the host saw over the link: telemetry samples that came, and that were lost."""

    samples: int
    lost: int
    seconds: float


@dataclass(frozen=True)
class Run:
    """One run: its trace, the hand's moves, and what pen and host said to each other."""

    trace: Trace
    moves: list[Hand]
    needles: int
    identity: Identity
    changes: list[Change]
    heard: Heard


@dataclass(frozen=True)
class Pass:
    """A stretch of a zone's rows, treated from one touch to the next lift."""

    zone: Zone
    rows: range
    pitch_mm: float = SWATH_MM

    def row_s(self) -> float:
        """Seconds of one row."""
        return self.zone.width_mm / 10.0 / HAND_CM_PER_S

    def script(self, operator: Operator) -> Script:
        """Sets the pen down, goes back and forth over the rows, lifts off."""
        for row in self.rows:
            forward = row % 2 == 0
            start_mm = 0.0 if forward else self.zone.width_mm
            speed = HAND_CM_PER_S if forward else -HAND_CM_PER_S
            operator.glide(speed, start_mm, (row + 0.5) * self.pitch_mm)
            if row == self.rows.start:
                operator.touch(self.zone.name)
            yield operator.wait(self.row_s())
        operator.lift()


def passes(quick: bool) -> list[Pass]:
    """Forehead, then half of the cheek, and after a pause the other half."""
    forehead, cheek = ZONES["forehead"], ZONES["cheek"]
    if quick:
        return [Pass(forehead, range(1)), Pass(cheek, range(1)), Pass(cheek, range(1, 2))]
    half = round(cheek.height_mm / SWATH_MM) // 2
    rows = round(forehead.height_mm / SWATH_MM)
    return [
        Pass(forehead, range(rows)),
        Pass(cheek, range(half)),
        Pass(cheek, range(half, round(cheek.height_mm / SWATH_MM))),
    ]


def treatment_s(quick: bool) -> float:
    """About how long the treatment takes, virtual seconds; for the progress bar."""
    return 5.0 + sum(AWAY_S + len(part.rows) * part.row_s() for part in passes(quick))


STALL_S = 6.0  # about how long the second run takes, virtual seconds

Beat = Callable[[float], None]


def run_treatment(engine: str, seed: int, quick: bool, on_beat: Beat) -> Run:
    """The first run; `on_beat` gets the virtual time in seconds as it passes."""

    def script(operator: Operator) -> Script:
        operator.click()
        yield operator.wait(1.0)
        for part in passes(quick):
            yield operator.process(part.script(operator))
            yield operator.wait(AWAY_S)
        operator.click()
        yield operator.wait(1.0)

    return _run(engine, seed, script, on_beat)


def run_stall(engine: str, seed: int, on_beat: Beat) -> Run:
    """The second run: the needles snag in a scar, the motor stalls, the hand pulls off."""

    def script(operator: Operator) -> Script:
        operator.click()
        yield operator.wait(1.0)
        operator.glide(HAND_CM_PER_S, 0.0, 0.0)
        operator.touch(STALL_ZONE)
        yield operator.wait(SNAG_S)
        operator.glide(0.0)
        operator.hazard("motor_jammed")
        yield operator.wait(PULL_OFF_S)
        operator.lift()
        operator.hazard("motor_jammed", on=False)
        yield operator.wait(1.2)

    return _run(engine, seed, script, on_beat)


def _run(engine: str, seed: int, script: Callable[[Operator], Script], on_beat: Beat) -> Run:
    options = urlencode({"cartridge": "none", "engine": engine, "seed": seed})
    port = open_port(f"sim://?{options}")
    bench: Bench = port.bench
    bench.recorder.on_beat = lambda now_us: on_beat(now_us / 1e6)
    operator = bench.operator
    operator.at(CARTRIDGE_IN_S, lambda: operator.insert_cartridge(CARTRIDGE))
    with Pen(port) as pen:
        changes = _prepare(pen)
        heard = _watch(pen, operator.process(script(operator)))
        assert operator.cartridge is not None
        needles = int(operator.cartridge.parameters.needle_count)
        return Run(bench.trace(), operator.moves, needles, pen.info, changes, heard)


def _prepare(pen: Pen) -> list[Change]:
    """The host learns the pen from the pen, waits for its self-test and sets rate and depth."""
    while pen.heartbeat() != "READY":
        pen.wait(0.1)
    changes = pen.set(WISHES)
    pen.subscribe([name for name in WATCHED if name in pen.signals], WATCH_MS)
    return changes


def _watch(pen: Pen, person: Any) -> Heard:
    """Reads telemetry until the person at the pen is done."""
    samples = lost = 0
    for block in pen.blocks():
        samples += len(block.samples)
        lost += block.lost
        if person.triggered:
            break
    return Heard(samples, lost, samples * WATCH_MS / 1e3)
