"""Experiments on a pen in SERVICE: the motor's closed loop moved by its set point alone.

Nothing but commands and telemetry goes over the link, under heartbeats; no setting is touched.
The firmware lets the set point rise by its slew and fall at once, so the way down goes by small
steps: a large one would brake the motor below its set rate.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from penhost import Pen, PenError, Quantity, Refused
from penloop import service_state
from penloop.errors import BoardError
from penloop.tuning import feed_forward
from penloop.tuning.capture import PERIOD_MS, PERIOD_S, SIGNALS, Capture, capture_of

SLOWEST_HZ, FASTEST_HZ = 25.0, 150.0  # of a set point
FIRST_HZ, FIRST_S = 35.0, 0.8  # slow, and fast enough to start reliably
RUN_UP_HZ = 50.0
RUN_UP_S = 1.0
LEVELS_HZ = (50.0, 80.0, 110.0, 130.0)  # of the staircase
LEVEL_S = 0.7
DESCENT_HZ = 6.0  # one step of the way down
DESCENT_S = 0.06
RELAY_CENTRE_HZ, RELAY_AMPLITUDE_HZ, RELAY_BAND_HZ = 100.0, 4.0, 1.0
RELAY_S = 2.5
STEP_FROM_HZ, STEP_TO_HZ = 70.0, 110.0
STEP_S = 0.8
STEPS = 3
SETTLE_S, BEFORE_STEP_S = 0.5, 0.1
COOL_K = 1.5  # the winding's estimate above its housing, below which its resistance is known
COOL_LOOK_S, COOL_LONGEST_S = 0.5, 60.0
HEAT_MARGIN_K = 20.0  # below the limit of the winding at which an experiment waits
BATTERY_LEAST_V = 3.45  # at rest; saturation and "battery critical" are far from there
BATTERY_MARGIN_V = 0.15  # above battery_critical, at which an experiment ends
REACHED, SWING = 0.08, 0.2  # how far a held rate may be off, and swing from end to end
REACHED_S = 0.2  # looked at
STOPPED_HZ = 10.0  # a motor that was run up and is slower stands, or soon will
BUTTON_DOWN = 1  # of the signal `inputs`
MOTOR_S = 18.0  # of all experiments, told beforehand


class ExperimentEnded(BoardError):
    """The pen is not fit for the experiment, or has left it: nothing was changed."""


@dataclass(frozen=True)
class Step:
    """The answer to one step of the set point, which began to move at `time_s`."""

    time_s: float
    from_hz: float
    to_hz: float
    capture: Capture


def _step(capture: Capture, from_hz: float, to_hz: float) -> Step:
    moved = np.argmax(capture.target_hz > from_hz)
    return Step(float(capture.time_s[moved]), from_hz, to_hz, capture)


def _check_constant(now: Quantity, v_per_hz: float, most: float) -> None:
    found = feed_forward.constant_uv_per_hz(v_per_hz)
    if not feed_forward.fits(now.value, found, most):
        raise ExperimentEnded(
            f"motor_constant is {now}, this motor has about {found} uV/Hz",
            f"set motor_constant={found}uV/Hz first",
        )


@dataclass
class Experiments:
    """Runs experiments on one pen; `tell(text)` says what goes on.

    Raises ExperimentEnded when the pen leaves SERVICE or its battery sinks, PenFault for a fault;
    the motor is parked whatever happens.
    """

    pen: Pen
    tell: Callable[[str], None] = lambda _text: None
    motor_s: float = 0.0
    _samples: list[Any] = field(default_factory=list)
    _running: bool = False
    _constant_checked: bool = False

    def check(self) -> None:
        """Whether the pen is fit: in SERVICE, without a fault, its battery charged."""
        service_state.raise_fault(self.pen)
        service_state.demand(self.pen)
        battery_v = self._latest("battery") * 1e-3
        if battery_v < BATTERY_LEAST_V:
            raise ExperimentEnded(
                f"the battery has {battery_v:.2f} V", f"charge it above {BATTERY_LEAST_V} V"
            )

    def cool(self) -> float:
        """Waits until the winding is about as warm as its housing; returns its temperature in C.

        After a reset the pen takes its winding for 60 K warmer than it may be.
        """
        limit_c = self.pen.get("winding_limit").value * 1e-3 - HEAT_MARGIN_K
        self.pen.subscribe(["winding", "housing", "state"], 100)
        for look in range(round(COOL_LONGEST_S / COOL_LOOK_S)):
            with self.pen.presence():
                last = self.pen.record(COOL_LOOK_S).samples[-1]
            self.check_state(self.pen.states[last["state"]])
            winding_c, housing_c = last["winding"] * 1e-3, last["housing"] * 1e-3
            if winding_c < limit_c and winding_c - housing_c < COOL_K:
                return float(winding_c)
            if not look:
                self.tell(f"the winding has {winding_c:.0f} C, it cools for a while")
        raise ExperimentEnded(
            f"the winding still has {winding_c:.0f} C, its housing {housing_c:.0f} C",
            "let the pen cool down for ten minutes",
        )

    def staircase(self) -> Capture:
        """Up the levels, each held, and down again in small steps."""
        with self._motor():
            for level_hz in LEVELS_HZ:
                self._hold_at(level_hz, LEVEL_S)
                self._check_reached(level_hz)
            self._descend(LEVELS_HZ[-1], LEVELS_HZ[1])
            return self._taken()

    def relay(self) -> Capture:
        """The set point toggled by the measured rate, so that the loop swings.

        How fast depends on the link's delay too, which is within the relay's own loop; what is
        evaluated are rate and voltage as the pen measured them, so it does not matter.
        """
        with self._motor():
            self._climb(RELAY_CENTRE_HZ)
            self._samples.clear()
            end_s = self._take() + RELAY_S
            side = 1.0
            self._go(RELAY_CENTRE_HZ + RELAY_AMPLITUDE_HZ)
            while self._take() < end_s:
                off_hz = self._samples[-1]["rate"][-1] * 1e-3 - RELAY_CENTRE_HZ
                if side * off_hz > RELAY_BAND_HZ:
                    side = -side
                    self._go(RELAY_CENTRE_HZ + side * RELAY_AMPLITUDE_HZ)
            captured = self._taken()
            self._descend(RELAY_CENTRE_HZ, RUN_UP_HZ)
            return captured

    def steps(self, from_hz: float = STEP_FROM_HZ, to_hz: float = STEP_TO_HZ) -> list[Step]:
        """STEPS steps up, each from steady state to steady state."""
        found = []
        with self._motor():
            self._climb(from_hz)
            for number in range(STEPS):
                if number:
                    self._descend(to_hz, from_hz)
                    self._go(from_hz)
                self._hold(SETTLE_S)
                self._samples.clear()
                self._hold(BEFORE_STEP_S)
                self._hold_at(to_hz, STEP_S)
                found.append(_step(self._taken(), from_hz, to_hz))
        return found

    @contextmanager
    def _motor(self) -> Iterator[None]:
        """The motor at RUN_UP_HZ, heartbeats on; parked at the end, even after an error."""
        self.cool()
        pen = self.pen
        pen.subscribe(SIGNALS, PERIOD_MS)
        self._samples, self._running = [], False
        self._critical_v = pen.get("battery_critical").value * 1e-3 + BATTERY_MARGIN_V
        with pen.presence():
            try:
                self._run_up()
                self._samples.clear()
                self._running = True
                yield
            except BaseException:
                self._try_to_park()
                raise
            self._park()

    def _command(self, name: str, value: int = 0) -> None:
        """A refusal tells only that the pen is no longer in SERVICE: why it is not goes first."""
        try:
            self.pen.command(name, value)
        except Refused:
            self.check_state(self.pen.status().state)
            raise

    def _park(self) -> None:
        self._command("park")
        service_state.await_rest(self.pen)
        self.check_state(self.pen.status().state)

    def _try_to_park(self) -> None:
        try:
            self.pen.command("park")
        except PenError:
            return  # without heartbeats the pen parks by itself

    def _go(self, rate_hz: float) -> None:
        if not SLOWEST_HZ <= rate_hz <= FASTEST_HZ:
            raise ValueError(f"{rate_hz} Hz is outside {SLOWEST_HZ} to {FASTEST_HZ} Hz")
        self._command("run", round(rate_hz * 1e3))

    def _climb(self, goal_hz: float) -> None:
        self._hold_at(goal_hz, 0.3 + (goal_hz - RUN_UP_HZ) * 0.01)

    def _descend(self, from_hz: float, to_hz: float) -> None:
        for rate_hz in np.arange(from_hz - DESCENT_HZ, to_hz, -DESCENT_HZ):
            self._hold_at(float(rate_hz), DESCENT_S)

    def _hold_at(self, rate_hz: float, seconds: float) -> None:
        self._go(rate_hz)
        self._hold(seconds)

    def _hold(self, seconds: float) -> None:
        end_s = self._take() + seconds
        while self._take() < end_s:
            pass

    def _take(self) -> float:
        """One block of telemetry; returns its last time in s."""
        block = next(self.pen.blocks())
        self.check_state(self.pen.states[block.samples["state"][-1]])
        self._check_motion(block.samples)
        if block.samples["battery"][-1] * 1e-3 < self._critical_v:
            raise ExperimentEnded("the battery sinks under load", "charge it")
        self._samples.append(block.samples)
        self.motor_s += len(block.samples) * PERIOD_S
        return self._time_s()

    def _check_motion(self, samples: Any) -> None:
        """A press stops the motor and leaves the pen in SERVICE: it is not to be run again."""
        if (samples["inputs"] & BUTTON_DOWN).any():
            raise ExperimentEnded("the pen's button has stopped the motor", "run it again")
        if self._running and samples["rate"].max() < STOPPED_HZ * 1e3:
            raise ExperimentEnded(
                "the motor has stopped", "see that no cartridge is in and that the needles are free"
            )

    def _run_up(self) -> None:
        """To RUN_UP_HZ; the first time by way of FIRST_HZ, with a look at the settings.

        The law's feed-forward has to be about that of this motor before it is run any faster.
        """
        if self._constant_checked:
            self._hold_at(RUN_UP_HZ, RUN_UP_S)
            return
        constant, resistance = self.pen.get_all(["motor_constant", "motor_resistance"]).values()
        self._hold_at(FIRST_HZ, FIRST_S)
        slow_v, slow_hz = feed_forward.emf(self._taken(), resistance.value * 1e-3)
        _check_constant(constant, slow_v / slow_hz, feed_forward.FAR_OFF)
        self._hold_at(RUN_UP_HZ, RUN_UP_S)
        fast_v, fast_hz = feed_forward.emf(self._taken(), resistance.value * 1e-3)
        rise_hz = max(fast_hz - slow_hz, feed_forward.LEAST_HZ)
        _check_constant(constant, (fast_v - slow_v) / rise_hz, feed_forward.OFF)
        self._constant_checked = True

    def _check_reached(self, level_hz: float) -> None:
        """A rate that is far from its set point, or swings, may be too fast at the next one."""
        rates_hz = self._taken().last(REACHED_S).rate_hz
        low_hz, high_hz = float(rates_hz.min()), float(rates_hz.max())
        off = abs(float(rates_hz.mean()) / level_hz - 1.0)
        if off > REACHED or high_hz - low_hz > SWING * level_hz:
            raise ExperimentEnded(
                f"the rate is {low_hz:.0f} to {high_hz:.0f} Hz where {level_hz:.0f} Hz was set",
                "see that the needles are free; else lower rate_kp and ir_compensation first",
            )

    def _time_s(self) -> float:
        return float(self._samples[-1]["time_us"][-1] * 1e-6)

    def _taken(self) -> Capture:
        return capture_of(np.concatenate(self._samples))

    def check_state(self, state: str) -> None:
        """Raises ExperimentEnded when the pen has left SERVICE, PenFault when by a fault."""
        if state == "SERVICE":
            return
        service_state.raise_fault(self.pen)
        raise ExperimentEnded(f"the pen has left SERVICE for {state}", service_state.HOW)

    def _latest(self, signal: str) -> float:
        self.pen.subscribe([signal], 10)
        value = self.pen.record(0.1).samples[signal][-1]
        self.pen.unsubscribe()
        return float(value)
