"""A session with one pen: from SERVICE to what was found, and to a proposal."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from penloop.tuning import application, proposal, safety, twin
from penloop.tuning.application import Measured
from penloop.tuning.capture import Capture
from penloop.tuning.experiment import ExperimentEnded, Experiments
from penloop.tuning.proposal import Proposal
from penloop.tuning.relay import RelayPoint, relay_point
from penloop.tuning.response import MotorResponse, fit
from penloop.tuning.telemetry_model import AFTER_GAP_S, DELAY_S

# Shares of the samples of an experiment: those lost, and those far enough behind a gap.
LOST_MOST, KNOWN_LEAST = 0.15, 0.4
DELAY_OFF_S = 1.5e-3  # of the fitted delay from that by the firmware's order


@dataclass(frozen=True)
class Findings:
    """What the experiments have told of a pen with its present settings."""

    response: MotorResponse
    point: RelayPoint
    measured: Measured
    battery_v: float
    settings: dict[str, int]
    bounds: dict[str, tuple[int, int]]  # of the same settings


def find(experiments: Experiments, announce: Callable[[], None] = lambda: None) -> Findings:
    """All experiments, behind `announce()`, once pen and settings are known to be fit for them.

    Raises ExperimentEnded, also where they do not tell enough to tune by.
    """
    pen = experiments.pen
    experiments.check()
    settings = {name: value.value for name, value in pen.get_all(twin.LAW).items()}
    safety.check(settings)
    announce()
    experiments.tell("staircase: the motor constant, resistance, inertia, friction")
    winding_c = experiments.cool()
    staircase = whole(experiments.staircase())
    experiments.tell("relay: the loop made to swing")
    relay = whole(experiments.relay())
    response = fit([staircase, relay], winding_c)
    point = checked(response, relay_point(relay, response))
    experiments.tell("steps: how the pen does now")
    measured = application.measure(experiments)
    battery_v = float(staircase.battery_v[:50].mean())
    bounds = {name: (pen.settings[name].minimum, pen.settings[name].maximum) for name in twin.LAW}
    return Findings(response, point, measured, battery_v, settings, bounds)


def whole(capture: Capture) -> Capture:
    """The capture, if enough of it has come. Raises ExperimentEnded."""
    known_share = capture.behind_gaps(AFTER_GAP_S).mean()
    if capture.lost_share > LOST_MOST or known_share < KNOWN_LEAST:
        raise ExperimentEnded(
            f"{capture.lost_share:.0%} of the samples were lost on the way",
            "end what keeps the computer busy; `penloop doctor` looks at the line",
        )
    return capture


def checked(response: MotorResponse, point: RelayPoint | None) -> RelayPoint:
    """The point, if response and point can be tuned by. Raises ExperimentEnded."""
    unknown = response.unknown()
    if unknown:
        raise ExperimentEnded(
            f"the {', the '.join(unknown)} cannot be told from these experiments",
            "hold the pen still in the air, its needles free, and try again",
        )
    if abs(response.delay_s - DELAY_S) > DELAY_OFF_S:
        raise ExperimentEnded(
            f"the rate is told {response.delay_s * 1e3:.1f} ms late, the firmware's order makes "
            f"{DELAY_S * 1e3:.0f}",
            "see that firmware and penloop are of one version",
        )
    if point is None:
        raise ExperimentEnded(
            "the relay has not made the rate swing", "see that the motor turns freely, try again"
        )
    if not point.agrees:
        raise ExperimentEnded(
            f"the model does not answer as the pen does at {point.frequency_hz:.1f} Hz "
            f"({point.model_gain:.0f} for {point.gain:.0f} Hz/V, {point.model_phase_deg:.0f} for "
            f"{point.phase_deg:.0f} degrees)",
            "hold the pen still in the air, its needles free, and try again",
        )
    return point


def propose(found: Findings, tell: Callable[[int], None]) -> Proposal:
    """A proposal for the pen; `tell` gets the number of candidates tried, play by play."""
    return proposal.propose(found.response, found.battery_v, found.settings, found.bounds, tell)


def document(
    found: Findings, proposed: Proposal, after: Measured | None, kept: bool
) -> dict[str, Any]:
    """Everything as JSON has it: settings in their units, the rest with units in its names."""
    return {
        "response": asdict(found.response),
        "relay": asdict(found.point),
        "changes": proposed.changes,
        "margins": {
            "before": [asdict(one) for one in proposed.margins_before.margins],
            "proposed": [asdict(one) for one in proposed.margins_after.margins],
        },
        "twin": {
            "before": asdict(proposed.before.figures),
            "proposed": asdict(proposed.after.figures),
        },
        "pen": {
            "before": asdict(found.measured.figures),
            "after": asdict(after.figures) if after else None,
        },
        "kept": kept,
    }
