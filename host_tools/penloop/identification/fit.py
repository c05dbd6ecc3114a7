"""The fit: the twin's run under the recorded voltage is brought to the recorded current and rate.

Begins with `regression`, goes on by Gauss-Newton steps on all samples. The run that is compared
has the ripple within a turn, its derivatives come from one without. Where the crank stands is not
recorded: before each transient it is fitted with the others, beginning at the best of some angles.

The covariance is the sandwich over blocks of the recording, which asks nothing of the noise but
that blocks do not know of each other (White 1980; Liang and Zeger 1986).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from penloop.identification import contact, windows
from penloop.identification.contact import Touches
from penloop.identification.evidence import Evidence, Floats
from penloop.identification.excitation import Excitation, excitation
from penloop.identification.features import NOWHERE, features
from penloop.identification.model import FITTED, NAMES, SKIN, VISCOUS, Guess
from penloop.identification.regression import regress
from penloop.identification.twin import Contact, replay
from penloop.identification.windows import Windows

STEPS = 8
SETTLED = 4  # from this step on they only follow the ripple: their mean is the outcome
LONGEST_STEP = 0.3
DIFFERENCE = 0.04  # share by which a parameter is moved for its derivative
ANGLES_RAD = tuple(np.deg2rad(np.arange(-165.0, 180.0, 30.0)).tolist())
LONGEST_TURN_RAD = 0.3
DIFFERENCE_RAD = 0.15  # by which an angle is moved for its derivative
KNOWN_RAD = 1.0  # of an angle, beside what the step before has found: holds what nothing shows
CLIP = 6.0  # uncertainties; a residual beyond counts as much
MEAN_S = 0.05  # for the residuals that are told
# What is known beforehand, as a standard deviation and a share of the base's value: it holds what
# nothing else holds.
KNOWN_SHARE = dict.fromkeys(NAMES, 0.3) | {VISCOUS: 1.0}
# What the sandwich does not know, set by simulated pens (docs/identification.md): by so much its
# intervals are too narrow, and angles that fit other parameters as well leave such a share.
WIDER = dict.fromkeys(FITTED, 2.0) | {"puncture_force": 2.4, "full_force": 3.0}
LEFT_SHARE = {"resistance": 0.015, "inertia": 0.015}
# Instruments: what calibration leaves of the battery's voltage and of the current's zero.
SUPPLY_SHARE = 0.002
ZERO_A = 0.0005


@dataclass(frozen=True)
class Fit:
    """The outcome, in the order of FITTED.

    deviation: standard deviation of each value that was fitted, as a share of it
    twin: the same run as the twin has it; `used`: the samples that took part
    """

    guess: Guess
    deviation: dict[str, float]
    touches: Touches
    excitation: Excitation
    measured: Evidence
    twin: Evidence
    used: NDArray[np.bool_]

    def residuals(self) -> list[tuple[str, float, str]]:
        """Name, root mean square and unit of what the twin's signals differ by, in means over
        50 ms: within a turn, the two need not be in step."""
        steps = max(int(MEAN_S / self.measured.sampling_s), 1)
        found = []
        for name, scale, unit in (("rate", 1.0, "Hz"), ("current", 1e3, "mA")):
            field = f"{name}_{'hz' if name == 'rate' else 'a'}"
            off = (getattr(self.measured, field) - getattr(self.twin, field))[self.used] * scale
            blocks = off[: len(off) // steps * steps].reshape(-1, steps).mean(axis=1)
            found.append((name, float(np.sqrt(np.mean(blocks**2))), unit))
        return found


def fit(evidence: Evidence, base: Guess, needles: int | None) -> Fit:
    """Fits the parameters of `base` to a recording. Raises ValueError where no window is found."""
    bounds = windows.cut(evidence)
    means = windows.means(evidence, bounds)
    touches = contact.find(evidence, means)
    free = contact.free_windows(means, touches, evidence)
    if len(free) < 3:
        raise ValueError("no steady running")
    shown = excitation(means, free, touches)
    guess = _begin(evidence, base, [bounds[n] for n in free], shown)
    return _Search(evidence, base, touches, shown, needles).run(guess, means)


def _begin(
    evidence: Evidence, base: Guess, bounds: list[tuple[int, int]], shown: Excitation
) -> Guess:
    """The closed form's pen, where it is one: within a factor of 3 of the base."""
    found = regress(windows.means(evidence, bounds), base.pen.mechanism.viscous_friction_nm_s)
    values = base.values()
    warm = 1.0 + base.pen.motor.copper_per_k * (evidence.housing_c - base.pen.motor.rated_at_c)
    found[0] = (found[0] - base.circuit_ohm) / warm
    found[2] -= base.carried_kg_m2
    plausible = np.isfinite(found) & (found > values[:4] / 3) & (found < values[:4] * 3)
    plausible[2] &= not shown.lack("inertia")
    values[:4] = np.where(plausible, found, values[:4])
    return base.with_values(values)


