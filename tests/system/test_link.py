"""The host tool's client and the pen's firmware over the simulated serial line."""

import numpy as np
import pytest

from penfw import protocol
from penhost import Pen
from penhost.errors import Refused
from pensim.cartridge import SimulatedCartridge
from tests.system import story
from tests.system.story import latched, state


@pytest.fixture
def connect():
    """Connects to a simulated pen; gives (client, bench)."""
    pens = []

    def open_pen(options="cartridge=none", settle_s=0.0):
        pen = Pen(f"sim://?{options}")
        pens.append(pen)
        bench = pen._transport._port.bench
        bench.run(settle_s)
        return pen, bench

    yield open_pen
    for pen in pens:
        pen.close()


def enter_service(bench):
    bench.operator.remove_cartridge()
    story.enter_service(bench)


def test_the_pen_describes_itself(connect):
    pen, bench = connect()
    assert pen.info.product == "penloop"
    assert pen.get("stroke_rate").value == 100000
    assert set(pen.settings) >= {"stroke_rate", "depth", "current_limit"}
    assert bench.trace()["plant.strokes"].max() == 0


@pytest.mark.verifies("R-208")
def test_connecting_and_leaving_neither_resets_nor_moves_the_pen(connect):
    pen, bench = connect(settle_s=1.0)
    before = state(bench)
    pen.close()
    assert bench.board.boots == 1
    assert before == "STANDBY"


@pytest.mark.verifies("R-705")
def test_rate_and_depth_change_as_one_transaction(connect):
    pen, bench = connect(settle_s=1.0)
    changes = pen.set({"stroke_rate": 110000, "depth": 750})
    assert [change.status for change in changes] == ["applied", "applied"]
    bench.run(0.5)
    assert bench.signal("depth") == 750


@pytest.mark.verifies("R-502", "R-519", "R-704", "R-705")
@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"depth": 1600}, "ceiling"),
        ({"depth": 2600}, "maximum"),
        ({"stroke_rate": 20000}, "minimum"),
        ({"current_limit": 1000}, "SERVICE"),
        ({"shunt_zero": 1}, "SERVICE"),
    ],
)
def test_a_change_out_of_bounds_is_refused_with_its_reason_and_nothing_changes(
    connect, change, reason
):
    pen, _bench = connect(settle_s=1.0)
    with pytest.raises(Refused, match=reason):
        pen.set({"run_limit": 60, **change})
    assert pen.get("run_limit").value == 1800


@pytest.mark.verifies("R-515")
def test_a_depth_that_needs_a_faster_rate_is_refused_with_that_rate_named(connect):
    pen, _bench = connect("cartridge=42 needles", settle_s=1.0)
    with pytest.raises(Refused) as caught:
        pen.set({"depth": 1500, "stroke_rate": 60000})
    needed = caught.value.limit
    assert needed > 60000
    assert pen.set({"depth": 1500, "stroke_rate": needed})[0].status == "applied"


@pytest.mark.verifies("R-505")
def test_while_running_shallower_goes_at_once_and_deeper_waits_for_the_next_start(connect):
    pen, bench = connect("cartridge=12 needles", settle_s=1.0)
    bench.operator.click()
    bench.run(1.0)
    assert state(bench) == "RUNNING"
    (deeper,) = pen.set({"depth": 1000})
    bench.run(0.3)
    assert deeper.status == "pending"
    assert bench.signal("depth") == 500
    (shallower,) = pen.set({"depth": 250})
    bench.run(0.3)
    assert shallower.status == "applied"
    assert bench.signal("depth") == 250
    (slower,) = pen.set({"stroke_rate": 80000})
    assert slower.status == "pending"
    bench.operator.click()
    bench.run(1.0)
    bench.operator.click()
    bench.run(1.0)
    assert bench.signal("rate_target") == 80000


