"""A proposal on the real pen: its steps before and on trial, and whether they got worse."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from types import TracebackType

from penloop.service_state import TRIAL_S
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


class OnTrial:
    """Settings in force on trial and measured: `after`, and the titles of what got `worse`.

    They go back unless `trial.keep` is called: at the end of a `with`, or by `trial.revert`.
    """

    def __init__(
        self, experiments: Experiments, changes: Mapping[str, int], before: Measured
    ) -> None:
        """Changes the settings and plays the steps; what ends that brings the former ones back."""
        self.trial = experiments.pen.trial(TRIAL_S)
        with ExitStack() as undo:
            undo.enter_context(self.trial)
            experiments.pen.set(changes)
            self.after = measure(experiments)
            undo.pop_all()
        self.worse = worse(self.after.figures, before.figures)

    def __enter__(self) -> "OnTrial":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.trial.__exit__(kind, error, traceback)


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
