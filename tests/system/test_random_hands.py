"""Random hands on random pens with failing parts: whatever happens, some things never do."""

import random

import numpy as np
import pytest

from penfw import faults, states
from penloop.evidence.never import violations
from pensim.hazards import HAZARDS

SECONDS = 12.0
# A shorted bridge or load switch drives or holds the motor whatever the state says.
BY_THE_BRIDGE = ("bridge_shorted", "load_switch_shorted", "bridge_open")
# A processor that stands misses its deadlines, rightly.
BY_THE_PROCESSOR = ("timer_stalled", "interrupts_held")


def act(bench, chance, hazards):
    """One thing that a person or a bad part may do now."""
    operator = bench.operator
    kind = chance.randrange(12)
    if kind < 4:
        operator.click(chance.choice([0.1, 0.2, 0.4, 1.5, 3.5]))
    elif kind < 6:
        operator.touch(chance.choice(["cheek", "forehead", "scar", "nose"]))
    elif kind == 6:
        operator.lift()
    elif kind == 7:
        operator.remove_cartridge()
    elif kind == 8:
        operator.insert_cartridge(chance.choice(["6 needles", "12 needles", "36 needles"]))
    elif kind == 9:
        operator.usb_power(chance.random() < 0.5)
    elif hazards:
        operator.hazard(chance.choice(hazards), on=chance.random() < 0.6)


@pytest.fixture
def trace_of(make_bench):
    """Runs a pen of this seed and returns its trace."""

    def run(seed):
        chance = random.Random(seed)
        left_out = BY_THE_BRIDGE + BY_THE_PROCESSOR
        hazards = [name for name in HAZARDS if name not in left_out]
        bench = make_bench(
            seed=seed,
            settings={
                "depth": chance.randrange(0, 1500, 25),
                "stroke_rate": chance.choice([60000, 110000, 150000]),
            },
        )
        bench.operator.at(0.3, bench.operator.insert_cartridge)
        bench.run(1.0)
        while bench.now_s < SECONDS:
            act(bench, chance, chance.sample(hazards, 3) if seed % 3 else [])
            bench.run(chance.choice([0.005, 0.03, 0.2, 0.7, 1.5]))
        return bench.trace()

    return run


@pytest.mark.verifies("R-101", "R-312", "R-313", "R-458", "R-502", "R-505")
@pytest.mark.parametrize("seed", range(24))
def test_whatever_a_hand_or_a_bad_part_does(trace_of, seed):
    trace = trace_of(seed)
    state = trace["pen.state"]
    assert violations(trace, 1500) == []
    assert not np.any(trace["pen.faults"] >> faults.DEADLINE_MISSED & 1)

    strokes_begin = np.flatnonzero((state[1:] == states.RUNNING) & (state[:-1] != states.RUNNING))
    angle = trace["plant.angle"][strokes_begin] / 1000
    assert np.all(np.minimum(angle, 360 - angle) < 20)

    parked = np.flatnonzero((state[:-1] == states.PARKING) & (state[1:] == states.STANDBY))
    settled = np.minimum(parked + 50, len(state) - 1)  # 50 ms later: without a tachometer the pen
    angle = trace["plant.angle"][settled] / 1000  # cannot see the last swing
    assert np.all(np.minimum(angle, 360 - angle) < 20)
    assert not np.any(trace["plant.rate"][settled])
