"""Settings on trial: in force at once, stored when they are kept, gone in every other case."""

import pytest

from penfw import protocol
from penhost import Pen, PenError
from penhost.errors import BadValue, Refused
from pensim.serial_port import SimulatedPort
from tests.system.board_line import with_changes
from tests.system.story import enter_service, latched, pen_of, state

BEFORE = {"rate_kp": 10, "slew": 400, "depth": 500}
TRIED = {"rate_kp": 20, "slew": 200, "depth": 750}


@pytest.fixture
def serviced(make_bench):
    """A bench whose pen is in SERVICE, and a client on its line."""

    def make(**options):
        bench = make_bench(**options)
        enter_service(bench)
        return Pen(SimulatedPort.on_bench(bench)), bench

    return make


def values(pen):
    """Those that the tests change."""
    return {name: value.value for name, value in pen.get_all(list(BEFORE)).items()}


def after_power_cycle(bench):
    """What the flash holds."""
    bench.operator.power_cycle()
    bench.run(1.0)
    return values(Pen(SimulatedPort.on_bench(bench)))


def notices(pen):
    """The reasons that the pen has told unasked."""
    return [event.number for event in pen.events() if event.kind == "notice"]


@pytest.mark.verifies("R-711")
def test_settings_on_trial_are_in_force_but_not_stored(serviced):
    pen, bench = serviced()
    pen.command("trial", 30000)
    pen.set(TRIED)
    assert values(pen) == TRIED
    bench.run(2.0)
    assert bench.signal("depth") == 750
    assert not pen_of(bench).flash_window.settings_due
    assert after_power_cycle(bench) == BEFORE


@pytest.mark.verifies("R-711")
def test_kept_settings_are_stored(serviced):
    pen, bench = serviced()
    with pen.trial(5.0) as trial:
        pen.set(TRIED)
        trial.keep()
    bench.run(6.0)
    assert values(pen) == TRIED
    assert after_power_cycle(bench) == TRIED


@pytest.mark.verifies("R-711")
def test_without_keep_they_are_back_at_the_end_of_the_trial(serviced):
    pen, bench = serviced()
    with pen.trial(5.0):
        pen.set(TRIED)
    assert values(pen) == BEFORE
    bench.run(0.5)
    assert bench.signal("depth") == 500
    assert notices(pen) == [protocol.TRIAL_OVER]


def test_an_error_within_the_trial_brings_them_back_and_is_told(serviced):
    pen, _bench = serviced()

    def change():
        with pen.trial(5.0):
            pen.set(TRIED)
            pen.set({"nonsense": 1})

    with pytest.raises(BadValue, match="no setting"):
        change()
    assert values(pen) == BEFORE


@pytest.mark.verifies("R-712")
def test_silence_brings_them_back_by_itself(serviced):
    pen, bench = serviced()
    pen.command("trial", 2000)
    pen.set(TRIED)
    bench.run(1.9)
    pen.heartbeat()  # renews it
    bench.run(1.9)
    assert pen_of(bench).get("rate_kp") == 20
    bench.run(0.3)
    assert pen_of(bench).get("rate_kp") == 10
    assert values(pen) == BEFORE
    assert state(bench) == "SERVICE"
    with pytest.raises(Refused, match="no trial"):
        pen.command("keep")


@pytest.mark.verifies("R-712")
def test_a_host_that_only_asks_keeps_no_trial_alive(serviced):
    pen, bench = serviced()
    pen.command("trial", 2000)
    pen.set(TRIED)
    for _ in range(5):
        bench.run(0.5)
        pen.status()
        pen.get("depth")
        pen.faults()
    assert values(pen) == BEFORE


@pytest.mark.verifies("R-712")
def test_what_a_host_changes_or_commands_renews_a_trial(serviced):
    pen, bench = serviced()
    pen.command("trial", 2000)
    for rate_kp in (20, 25, 30):
        pen.set({"rate_kp": rate_kp})
        bench.run(1.5)
        pen.command("park")
        bench.run(1.5)
    assert pen.get("rate_kp").value == 30


@pytest.mark.verifies("R-712")
def test_another_session_brings_them_back(serviced):
    pen, bench = serviced()
    pen.command("trial", 60000)
    pen.set(TRIED)
    other = Pen(SimulatedPort.on_bench(bench))
    other.wait(0.05)
    assert values(other) == BEFORE
    assert notices(other) == [protocol.TRIAL_OVER]


@pytest.mark.verifies("R-712")
def test_leaving_service_brings_them_back_before_anything_can_start(serviced):
    pen, bench = serviced()
    pen.command("trial", 60000)
    pen.set(TRIED)
    bench.operator.insert_cartridge()
    bench.operator.click()
    bench.run(0.6)
    assert state(bench) in ("STANDBY", "READY", "PARKING")
    bench.operator.click()
    bench.run(2.0)
    assert values(pen) == BEFORE
    assert bench.signal("depth") == 500
    assert notices(pen) == [protocol.TRIAL_OVER]