@pytest.mark.verifies("R-904")
def test_settings_survive_a_restart(connect):
    pen, bench = connect(settle_s=1.0)
    pen.set({"stroke_rate": 123000})
    bench.run(1.0)
    bench.board.power_on()
    bench.run(1.0)
    again = Pen(pen._transport._port)
    assert again.get("stroke_rate").value == 123000
    assert again.info.boot_session == 2


@pytest.mark.verifies("R-214")
def test_the_host_stops_a_treatment(connect):
    pen, bench = connect("cartridge=12 needles&zone=cheek", settle_s=1.0)
    bench.operator.click()
    bench.run(1.0)
    assert state(bench) == "RUNNING"
    pen.stop()
    bench.run(0.7)
    assert state(bench) == "READY"


@pytest.mark.verifies("R-207")
def test_the_host_cannot_run_the_motor_outside_service(connect):
    pen, bench = connect("cartridge=12 needles", settle_s=1.0)
    with pytest.raises(Refused, match="SERVICE"):
        pen.command("run", 50000)
    bench.run(0.5)
    assert bench.trace()["plant.strokes"].max() == 0


@pytest.mark.verifies("R-421")
def test_in_service_the_host_runs_the_motor_and_silence_stops_and_parks_it(connect):
    pen, bench = connect(settle_s=1.0)
    enter_service(bench)
    assert not pen.command("run", 50000).pending
    for _ in range(8):
        bench.run(0.1)
        pen.heartbeat()
    assert bench.signal("rate") == pytest.approx(50000, rel=0.03)
    silent_s = bench.now_s
    bench.run(1.5)
    trace = bench.trace()
    assert latched(bench) == {"link lost in service"}
    assert trace["plant.rate"][-1] == 0
    driven = trace.time_s[trace["pen.duty"] > 0][-1]
    assert driven - silent_s < 1.2


@pytest.mark.verifies("R-202", "R-703")
def test_a_press_stops_a_service_run_at_once_and_a_second_one_leaves_service(connect):
    pen, bench = connect(settle_s=1.0)
    enter_service(bench)
    pen.command("run", 50000)
    for _ in range(4):
        bench.run(0.1)
        pen.heartbeat()
    pressed_s = bench.now_s
    bench.operator.click()
    bench.run(1.0)
    assert state(bench) == "SERVICE"
    trace = bench.trace()
    assert trace["pen.duty"][np.searchsorted(trace.time_s, pressed_s + 0.02)] == 0
    assert trace["plant.rate"][-1] == 0
    bench.operator.click()
    bench.run(1.0)
    assert state(bench) == "STANDBY"


@pytest.mark.verifies("R-606")
def test_in_service_no_treatment_cartridge_runs_and_a_test_cartridge_does(connect):
    pen, bench = connect("cartridge=12 needles", settle_s=1.0)
    bench.operator.click(3.5)
    bench.run(4.0)
    assert state(bench) == "SERVICE"
    with pytest.raises(Refused, match="test"):
        pen.command("run", 50000)
    bench.operator.remove_cartridge()
    bench.run(0.3)
    bench.operator.insert_cartridge(SimulatedCartridge(test=True))
    bench.run(0.3)
    pen.command("run", 50000)
    bench.run(0.4)
    assert bench.signal("rate") > 40000


@pytest.mark.verifies("R-606")
def test_a_treatment_cartridge_put_in_during_a_service_run_parks_the_motor_unused(connect):
    pen, bench = connect(settle_s=1.0)
    enter_service(bench)
    pen.command("run", 50000)
    bench.run(0.3)
    part = SimulatedCartridge()
    bench.operator.insert_cartridge(part)
    for _ in range(6):
        bench.run(0.1)
        pen.heartbeat()
    assert bench.trace()["plant.rate"][-1] == 0
    assert state(bench) == "SERVICE"
    assert part.eeprom.content[32:44] == b"\xff" * 12


@pytest.mark.verifies("R-703")
def test_service_ends_when_its_host_has_been_silent_for_half_a_minute(connect):
    pen, bench = connect(settle_s=1.0)
    enter_service(bench)
    pen.heartbeat()
    bench.run(28.0)
    assert state(bench) == "SERVICE"
    bench.run(3.0)
    assert state(bench) == "STANDBY"


