"""A capture of the scope on the simulated pen: on each engine, through a run, a fault and flash."""

import numpy as np
import pytest

from penhost import NoTrigger, Pen
from penhost.errors import BadValue, PenRestarted, Refused
from penhost.scope import Scope
from penhost.telemetry import TIME
from penhost.trigger import Trigger

SIGNALS = ("state", "duty", "rate", "current")


@pytest.fixture
def connect():
    """Connects to a simulated pen; gives (client, bench)."""
    pens = []

    def open_pen(options="seed=5"):
        pens.append(Pen(f"sim://?{options}"))
        bench = pens[-1]._transport._port.bench
        assert pens[-1].signals
        assert pens[-1].fault_table
        assert pens[-1].states
        return pens[-1], bench

    yield open_pen
    for pen in pens:
        pen.close()


def start_captured(connect, options="seed=5"):
    """The start of a run, around the moment in which it gets to RUNNING."""
    pen, bench = connect(options)
    bench.operator.at(bench.now_s + 0.4, bench.operator.click)
    return pen.scope(SIGNALS, "state RUNNING", samples=400), bench


def ticks_of(trace, times_us):
    """Rows of the trace as the ticks at these device times left them."""
    rows = np.searchsorted(trace.time_us, times_us + 500)
    return rows - 1


def test_every_engine_takes_the_same_capture(connect, engine):
    capture, _bench = start_captured(connect, f"seed=5&engine={engine}")
    expected, _bench = start_captured(connect)
    assert capture.samples.tolist() == expected.samples.tolist()
    assert capture.trigger_us == expected.trigger_us


def test_a_sample_has_what_its_tick_has_left(connect):
    capture, bench = start_captured(connect)
    trace = bench.trace()
    offset_us = trace.time_us[np.argmax(trace["pen.state"] == 3)] - capture.trigger_us
    assert 0 < offset_us % 1000 < 1000
    steps = np.diff(capture.samples[TIME])
    assert abs(steps - 1000).max() < 60
    rows = ticks_of(trace, capture.samples[TIME] + offset_us)
    for name in ("state", "duty", "rate"):
        assert capture.samples[name].tolist() == trace[f"pen.{name}"][rows].tolist(), name


def test_the_current_is_measured_in_every_tick(connect):
    capture, _bench = start_captured(connect)
    current = capture.samples["current"][capture.trigger + 100 :]
    assert np.count_nonzero(np.diff(current)) > 0.9 * len(current)
    assert abs(current).max() < 1500


def test_the_trigger_and_the_share_before_it(connect):
    capture, _bench = start_captured(connect)
    state = capture.samples["state"]
    assert (len(state), capture.trigger) == (400, 100)
    assert (state[99], state[100]) == (0, 3)
    assert capture.samples[TIME][100] == capture.trigger_us
    assert capture.units == {"state": "", "duty": "u16", "rate": "mHz", "current": "mA"}


def test_a_fault_and_the_flash_window_behind_it_leave_the_capture_whole(connect):
    pen, bench = connect()
    bench.operator.click()
    pen.wait(1.2)
    bench.operator.touch("cheek")
    at_s = bench.now_s + 0.5
    bench.operator.at(at_s, lambda: bench.operator.hazard("motor_jammed"))
    capture = pen.scope(("faults", "state", "rate"), "fault stall", before=0.3)
    faults = capture.samples["faults"]
    assert (faults[capture.trigger - 1], faults[capture.trigger] >> 12 & 1) == (0, 1)
    assert capture.samples["rate"][0] > 50_000
    assert capture.samples["rate"][-1] == 0
    assert pen.blackbox()[0].name == "stall"
    steps = np.diff(capture.samples[TIME])
    assert capture.missing.sum() == pytest.approx(sum(steps[steps > 1500] / 1000 - 1), abs=5)


@pytest.mark.verifies("R-720")
def test_ticks_that_the_flash_took_are_missing_and_told(connect):
    pen, _bench = connect()
    scope = Scope(pen._session, [pen.signals["battery"]])
    scope.arm(Trigger(0, 0, 0), before=0, samples=1500)
    pen.set({"stroke_rate": 120000})  # written at once, as the motor is off
    with scope.ended():
        scope.await_capture(pen._clock, pen.wait, None, lambda _progress: None)
        capture = scope.read(pen.wait, lambda _progress: None)
    row = int(np.argmax(capture.missing))
    assert capture.missing[row] > 20
    step_us = capture.samples[TIME][row] - capture.samples[TIME][row - 1]
    assert step_us == pytest.approx(1000 * (1 + capture.missing[row]), abs=700)
    assert np.count_nonzero(capture.missing) <= 4


@pytest.mark.verifies("R-720")
def test_telemetry_loses_nothing_to_the_scope(connect):
    pen, _bench = connect("seed=5&port=usb")
    pen.set({"led_brightness": 50})
    pen.wait(1)
    before = pen.status().samples_dropped
    pen.subscribe(("rate", "current"), 2)
    scope = Scope(pen._session, [pen.signals["rate"]])
    for _ in range(3):
        scope.arm(trigger=Trigger(2, pen.signals["rate"].index, 0), before=0.5)  # never comes
        pen.wait(0.3)
        scope.end()
        pen.wait(0.2)
    recording = pen.record(1.4)
    assert (recording.lost, recording.dropped, before) == (0, 0, 0)
    assert len(recording.samples) == 700


