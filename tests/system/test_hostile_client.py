"""A hostile client tries everything in the protocol's grammar, in any order, on the closed loop."""

import struct

import pytest
from hypothesis import HealthCheck, Phase
from hypothesis import settings as effort
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from penfw import protocol, settings
from pensim import Bench
from tests.system.board_line import with_changes
from tests.system.hostile_client import SCENES, HostileClient

REQUESTS = {row[0]: row[2] for row in protocol.MESSAGES if row[2] is not None}
INTEGERS = {"B": (0, 255), "H": (0, 65535), "I": (0, 2**32 - 1), "i": (-(2**31), 2**31 - 1)}
EDGES = sorted({bound + by for bound in settings.MINIMA + settings.MAXIMA for by in (-1, 0, 1)})
RATES_MHZ = (-1, 0, 1, 999, 1000, 5000, 24_999, 25_000, 100_000, 150_000, 150_001, 2**30, -(2**31))


def integer(code):
    """Of a field: small ones, which are indices and numbers; bounds of settings; any."""
    low, high = INTEGERS[code]
    edges = [edge for edge in EDGES if low <= edge <= high]
    return st.one_of(st.integers(0, 24), st.sampled_from(edges), st.integers(low, high))


def packed(fields):
    """The bytes of a message's fields, by its row of the protocol's table."""
    return st.tuples(*[_packed(code) for _name, code in fields]).map(b"".join)


def _packed(code):
    if code in INTEGERS:
        return integer(code).map(lambda value: struct.pack("<" + code, value))
    return st.lists(packed(code), max_size=6).map(b"".join)


def bounds(index):
    """Of a setting: its least, its greatest, those beyond, and all between."""
    low, high = settings.MINIMA[index], settings.MAXIMA[index]
    return st.sampled_from([low - 1, low, high, high + 1]) | st.integers(low, high)


OFTEN = [settings.index(name) for name in ("depth", "depth", "depth_ceiling", "stroke_rate")]
CHANGES = st.lists(
    st.sampled_from([*OFTEN * 4, *range(len(settings.NAMES))]).flatmap(
        lambda index: bounds(index).map(lambda value: struct.pack("<Hi", index, value))
    ),
    min_size=1, max_size=3,
).map(b"".join)  # fmt: skip


