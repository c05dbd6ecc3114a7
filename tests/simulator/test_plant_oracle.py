"""The kernel against an independent solution: scipy's solve_ivp at 1e-10 with located events.

`Oracle` shares no code with the kernel. It integrates angle, speed and skin deflection in
time, with true sine and cosine, and switches between named phases at located events; the
kernel goes from angle to angle by energy. Both take their numbers from PenParameters.
The comparisons are in test_plant_accuracy.py.
"""

from array import array
from math import ceil, cos, exp, floor, pi, sin

import pytest
from scipy.integrate import solve_ivp

from pensim.plant.constants import flatten
from pensim.plant.kernel import PLANT_SIGNALS, Kernel
from pensim.plant.parameters import Mechanism, PenParameters
from pensim.plant.presets import NO_CARTRIDGE

TURN = 2.0 * pi


class Oracle:
    """One drive and one skin contact, constant inputs; slow states are frozen."""

    def __init__(self, pen, voltage, duty, protrusion_m, standoff_m=0.0, contact=1.0):
        motor, mechanism, skin = pen.motor, pen.mechanism, pen.skin
        warmer = pen.thermal.winding_c - motor.rated_at_c
        ohm = motor.resistance_ohm * (1.0 + motor.copper_per_k * warmer)
        ohm += pen.circuit.bridge_ohm + pen.circuit.shunt_ohm
        source = duty * (voltage - pen.battery.resistance_ohm * pen.battery.quiescent_a)
        self.k_t = motor.torque_constant_nm_per_a
        self.amps = source / (ohm + duty**2 * pen.battery.resistance_ohm)
        self.slope = self.k_t / (ohm + duty**2 * pen.battery.resistance_ohm)
        self.coulomb = motor.friction_nm + mechanism.coulomb_friction_nm
        self.viscous = mechanism.viscous_friction_nm_s
        self.inertia = motor.rotor_inertia_kg_m2 + mechanism.eccentric_inertia_kg_m2
        self.r = mechanism.stroke_m / 2.0
        self.mass = mechanism.moving_mass_kg
        self.push = mechanism.membrane_retracted_n
        rise = mechanism.membrane_extended_n - mechanism.membrane_retracted_n
        self.spring = rise / mechanism.stroke_m
        self.offset = protrusion_m - standoff_m
        self.k, self.c = skin.stiffness_n_per_m, skin.damping_ns_per_m
        needles = contact * pen.cartridge.needle_count * pen.cartridge.force_factor
        self.puncture = needles * skin.lubrication * skin.puncture_force_n
        rise = skin.full_force_n - skin.puncture_force_n
        self.rise = needles * skin.lubrication * rise / skin.full_depth_m
        self.out = skin.friction_share * self.rise
        self.factor = skin.velocity_s_per_m
        self.depth = self.hole = 0.0
        self.sense = 1.0

    def tip(self, theta):
        return self.offset - self.r * (1.0 + cos(theta))

    def tip_speed(self, y):
        return self.r * sin(y[0]) * y[1]

    def resist(self, x, speed, x_hole):
        force = self.out * x if x < x_hole else self.puncture + self.rise * x
        return force * (1.0 + self.factor * abs(speed))

    def force(self, phase, y):
        if phase == "free":
            return 0.0
        if phase == "stuck":
            return self.k * (self.tip(y[0]) - self.depth) + self.c * self.tip_speed(y)
        x = self.tip(y[0]) - y[2]
        if phase == "out":
            return -self.out * x
        return self.resist(x, self.tip_speed(y), 0.0 if phase == "in" else 1.0)

    def rates(self, phase, y):
        theta, omega, w = y
        force = self.force(phase, y)
        arm = self.r * sin(theta)
        z = self.r * (1.0 - cos(theta))
        torque = self.k_t * (self.amps - self.slope * omega) - self.viscous * omega
        torque -= self.sense * self.coulomb + arm * (self.push + self.spring * z + force)
        torque -= self.mass * arm * self.r * cos(theta) * omega * omega
        sink = self.tip_speed(y) if phase == "stuck" else (force - self.k * w) / self.c
        return [omega, torque / (self.inertia + self.mass * arm * arm), sink]

    def slip(self, phase, y):
        """Speed of the needles in the skin while they slide."""
        return self.tip_speed(y) - (self.force(phase, y) - self.k * y[2]) / self.c

    def gap(self, y):
        return self.tip(y[0]) - y[2]

    def over_limit(self, y):
        """Force of the held needles beyond what they stand before they go in."""
        return self.force("stuck", y) - self.resist(self.depth, self.tip_speed(y), self.hole)

    def events(self, phase):
        """(function, direction, next phase) of each way out of `phase`."""
        ways = [(lambda y: y[1], 0, "stop")]
        if phase == "free" and self.puncture + self.rise > 0.0:
            ways.append((self.gap, 1, "touch"))
        if phase in ("in", "again"):
            ways.append((lambda y: self.slip(phase, y), -1, "stuck"))
        if phase == "again":
            ways.append((lambda y: self.gap(y) - self.hole, 1, "in"))
        if phase == "out":
            ways.append((self.gap, -1, "free"))
            ways.append((lambda y: self.slip(phase, y), 1, "stuck"))
        if phase == "stuck":
            ways.append((self.over_limit, 1, "in"))
            ways.append((lambda y: self.force(phase, y) + self.out * self.depth, -1, "out"))
        return ways

    def enter(self, phase, y):
        """The phase that really holds on entry into `phase` at `y`; sets depth and hole."""
        x = max(self.tip(y[0]) - y[2], 0.0)
        self.hole = max(self.hole, x)
        if phase == "stuck":
            self.depth = x
        if phase == "in" and x < self.hole:
            return "again"
        if phase == "out" and x == 0.0:
            return "free"
        return phase

    def touch(self, y):
        """The phase after first contact: held by the surface, or through it at once."""
        self.depth = self.hole = 0.0
        force = self.force("stuck", y)
        return "in" if force > self.resist(0.0, self.tip_speed(y), 0.0) else "stuck"

    def run(self, theta, omega, until_s, marks=()):
        """Trajectory from a free skin to `until_s` or to rest: pieces of dense output
        (start, end, solution), and (time, mark) of upward passages of the angles `marks`."""
        t, y, phase, pieces = 0.0, [theta, omega, 0.0], "free", []
        self.sense = 1.0 if omega > 0.0 else -1.0
        while t < until_s and phase:
            ways = self.events(phase)
            got = solve_ivp(
                lambda _, y, phase=phase: self.rates(phase, y),
                (t, until_s),
                y,
                method="DOP853",
                rtol=1e-10,
                atol=1e-13,
                events=[self._watch(function, sign) for function, sign, _ in ways],
                dense_output=True,
                max_step=2e-3,
            )
            pieces.append((t, got.t[-1], got.sol))
            t, y = got.t[-1], list(got.y[:, -1])
            if got.status == 1:
                hit = next(i for i, times in enumerate(got.t_events) if len(times))
                phase = self._leave(phase, ways[hit][2], y)
        return pieces, self._marks(pieces, marks)

    def _leave(self, phase, following, y):
        if following == "touch":
            return self.touch(y)
        if following == "stop":
            return self._stop(phase, y)
        return self.enter(following, y)

    def _stop(self, phase, y):
        """At standstill: None while friction holds, else the phase goes on the other way."""
        y[1] = self.sense = 0.0
        torque = self.rates(phase, y)[1] * (self.inertia + self.mass * self.arm(y) ** 2)
        if abs(torque) <= self.coulomb:
            return None
        self.sense = 1.0 if torque > 0.0 else -1.0
        y[1] = 1e-9 * self.sense
        return phase

    def arm(self, y):
        return self.r * sin(y[0])

    @staticmethod
    def _watch(function, sign):
        def event(_, y):
            return function(y)

        event.terminal, event.direction = True, sign
        return event

    @staticmethod
    def _marks(pieces, marks):
        found = []
        for start, end, solution in pieces:
            low, high = solution(start)[0], solution(end)[0]
            for mark in marks:
                first, last = ceil((low - mark) / TURN), floor((high - mark) / TURN)
                for turn in range(first, last + 1):
                    found.append((passage(solution, start, end, mark + turn * TURN), mark))
        return sorted(found)