def test_the_host_s_presence_lasts_through_a_capture(connect):
    pen, bench = connect("cartridge=none&seed=5")
    pen.wait(1.0)
    bench.operator.click(3.5)
    bench.run(4.0)
    with pen.presence():
        pen.command("run", "60Hz")
        capture = pen.scope(SIGNALS, "rate rising 50Hz", wait=3)
        pen.wait(0.2)
        assert pen.heartbeat() == "SERVICE"
    assert capture.samples["rate"][capture.trigger] >= 50_000
    assert pen.get("stroke_rate")
    assert not [record for record in pen.faults() if record.latched]


def test_a_trigger_that_does_not_come_is_told_and_the_pen_disarmed(connect):
    pen, bench = connect()
    start_s = bench.now_s
    with pytest.raises(NoTrigger, match="no trigger within 2 s: wait longer"):
        pen.scope(("rate",), "rate > 100Hz", wait=2)
    assert bench.now_s - start_s < 3
    assert not told(pen)["state"]


def told(pen):
    """What SCOPE tells."""
    return pen._session.request(0x2C, 0, 0, 0, 0, 0, 0, [])


def test_an_interruption_disarms(connect):
    pen, _bench = connect()

    def interrupt(progress):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pen.scope(("rate",), "rate > 100Hz", watch=interrupt)
    assert told(pen)["state"] == 0


def test_another_client_that_takes_the_scope_is_noticed(connect):
    pen, _bench = connect()
    one, other = (Scope(pen._session, [pen.signals["rate"]]) for _ in range(2))
    one.arm(trigger=Trigger(1, pen.signals["rate"].index, 100_000), before=0.5)
    other.arm(trigger=Trigger(0, 0, 0), before=0, samples=10)
    with pytest.raises(Refused, match="another client uses the scope"):
        one.progress()
    other.end()
    with pytest.raises(Refused, match="another client uses the scope"):
        other.progress()


def test_a_reset_of_the_pen_is_told(connect):
    pen, bench = connect()
    bench.operator.at(bench.now_s + 0.5, bench.operator.power_cycle)
    with pytest.raises(PenRestarted):
        pen.scope(("rate",), "rate > 100Hz", wait=5)


@pytest.mark.parametrize(
    ("arguments", "remedy"),
    [
        ({"trigger": "current > 800"}, "'800' has no unit: give a number in mA"),
        ({"trigger": "current > 3Hz"}, "wrong unit"),
        ({"trigger": "curent > 3A"}, "it has current"),
        ({"trigger": "fault stal"}, "it has stall"),
        ({"trigger": "state RUN"}, "it has RUNNING"),
        ({"trigger": "rate"}, "write it like now, 'current > 800mA'"),
        ({"trigger": ""}, "write it like now"),
        ({"trigger": "inputs > 1"}, "write 'inputs set 1'"),
        ({"trigger": "current set 1"}, "use > < rising falling"),
        ({"before": 1.2}, "give 0% to 100%"),
        ({"samples": 0}, "ask for 1 to"),
        ({"signals": ()}, "name one to eight"),
        ({"signals": ("rate", "rate")}, "name each once"),
        ({"signals": ("rat",)}, "did you mean rate"),
    ],
)
def test_what_is_typed_wrong_is_told_with_its_remedy(connect, arguments, remedy):
    pen, _bench = connect()
    with pytest.raises(BadValue, match=remedy):
        pen.scope(arguments.pop("signals", ("rate",)), **arguments)
    assert told(pen)["state"] == 0


def test_what_the_pen_cannot_do_is_refused(connect):
    pen, _bench = connect()
    ask = pen._session.request
    for values, reason in (
        ((3, 0, 0, 0, 0, 0, []), "bad argument"),
        ((1, 10, 0, 0, 0, 0, []), "bad argument"),
        ((1, 0, 0, 0, 0, 0, [(3,)]), "bad argument"),
        ((1, 10, 1001, 0, 0, 0, [(3,)]), "bad argument"),
        ((1, 10, 0, 8, 0, 0, [(3,)]), "bad argument"),
        ((1, 10, 0, 0, 20, 0, [(3,)]), "unknown signal"),
        ((1, 10, 0, 0, 0, 0, [(20,)]), "unknown signal"),
        ((1, 10, 0, 0, 0, 0, [(3,)] * 9), "too many"),
    ):
        with pytest.raises(Refused, match=reason):
            ask(0x2C, *values)
    with pytest.raises(Refused, match="no capture"):
        ask(0x2D, 1, 0, 0)
    capture = ask(0x2C, 1, 10, 0, 1, 3, 100_000, [(3,)])["capture"]
    with pytest.raises(Refused, match="wrong state"):
        ask(0x2D, capture, 0, 0)
    with pytest.raises(Refused, match="no capture"):
        ask(0x2D, capture + 1, 0, 0)
