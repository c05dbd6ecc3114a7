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


@dataclass(frozen=True)
class Excitation:
    """What happens in a recording, off the skin where nothing else is said."""

    steps: int
    slowest_hz: float
    fastest_hz: float
    steady_s: float
    skin_s: float
    skin_a: float

    def lack(self, name: str) -> str:
        """What is missing for a parameter; empty where nothing is."""
        if name == "inertia" and self.steps < FEWEST_STEPS:
            return f"steps of the rate: {self.steps}, at least {FEWEST_STEPS} are needed"
        if name == "resistance" and self.steps < FEWEST_STEPS and self.skin_a < SKIN_A:
            return "the current hardly changes"
        if name == "friction" and self.fastest_hz < RATES_APART * self.slowest_hz:
            return f"all at one rate, {self.fastest_hz:.0f} Hz: friction may rise with the rate"
        if name in ("friction", "torque_constant") and self.steady_s < STEADY_S:
            return f"{self.steady_s:.1f} s of steady running off the skin"
        if name.endswith("force") and self.skin_s < SKIN_S:
            return f"{self.skin_s:.1f} s in skin"
        return ""


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
