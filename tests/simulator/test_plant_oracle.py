"""The kernel against an independent solution: scipy's solve_ivp at 1e-10 with located events.

`Oracle` shares no code with the kernel. It integrates angle, speed and skin deflection in
time, with true sine and cosine, and switches between named phases at located events; the
kernel goes from angle to angle by energy. Both take their numbers from PenParameters.
"""

from array import array
from math import cos, pi, sin

import numpy
import pytest
from scipy.integrate import solve_ivp

from pensim.plant.constants import flatten
from pensim.plant.kernel import PLANT_SIGNALS, Kernel
from pensim.plant.parameters import PenParameters

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

    def events(self, phase):
        """(function, direction, next phase) a way out of `phase`."""
        slip = lambda y: self.tip_speed(y) - (self.force(phase, y) - self.k * y[2]) / self.c
        gap = lambda y: self.tip(y[0]) - y[2]
        ways = [(lambda y: y[1], 0, "stop")]
        if phase == "free" and self.puncture + self.rise > 0.0:
            ways.append((gap, 1, "stuck"))
        if phase in ("in", "again"):
            ways.append((slip, -1, "stuck"))
        if phase == "again":
            ways.append((lambda y: gap(y) - self.hole, 1, "in"))
        if phase == "out":
            ways += [(gap, -1, "free"), (slip, 1, "stuck")]
        if phase == "stuck":
            limit = lambda y: self.resist(self.depth, self.tip_speed(y), self.hole)
            ways.append((lambda y: self.force(phase, y) - limit(y), 1, "in"))
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
        """Trajectory from a free skin; returns (piecewise dense solution, [(time, mark)])."""
        t, y, phase, pieces, stops = 0.0, [theta, omega, 0.0], "free", [], 0
        self.sense = 1.0 if omega > 0.0 else -1.0
        while t < until_s and stops < 20:
            ways = self.events(phase)
            watched = [self._watch(function, sign) for function, sign, _ in ways]
            got = solve_ivp(
                lambda _, y, phase=phase: self.rates(phase, y), (t, until_s), y,
                method="DOP853", rtol=1e-10, atol=1e-13, events=watched, dense_output=True,
                max_step=2e-3,
            )  # fmt: skip
            pieces.append((t, got.t[-1], got.sol))
            t, y = got.t[-1], list(got.y[:, -1])
            if got.status != 1:
                break
            hit = next(i for i, times in enumerate(got.t_events) if len(times))
            phase = self._leave(phase, ways[hit][2], y)
            if phase is None:
                break
        return pieces, self._marks(pieces, marks)

    def _leave(self, phase, following, y):
        if following == "stop":
            y[1] = 0.0
            self.sense = 0.0
            torque = self.rates(phase, y)[1] * self.inertia
            if abs(torque) <= self.coulomb:
                return None
            self.sense = 1.0 if torque > 0.0 else -1.0
            y[1] = 1e-9 * self.sense
            return phase
        return self.touch(y) if phase == "free" else self.enter(following, y)

    @staticmethod
    def _watch(function, sign):
        def event(_, y):
            return function(y)

        event.terminal, event.direction = True, sign
        return event

    @staticmethod
    def _marks(pieces, marks):
        """Times of upward passages of the crank angles `marks`, found in the dense output."""
        found = []
        for start, end, solution in pieces:
            low, high = solution(start)[0], solution(end)[0]
            for mark in marks:
                first = int(numpy.ceil((low - mark) / TURN))
                for turn in range(first, int((high - mark) // TURN) + 1):
                    wanted = mark + turn * TURN
                    a, b = start, end
                    for _ in range(60):
                        middle = 0.5 * (a + b)
                        if solution(middle)[0] < wanted:
                            a = middle
                        else:
                            b = middle
                    found.append((b, mark))
        return sorted(found)


def speed_at(pieces, t):
    """Speed of a trajectory in rad/s at `t` s."""
    for start, end, solution in pieces:
        if start <= t <= end:
            return solution(t)[1]
    raise ValueError(f"no piece of the trajectory holds t = {t}")


def running_kernel(pen, duty_u16, protrusion_m, theta, omega, kernel_class=Kernel):
    """A kernel driven at `duty_u16` with full contact on the skin, set at a state."""
    kernel = kernel_class(flatten(pen, 1), array("i", [0] * 4), array("i", [0] * len(PLANT_SIGNALS)))
    kernel.set_load_switch(True)
    kernel.set_duty_u16(duty_u16)
    kernel.set_protrusion(protrusion_m)
    kernel.set_standoff(0.0)
    kernel.set_contact(1.0, 0.0)
    kernel.place(theta, omega)
    return kernel


def trace(kernel, milliseconds):
    """Drive the kernel as the bench does; returns [(t, speed)], [(edge time, sector)] in s."""
    points, edges = [], []
    for n in range(milliseconds):
        for until in (n * 1000 + 200, n * 1000 + 1000):
            while kernel.advance(until) < until or kernel.changed:
                edges.append((kernel.t_us * 1e-6, kernel.sector))
            points.append((kernel.t_us * 1e-6, kernel.omega))
    return points, edges


def compare(pen, duty_u16, protrusion_m, theta, omega, milliseconds, kernel_class=Kernel):
    """Largest relative errors of the kernel: mean speed, period, point by point; and rate."""
    kernel = running_kernel(pen, duty_u16, protrusion_m, theta, omega, kernel_class)
    voltage = kernel.voc
    points, edges = trace(kernel, milliseconds)
    oracle = Oracle(pen, voltage, duty_u16 / 65535.0, protrusion_m)
    end = milliseconds * 1e-3 + 1e-4
    sectors = range(1, 9)
    marks = {kernel.bound[sector]: sector for sector in sectors}
    pieces, passed = oracle.run(theta, omega, end, marks)
    by_sector = lambda events: {s: [t for t, n in events if n == s] for s in sectors}
    mine = by_sector(edges)
    true = by_sector([(t, marks[mark]) for t, mark in passed])
    period = 0.0
    for sector in sectors:
        pairs = min(len(mine[sector]), len(true[sector]))
        for n in range(1, pairs):
            turn = true[sector][n] - true[sector][n - 1]
            period = max(period, abs((mine[sector][n] - mine[sector][n - 1]) / turn - 1.0))
    n = min(len(mine[1]), len(true[1])) - 1
    turn_s = (true[1][n] - true[1][0]) / n
    mean = abs((mine[1][n] - mine[1][0]) / n / turn_s - 1.0)
    speeds = numpy.array([speed_at(pieces, t) for t, _ in points])
    errors = numpy.abs(numpy.array([speed for _, speed in points]) / speeds - 1.0)
    return {"rate_hz": 1.0 / turn_s, "mean": mean, "period": period, "point": errors.max(),
            "ripple": (speeds[len(speeds) // 2:].max() / speeds[len(speeds) // 2:].min() - 1.0)}
