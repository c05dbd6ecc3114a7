"""The words of expectations: quantities, conditions and events, and what they mean on a trace."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from penfw import faults, states
from penloop.scenarios.monitor import Margin
from pensim import Trace
from pensim.hazards import HAZARDS
from pensim.plant.kernel import PLANT_SIGNALS
from pensim.recorder import BOARD_COLUMNS

MEAN_US = 200_000  # PEN.md: "within ±2 %" is judged on the true speed over 0.2 s
TOP_DEG = 20.0  # needles are retracted this close to top dead centre
STILL_MHZ = 200
FULL_U16 = 65535

COLUMNS = tuple(
    [f"plant.{name}" for name, _unit in PLANT_SIGNALS] + [column.name for column in BOARD_COLUMNS]
)  # of every trace

Log = list[tuple[int, str]]
Column = NDArray[np.float64]


@dataclass(frozen=True)
class Quantity:
    """A signal by its everyday name: column, unit, and the size of a difference that matters."""

    column: str
    unit: str
    tolerance: float
    mean_us: int = 0  # over which it is averaged, backwards
    meaning: str = ""


QUANTITIES = {
    "stroke rate": Quantity("plant.rate", "mHz", 1000, MEAN_US, "true rate, mean of 0.2 s"),
    "instant rate": Quantity("plant.rate", "mHz", 1000, 0, "true rate at the moment"),
    "measured rate": Quantity("pen.rate", "mHz", 1000, 0, "as the pen measures it"),
    "needle depth": Quantity("plant.penetration", "um", 50, 0, "of the needles in the skin"),
    "protrusion": Quantity("plant.protrusion", "um", 50, 0, "of the needles beyond the nose"),
    "current": Quantity("plant.current", "mA", 50, 0, "of the motor, braking is negative"),
    "peak current": Quantity("plant.current_peak", "mA", 50, 0, "largest amount in a millisecond"),
    "battery": Quantity("plant.battery", "mV", 50, 0, "voltage of the cell under load"),
    "winding temperature": Quantity("plant.winding", "mC", 1000, 0, "true, of the plant"),
    "housing temperature": Quantity("plant.housing", "mC", 1000, 0, "true, of the plant"),
    "needle force": Quantity("plant.needle_force", "mN", 50, 0, "of the skin on all needles"),
    "punctures": Quantity("plant.punctures", "", 1, 0, "strokes into skin so far"),
    "strokes": Quantity("plant.strokes", "", 1, 0, "turns of the motor so far"),
    "drive": Quantity("plant.drive", "u16", 655, 0, "share of the cell's voltage on the motor"),
}


def sign(holds: NDArray[np.bool_]) -> Column:
    """1 where it holds, else -1."""
    return np.where(holds, 1.0, -1.0)


def _retracted(trace: Trace) -> Column:
    angle_deg = trace["plant.angle"] / 1000.0 % 360.0
    return (TOP_DEG - np.minimum(angle_deg, 360.0 - angle_deg)) / TOP_DEG


def _still(trace: Trace) -> Column:
    return (STILL_MHZ - np.abs(trace["plant.rate"])) / STILL_MHZ


def _braked(trace: Trace) -> Column:
    return sign(trace["plant.brake"] == FULL_U16)


CONDITIONS: dict[str, tuple[Callable[[Trace], Column], str]] = {
    "drive off": (lambda trace: sign(trace["plant.drive"] == 0), "the cell drives no current"),
    "drive on": (lambda trace: sign(trace["plant.drive"] > 0), "the cell drives the motor"),
    "brake on": (_braked, "the low side shorts the motor all the time"),
    "motor still": (_still, "slower than 0.2 Hz"),
    "needles retracted": (_retracted, "within 20 degrees of top dead centre"),
    "parked": (lambda trace: np.minimum(_still(trace), _retracted(trace)), "still and retracted"),
    "on the skin": (lambda trace: sign(trace["plant.contact"] > 0), "the nose touches skin"),
    "no fault": (lambda trace: sign(trace["pen.faults"] == 0), "no fault is latched"),
}
FAULTS = {row[1]: row[0] for row in faults.FAULTS}
STATES = {name: number for number, name in enumerate(states.STATES)}

# Physical events: column, and the amount whose first excess is the event.
EXCESSES = {
    "overcurrent": ("plant.current_peak", 2800.0),
    "overspeed": ("plant.rate", 165000.0),
}
# Acts of the person at the pen: how the operator's log writes them.
ACTS = {
    "contact": "touch ", "lift-off": "lift", "press": "press", "release": "release",
    "cartridge inserted": "insert ", "cartridge removed": "remove cartridge",
    "usb power on": "usb power on", "usb power off": "usb power off",
}  # fmt: skip
PARTS = {name.replace("_", " "): name for name in HAZARDS}
MOMENTS = ("start", "stop", "power-up")  # of a treatment; of the run


def mean_back(times_us: NDArray[np.int64], values: Column, span_us: int) -> Column:
    """Mean over the last `span_us` at each row; a row's value holds from the row before to it."""
    steps = np.diff(times_us, prepend=times_us[0])
    area = np.concatenate([[0.0], np.cumsum(values[1:] * steps[1:])])
    early = np.maximum(times_us - span_us, times_us[0])
    start = np.interp(early, times_us, area)
    span = np.maximum(times_us - early, 1)
    mean = (area - start) / span
    mean[0] = values[0]
    return mean


def signal(trace: Trace, quantity: Quantity) -> Column:
    """The values of a quantity, in its unit."""
    values = trace[quantity.column].astype(np.float64)
    return mean_back(trace.time_us, values, quantity.mean_us) if quantity.mean_us else values


def margin_of(trace: Trace, values: Column) -> Margin:
    """A margin from one value a row."""
    return Margin(trace.time_us, values)


def fault_margin(trace: Trace, name: str) -> Column:
    """Whether this fault is latched."""
    return sign(trace["pen.faults"] >> FAULTS[name] & 1 == 1)


def state_margin(trace: Trace, name: str) -> Column:
    """Whether the pen is in this state."""
    return sign(trace["pen.state"] == STATES[name])


def occurrences(trace: Trace, log: Log, event: str) -> list[int]:
    """The times of an event, microseconds, in order."""
    if event in ACTS:
        return [time_us for time_us, text in log if text.startswith(ACTS[event])]
    if event in PARTS:
        return [time_us for time_us, text in log if text == f"{PARTS[event]} on"]
    if event == "power-up":
        return [0]
    return _rises(trace, _watched(trace, event))


def _watched(trace: Trace, event: str) -> NDArray[np.bool_]:
    """Where what the event begins is true: nowhere before the firmware tells of itself."""
    kind, _, name = event.partition(" ")
    if event not in EXCESSES and "pen.state" not in trace:
        return np.zeros(len(trace), dtype=np.bool_)
    if event in ("start", "stop"):
        running = trace["pen.state"] == STATES["RUNNING"]
        return running if event == "start" else ~running & (np.maximum.accumulate(running))
    if event in EXCESSES:
        column, limit = EXCESSES[event]
        return trace[column] > limit
    if kind == "state":
        return trace["pen.state"] == STATES[name]
    return fault_margin(trace, name if kind == "fault" else event) > 0


def _rises(trace: Trace, holds: NDArray[np.bool_]) -> list[int]:
    starts = np.flatnonzero(holds & ~np.concatenate([[False], holds[:-1]]))
    return [int(trace.time_us[place]) for place in starts]
