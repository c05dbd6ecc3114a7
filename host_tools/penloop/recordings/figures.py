"""A recording in figures: what two runs or two firmware versions are compared by.

They are made from the pen's own signals, so that a recording of a real pen has them; a simulated
trace adds what only the plant knows. A figure whose signals are not recorded is left out.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import isfinite

import numpy as np

from penloop import measures
from penloop.recordings import words
from penloop.recordings.happenings import latchings
from penloop.recordings.response import Response, response, start_row
from pensim.trace import Trace

PERCENT = "%"
BEFORE_US = 200_000  # before a start, in which the battery rests


@dataclass(frozen=True)
class Figure:
    """A name and a value in its unit; `help` says how it is made."""

    name: str
    unit: str
    value: float
    help: str


def figures(trace: Trace) -> list[Figure]:
    """In the order in which they are shown."""
    found = response(trace)
    parts = [_rate(found) if found else [], _dips(found) if found else [], _loads(trace)]
    parts += [_tick(trace), _counts(trace), _plant(trace), _states(trace), _faults(trace)]
    return [one for part in parts for one in part if isfinite(one.value)]


def _rate(found: Response) -> Iterator[Figure]:
    yield Figure("rate aimed at", "mHz", found.target_mHz, "greatest target of the first run")
    if found.settled_mHz is not None:
        off = 100 * (found.settled_mHz / found.target_mHz - 1)
        text = "mean once settled, outside of dips"
        yield Figure("settled rate", "mHz", found.settled_mHz, text)
        yield Figure("settled rate off its target", PERCENT, off, text)
    for name, share, text in (
        ("ripple", found.ripple, "standard deviation then, of the target"),
        ("overshoot", found.overshoot, "in the half second after the target was reached"),
    ):
        if share is not None:
            yield Figure(name, PERCENT, 100 * share, text)
    if found.rise_us is not None:
        yield Figure("rise time", "us", found.rise_us, "from 10 % to 90 % of the target")
    if found.settling_us is not None:
        text = "from the start until within 2 % of the target for 0.1 s"
        yield Figure("settling time", "us", found.settling_us, text)


def _dips(found: Response) -> Iterator[Figure]:
    if found.lowest is None:
        return
    text = "how far the rate falls below its target once settled, as on contact with skin"
    yield Figure("deepest dip", PERCENT, 100 * found.lowest, text)
    yield Figure("dips of the rate", "", len(found.dips), "by more than 2 %")
    lengths = [dip.length_us for dip in found.dips if dip.length_us is not None]
    if lengths:
        yield Figure("longest recovery", "us", max(lengths), "until within 2 % again")


def _loads(trace: Trace) -> Iterator[Figure]:
    if "pen.state" not in trace:
        return
    running = measures.running(trace)
    if "pen.current" in trace and running.any():
        current = trace["pen.current"][running]
        yield Figure("current, mean", "mA", float(current.mean()), "while running")
        yield Figure("current, peak", "mA", float(current.max()), "while running")
    if "pen.battery" in trace and running.any():
        yield Figure("battery sag", "mV", _sag_mV(trace), "rest before the start less the lowest")
    if "pen.winding" in trace:
        yield Figure("winding, hottest", "mC", float(trace["pen.winding"].max()), "as estimated")


def _sag_mV(trace: Trace) -> float:
    """NaN where no start is recorded."""
    row = start_row(trace)
    if row is None:
        return float("nan")
    rest = (trace.time_us >= trace.time_us[row] - BEFORE_US) & (np.arange(len(trace)) < row)
    battery = trace["pen.battery"]
    return float(battery[rest].mean() - battery[measures.running(trace)].min())


def _tick(trace: Trace) -> Iterator[Figure]:
    for name, column in (("tick late", "pen.tick_late"), ("tick time", "pen.tick_time")):
        if column in trace:
            yield Figure(f"{name}, longest", "us", float(trace[column].max()), column)


def _counts(trace: Trace) -> Iterator[Figure]:
    if "pen.strokes" in trace:
        made = float(trace["pen.strokes"][-1] - trace["pen.strokes"][0])
        yield Figure("strokes", "", made, "within the recording")
    if "link.missing" in trace:
        missing = float(trace["link.missing"][1:].sum())
        yield Figure("samples missing", "", missing, "lost, or not taken")


def _plant(trace: Trace) -> Iterator[Figure]:
    if "plant.penetration" in trace:
        deepest = float(trace["plant.penetration"].max())
        yield Figure("deepest in skin, true", "um", deepest, "by the plant")
        yield Figure("punctures", "", float(trace["plant.punctures"][-1]), "by the plant")
    if "plant.contact" in trace and "pen.state" in trace:
        held = measures.rate_held_hz(trace)
        if held is not None:
            yield Figure("rate held in skin, true", "mHz", 1e3 * held.mean, "mean in full contact")
            yield Figure("lowest held in skin, true", "mHz", 1e3 * held.low, "over 0.2 s")


def _states(trace: Trace) -> Iterator[Figure]:
    if "pen.state" not in trace:
        return
    spent: dict[int, int] = {}
    for value, start_us, end_us in words.spans(trace, trace["pen.state"]):
        spent[value] = spent.get(value, 0) + end_us - start_us
    for value in sorted(spent):
        name = words.state_name(trace, value)
        yield Figure(f"time in {name}", "us", spent[value], "of the samples that are there")


def _faults(trace: Trace) -> Iterator[Figure]:
    if "pen.faults" not in trace:
        return
    found = latchings(trace)
    yield Figure("faults", "", len(found), "latched within the recording")
    row = start_row(trace)
    since = "since the start of the run" if row is not None else "since the first sample"
    for at_us, number in found:
        name = words.fault_name(trace, number)
        yield Figure(f"fault {name}", "us", at_us - int(trace.time_us[row or 0]), since)
