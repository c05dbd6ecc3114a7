"""What calibration measures on a pen in SERVICE, and what of it is plausible.

The lead screw is the standard of length: a step is 25 um. Its zero is the home switch. The pen is
moved in a trial, so it goes back to its depth by itself whatever happens.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from penhost import Pen
from penhost.units import show
from penloop.errors import BoardError
from penloop.service_state import TRIAL_S, reading

DEPTHS_UM = (250, 500, 750, 1000, 1250)
GAUGE_UM = (500, 1250)  # where a gauge is read
FROM_ABOVE_UM = 500
VERIFY_UM = 1000
SETTLE_S, READ_S, MOVE_S = 0.3, 0.5, 3.0
STEP_UM = 25
NOISE_MA = 30  # of the shunt, standard deviation
SHUNT_MOST_MA = 450  # what the self-test of a pen that is not calibrated lets pass, and a little
OFF_LINE_UM = 15  # of the position sensor
GAUGE_OFF_UM = 50  # the accuracy that the pen promises
EXCESS_UM = (8, 40)  # play beyond a step: none that matters, and what spoils the depth
BATTERY_RATIO = (0.8, 1.25)
BATTERY_MV = (2500, 4500)
VERIFIED_UM, VERIFIED_MA = 30, 20

Read = Callable[[int], int | None]  # a gauge's reading at a depth, um; None: nobody has read it


@dataclass(frozen=True)
class Position:
    """The position sensor at depth zero, its gain, and the axis' play beyond a step."""

    home_counts: int
    gain_pm: int
    excess_um: float


def measure(pen: Pen, battery_mV: int | None, gauge: Read) -> dict[str, int]:
    """The calibration values of this pen. Raises BoardError for what is not plausible."""
    found = {"shunt_zero": shunt_zero(pen)}
    if battery_mV is not None:
        found["battery_gain"] = battery_gain(pen, battery_mV)
    position = measure_position(pen, gauge)
    found["position_home"] = position.home_counts
    found["position_gain"] = position.gain_pm
    if position.excess_um > EXCESS_UM[0]:
        found["backlash"] = round(STEP_UM + position.excess_um)
    return {**found, "calibrated": 1}


def shunt_zero(pen: Pen) -> int:
    """The shunt's reading with both paths off, counts."""
    values = pen.get_all(["shunt_zero", "shunt_gain"])
    current_mA = np.array(reading(pen, 2.0, ["current"])["current"]) + 0.5  # the pen rounds down
    mean_mA = float(current_mA.mean())
    if current_mA.std() > NOISE_MA:
        raise BoardError(f"the current reads ±{current_mA.std():.0f} mA of noise", "check wires")
    if abs(mean_mA) > SHUNT_MOST_MA:
        raise BoardError(f"the current reads {mean_mA:.0f} mA without drive", "check the amplifier")
    return round(values["shunt_zero"].value + mean_mA * 4096 / _q12(values["shunt_gain"].value))


def battery_gain(pen: Pen, meter_mV: int) -> int:
    """The gain with which the pen reads what a meter at the cell reads, nV a count."""
    if not BATTERY_MV[0] <= meter_mV <= BATTERY_MV[1]:
        raise BoardError(f"no cell has {show(meter_mV, 'mV')}", "measure at the cell's terminals")
    gain = pen.get("battery_gain").value
    read_mV = float(np.mean(reading(pen, 1.0, ["battery"])["battery"])) + 0.5
    ratio = meter_mV / read_mV if read_mV > 1 else 0.0
    if not BATTERY_RATIO[0] <= ratio <= BATTERY_RATIO[1]:
        shown = show(round(read_mV), "mV")
        raise BoardError(f"the pen reads {shown}, the meter {show(meter_mV, 'mV')}", "check both")
    return round(meter_mV / read_mV * _q12(gain) * 1e6 / 4096)


