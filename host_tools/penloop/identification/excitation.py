"""What a recording has to hold for each parameter to show in it."""

from dataclasses import dataclass

import numpy as np

from penloop.identification.contact import Touches
from penloop.identification.windows import Windows

STEP_SHARE = 0.1  # of the rate, from one steady moment to the next: a step
FEWEST_STEPS = 6
RATES_APART = 1.25  # the fastest over the slowest steady rate
STEADY_S = 2.0
SKIN_S = 3.0
SKIN_A = 0.02  # that the needles take, for the resistance to show

STEPS = "penloop identify --record run.parquet"
ON_SKIN = STEPS + " --skin --needles N"
LONGER = f"run longer off the skin: {STEPS}"
LONGER_ON_SKIN = f"stay longer on the skin: {ON_SKIN}"


@dataclass(frozen=True)
class Lack:
    """What a recording has too little of, and how much is needed; how to make one with enough."""

    trouble: str
    remedy: str


@dataclass(frozen=True)
class Excitation:
    """What happens in a recording, off the skin where nothing else is said."""

    steps: int
    slowest_hz: float
    fastest_hz: float
    steady_s: float
    skin_s: float
    skin_a: float

    def lack(self, name: str) -> Lack | None:
        """What is missing for a parameter."""
        if name == "inertia" and self.steps < FEWEST_STEPS:
            return Lack(f"{self._steps()}, {FEWEST_STEPS} are needed", STEPS)
        if name == "resistance" and self.steps < FEWEST_STEPS and self.skin_a < SKIN_A:
            return Lack(self._hardly_changes(), STEPS)
        if name in ("friction", "torque_constant") and self.steady_s < STEADY_S:
            needed = f"{STEADY_S:g} s are needed"
            return Lack(f"{self.steady_s:.1f} s of steady running off the skin, {needed}", LONGER)
        if name == "friction" and self.fastest_hz < RATES_APART * self.slowest_hz:
            return Lack(self._one_rate(), STEPS)
        if name.endswith("force") and self.skin_s < SKIN_S:
            return Lack(f"{self.skin_s:.1f} s in skin, {SKIN_S:g} s are needed", LONGER_ON_SKIN)
        return None

    def _steps(self) -> str:
        steps = "1 step" if self.steps == 1 else f"{self.steps} steps"
        return f"{steps} of the rate off the skin"

    def _hardly_changes(self) -> str:
        on_skin = f"{max(self.skin_a, 0.0) * 1e3:.0f} mA more on skin"
        needed = f"{FEWEST_STEPS} steps or {SKIN_A * 1e3:.0f} mA are needed"
        return f"the current hardly changes, {self._steps()} and {on_skin}: {needed}"

    def _one_rate(self) -> str:
        slowest, fastest = f"{self.slowest_hz:.0f}", f"{self.fastest_hz:.0f}"
        rates = f"one rate, {fastest} Hz" if slowest == fastest else f"{slowest} to {fastest} Hz"
        return f"all at {rates}: two rates {RATES_APART - 1:.0%} apart are needed off the skin"


def excitation(windows: Windows, free: np.ndarray, touches: Touches) -> Excitation:
    """The excitation of a recording; `free`: numbers of its windows off the skin."""
    rate_hz = windows.speed_rad_per_s / (2 * np.pi)
    change_hz = abs(windows.change_rad_per_s2 * windows.length_s) / (2 * np.pi)
    steady = free[windows.steady[free]]
    level_a = float(np.median(windows.current_a[steady])) if len(steady) else 0.0
    busy = windows.steady & ~np.isin(np.arange(len(windows)), free)
    return Excitation(
        steps=int((change_hz[free] > STEP_SHARE * rate_hz[free]).sum()),
        slowest_hz=float(rate_hz[steady].min(initial=1e3)),
        fastest_hz=float(rate_hz[steady].max(initial=0.0)),
        steady_s=float(windows.length_s[steady].sum()),
        skin_s=touches.seconds,
        skin_a=float(windows.current_a[busy].max(initial=level_a)) - level_a,
    )
