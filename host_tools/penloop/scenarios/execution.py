"""Runs a scenario on a bench and judges it."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from penhost import Pen, PenError
from penhost.errors import Refused
from penloop import interruption
from penloop.scenarios.expectation import Verdict
from penloop.scenarios.scenario import LinkAct, PartFault, Scenario
from pensim import Bench, Firmware, Trace
from pensim.board.profile import PICO, BoardProfile
from pensim.errors import SimulatorError
from pensim.operator_script import run_script
from pensim.serial_port import SimulatedPort

LOOK_US = 1_000  # how often the condition of a fault is looked at
BEAT_US = 100_000  # of virtual time between two calls of `on_beat`


@dataclass(frozen=True)
class Outcome:
    """What a run of a scenario gave."""

    scenario: Scenario
    engine: str
    seed: int
    verdicts: tuple[Verdict, ...]
    trace: Trace | None
    log: list[tuple[int, str]] = field(default_factory=list)
    error: str = ""  # why it could not be run to its end; empty otherwise
    digest: str = ""  # of the trace, where it was asked for
    firmware: str = ""  # where another one came from
    measures: tuple[float, ...] = ()  # of the scenario's measures, in their order and units
    plots: tuple[str, ...] = ()  # pictures (SVG) for a report, where one is wanted
    simulation_s: float = 0.0  # of wall time, for the run
    judging_s: float = 0.0  # and for verdicts and measures

    @property
    def passed(self) -> bool:
        """Whether it ran to its end and every expectation holds."""
        return not self.error and all(verdict.holds for verdict in self.verdicts)

    @property
    def margin(self) -> float:
        """The smallest margin; -inf when it could not be run."""
        if self.error:
            return float("-inf")
        return min(verdict.margin for verdict in self.verdicts)

    @property
    def worst(self) -> Verdict | None:
        """The verdict with the smallest margin."""
        return min(self.verdicts, key=lambda verdict: verdict.margin, default=None)


def run(
    scenario: Scenario,
    engine: str = "cpython",
    seed: int | None = None,
    firmware: Firmware | None = None,
    on_beat: Callable[[float], None] | None = None,
    digest: bool = True,
) -> Outcome:
    """Runs to the scenario's end; a firmware or host that fails is an outcome, not an exception."""
    used_seed = scenario.seed if seed is None else seed
    began_s = time.perf_counter()
    with make_bench(scenario, engine, used_seed, firmware) as bench:
        error = ""
        try:
            play(scenario, bench, on_beat)
        except (SimulatorError, PenError, StepFailed) as failure:
            error = f"{failure} (at {bench.now_s:.4f} s)"
        trace, log = bench.trace(), list(bench.operator.log)
    ended_s = time.perf_counter()
    if len(trace) < 2:
        return Outcome(scenario, engine, used_seed, (), trace, log, error or "nothing was recorded")
    verdicts = tuple(expectation.judge(trace, log) for expectation in scenario.expectations)
    measures = tuple(measure.of(trace, log) for measure in scenario.measures)
    judged_s = time.perf_counter()
    return Outcome(
        scenario, engine, used_seed, verdicts, trace, log, error,
        digest=trace.digest() if digest else "",
        firmware=firmware.origin if firmware is not None else "", measures=measures,
        simulation_s=ended_s - began_s, judging_s=judged_s - ended_s,
    )  # fmt: skip


class StepFailed(Exception):
    """The scenario could not go on: `str()` says why."""


def make_bench(
    scenario: Scenario,
    engine: str,
    seed: int,
    firmware: Firmware | None = None,
    profile: BoardProfile = PICO,
) -> Bench:
    """The bench that a scenario describes, at its start."""
    return Bench(
        firmware=firmware,
        engine=engine,
        seed=seed,
        profile=profile,
        parameters=scenario.parameters,
        settings=scenario.settings,
        calibrated=scenario.calibrated,
        start_depth_um=scenario.start_depth_um,
        crank_deg=scenario.crank_deg,
        wiring=scenario.wiring,
        skins=scenario.skins,
    )


def play(scenario: Scenario, bench: Bench, on_beat: Callable[[float], None] | None = None) -> None:
    """Does everything that the scenario says, to its end. Raises SimulatorError, PenError."""
    run_script(bench.operator, list(scenario.steps))
    waiting = []
    for fault in scenario.faults:
        if fault.at_us is None:
            waiting.append(fault)
        else:
            bench.operator.at(fault.at_us / 1e6, partial(_fail, bench, fault))
    host = _Host(bench)
    for act in sorted(scenario.link, key=lambda act: act.at_us):
        _run_until(bench, act.at_us, waiting, on_beat)
        host.say(act)
    _run_until(bench, scenario.duration_us, waiting, on_beat)


def _fail(bench: Bench, fault: PartFault) -> None:
    """The part fails now, and works again after its time."""
    operator = bench.operator
    operator.hazard(fault.part)
    if fault.for_us is not None:
        end_s = operator.now_s + fault.for_us / 1e6
        operator.at(end_s, lambda: operator.hazard(fault.part, on=False))


def _run_until(
    bench: Bench,
    until_us: int,
    waiting: list[PartFault],
    on_beat: Callable[[float], None] | None,
) -> None:
    while bench.board.now_us < until_us:
        slice_us = LOOK_US if waiting else BEAT_US
        bench.run_until_us(min(bench.board.now_us + slice_us, until_us))
        interruption.check()
        if waiting:
            _fail_those_due(bench, waiting)
        if on_beat:
            on_beat(bench.now_s)


def _fail_those_due(bench: Bench, waiting: list[PartFault]) -> None:
    past_us = max(fault.when.past_us for fault in waiting if fault.when is not None)
    recent = bench.recorder.latest(past_us)
    for fault in list(waiting):
        if recent is None or fault.when is None:
            continue
        known = all(column in recent for column in fault.when.columns)  # the pen's come later
        if known and fault.when.evaluate(recent).values[-1] > 0:
            waiting.remove(fault)
            _fail(bench, fault)


class _Host:
    """The host on the link; connects with its first word."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._pen: Pen | None = None

    def say(self, act: LinkAct) -> None:
        """One act. Raises PenError, StepFailed."""
        if self._pen is None:
            self._pen = Pen(SimulatedPort.on_bench(self._bench))
        try:
            self._do(self._pen, act)
        except Refused as refusal:
            if not act.refused:
                raise StepFailed(f"the pen refused: {refusal}") from refusal
            return
        if act.refused:
            raise StepFailed("the pen accepted what it had to refuse")

    def _do(self, pen: Pen, act: LinkAct) -> None:
        if act.changes:
            pen.set(act.changes)
        elif act.command:
            pen.command(act.command, act.argument)
        else:
            with pen.presence():
                pen.wait(act.presence_us / 1e6)
