"""What goes before all else: a gate that a client looks at in its waits, such as a wanted stop."""

from itertools import pairwise

import pytest

SOON_US = 30_000
LATE_US = 60_000  # a look at the gate is never much later


class Wanted(Exception):
    """Somebody wants something else now."""


def wanted_from(wire, after_us):
    """A gate that raises from so long after now on."""
    from_us = wire.now_us() + after_us

    def gate():
        if wire.now_us() >= from_us:
            raise Wanted

    return gate


def test_a_reading_gives_way_while_its_reply_is_waited_for(wire, pen):
    wire.deaf_ms = 900
    begun_us = wire.now_us()
    pen.interrupt_by(wanted_from(wire, SOON_US))
    with pytest.raises(Wanted):
        pen.status()
    assert SOON_US <= wire.now_us() - begun_us < LATE_US


def test_a_command_that_is_under_way_is_waited_for(wire, pen):
    pen.command("count")  # the table is known
    wire.deaf_ms = 200
    pen.interrupt_by(wanted_from(wire, SOON_US))
    assert pen.command("count").value == 2
    with pytest.raises(Wanted):
        pen.command("count")
    assert len(wire.device.commands) == 2


def test_telemetry_that_is_waited_for_gives_way(wire, pen):
    begun_us = wire.now_us()
    pen.interrupt_by(wanted_from(wire, SOON_US))
    with pytest.raises(Wanted):
        pen.wait(2.0)
    assert wire.now_us() - begun_us < LATE_US


def test_the_gate_is_looked_at_every_10_ms(wire, pen):
    looks = []
    pen.interrupt_by(lambda: looks.append(wire.now_us()))
    wire.deaf_ms = 200
    pen.status()
    pen.wait(0.5)
    assert max(later - look for look, later in pairwise(looks)) < 11_000


@pytest.mark.parametrize("times", [1, 20])
def test_a_gate_may_use_the_pen_and_the_reading_is_asked_anew(wire, pen, times):
    pen.command("count")
    repeats, used = pen.status().repeats, []
    from_us = wire.now_us() + SOON_US

    def gate():
        if wire.now_us() >= from_us and len(used) < times:
            pen.command("count")
            used.append(True)

    wire.deaf_ms = 20  # the first request is lost
    pen.interrupt_by(gate)
    assert pen.faults()[0].name == "stall"
    assert used
    assert len(wire.device.commands) == 1 + len(used)
    assert pen.status().repeats == repeats