class Hostile(RuleBasedStateMachine):
    """The client's frames, and now and then the person's hand."""

    firmware = None
    scenes = SCENES

    @initialize(data=st.data(), seed=st.integers(0, 99))
    def begin(self, data, seed):
        """A pen as the client finds it."""
        scene = data.draw(st.sampled_from(self.scenes))
        self.client = HostileClient(Bench(firmware=self.firmware, seed=seed))
        self.client.set_scene(scene)
        self.greet()

    def greet(self):
        """A session, without which the pen answers nothing else."""
        self.client.frame(protocol.HELLO, b"\1\2\3\4")

    @rule(data=st.data(), number=st.sampled_from(sorted(REQUESTS)))
    def sends_any_message(self, data, number):
        self.client.frame(number, data.draw(packed(REQUESTS[number])))

    @rule(changes=CHANGES)
    def sets(self, changes):
        self.client.frame(protocol.SET, b"\0\0" + changes)

    @rule(changes=CHANGES)
    def stages_and_sets(self, changes):
        self.client.frame(protocol.STAGE, b"\0" + changes)
        self.client.frame(protocol.SET, bytes((len(changes) // 6, 0)))

    @rule(
        number=st.sampled_from([0, 0, 1, 1, 1, 2, 3, 4, 5, 5, 6, 7, 8, 8, 9]),
        argument=st.sampled_from(RATES_MHZ),
    )
    def commands(self, number, argument):
        self.client.frame(protocol.COMMAND, struct.pack("<Hi", number, argument))

    @rule(seconds=st.sampled_from([0.0, 2.5]))
    def acknowledges(self, seconds):
        self.client.wait(seconds)  # until the fault is recorded
        self.client.frame(protocol.COMMAND, struct.pack("<Hi", 8, 0))
        self.client.wait(0.3)

    @rule(beats=st.integers(1, 8))
    def keeps_alive(self, beats):
        for _ in range(beats):
            self.client.frame(protocol.HEARTBEAT, b"")
            self.client.wait(0.2)

    @rule(noise=st.data(), kind=st.integers(0, 3))
    def sends_what_is_no_request(self, noise, kind):
        """Any payload, a wrong CRC, the last frame again and again, bytes."""
        if kind == 0:
            number = noise.draw(st.integers(0, 255))
            self.client.frame(number, noise.draw(st.binary(max_size=60)))
        elif kind == 1:
            wrong = noise.draw(st.integers(1, 2**32 - 1))
            self.client.frame(protocol.SET, b"\0\0" + noise.draw(CHANGES), wrong=wrong)
        elif kind == 2:
            self.client.send(self.client.last * noise.draw(st.integers(1, 20)))
        else:
            self.client.send(noise.draw(st.binary(max_size=200)) + b"\0")

    @rule(seconds=st.sampled_from([0.001, 0.01, 0.1, 0.6, 1.5]))
    def waits(self, seconds):
        self.client.wait(seconds)

    @rule(seconds=st.sampled_from([0.02, 0.15, 0.15, 0.15, 1.5, 3.5]))
    def a_person_presses(self, seconds):
        self.client.press(seconds)

    @rule(act=st.sampled_from(["insert_cartridge", "remove_cartridge", "lift"]))
    def a_person_handles_it(self, act):
        getattr(self.client.bench.operator, act)()
        self.client.wait(0.1)

    @rule()
    def a_person_touches_skin(self):
        self.client.bench.operator.touch("cheek")

    @rule()
    def a_person_switches_it_off_and_on(self):
        self.client.power_cycle()
        self.greet()

    def teardown(self):
        """What the whole run is judged by."""
        if hasattr(self, "client"):
            self.client.wait(0.6)
            wrong = self.client.check()
            self.client.bench.close()
            assert not wrong, "; ".join(wrong)


def play(examples, steps, firmware=None, scenes=SCENES):
    """So many runs of so many steps; what fails is told as it is: to shrink it takes minutes."""
    machine = type("Machine", (Hostile,), {"firmware": firmware, "scenes": scenes})
    run_state_machine_as_test(
        machine,
        settings=effort(
            max_examples=examples, stateful_step_count=steps, deadline=None, derandomize=True,
            database=None, phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip


@pytest.mark.verifies("R-101", "R-215", "R-501", "R-502", "R-506", "R-701", "R-704")
def test_the_needle_never_exceeds_the_ceiling_and_the_motor_never_runs_without_consent():
    play(50, 40)


READY_ENTRY = "if following == _READY:\n            self.own_conditions |= _STOP\n"
STOPS = "            self._pen.stop()\n            return protocol.APPLIED, 0\n"
PLANTED = {
    "limits are open to all": (
        {
            "transaction": (
                "if closed and pen.control.state != states.SERVICE and not forgets:",
                "if False:",
            )
        },
        "outside of SERVICE",
    ),
    "a fault is enough to declare the pen uncalibrated": (
        {"transaction": (" and SERVICE_MS[0] <= held_ms <= SERVICE_MS[1]", "")},
        "calibrated was changed outside of SERVICE",
    ),
    "the depth knows no ceiling": (
        {
            "transaction": ("if index == _DEPTH and proposed[_DEPTH] > ceiling_um:", "if False:"),
            "limits": ("min(ceiling_um, settings.HARD_DEPTH_UM)", "settings.HARD_DEPTH_UM"),
        },
        "beyond the ceiling",
    ),
    "a command starts a treatment": (
        {
            "device": (STOPS, STOPS.replace("pen.stop()", "pen.treatment.begin()")),
            "control": (READY_ENTRY, "if following == _READY:\n"),
        },
        "RUNNING without the person's consent",
    ),
    "a command enters SERVICE": (
        {"device": (STOPS, STOPS.replace("stop()", "control.main_conditions |= 128"))},
        "SERVICE without the person's consent",
    ),
    "an acknowledgement over the link goes on by itself": (
        {"service_commands": ("    pen.top_in_doubt = True", "    pen.top_in_doubt = False")},
        "moved after an acknowledgement",
    ),
}


@pytest.mark.parametrize("name", PLANTED)
def test_the_client_finds_what_is_broken(name):
    changes, told = PLANTED[name]
    scenes = ("fault",) if "fault" in name or "acknowledgement" in name else ("ready",)
    with pytest.raises(AssertionError, match=told):
        play(500, 30, with_changes(changes), scenes)