def passage(solution, start, end, angle):
    """Time at which a rising angle passes `angle`, by bisection."""
    for _ in range(60):
        middle = 0.5 * (start + end)
        if solution(middle)[0] < angle:
            start = middle
        else:
            end = middle
    return end


def state_at(pieces, t):
    """[angle, speed, deflection] of a trajectory at `t` s."""
    for start, end, solution in pieces:
        if start <= t <= end:
            return solution(t)
    raise ValueError(f"no piece of the trajectory holds t = {t}")


def new_kernel(pen=None, seed=1, kernel_class=Kernel):
    """A kernel of `pen` with buffers of its own."""
    row = array("i", [0] * len(PLANT_SIGNALS))
    return kernel_class(flatten(pen or PenParameters(), seed), array("i", [0] * 4), row)


def driven_kernel(pen, duty_u16, protrusion_m, theta, omega, kernel_class=Kernel):
    """A kernel driven at `duty_u16`, nose on the skin, all needles in contact."""
    kernel = new_kernel(pen, kernel_class=kernel_class)
    kernel.set_load_switch(True)
    kernel.set_duty_u16(duty_u16)
    kernel.set_protrusion(protrusion_m)
    kernel.set_standoff(0.0)
    kernel.set_contact(1.0, 0.0)
    kernel.place(theta, omega)
    return kernel


def run_to(kernel, until_us):
    """Advance over all edges to `until_us`; returns [(kernel time in s, sector entered)]."""
    edges = []
    while kernel.advance(until_us) < until_us or kernel.changed:
        edges.append((kernel.t_us * 1e-6, kernel.sector))
    return edges


def follow(kernel, milliseconds):
    """Drive the kernel as the bench does; returns [(time, speed)] and the edges, in s."""
    points, edges = [], []
    for n in range(milliseconds):
        for until_us in (n * 1000 + 200, n * 1000 + 1000):
            edges += run_to(kernel, until_us)
            points.append((kernel.t_us * 1e-6, kernel.omega))
    return points, edges


def test_oracle_itself_brakes_as_the_closed_form_says():
    """Without membrane and moving mass: omega = (a + f) exp(-t / tau) - f, with f = T / damping."""
    mechanism = Mechanism(moving_mass_kg=0.0, membrane_retracted_n=0.0, membrane_extended_n=0.0)
    pen = PenParameters(mechanism=mechanism, cartridge=NO_CARTRIDGE)
    oracle = Oracle(pen, 3.7, 0.0, 0.0)
    pieces, _ = oracle.run(0.0, 691.0, 5e-3)
    damping = oracle.k_t * oracle.slope + oracle.viscous
    rest = oracle.coulomb / damping
    expected = (691.0 + rest) * exp(-5e-3 * damping / oracle.inertia) - rest
    assert state_at(pieces, 5e-3)[1] == pytest.approx(expected, rel=1e-9)
