"""How much telemetry the line carries, and that neither commands nor the interrupt suffer."""

from itertools import pairwise

import pytest

from penhost import Pen
from penhost.scope import Scope
from penhost.trigger import Trigger
from tests.system.story import latched, state

LINE_BYTES = 11_520  # a second, at 115,200 baud
PROMISED_S = 0.25  # until a client repeats its request
# Eight signals of four bytes each: the dearest.
WIDE = ("faults", "conditions", "rate", "rate_target", "housing", "winding", "strokes", "edge_age")


@pytest.fixture
def connect():
    """Connects to a pen, and reads its tables; gives (client, bench)."""
    pens = []

    def start(options):
        pens.append(pen := Pen(f"sim://?seed=5&{options}"))
        assert pen.signals
        assert pen.settings
        assert pen.commands
        pen.wait(1.0)
        return pen, pen._transport._port.bench

    yield start
    for pen in pens:
        pen.close()


def running_on_usb(connect):
    """A pen whose motor the host runs at 150 Hz: USB power allows that in SERVICE only."""
    pen, bench = connect("port=usb&cartridge=none")
    bench.operator.click(3.5)
    pen.wait(4.0)
    pen.command("run", "150Hz")
    pen.heartbeat()
    pen.wait(0.4)
    pen.heartbeat()
    return pen, bench


def still_at_150_hz(bench):
    """Whether the motor has turned all the while, at its rate, without a late interrupt."""
    trace = bench.trace()
    rates = trace["pen.rate"][trace.time_s > bench.now_s - 2.0]
    assert rates == pytest.approx(150_000, rel=0.05)
    assert bench.signal("tick_late") == 0
    assert (state(bench), latched(bench)) == ("SERVICE", set())


def under_load(pen, bench, seconds, command, period_ms=2):
    """(bytes a second, {how long each of many commands took, s}, samples, dropped, missing)."""
    pen.subscribe(WIDE, period_ms)
    pen.wait(0.3)
    before, start_s, waits = pen.status(), bench.now_s, []
    queue, stamps = pen._session.telemetry, []
    queue.clear()
    while bench.now_s < start_s + seconds:
        asked_s = bench.now_s
        command(len(waits))
        waits.append(bench.now_s - asked_s)
        pen.wait(0.05)
        stamps += [(f["time_s"] * 1_000_000 + f["fraction_us"], f["count"]) for f in queue]
        queue.clear()
    after, spent_s = pen.status(), bench.now_s - start_s
    assert after.repeats == before.repeats  # no command was lost
    rate = (after.host_bytes - before.host_bytes) / spent_s
    dropped = after.samples_dropped - before.samples_dropped
    missing = sum(
        round((later - first) / (1000 * period_ms)) - count
        for (first, count), (later, _next) in pairwise(stamps)
    )
    return rate, waits, sum(count for _first, count in stamps) / spent_s, dropped, missing


def test_the_line_is_used_to_nine_tenths_and_no_command_is_lost(connect):
    pen, bench = connect("")
    bench.operator.click()
    pen.wait(0.5)
    rate, waits, _samples, dropped, missing = under_load(
        pen, bench, 4.0, lambda number: pen.set({"led_brightness": 20 + number % 50})
    )
    assert rate > 0.9 * LINE_BYTES
    assert len(waits) > 40
    assert max(waits) < PROMISED_S
    assert dropped > 0  # more was asked for than the line carries
    assert missing == pytest.approx(dropped, rel=0.1)  # and the gaps tell of it
    assert bench.signal("tick_late") == 0
    assert state(bench) == "RUNNING"


def test_usb_carries_eight_signals_at_500_hz_of_a_motor_that_runs_without_loss(connect):
    pen, bench = running_on_usb(connect)
    rate, waits, samples, dropped, missing = under_load(
        pen, bench, 4.0, lambda _number: pen.heartbeat()
    )
    assert rate > 19_000
    assert samples == pytest.approx(500, abs=12)
    assert (dropped, missing) == (0, 0)
    assert len(waits) > 40
    assert max(waits) < 0.05
    still_at_150_hz(bench)


def test_an_armed_scope_costs_neither_telemetry_nor_ticks(connect):
    pen, bench = running_on_usb(connect)
    scope = Scope(pen._session, [pen.signals[name] for name in WIDE])
    scope.arm(Trigger(2, pen.signals["rate"].index, 0), before=1)  # never comes
    _rate, waits, samples, dropped, missing = under_load(
        pen, bench, 2.0, lambda _number: pen.heartbeat()
    )
    assert samples == pytest.approx(500, abs=12)
    assert (dropped, missing) == (0, 0)
    assert max(waits) < 0.05
    assert scope.progress().done > 300
    still_at_150_hz(bench)


def test_a_host_that_stops_reading_does_not_hold_the_pen_up(connect):
    """On USB a write that does not fit would wait for half a second, and with it the stop."""
    for names in (WIDE, (*WIDE[:3], "state")):  # frames of several lengths
        pen, bench = connect("port=usb&cartridge=none")
        bench.operator.click(3.5)
        pen.wait(4.0)
        assert state(bench) == "SERVICE"
        pen.subscribe(names, 2)
        pen.command("run", "60Hz")
        for _ in range(7):
            pen.wait(0.1)
            pen.heartbeat()
        silent_s = bench.now_s
        bench.run(2.0)
        assert "link lost in service" in {name.lower() for name in latched(bench)}
        trace = bench.trace()
        stopped = trace.time_s[(trace["pen.faults"] != 0) & (trace.time_s > silent_s)][0]
        assert stopped - silent_s < 0.56
