"""The twin: a simulated pen with the identified parameters, and the test that it plays.

The same test judges gains on any simulated pen: in SERVICE, through a link, a step from 70 to
110 Hz, and at both rates the reference disturbance (12 needles, 0.75 mm, full contact within
50 ms), touched and lifted. What is judged is the true rate of the plant.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np

from penhost import Pen
from penloop.interruption import InterruptiblePort
from penloop.tuning import judgement
from penloop.tuning.capture import Values
from penloop.tuning.experiment import STEP_FROM_HZ, STEP_TO_HZ
from penloop.tuning.judgement import Figures
from penloop.tuning.response import MotorResponse, copper
from pensim import Bench
from pensim.plant.parameters import TENTHS_V, Mechanism, Motor, PenParameters
from pensim.serial_port import SimulatedPort

LAW = (
    "rate_kp", "rate_ki", "ir_compensation", "slew", "motor_constant", "motor_resistance",
    "current_limit",
)  # fmt: skip
DEPTH_UM = 750
CARTRIDGE, ZONE = "12 needles", "reference"
HOLD_S = 3.5
TOUCH_S = LIFT_S = 0.5
RUN_UP_S, AFTER_STEP_S = 0.7, 0.8
TYPICAL_HZ = 100.0  # at which friction is taken over


@dataclass(frozen=True)
class Play:
    """A test as it went: one-turn means of the true rate in Hz, and when what began."""

    time_s: Values
    mean_hz: Values
    moments_s: dict[str, float]
    faults: int  # the pen's word of latched faults

    def figures(self) -> Figures:
        """What it tells. A run that ended in a fault is worse than all others."""
        if self.faults:
            return Figures(*(1e6 for _name in judgement.GOALS))
        start_s = self.moments_s["step"]
        kept = (self.time_s >= start_s) & (self.time_s < start_s + AFTER_STEP_S)
        step = judgement.step_figures(
            self.time_s[kept], self.mean_hz[kept], start_s, STEP_FROM_HZ, STEP_TO_HZ
        )
        return Figures(*step, self._ripple(), *self._contact())

    def _ripple(self) -> float:
        """In the air at 110 Hz, and on the skin, whichever is more."""
        ends_s = (self.moments_s["touch fast"], self.moments_s["lift fast"])
        rates = (self._between(end_s - judgement.STEADY_S, end_s)[1] for end_s in ends_s)
        return max(judgement.ripple_percent(one, STEP_TO_HZ) for one in rates)

    def _contact(self) -> tuple[float, float]:
        """(dip or jump in percent, time outside in ms): means over four contacts and lifts."""
        largest, outside = [], []
        for moment, set_hz, span_s in (
            ("touch slow", STEP_FROM_HZ, TOUCH_S), ("lift slow", STEP_FROM_HZ, LIFT_S),
            ("touch fast", STEP_TO_HZ, TOUCH_S), ("lift fast", STEP_TO_HZ, LIFT_S),
        ):  # fmt: skip
            start_s = self.moments_s[moment]
            times, rates = self._between(start_s, start_s + span_s)
            largest.append(float(np.abs(rates / set_hz - 1.0).max()) * 100.0)
            outside.append(judgement.time_outside_ms(times, rates, set_hz))
        return float(np.mean(largest)), float(np.mean(outside))

    def _between(self, start_s: float, end_s: float) -> tuple[Values, Values]:
        kept = (self.time_s >= start_s) & (self.time_s < end_s)
        return self.time_s[kept], self.mean_hz[kept]


def twin_of(response: MotorResponse, battery_v: float) -> PenParameters:
    """A pen whose motor responds so; what no response can tell is that of the reference pen."""
    pen = PenParameters()
    torque_constant = response.emf_v_per_hz / (2.0 * np.pi)
    motor, mechanism = pen.motor, pen.mechanism
    viscous = max(0.0, response.friction_as) * torque_constant / (2.0 * np.pi)
    drag_a = response.friction_a + min(0.0, response.friction_as) * TYPICAL_HZ
    return replace(
        pen,
        motor=replace(
            motor,
            resistance_ohm=response.winding_25c_ohm * copper(motor.rated_at_c),
            torque_constant_nm_per_a=torque_constant,
            rotor_inertia_kg_m2=_rotor_inertia(response, torque_constant, mechanism, motor),
            friction_nm=max(0.0, drag_a * torque_constant - mechanism.coulomb_friction_nm),
        ),
        mechanism=replace(mechanism, viscous_friction_nm_s=viscous),
        battery=replace(pen.battery, charge_fraction=charge_of(battery_v)),
    )


def _rotor_inertia(
    response: MotorResponse, torque_constant: float, mechanism: Mechanism, motor: Motor
) -> float:
    """What is left of the total without the eccentric and the needles' mean share."""
    total = response.inertia_as_per_hz * torque_constant / (2.0 * np.pi)
    needles = 0.5 * mechanism.moving_mass_kg * (0.5 * mechanism.stroke_m) ** 2
    least = 0.05 * motor.rotor_inertia_kg_m2
    return float(max(total - mechanism.eccentric_inertia_kg_m2 - needles, least))


def charge_of(battery_v: float) -> float:
    """Charge at which the cell has this voltage at rest."""
    return float(np.interp(battery_v, TENTHS_V, np.linspace(0.0, 1.0, 11)))


@contextmanager
def in_service(
    parameters: PenParameters, settings: Mapping[str, int], seed: int, cartridge: str = ""
) -> Iterator[Bench]:
    """A bench in SERVICE, its nose at 0.75 mm; a cartridge is one marked "test"."""
    law = {name: value for name, value in settings.items() if name in LAW}
    with Bench(seed=seed, parameters=parameters, settings={"depth": DEPTH_UM, **law}) as bench:
        bench.run(0.3)
        if cartridge:
            bench.operator.insert_new(cartridge, test=True)
        bench.run(0.9)
        bench.operator.click(HOLD_S)
        bench.run(HOLD_S + 0.5)
        yield bench


def play(parameters: PenParameters, settings: Mapping[str, int], seed: int = 1) -> Play:
    """The test on a simulated pen with these settings of the law."""
    moments_s: dict[str, float] = {}
    with in_service(parameters, settings, seed, CARTRIDGE) as bench:
        port = InterruptiblePort(SimulatedPort.on_bench(bench))
        with Pen(port) as pen, pen.presence():
            _contacts(bench, pen, STEP_FROM_HZ, RUN_UP_S, "slow", moments_s)
            moments_s["step"] = bench.now_s
            _contacts(bench, pen, STEP_TO_HZ, AFTER_STEP_S, "fast", moments_s)
            faults = bench.signal("faults")
        trace = bench.trace()
    time_s = trace.time_s
    target_mhz = np.asarray(trace["pen.rate_target"])
    moving = (time_s > moments_s["step"]) & (target_mhz > STEP_FROM_HZ * 1e3)
    moments_s["step"] = float(time_s[np.argmax(moving)])
    mean_hz = judgement.one_turn_means(time_s, np.asarray(trace["plant.rate"], float) * 1e-3)
    return Play(time_s, mean_hz, moments_s, faults)


def _contacts(
    bench: Bench, pen: Pen, rate_hz: float, before_s: float, name: str, moments_s: dict[str, float]
) -> None:
    pen.command("run", round(rate_hz * 1e3))
    pen.wait(before_s)
    moments_s[f"touch {name}"] = bench.now_s
    bench.operator.touch(ZONE)
    pen.wait(TOUCH_S)
    moments_s[f"lift {name}"] = bench.now_s
    bench.operator.lift()
    pen.wait(LIFT_S)