class _Search:
    """Gauss-Newton over one recording."""

    def __init__(
        self,
        evidence: Evidence,
        base: Guess,
        touches: Touches,
        shown: Excitation,
        needles: int | None,
    ) -> None:
        self._evidence, self._touches, self._shown = evidence, touches, shown
        self._needles = needles if touches.depths_m else None
        depths = len(touches.depths_m) if self._needles else 0
        fixed = SKIN if depths == 0 else SKIN[:1] if depths == 1 else ()
        if shown.lack("inertia"):  # a derivative without a step is noise, which tells nothing
            fixed = (*fixed, "inertia")
        self._free = [n for n, name in enumerate(FITTED) if name not in fixed]
        self._scale = base.values()

    def run(self, guess: Guess, means: Windows) -> Fit:
        """Steps to the optimum."""
        smooth = guess.smooth()
        calm = self._run(smooth)
        skin = self._needles is not None
        self._features = features(self._evidence, means, self._touches, skin, calm)
        angles_rad = self._best_angles(guess)
        path = []
        for number in range(STEPS):
            if number < SETTLED:
                slopes = self._slopes(guess)
            step, turn_rad, _ = self._step(guess, angles_rad, slopes)
            guess = self._moved(guess, np.clip(step, -LONGEST_STEP, LONGEST_STEP))
            angles_rad = angles_rad + np.clip(turn_rad, -LONGEST_TURN_RAD, LONGEST_TURN_RAD)
            path.append(guess.values())
        guess = guess.with_values(np.mean(path[SETTLED:], axis=0))
        *_, covariance = self._step(guess, angles_rad, slopes)
        return self._fit(guess, covariance, self._run(guess))

    def _fit(self, guess: Guess, covariance: Floats, twin: Evidence) -> Fit:
        values = guess.values()
        share = np.sqrt(np.diag(covariance)) * self._scale[self._free] / values[self._free]
        names = [FITTED[n] for n in self._free]
        told = {
            name: float(np.hypot(WIDER[name] * one, LEFT_SHARE.get(name, 0.0)))
            for name, one in zip(names, share)
        }
        used = self._features.used
        return Fit(guess, told, self._touches, self._shown, self._evidence, twin, used)

    def _moved(self, guess: Guess, step: Floats) -> Guess:
        values = guess.values()
        values[self._free] += step * self._scale[self._free]
        values[:-1] = np.maximum(values[:-1], 0.1 * self._scale[:-1])
        values[-1] = max(values[-1], 0.0)
        return guess.with_values(values)

    def _run(self, guess: Guess) -> Evidence:
        """The twin, its crank as it comes."""
        return replay(self._evidence, guess.pen, self._contact(guess))

    def _run_placed(self, guess: Guess, angles_rad: Floats) -> Evidence:
        """The twin, its crank at these angles before the transients."""
        pairs = zip(self._features.restarts.tolist(), angles_rad.tolist(), strict=True)
        placed = {sample: angle for sample, angle in pairs if sample != NOWHERE}
        return replay(self._evidence, guess.pen, self._contact(guess), placed)

    def _contact(self, guess: Guess) -> Contact | None:
        if self._needles is None:
            return None
        return Contact(self._touches.touching, guess.skin, self._needles)

    def _best_angles(self, guess: Guess) -> Floats:
        """Of each transient, the one of ANGLES_RAD with the nearest run."""
        count = len(self._features.restarts)
        runs = (self._run_placed(guess, np.full(count, angle)) for angle in ANGLES_RAD)
        misfits = np.stack([self._features.misfits(self._evidence, run) for run in runs])
        return np.array(ANGLES_RAD)[misfits.argmin(axis=0)]

    def _slopes(self, guess: Guess) -> Floats:
        """Change of all features by a share of the base's value of each."""
        smooth = guess.smooth()
        found = []
        for number in self._free:
            values = []
            for sign in (1.0, -1.0):
                moved = smooth.values()
                moved[number] += sign * DIFFERENCE * self._scale[number]
                other = smooth.with_values(moved)
                values.append(self._features.of(self._run(other)))
            found.append((values[0] - values[1]) / (2 * DIFFERENCE))
        return np.stack(found, 1)

    def _step(
        self, guess: Guess, angles_rad: Floats, slopes: Floats
    ) -> tuple[Floats, Floats, Floats]:
        """The step to the optimum: of the parameters as shares of the base's values, of the
        angles, and the covariance of the former."""
        chosen, count = self._features, len(self._free)
        weight = 1 / chosen.sigma
        here, later, sooner = (
            self._run_placed(guess, angles_rad + turn)
            for turn in (0.0, DIFFERENCE_RAD, -DIFFERENCE_RAD)
        )
        off = chosen.of(self._evidence) - chosen.of(here)
        residual = np.where(chosen.transient < 0, off * weight, np.clip(off * weight, -CLIP, CLIP))
        by_angle = (chosen.of(later) - chosen.of(sooner)) / (2 * DIFFERENCE_RAD)
        matrix = np.hstack([slopes, chosen.by_transient(by_angle)]) * weight[:, None]
        known = np.full(matrix.shape[1], KNOWN_RAD)
        known[:count] = [KNOWN_SHARE[FITTED[n]] for n in self._free]
        hold = np.diag(known**-2)
        wanted = np.zeros(len(known))
        wanted[:count] = 1.0 - (guess.values() / self._scale)[self._free]
        pull = hold @ wanted
        scores = self._block_sums(matrix * residual[:, None])
        inverse = np.linalg.pinv(matrix.T @ matrix + hold, rcond=1e-12)
        step = inverse @ (matrix.T @ residual + pull)
        meat = scores.T @ scores * len(scores) / max(len(scores) - count, 1)
        covariance = inverse @ (meat + hold) @ inverse
        for error in self._instrument_errors(here):
            moved = inverse @ (matrix.T @ (error * weight))
            covariance += np.outer(moved, moved)
        return step[:count], step[count:], covariance[:count, :count]

    def _instrument_errors(self, twin: Evidence) -> list[Floats]:
        """What each instrument's own error does to all samples."""
        still = np.zeros(len(twin.rate_hz))
        zero = self._evidence.seen_as(still, still + ZERO_A)
        supply = self._evidence.seen_as(twin.rate_hz * SUPPLY_SHARE, still)
        return [self._features.of(zero), self._features.of(supply)]

    def _block_sums(self, scores: Floats) -> Floats:
        """Sums over blocks of the recording."""
        block = self._features.block
        sums = np.zeros((block.max() + 1, scores.shape[1]))
        np.add.at(sums, block, scores)
        return sums[(sums != 0).any(axis=1)]