FAULTS_OF = {
    "position_open": "position sensor range",
    "bridge_shorted": "overspeed",
    "temperature_open": "over-temperature",
    "battery_open": "battery critical",
    "motor_jammed": "stall",
}
CASES = [
    (hazard, runs, wait_s)
    for hazard in FAULTS_OF
    for runs in (False, True)
    for wait_s in (0.0, 0.103, 0.107, 0.111)
    if runs or hazard not in ("bridge_shorted", "motor_jammed")
]


@pytest.mark.verifies("R-712")
@pytest.mark.parametrize(("hazard", "runs", "wait_s"), CASES)
def test_a_fault_brings_them_back_once_it_is_recorded_with_the_values_that_were_in_force(
    serviced, hazard, runs, wait_s
):
    pen, bench = serviced()
    pen.command("trial", 60000)
    pen.set(TRIED)
    if runs:
        pen.command("run", 80000)
    with pen.presence():
        pen.wait(wait_s)
        bench.operator.hazard(hazard)
        pen.wait(5.0)
    assert FAULTS_OF[hazard] in latched(bench)
    assert values(pen) == BEFORE
    recorded = pen.blackbox()[0].settings
    assert {name: recorded[name].value for name in TRIED} == TRIED


def test_a_trial_that_does_not_end_is_told(serviced, monkeypatch):
    pen, _bench = serviced()
    trial = pen.trial(5.0).__enter__()
    monkeypatch.setattr(trial, "_under_way", lambda: True)
    with pytest.raises(PenError, match="still in force"):
        trial.revert()


@pytest.mark.verifies("R-712")
def test_a_running_motor_is_parked_before_they_go_back(serviced):
    pen, bench = serviced()
    pen.command("trial", 60000)
    pen.set(TRIED)
    pen.command("run", 80000)
    pen.heartbeat()
    bench.run(0.3)
    pen.heartbeat()
    assert pen.command("revert").pending
    assert pen.command("revert").pending  # still under way, no end that a client could take it for
    assert pen_of(bench).get("rate_kp") == 20
    with pytest.raises(Refused, match="no trial"):
        pen.command("keep")
    pen.wait(1.0)
    assert values(pen) == BEFORE
    assert not latched(bench)
    assert bench.signal("duty") == 0


@pytest.mark.verifies("R-712")
def test_a_host_that_goes_silent_while_the_motor_runs_loses_its_trial_too(serviced):
    pen, bench = serviced()
    pen.command("trial", 60000)
    pen.set(TRIED)
    pen.command("run", 80000)
    bench.run(5.0)
    assert latched(bench) == {"link lost in service"}
    assert values(pen) == BEFORE


@pytest.mark.verifies("R-711")
def test_what_was_changed_before_the_trial_is_stored_without_it(serviced):
    pen, bench = serviced()
    pen.set({"run_limit": 600})
    pen.command("trial", 60000)
    pen.set(TRIED)
    pen_of(bench).flash_window.settings_due = True  # as if it had not been its turn yet
    bench.run(3.0)
    assert not pen_of(bench).flash_window.settings_due
    assert values(pen) == TRIED
    bench.operator.power_cycle()
    bench.run(1.0)
    again = Pen(SimulatedPort.on_bench(bench))
    assert again.get("run_limit").value == 600
    assert values(again) == BEFORE


def test_a_second_trial_keeps_the_values_of_before_the_first(serviced):
    pen, _bench = serviced()
    pen.command("trial", 60000)
    pen.set({"rate_kp": 20})
    pen.command("trial", 5000)
    pen.set({"slew": 200})
    pen.command("revert")
    assert values(pen) == BEFORE


@pytest.mark.parametrize("span_ms", [0, 999, 60001, -1])
def test_a_trial_that_is_too_short_or_too_long_is_refused(serviced, span_ms):
    pen, _bench = serviced()
    with pytest.raises(Refused, match="argument"):
        pen.command("trial", span_ms)
    with pytest.raises(PenError, match="1 to 60"):
        pen.trial(span_ms / 1000).__enter__()


@pytest.mark.verifies("R-711")
def test_outside_of_service_there_is_no_trial_and_access_rules_hold_within_one(
    serviced, make_bench
):
    bench = make_bench()
    bench.run(1.0)
    pen = Pen(SimulatedPort.on_bench(bench))
    with pytest.raises(Refused, match="SERVICE"):
        pen.command("trial", 5000)
    for name in ("keep", "revert"):
        with pytest.raises(Refused, match="no trial"):
            pen.command(name)
    pen, bench = serviced()
    with pen.trial(5.0):
        with pytest.raises(Refused, match="ceiling"):
            pen.set({"depth": 1600})
        pen.command("run", 80000)
        pen.heartbeat()
        pen.wait(0.1)
        with pytest.raises(Refused, match="motor"):
            pen.set({"rate_kp": 20})


def test_a_pen_that_stores_what_is_on_trial_is_noticed(serviced):
    broken = {"flash_item": ("if pen.trial is None", "if True")}
    pen, bench = serviced(firmware=with_changes(broken))
    pen.set({"run_limit": 600})
    pen.command("trial", 60000)
    pen.set(TRIED)
    pen_of(bench).flash_window.settings_due = True  # as if it had not been its turn yet
    bench.run(3.0)
    assert after_power_cycle(bench) == TRIED