@pytest.mark.verifies("R-506")
def test_in_service_the_depth_grows_by_one_step_a_stroke_while_the_needles_are_retracted(connect):
    pen, bench = connect(settle_s=1.0)
    enter_service(bench)
    pen.command("run", 100000)
    for _ in range(6):
        bench.run(0.1)
        pen.heartbeat()
    pen.set({"depth": 1000})
    for _ in range(8):
        bench.run(0.1)
        pen.heartbeat()
    trace = bench.trace()
    steps = np.flatnonzero(np.diff(trace["plant.protrusion"]) > 0)[-20:]
    strokes = trace["plant.strokes"][steps]
    assert (np.diff(strokes) >= 1).all()
    angle = trace["plant.angle"][steps] / 1000
    assert np.minimum(angle, 360 - angle).max() < 120
    assert bench.signal("depth") == 1000


def test_the_link_answers_after_it_was_idle_for_longer_than_half_a_clock_wrap(connect):
    pen, bench = connect(settle_s=1.0)
    bench.run(560.0)
    assert pen.get("stroke_rate").value == 100000


@pytest.mark.verifies("R-515")
def test_a_start_is_refused_while_the_rate_is_too_low_for_the_needles(connect):
    pen, bench = connect(settle_s=1.0)
    pen.set({"stroke_rate": 25000, "depth": 1500})
    bench.operator.insert_cartridge("42 needles")
    bench.run(0.5)
    bench.operator.click()
    bench.run(1.0)
    assert state(bench) == "READY"
    notices = [event.number for event in pen.events() if event.kind == "notice"]
    assert notices == [protocol.RATE_TOO_LOW]


@pytest.mark.verifies("R-214")
def test_a_stop_of_the_host_in_ready_does_not_block_the_button(connect):
    pen, bench = connect("cartridge=12 needles", settle_s=1.0)
    pen.stop()
    bench.run(0.2)
    bench.operator.click()
    bench.run(1.0)
    assert state(bench) == "RUNNING"


@pytest.mark.verifies("R-502", "R-704")
def test_in_service_the_ceiling_can_be_raised_and_falls_back_at_power_off(connect):
    pen, bench = connect(settle_s=1.0)
    enter_service(bench)
    (result,) = pen.set({"depth_ceiling": 2500})
    assert result.status == "applied"
    bench.run(0.5)
    bench.board.power_on()
    bench.run(1.0)
    assert Pen(pen._transport._port).get("depth_ceiling").value == 1500


def test_telemetry_brings_what_the_recorder_saw(connect):
    pen, bench = connect("cartridge=12 needles", settle_s=1.0)
    bench.operator.click()
    bench.run(1.0)
    pen.subscribe(["rate", "current", "state"], period_ms=4)
    samples = pen.record(1.0).samples
    assert len(samples) in (250, 251)  # the first tick of them may have been late
    assert abs(samples["rate"] - 100000).max() < 3000
    assert set(samples["state"]) == {3}


@pytest.mark.verifies("R-451")
def test_a_fault_is_listed_with_its_time_and_text(connect):
    pen, bench = connect("cartridge=12 needles", settle_s=1.0)
    bench.operator.click()
    bench.run(1.0)
    bench.operator.usb_power()
    bench.run(1.0)
    (record, *_) = pen.faults()
    assert record.latched
    assert record.name == "USB power while running"
    assert record.remedy


@pytest.mark.parametrize("engine", ["micropython", "micropython32"])
def test_the_link_says_the_same_on_every_engine(connect, engine):
    digests = []
    for name in ("cpython", engine):
        pen, bench = connect(f"engine={name}&seed=4&cartridge=12 needles")
        pen.set({"stroke_rate": 110000})
        pen.subscribe(["battery", "housing"], period_ms=10)
        samples = pen.record(0.5).samples
        digests.append((bench.trace().digest(), samples["battery"].tolist()))
    assert digests[0] == digests[1]
