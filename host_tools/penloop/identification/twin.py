"""The twin: the simulator's plant driven by the voltage of a recording, seen as the pen sees it."""

from array import array
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import remainder
from typing import Any

import numpy as np
from numpy.typing import NDArray

from penloop.identification.evidence import Evidence
from penloop.identification.windows import TURN_RAD
from pensim.plant import Kernel
from pensim.plant.constants import flatten
from pensim.plant.kernel import PLANT_SIGNALS
from pensim.plant.parameters import Battery, Cartridge, PenParameters, Skin

TACHOMETER = 1
EDGES = 6  # of the tachometer in a turn
LOOK_US = 2000  # the pen measures, and steers 2 ms later: each every 4 ms
SHORT_US = 500  # longer ones cost 0.8 % of a deep stroke's work
VOTERS = 21  # samples around one that tell whose turn it is
STILL_US = 200_000
SCALE_V = 10.0  # of the battery that stands for a voltage
CONTACT_PER_S = 20.0  # the needles come into the skin within 50 ms


@dataclass(frozen=True)
class Contact:
    """In which samples the needles are in the skin, in which skin, and how many."""

    touching: NDArray[np.bool_]
    skin: Skin
    needles: int


def replay(
    evidence: Evidence,
    pen: PenParameters,
    contact: Contact | None = None,
    angles_rad: Mapping[int, float] | None = None,
) -> Evidence:
    """The evidence as the twin would have given it, without noise.

    angles_rad: of its crank at some samples, where it turns as fast as the pen, off the skin
    """
    placed = angles_rad or {}
    kernel = _kernel(pen, evidence, contact)
    time_us = np.round((evidence.time_s - evidence.time_s[0]) * 1e6).astype(int).tolist()
    ticks, turns = _ticks(evidence)
    eyes = _Eyes(kernel)
    rate_hz, current_a = np.zeros(len(time_us)), np.zeros(len(time_us))
    duty_u16 = np.round(evidence.duty * 65535).astype(int).tolist()
    tick, touching = ticks[0] - 1, False
    for n, now_us in enumerate(time_us):
        while tick < ticks[n]:
            tick += 1
            eyes.look(tick % 2 == turns[n], now_us - (ticks[n] - tick) * LOOK_US)
        eyes.advance(now_us)
        rate_hz[n], current_a[n] = eyes.rate_hz, eyes.current_a
        if n in placed:
            kernel.place(remainder(placed[n], TURN_RAD), TURN_RAD * evidence.rate_hz[n])
        kernel.set_battery_charge(evidence.open_v[n] / SCALE_V)
        kernel.set_duty_u16(duty_u16[n])
        if contact is not None:
            if evidence.depth_m is not None:
                kernel.set_protrusion(evidence.depth_m[n])
            if contact.touching[n] != touching:
                touching = bool(contact.touching[n])
                kernel.set_contact(float(touching), CONTACT_PER_S)
    return evidence.seen_as(rate_hz, current_a)


def _ticks(evidence: Evidence) -> tuple[list[int], list[int]]:
    """The number of the pen's look at each sample, and whether odd ones steer there (1) or even
    ones (0): looks take turns, but what is rare puts them off by one. The duty shows it."""
    ticks = np.round(evidence.time_s * 1e6 / LOOK_US).astype(int)
    steered = np.flatnonzero(np.diff(evidence.duty) != 0) + 1
    votes = np.zeros(len(ticks))
    votes[steered] = 2 * (ticks[steered] % 2) - 1
    turns = np.convolve(votes, np.ones(VOTERS), "same") > 0
    return ticks.tolist(), turns.astype(int).tolist()


class _Eyes:
    """The pen's measurement of current and rate, as penfw.rate makes it."""

    def __init__(self, kernel: Any) -> None:
        self.rate_hz = self.current_a = 0.0
        self._kernel = kernel
        self._edges_us: deque[int] = deque([0], EDGES + 1)
        self._new = False
        self._periods_us: deque[float] = deque([1e6] * 3, 3)

    def advance(self, until_us: int) -> None:
        """Takes the plant on, and the time of each edge."""
        kernel = self._kernel
        while True:
            reached = kernel.advance(until_us)
            if kernel.changed & TACHOMETER:
                self._edges_us.append(reached)
                self._new = True
            if reached >= until_us and not kernel.changed:
                break
        kernel.settle(until_us)

    def look(self, steers: bool, now_us: int) -> None:
        """One of the pen's looks."""
        for before_us in range(LOOK_US - SHORT_US, -1, -SHORT_US):
            self.advance(now_us - before_us)
        if steers:
            self.rate_hz = 1e6 / sorted(self._periods_us)[1]
            return
        self.current_a = self._kernel.shunt_a
        edges = self._edges_us
        if now_us - edges[-1] > STILL_US:
            edges.clear()
            edges.append(now_us - STILL_US)
            self._periods_us.extend([1e6] * 3)
        elif self._new:
            self._new = False
            whole = len(edges) > EDGES
            self._periods_us.append(edges[-1] - edges[0] if whole else (edges[-1] - edges[-2]) * 6)


def _kernel(pen: PenParameters, evidence: Evidence, contact: Contact | None) -> Any:
    volts = tuple(SCALE_V * n / 10 for n in range(11))
    battery = Battery(resistance_ohm=evidence.battery_ohm, quiescent_a=0.0, open_circuit_v=volts)
    warm = replace(pen.thermal, winding_c=evidence.housing_c, housing_c=evidence.housing_c)
    exact = replace(pen.sensors, tachometer_tolerance_deg=0.0)
    still = replace(pen, battery=battery, thermal=warm, sensors=exact)
    kernel = Kernel(flatten(still, 0), array("i", [0] * 4), array("i", [0] * len(PLANT_SIGNALS)))
    kernel.set_load_switch(True)
    if contact is not None:
        kernel.set_skin(contact.skin)
        kernel.set_cartridge(Cartridge(needle_count=contact.needles))
        kernel.set_standoff(0.0)
    return kernel
