"""The demo: a treatment from the cartridge to the last stroke, and a motor that stalls in skin.

Both run the real firmware in virtual time. The host tool talks to the pen through `sim://` and
pyserial, as it would to a device; the person at the pen is the bench's operator.
"""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from penhost import Pen
from penhost.replies import Change
from penhost.tables import Identity
from penloop.connection import open_pen_port, stopped_on_interruption
from penloop.puncture_map import SWATH_MM, ZONES, Zone
from pensim import Bench, Trace
from pensim.operator import Hand, Operator
from pensim.plant.kernel import noise_bits, stream_key

CARTRIDGE = "12 needles"
WISHES = {"stroke_rate": "110Hz", "depth": "0.75mm"}
WATCHED = ("state", "rate", "current", "depth", "battery", "winding")
WATCH_MS = 20
HAND_CM_PER_S = 3.0
CARTRIDGE_IN_S = 0.3
AWAY_S = 0.6  # off the skin between two passes
SNAG_S = 1.2  # into the second run, the needles are held
SNAG_MM = 0.2  # on their way in, at no more than this depth
SNAG_LOOK_S = 2e-4
PULL_OFF_S = 0.25  # a hand's reaction to it [A]
STALL_ZONE = "scar"
STANDOFF_MM = (0.0, 0.15)  # how far the nose stands off while the hand moves, wandering [A]
WANDER_S = 0.7  # from one stand-off of the hand to the next
HAND_STEP_S = 0.05
HAND_STREAM = 101  # of random numbers, apart from the plant's

Script = Generator[Any, Any, None]


@dataclass(frozen=True)
class Heard:
    """What the host saw over the link: telemetry samples that came, that were lost, and that the
    pen has not taken, as it wrote its flash and had said so."""

    samples: int
    lost: int
    paused: int
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
    seed: int
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
            for _ in range(round(self.row_s() / HAND_STEP_S)):
                operator.stand_off(standoff_mm(self.seed, operator.now_s))
                yield operator.wait(HAND_STEP_S)
        operator.lift()


def standoff_mm(seed: int, time_s: float) -> float:
    """How far the hand holds the nose off the skin at a time: smooth between random knots."""
    key = stream_key(seed, HAND_STREAM)
    knot, share = divmod(time_s / WANDER_S, 1.0)
    start, end = (noise_bits(key, int(knot) + n) / 2**32 for n in (0, 1))
    low, high = STANDOFF_MM
    return low + (high - low) * (start + (end - start) * share * share * (3.0 - 2.0 * share))


def passes(quick: bool, seed: int) -> list[Pass]:
    """Forehead, then half of the cheek, and after a pause the other half."""
    forehead, cheek = ZONES["forehead"], ZONES["cheek"]
    if quick:
        parts = [(forehead, range(1)), (cheek, range(1)), (cheek, range(1, 2))]
    else:
        rows, all_rows = (round(zone.height_mm / SWATH_MM) for zone in (forehead, cheek))
        half = all_rows // 2
        parts = [(forehead, range(rows)), (cheek, range(half)), (cheek, range(half, all_rows))]
    return [Pass(zone, chosen, seed) for zone, chosen in parts]


def treatment_s(quick: bool) -> float:
    """About how long the treatment takes, virtual seconds; for the progress bar."""
    return 3.2 + sum(AWAY_S + len(part.rows) * part.row_s() for part in passes(quick, 0))


STALL_S = 4.6  # about how long the second run takes, virtual seconds

Beat = Callable[[float, str], None]  # virtual time in s, what the person does


def run_treatment(engine: str, seed: int, quick: bool, on_beat: Beat) -> Run:
    """The first run; `on_beat` is called as virtual time passes."""

    def script(operator: Operator) -> Script:
        operator.click()
        yield operator.wait(1.0)
        for part in passes(quick, seed):
            yield operator.process(part.script(operator))
            yield operator.wait(AWAY_S)
        operator.click()
        yield operator.wait(1.0)

    return _run(engine, seed, script, on_beat)


def run_stall(engine: str, seed: int, on_beat: Beat) -> Run:
    """The second run: the needles snag as they go into a scar, the motor stalls, and the hand
    pulls off."""

    def script(operator: Operator) -> Script:
        operator.click()
        yield operator.wait(1.0)
        operator.glide(HAND_CM_PER_S, 0.0, 0.0)
        operator.touch(STALL_ZONE)
        yield operator.wait(SNAG_S)
        yield operator.process(_going_in(operator))
        operator.glide(0.0)
        operator.hazard("motor_jammed")
        yield operator.wait(PULL_OFF_S)
        operator.lift()
        operator.hazard("motor_jammed", on=False)
        yield operator.wait(1.2)

    return _run(engine, seed, script, on_beat)


def _going_in(operator: Operator) -> Script:
    """Waits for the needles to be on their way into the skin."""
    depth_mm = before_mm = SNAG_MM
    while not before_mm < depth_mm < SNAG_MM:
        yield operator.wait(SNAG_LOOK_S)
        before_mm, depth_mm = depth_mm, operator.depth_in_skin_mm()


def _run(engine: str, seed: int, script: Callable[[Operator], Script], on_beat: Beat) -> Run:
    options = urlencode({"cartridge": "none", "engine": engine, "seed": seed})
    port = open_pen_port(f"sim://?{options}")
    bench: Bench = port.bench
    operator = bench.operator
    bench.recorder.on_beat = lambda now_us: on_beat(now_us / 1e6, _doing(operator.hand))
    operator.at(CARTRIDGE_IN_S, lambda: operator.insert_cartridge(CARTRIDGE))
    with Pen(port) as pen, stopped_on_interruption(pen):
        changes = _prepare(pen)
        heard = _watch(pen, operator.process(script(operator)))
        assert operator.cartridge is not None
        needles = int(operator.cartridge.parameters.needle_count)
        return Run(bench.trace(), operator.moves, needles, pen.info, changes, heard)


def _doing(hand: Hand) -> str:
    return f"on the {hand.zone}" if hand.touching else "in the air"


def _prepare(pen: Pen) -> list[Change]:
    """The host learns the pen from the pen, waits for its self-test and sets rate and depth."""
    while pen.heartbeat() != "READY":
        pen.wait(0.1)
    changes = pen.set(WISHES)
    pen.subscribe([name for name in WATCHED if name in pen.signals], WATCH_MS)
    return changes


def _watch(pen: Pen, person: Any) -> Heard:
    """Reads telemetry until the person at the pen is done."""
    samples = lost = paused = 0
    for block in pen.blocks():
        samples += len(block.samples)
        lost += block.lost
        paused += block.paused
        if person.triggered:
            break
    return Heard(samples, lost, paused, samples * WATCH_MS / 1e3)
