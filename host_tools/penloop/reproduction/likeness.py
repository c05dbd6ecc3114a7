"""How far a run is from a record of the black box.

0 is the same; 1 is a difference of one tolerance in every signal and row, on the average. What
passes before the fault counts as much as what follows it.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from penloop.campaigns.cases import Case, Template
from penloop.errors import UserError
from penloop.reproduction.fault_record import FaultRecord
from penloop.scenarios import execution
from pensim import Trace

# What two recordings of one pen and one treatment may differ by: phase of the stroke, noise. The
# winding's temperature is an estimate that begins anew at every power-up.
TOLERANCES = {
    "rate": 1_000.0,  # mHz
    "duty": 1_500.0,  # of 65535
    "current": 120.0,  # mA
    "battery": 30.0,  # mV
    "depth": 15.0,  # um
    "position": 30.0,
}
CAP = 5.0  # tolerances: a row that is farther off counts so much
OTHER_STATE = 3.0  # a row in another state counts as so many
OTHER_FAULT, NO_FAULT, NO_RUN = 20.0, 40.0, 60.0  # these come on top
OTHER_LATCHED = 2.0  # for each fault more, or fewer
SHIFTS_US = range(-12_000, 13_000, 2_000)  # the record's moment of the fault is one of a pass


@dataclass(frozen=True)
class Likeness:
    """How near a run came.

    distance: 0 is the same; from OTHER_FAULT on it is not the same fault
    by_signal: RMS difference in tolerances, by signal; empty where nothing was to compare
    same_fault: the fault that the record has came up first
    fault_us: when, in the run
    """

    distance: float
    by_signal: dict[str, float]
    same_fault: bool
    fault_us: int = 0
    error: str = ""


def run_of(template: Template, case: Case) -> execution.Outcome:
    """The run of a case."""
    return execution.run(template.scenario(case), template.engine, case.seed, digest=False)


def likeness_of(template: Template, case: Case, record: FaultRecord) -> Likeness:
    """Runs a case and compares. What a worker does."""
    try:
        outcome = run_of(template, case)
    except UserError as mistake:
        return Likeness(NO_FAULT + NO_RUN, {}, False, error=str(mistake))
    if outcome.trace is None or "pen.faults" not in outcome.trace:
        return Likeness(NO_FAULT + NO_RUN, {}, False, error=outcome.error)
    return compare(outcome.trace, record)


def compare(trace: Trace, record: FaultRecord) -> Likeness:
    """How near a trace comes to a record."""
    words = trace["pen.faults"]
    wanted = (words >> record.number & 1).astype(bool)
    came = np.flatnonzero(words)
    if not len(came):
        end_us = int(trace.time_us[-1])
        _shift, by_signal = _differences(trace, record, end_us)
        return Likeness(NO_FAULT + _mean(by_signal), by_signal, False, end_us)
    same = bool(wanted[came[0]])
    fault_us = int(trace.time_us[came[0]])
    _shift, by_signal = _differences(trace, record, fault_us)
    latched = _latched(trace)
    distance = _mean(by_signal) + OTHER_LATCHED * len(latched ^ record.faults)
    return Likeness(distance + (0.0 if same else OTHER_FAULT), by_signal, same, fault_us)


def aligned(trace: Trace, record: FaultRecord, fault_us: int) -> NDArray[np.int64]:
    """The trace's times of the record's rows, in us; shape (rows,)."""
    shift_us, _by_signal = _differences(trace, record, fault_us)
    return np.asarray(record.rows_us + fault_us + shift_us, np.int64)


def _latched(trace: Trace) -> frozenset[int]:
    """All: the record is written once the motor is off, and has what came until then."""
    word = int(np.bitwise_or.reduce(trace["pen.faults"]))
    return frozenset(number for number in range(32) if word >> number & 1)


def _differences(trace: Trace, record: FaultRecord, fault_us: int) -> tuple[int, dict[str, float]]:
    """The shift with the smallest difference, and that difference by signal."""
    found = [(shift, _at(trace, record, record.rows_us + fault_us + shift)) for shift in SHIFTS_US]
    return min(found, key=lambda one: (_mean(one[1]), abs(one[0])))


def _at(trace: Trace, record: FaultRecord, times_us: NDArray[np.int64]) -> dict[str, float]:
    """RMS difference by signal, in tolerances, of the rows at these times."""
    if not len(times_us):
        return {}
    rows = np.clip(np.searchsorted(trace.time_us, times_us), 0, len(trace) - 1)
    outside = (times_us < trace.time_us[0]) | (times_us > trace.time_us[-1])
    other = (trace["pen.state"][rows] != record.signals["state"]) | outside
    found = {"state": float(np.sqrt(np.mean(np.where(other, OTHER_STATE, 0.0) ** 2)))}
    for name, tolerance in TOLERANCES.items():
        if name not in record.signals or f"pen.{name}" not in trace:
            continue
        off = (trace[f"pen.{name}"][rows] - record.signals[name]) / tolerance
        off = np.where(outside, CAP, np.minimum(np.abs(off), CAP))
        found[name] = float(np.sqrt(np.mean(off**2)))
    return found


def _mean(by_signal: dict[str, float]) -> float:
    if not by_signal:
        return 0.0
    return float(np.sqrt(np.mean(np.square(list(by_signal.values())))))
