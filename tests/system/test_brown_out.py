"""A sag of the supply below the level at which the controller resets never restarts the motor.

Swept over a treatment: before the start, in the proof of the stop paths, in the run-up, in the
air, at each phase of the stroke in the skin, while it parks and behind it; with the button up,
held through the reset and pressed again while the pen boots; for a contact that bounces too.
"""

from contextlib import suppress

import numpy as np
import pytest

from penfw import states
from penhost import PenError
from tests.system.fault_scenarios import linked
from tests.system.story import latched

PRESSED_S, TOUCHED_S, STOPPED_S = 0.8, 1.5, 2.0
STROKE_S = 1 / 110
SETTLES_S = 0.2  # a braked motor takes a turn
WATCHED_S = 2.5
POWERED = [number for number in range(len(states.STATES)) if states.POWERED >> number & 1]
PROOF_TURN_DEG = 5  # what the pulses of the proof may turn it

MOMENTS_S = {
    "ready": [0.79],
    "pressed": [0.85, 0.93],
    "proof": [0.97, 1.0, 1.04],
    "run-up": [1.06, 1.1, 1.2],
    "air": [1.4],
    "skin": [1.75 + n * STROKE_S / 8 for n in range(8)],
    "parking": [2.02, 2.04, 2.08],
    "behind it": [2.12, 2.2, 2.28, 2.33, 2.4],
}
SWEEP = [(name, moment) for name, moments in MOMENTS_S.items() for moment in moments]


def treating(make_bench, until_s):
    """What a person does in a treatment from the cartridge to the stop, up to a moment."""
    bench = make_bench(settings={"stroke_rate": 110000, "depth": 1000})
    operator = bench.operator
    operator.at(0.2, operator.insert_cartridge)
    for at_s, action in (
        (PRESSED_S, operator.click),
        (TOUCHED_S, lambda: operator.touch("cheek")),
        (STOPPED_S, operator.click),
    ):
        if at_s < until_s:
            operator.at(at_s, action)
    bench.run(until_s)
    return bench


def never_restarted(bench, reset_s):
    """Holds the trace behind a reset to what the motor may do there."""
    trace = bench.trace()
    later = trace.time_s > reset_s + 0.02
    assert not np.isin(trace["pen.state"][later], POWERED).any()
    still = trace.time_s > reset_s + SETTLES_S
    angle_deg = np.unwrap(trace["plant.angle"][still] / 1000, period=360)
    assert np.ptp(angle_deg) < PROOF_TURN_DEG
    driven = (trace["plant.drive"] > 0) & later
    proof = np.isin(trace["pen.state"], [states.SELF_TEST])
    assert not np.any(driven & ~proof)


@pytest.mark.verifies("R-905")
@pytest.mark.parametrize("button", ["up", "held", "pressed again"])
@pytest.mark.parametrize(("phase", "moment_s"), SWEEP)
def test_a_sag_at_any_phase_of_a_treatment_never_restarts_the_motor(
    make_bench, phase, moment_s, button
):
    bench = treating(make_bench, moment_s)
    if button == "held":
        bench.operator.click(0.6)
    bench.run(0.001)
    bench.electronics.brown_out()
    reset_s = bench.now_s
    if button == "pressed again":
        bench.operator.at(reset_s + 0.03, lambda: bench.operator.click(0.2))
    bench.run(WATCHED_S)
    never_restarted(bench, reset_s)
    if phase in ("air", "skin"):
        assert latched(bench) == {"power lost"}


@pytest.mark.verifies("R-905", "R-427")
@pytest.mark.parametrize("moment_s", np.arange(0.9, 2.0, 0.1))
def test_a_corroded_contact_at_any_phase_ends_the_treatment_for_good(make_bench, moment_s):
    """The sag comes from the load itself: whatever the pen drives pulls its supply down."""
    bench = treating(make_bench, moment_s)
    bench.operator.hazard("cell_contact")
    while not bench.electronics.brown_outs and bench.now_s < moment_s + 1.0:
        bench.run(0.001)
    assert bench.electronics.brown_outs or latched(bench) == {"battery critical"}
    reset_s = bench.now_s
    bench.operator.click(0.3)
    bench.run(WATCHED_S)
    never_restarted(bench, reset_s)


@pytest.mark.verifies("R-905")
@pytest.mark.parametrize("gap_ms", [3, 10, 40, 150, 400])
def test_a_contact_that_bounces_resets_it_again_and_again_and_nothing_turns(make_bench, gap_ms):
    bench = treating(make_bench, 1.75)
    reset_s = bench.now_s
    for _ in range(6):
        bench.electronics.brown_out()
        bench.run(gap_ms / 1000)
    bench.run(WATCHED_S)
    never_restarted(bench, reset_s)
    with linked(bench) as pen:
        assert "power lost" in [record.name for record in pen.blackbox()]


@pytest.mark.verifies("R-905")
@pytest.mark.parametrize("moment_s", [4.2, 4.6, 5.0])
def test_a_sag_in_service_never_restarts_the_motor(make_bench, moment_s):
    bench = make_bench()
    bench.operator.at(0.5, lambda: bench.operator.click(3.3))
    bench.run(4.1)
    with linked(bench) as pen, suppress(PenError), pen.presence():
        pen.command("run", "80Hz")
        pen.wait(moment_s - bench.now_s)
        assert bench.signal("state") == states.SERVICE
        bench.electronics.brown_out()
        reset_s = bench.now_s
        pen.wait(0.5)
    bench.run(WATCHED_S)
    never_restarted(bench, reset_s)
