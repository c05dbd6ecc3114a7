"""The kernel against an independent solution: scipy's solve_ivp at 1e-10 with located events.

`Oracle` shares no code with the kernel. It integrates angle, speed and skin deflection in
time, with true sine and cosine, and switches between named phases at located events; the
kernel goes from angle to angle by energy. Both take their numbers from PenParameters.
"""

from array import array
from dataclasses import replace
from itertools import pairwise
from math import ceil, cos, floor, pi, sin

import pytest
from scipy.integrate import solve_ivp

from pensim.plant.constants import flatten
from pensim.plant.kernel import PLANT_SIGNALS, Kernel
from pensim.plant.parameters import PenParameters
from pensim.plant.presets import CARTRIDGES, SKINS

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


def compare(case, milliseconds, kernel_class=Kernel):
    """Relative errors of the kernel against the oracle over one run.

    `case` is (pen, duty_u16, protrusion_m, first speed in rad/s). Returns the true rate in Hz
    and the largest errors of mean speed over all turns, of any period between two passages of
    the same sensor edge, and of the speed at any of two points a millisecond.
    """
    pen, duty_u16, protrusion_m, omega = case
    kernel = driven_kernel(pen, duty_u16, protrusion_m, 0.3, omega, kernel_class)
    oracle = Oracle(pen, kernel.voc, duty_u16 / 65535.0, protrusion_m)
    points, edges = follow(kernel, milliseconds)
    marks = {kernel.bound[sector]: sector for sector in range(1, 9)}
    pieces, passed = oracle.run(0.3, omega, milliseconds * 1e-3 + 1e-4, marks)
    mine, true = by_sector(edges), by_sector([(t, marks[mark]) for t, mark in passed])
    turns = min(len(mine[1]), len(true[1])) - 1
    periods = [
        (after - before, after_true - before_true)
        for sector in mine
        for (before, after), (before_true, after_true) in zip(
            pairwise(mine[sector]), pairwise(true[sector])
        )
    ]
    turn_s = (true[1][turns] - true[1][0]) / turns
    return {
        "rate": 1.0 / turn_s,
        "mean": abs((mine[1][turns] - mine[1][0]) / turns / turn_s - 1.0),
        "period": max(abs(mine_s / true_s - 1.0) for mine_s, true_s in periods),
        "point": max(abs(speed / state_at(pieces, t)[1] - 1.0) for t, speed in points),
    }


def by_sector(edges):
    """{sector: [times]} of upward edges."""
    return {sector: [t for t, entered in edges if entered == sector] for sector in range(1, 9)}


AIR = PenParameters(cartridge=CARTRIDGES["none"])
SKIN = PenParameters()
REFERENCE = PenParameters(skin=SKINS["reference"])

CASES = {  # name: (pen, duty_u16, protrusion_m, first speed in rad/s)
    "air, 20 Hz": (AIR, 7350, 0.75e-3, 126.0),
    "air, 51 Hz": (AIR, 15000, 0.75e-3, 320.0),
    "air, 117 Hz": (AIR, 33000, 0.75e-3, 735.0),
    "air, 150 Hz": (AIR, 42100, 0.75e-3, 942.0),
    "skin 0.75 mm, 37 Hz": (SKIN, 12000, 0.75e-3, 230.0),
    "skin 0.75 mm, 111 Hz": (SKIN, 32000, 0.75e-3, 697.0),
    "skin 0.75 mm, 132 Hz": (SKIN, 38000, 0.75e-3, 829.0),
    "skin 1.5 mm, 62 Hz": (SKIN, 20000, 1.5e-3, 390.0),
    "skin 1.5 mm, 150 Hz": (SKIN, 44000, 1.5e-3, 940.0),
    "reference, 66 Hz": (REFERENCE, 20000, 0.75e-3, 415.0),
    "reference, 132 Hz": (REFERENCE, 38000, 0.75e-3, 829.0),
}


@pytest.mark.parametrize("name", CASES)
def test_mean_speed_and_tachometer_period_agree_within_a_thousandth(name):
    errors = compare(CASES[name], 150)
    assert errors["mean"] < 1e-3
    assert errors["period"] < 1e-3


@pytest.mark.parametrize("name", [name for name in CASES if "132 Hz" in name])
def test_speed_agrees_point_by_point_within_a_thousandth_at_132_hz(name):
    errors = compare(CASES[name], 150)
    assert errors["rate"] == pytest.approx(132.0, abs=1.0)
    assert errors["point"] < 1e-3


def test_speed_agrees_point_by_point_within_a_hundredth_near_stall():
    errors = compare(CASES["air, 20 Hz"], 250)
    assert errors["rate"] == pytest.approx(20.0, abs=1.0)
    assert errors["point"] < 1e-2


def test_velocity_dependent_needle_force_agrees():
    skin = replace(SKINS["reference"], velocity_s_per_m=0.5)
    errors = compare((PenParameters(skin=skin), 30000, 0.75e-3, 600.0), 100)
    assert errors["mean"] < 1e-3
    assert errors["point"] < 1e-3


def test_stall_in_tough_skin_happens_at_the_same_angle():
    pen = PenParameters(skin=SKINS["scar"])
    kernel = driven_kernel(pen, 9000, 1.5e-3, 0.3, 157.0)
    pieces, _ = Oracle(pen, kernel.voc, 9000 / 65535.0, 1.5e-3).run(0.3, 157.0, 0.08)
    run_to(kernel, 60_000)
    angle, _, deflection = state_at(pieces, 0.06)
    assert abs(kernel.omega) < 0.5
    assert kernel.theta == pytest.approx(angle, abs=2e-3)
    assert kernel.deflection == pytest.approx(deflection, abs=2e-6)


def test_kick_back_at_stall_agrees():
    kernel = driven_kernel(AIR, 0, 0.0, 0.3, 100.0)  # braked: turns round on the membrane
    pieces, _ = Oracle(AIR, kernel.voc, 0.0, 0.0).run(0.3, 100.0, 0.05)
    signs = set()
    for n in range(1, 50):
        run_to(kernel, n * 1000)
        angle, omega, _ = state_at(pieces, kernel.t_us * 1e-6)
        signs.add(omega > 0.0)
        assert kernel.theta == pytest.approx(angle, abs=5e-4)
        assert kernel.omega == pytest.approx(omega, abs=0.1)
    assert signs == {True, False}
