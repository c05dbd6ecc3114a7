"""Pens as their parts' tolerances make them, and what the proof of the stop paths does in each."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from penfw import faults, states
from penloop.campaigns.distributions import Distribution, lognormal, normal, triangular, uniform
from penloop.campaigns.driver import OUTSTANDING, Workers
from penloop.campaigns.sampling import permuted
from pensim import Bench, Trace
from pensim.board.chance import draw
from pensim.plant.parameters import PenParameters, Thermal

BATCH = 10  # pens a process gets at a time
START_S, TREATMENT_S, PARKED_S, PROOF_S = 0.6, 0.35, 0.75, 0.3
CLICK_S = 0.08
BRAKED_ROWS = 30  # in which a turned motor has come to rest, of 1 ms
JUDGED = (14, 30, 46)  # rows from the first pulse to each phase's judgement
FULL = 2**32  # of a draw

# What varies, each within its part's data or, where there are none, as an assumption.
TOLERANCES: dict[str, Distribution] = {
    "motor.resistance_ohm": uniform(0.99, 1.21),
    "motor.torque_constant_nm_per_a": uniform(2.40e-3, 2.94e-3),
    "motor.rotor_inertia_kg_m2": uniform(0.477e-7, 0.583e-7),
    "motor.friction_nm": lognormal(0.08e-3, 1.3),
    "mechanism.coulomb_friction_nm": lognormal(0.05e-3, 1.5),
    "mechanism.membrane_retracted_n": uniform(0.32, 0.48),
    "mechanism.moving_mass_kg": uniform(0.8e-3, 1.2e-3),
    "circuit.bridge_ohm": uniform(0.02, 0.10),
    "battery.charge_fraction": uniform(0.05, 1.0),
    "battery.resistance_ohm": triangular(0.05, 0.08, 0.2),
    "sensors.shunt_zero_v": normal(0.75, 0.003),  # 6 mA of drift since it was calibrated
    "sensors.shunt_v_per_a": uniform(0.485, 0.515),
    "sensors.shunt_noise_rms_a": uniform(2e-3, 10e-3),
    "sensors.tachometer_tolerance_deg": uniform(0.0, 0.7),
    "sensors.tdc_offset_deg": uniform(-3.0, 3.0),
    "sensors.tdc_half_width_deg": uniform(13.0, 17.0),
    "room_c": uniform(5.0, 40.0),
    "warmth_k": uniform(0.0, 60.0),  # of the winding above the room, from a treatment before
    "crank_deg": uniform(-9.0, 9.0),  # where it has been parked
}


@dataclass(frozen=True)
class Trial:
    """A pen, and a part of it that fails before the proof at the start or before the run."""

    number: int
    parameters: PenParameters
    crank_deg: float = 0.0
    hazard: str = ""
    before_run: bool = False
    settings: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Proof:
    """One proof as the plant had it.

    charge_uC, turned_deg, current_mA: of the greatest pulse; the current is its mean
    turned_in_all_deg: from before the first pulse to rest
    measured_mA: what the pen judged: load switch alone, PWM alone, both
    before_run: it followed on READY, not on a start or on parking
    lasted_ms: in SELF_TEST, whatever else was done there
    """

    charge_uC: float
    current_mA: float
    turned_deg: float
    turned_in_all_deg: float
    measured_mA: tuple[int, ...]
    before_run: bool
    lasted_ms: float


@dataclass(frozen=True)
class Outcome:
    """What a pen did: the faults that it latched, whether it was in RUNNING before the first one,
    its state in the end, its proofs, and how many of them ended with the needles parked anew, as
    they stood at the edge of their sensor."""

    number: int
    first_fault: str
    found: frozenset[str]
    ran_first: bool
    state: str
    proofs: tuple[Proof, ...]
    parked_anew: int
    voltage_mV: int


def tolerated(number: int, count: int) -> Trial:
    """Pen `number` of `count`, spread as a Latin hypercube."""
    values = {}
    for name, spread in TOLERANCES.items():
        within = (draw(1, name, number) + 0.5) / FULL
        values[name] = spread.at((permuted(number, count, 1, name) + within) / count)
    room_c, warmth_k = values.pop("room_c"), values.pop("warmth_k")
    crank_deg = values.pop("crank_deg")
    thermal = Thermal(room_c, room_c + warmth_k, room_c + 0.2 * warmth_k)
    return Trial(number, with_values(PenParameters(thermal=thermal), values), crank_deg)


def with_values(parameters: PenParameters, values: dict[str, float]) -> PenParameters:
    """The same pen with some values changed, by names such as "motor.friction_nm"."""
    for name, value in values.items():
        part, _, item = name.partition(".")
        changed = replace(getattr(parameters, part), **{item: value})
        parameters = replace(parameters, **{part: changed})
    return parameters


def run(trial: Trial, again: bool = True) -> Outcome:
    """Start, run and, `again`, stop and the proof before a second run, where no part fails."""
    options: dict[str, Any] = {
        "parameters": trial.parameters, "seed": trial.number, "settings": dict(trial.settings),
    }  # fmt: skip
    with Bench(crank_deg=trial.crank_deg, **options) as bench:
        bench.operator.insert_cartridge()
        if trial.hazard and not trial.before_run:
            bench.operator.hazard(trial.hazard)
        bench.run(START_S)
        if trial.before_run:
            bench.operator.hazard(trial.hazard)
        bench.operator.click(CLICK_S)
        bench.run(CLICK_S + PROOF_S)
        if again and not trial.hazard:
            _run_again(bench)
        return _outcome(trial, bench)


def _run_again(bench: Bench) -> None:
    bench.run(TREATMENT_S)
    bench.operator.click(CLICK_S)
    bench.run(PARKED_S)
    bench.operator.click(CLICK_S)
    bench.run(CLICK_S + PROOF_S)


def _outcome(trial: Trial, bench: Bench) -> Outcome:
    trace = bench.trace()
    word = trace["pen.faults"]
    found = fault_names(int(word[-1]))
    first = fault_names(int(word[np.argmax(word != 0)])) if found else frozenset({""})
    state = trace["pen.state"]
    anew = (state[:-1] == states.SELF_TEST) & (state[1:] == states.PARKING)
    faultless = np.cumsum(word != 0) == 0
    return Outcome(
        trial.number, min(first), found, bool((faultless & (state == states.RUNNING)).any()),
        states.STATES[bench.signal("state")],
        tuple(_proofs(trace)), int(anew.sum()), int(trace["plant.battery"][-1]),
    )  # fmt: skip


def fault_names(word: int) -> frozenset[str]:
    """Names of the faults in a fault word."""
    return frozenset(row[1] for row in faults.FAULTS if word >> row[0] & 1)


def _proofs(trace: Trace) -> Iterator[Proof]:
    """Every time in SELF_TEST in which a pulse came."""
    testing = np.flatnonzero(trace["pen.state"] == states.SELF_TEST)
    for rows in np.split(testing, np.flatnonzero(np.diff(testing) > 1) + 1):
        driven = rows[trace["pen.duty"][rows] > 0]
        if len(driven):
            yield _proof(trace, rows, driven)


def _proof(trace: Trace, rows: NDArray[Any], driven: NDArray[Any]) -> Proof:
    """`rows` are those of the SELF_TEST, `driven` those with a pulse's duty.

    A row has the mean current since the row before it, so a pulse's charge is in those after.
    """
    current = np.abs(trace["plant.current"])
    angle = _around_top(trace["plant.angle"])
    first, before, after = driven[0], rows[0] - 1, min(rows[-1] + 1, len(trace) - 1)
    pulses = np.split(driven, np.flatnonzero(np.diff(driven) > 1) + 1)
    charges = [float(current[pulse + 1].sum()) for pulse in pulses]
    turned = [float(np.ptp(angle[pulse[0] : pulse[0] + 8])) for pulse in pulses]
    greatest = int(np.argmax(charges))
    judged = trace["pen.current"]
    return Proof(
        charges[greatest],
        charges[greatest] / len(pulses[greatest]),
        max(turned),
        float(np.ptp(angle[first : rows[-1] + 1])),
        tuple(int(judged[first + at]) for at in JUDGED if first + at <= rows[-1]),
        bool(before >= 0 and trace["pen.state"][before] == states.READY),
        float(trace.time_us[after] - trace.time_us[rows[0]]) / 1000.0,
    )


def _around_top(angle_mdeg: NDArray[Any]) -> NDArray[Any]:
    """Degrees from top dead centre, -180 to 180."""
    return (angle_mdeg / 1000.0 + 180.0) % 360.0 - 180.0


def run_all(trials: Iterable[Trial], workers: Workers) -> Iterator[Outcome]:
    """The outcomes in the order of the trials."""
    waiting = list(trials)
    batches = [waiting[at : at + BATCH] for at in range(0, len(waiting), BATCH)]
    if workers.executor is None:
        for batch in batches:
            yield from run_batch(batch)
        return
    running: list[Any] = []
    for batch in batches:
        running.append(workers.executor.submit(run_batch, batch))
        if len(running) >= OUTSTANDING * workers.count:
            yield from running.pop(0).result()
    for future in running:
        yield from future.result()


def run_batch(trials: list[Trial]) -> list[Outcome]:
    """Some trials, one after another."""
    return [run(trial) for trial in trials]
