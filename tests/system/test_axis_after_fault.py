"""Behind an acknowledged fault needles may be out: the axis stays until a press parks them."""

import struct

import numpy as np
import pytest

from penfw import protocol, settings, states
from pensim import Bench
from tests.system.hostile_client import HostileClient

DEPTH_UM = 1150
SET_DEPTH = b"\0\0" + struct.pack("<Hi", settings.index("depth"), DEPTH_UM)
ACKNOWLEDGE = struct.pack("<Hi", 8, 0)


@pytest.fixture
def client():
    """A pen whose needles were held in the skin: it has not reached the park."""
    client = HostileClient(Bench(seed=3))
    client.set_scene("fault")
    client.frame(protocol.HELLO, b"\1\2\3\4")
    client.wait(2.5)  # until the fault is recorded
    yield client
    client.bench.close()


def _state(client):
    return states.STATES[int(client.bench.trace()["pen.state"][-1])]


def _moves_um(client, since_s):
    trace = client.bench.trace()
    return int(np.ptp(trace["plant.protrusion"][trace.time_s > since_s]))


@pytest.mark.verifies("R-209", "R-215")
@pytest.mark.parametrize("by_button", [False, True])
def test_a_depth_that_is_set_before_the_press_waits_for_the_needles(client, by_button):
    if by_button:
        client.press(1.5)
    else:
        client.frame(protocol.COMMAND, ACKNOWLEDGE)
    acknowledged_s = client.bench.now_s
    client.wait(0.1)
    assert _state(client) == "SELF_TEST"
    client.frame(protocol.SET, SET_DEPTH)
    client.wait(1.0)
    assert _state(client) == "SELF_TEST"
    assert _moves_um(client, acknowledged_s) == 0
    client.press(0.15)
    client.wait(3.0)
    assert _state(client) == "READY"
    assert client.bench.trace()["pen.depth"][-1] == DEPTH_UM
    assert client.check() == []


def test_what_is_left_of_a_move_at_the_fault_is_dropped(client):
    control_goal = client.bench.trace()["pen.depth_target"][-1]
    client.frame(protocol.SET, SET_DEPTH)
    client.wait(0.5)
    assert client.bench.trace()["pen.depth_target"][-1] != control_goal
    client.frame(protocol.COMMAND, ACKNOWLEDGE)
    acknowledged_s = client.bench.now_s
    client.wait(1.0)
    assert _state(client) == "SELF_TEST"
    assert _moves_um(client, acknowledged_s - 0.1) == 0