def measure_position(pen: Pen, gauge: Read) -> Position:
    """Moves the axis from home deeper and back; the trial brings it to its depth again."""
    counts: dict[int, float] = {}
    points: dict[int, float] = {}  # by what the gauge reads
    with pen.trial(TRIAL_S):
        _go(pen, 0)
        for depth_um in depths(pen):
            counts[depth_um] = _counts_at(pen, depth_um)
            read_um = gauge(depth_um) if depth_um in GAUGE_UM else None
            if read_um is not None:
                points[_believed(depth_um, read_um)] = counts[depth_um]
        above = _counts_at(pen, FROM_ABOVE_UM)
    slope = _slope(counts)
    excess_um = (above - counts[FROM_ABOVE_UM]) / slope
    if excess_um > EXCESS_UM[1]:
        play_um = STEP_UM + excess_um
        raise BoardError(f"the axis has {play_um:.0f} um of play", "repair it: depths would be off")
    gain, home = _fit(points if len(points) > 1 else counts)
    return Position(round(home), round(1e6 / gain), excess_um)


def _slope(counts: dict[int, float]) -> float:
    """Counts per um by the screw. Raises BoardError where the readings do not lie on a line."""
    slope, home = _fit(counts)
    if slope <= 0:
        raise BoardError("the position sensor does not follow the axis", "check its wires")
    off_um = max(abs(count - home - slope * at) / slope for at, count in counts.items())
    if off_um > OFF_LINE_UM:
        raise BoardError(f"the position sensor is {off_um:.0f} um off a line", "check its mount")
    return slope


def _fit(counts: dict[int, float]) -> tuple[float, float]:
    """Counts per um, and those at depth zero."""
    slope, home = np.polyfit(list(counts), list(counts.values()), 1)
    return float(slope), float(home)


def depths(pen: Pen) -> list[int]:
    """Those that the ceiling allows. Raises BoardError where it allows too few."""
    ceiling_um = pen.get("depth_ceiling").value
    found = [depth_um for depth_um in DEPTHS_UM if depth_um <= ceiling_um]
    if len(found) < 3:
        remedy = "raise depth_ceiling to 1.5 mm for it"
        raise BoardError(f"the ceiling is {show(ceiling_um, 'um')}", remedy)
    return found


def verify(pen: Pen, values: dict[str, int]) -> None:
    """Puts the values in force, and keeps them if the pen's readings are right then.

    Raises BoardError, and the values before are back.
    """
    depth = pen.get("depth")
    with pen.trial(TRIAL_S) as trial:
        pen.set(values)
        _go(pen, VERIFY_UM)
        found = reading(pen, READ_S, ["position", "current"])
        off_um = float(np.mean(found["position"])) - VERIFY_UM
        current_mA = float(np.mean(found["current"]))
        if abs(off_um) > VERIFIED_UM or abs(current_mA) > VERIFIED_MA:
            told = f"position {off_um:+.0f} um, current {current_mA:+.0f} mA"
            raise BoardError(f"with the new values the pen is off by {told}", "measure again")
        pen.set({"depth": depth})
        trial.keep()


def _believed(depth_um: int, read_um: int) -> int:
    """What the gauge says. Raises BoardError: what the steps do wrong no sensor can correct."""
    if abs(read_um - depth_um) > GAUGE_OFF_UM:
        said = f"the gauge says {show(read_um, 'um')} where the steps say {show(depth_um, 'um')}"
        raise BoardError(said, "check home switch, screw and gauge")
    return read_um


def _counts_at(pen: Pen, depth_um: int) -> float:
    """The position sensor's reading at a depth, counts."""
    _go(pen, depth_um)
    values = pen.get_all(["position_home", "position_gain"])
    position_um = float(np.mean(reading(pen, READ_S, ["position"])["position"])) + 0.5
    return values["position_home"].value + position_um * 4096 / _q12(values["position_gain"].value)


def _go(pen: Pen, depth_um: int) -> None:
    """Has the axis go to a depth, and waits until it stands. Raises BoardError."""
    pen.set({"depth": depth_um})
    pen.subscribe(["depth"], 20)
    for number, sample in enumerate(pen.samples()):
        if sample["depth"] == depth_um:
            break
        if number > MOVE_S / 0.02:
            raise BoardError(f"the axis does not reach {show(depth_um, 'um')}", "`penloop faults`")
    pen.unsubscribe()
    pen.wait(SETTLE_S)


def _q12(gain_ppm: int) -> int:
    """The factor that the pen makes of a gain: thousandths of a unit a count, in 1/4096."""
    return gain_ppm * 4096 // 1_000_000
