"""Random hands on random pens with failing parts: whatever happens, some things never do."""

import random

import numpy as np
import pytest

from penfw import faults, states
from pensim.hazards import HAZARDS

POWERED = [states.RUNNING, states.PARKING, states.SERVICE]
SECONDS = 12.0
# Of the proof of the stop paths in SELF_TEST: 0.12 V of 2.4 V, for two ticks.
PULSE_DUTY, PULSE_ROWS = 3300, 2
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


def longest(mask):
    """The most rows in succession for which a mask is true."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], mask.astype(int), [0]))))
    return int(np.max(edges[1::2] - edges[::2], initial=0))


@pytest.mark.parametrize("seed", range(24))
def test_whatever_a_hand_or_a_bad_part_does(trace_of, seed):
    trace = trace_of(seed)
    state, duty = trace["pen.state"], trace["pen.duty"]
    unpowered = np.where(np.isin(state, POWERED), 0, duty)
    assert not np.any(unpowered[state != states.SELF_TEST])
    assert unpowered.max() <= PULSE_DUTY
    assert longest(unpowered > 0) <= PULSE_ROWS
    assert not np.any(trace["pen.faults"] >> faults.INTERNAL_ERROR & 1)
    assert not np.any(trace["pen.faults"] >> faults.DEADLINE_MISSED & 1)

    cut = (trace["pen.faults"] & faults.masks()[0]) != 0
    assert not np.any(duty[1:][cut[1:] & cut[:-1]])

    protrusion = trace["plant.protrusion"]
    assert protrusion.max() <= 1550
    deeper = np.flatnonzero(np.diff(protrusion) > 5) + 1
    turning = (trace["plant.rate"][deeper] != 0) | np.isin(state[deeper], [states.RUNNING])
    # the one step that takes up the screw's play ends a shallower move
    allowed = [protrusion[max(at - 200, 0) : at].max() >= protrusion[at] - 5 for at in deeper]
    assert np.all(~turning | np.array(allowed, dtype=bool))
    assert not np.any(state[deeper] == states.FAULT)

    strokes_begin = np.flatnonzero((state[1:] == states.RUNNING) & (state[:-1] != states.RUNNING))
    angle = trace["plant.angle"][strokes_begin] / 1000
    assert np.all(np.minimum(angle, 360 - angle) < 20)

    parked = np.flatnonzero((state[:-1] == states.PARKING) & (state[1:] == states.STANDBY))
    settled = np.minimum(parked + 50, len(state) - 1)  # 50 ms later: without a tachometer the pen
    angle = trace["plant.angle"][settled] / 1000  # cannot see the last swing
    assert np.all(np.minimum(angle, 360 - angle) < 20)
    assert not np.any(trace["plant.rate"][settled])
