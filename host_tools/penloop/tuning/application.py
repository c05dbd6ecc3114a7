"""A proposal on the real pen: its steps before and on trial, and whether they got worse."""

from collections.abc import Sequence
from dataclasses import dataclass

from penloop.tuning import judgement
from penloop.tuning.experiment import Experiments, Step
from penloop.tuning.judgement import Figures

MEASURED = ("rise_ms", "overshoot_percent", "settling_ms", "ripple_percent")
MEASURED_SLACK = 0.25  # a step on the pen tells no more exactly


@dataclass(frozen=True)
class Measured:
    """Steps on the real pen and their mean figures; contact is not among them."""

    steps: Sequence[Step]
    figures: Figures


def measure(experiments: Experiments) -> Measured:
    """Plays the steps on the pen."""
    steps = experiments.steps()
    return Measured(steps, judgement.mean_of([figures_of(step) for step in steps]))


def figures_of(step: Step) -> Figures:
    """From the rate as the pen measures it."""
    capture = step.capture
    rise, overshoot, settling = judgement.step_figures(
        capture.time_s, capture.rate_hz, step.time_s, step.from_hz, step.to_hz
    )
    steady = capture.time_s > capture.time_s[-1] - judgement.STEADY_S
    ripple = judgement.ripple_percent(capture.rate_hz[steady], step.to_hz)
    return Figures(rise, overshoot, settling, ripple)


def worse(after: Figures, before: Figures) -> list[str]:
    """Titles of the measured figures that got worse."""
    return [judgement.GOALS[name].title for name in after.worse_than(before, MEASURED_SLACK)]
