"""A change that waits for the next start: the pen answers with the value in force, people are told
both. The fake pen answers as the firmware does.
"""

import pytest

from penhost import Pen
from penloop.changes import applied, planned
from penloop.dashboard.jobs import Stopped
from penloop.dashboard.pen_owner import PenOwner
from penloop.dashboard.pen_source import SimulatedSource
from penloop.dashboard.view import Link
from pensim.serial_port import SimulatedPort
from tests.host_tools.fake_pen import RUN_LIMIT, SETTINGS, Wire
from tests.system.penloop_process import until

PATIENCE_S = 60


@pytest.fixture
def in_a_treatment(running):
    """A simulated pen in RUNNING, at 0.5 mm."""
    bench = running()
    with Pen(SimulatedPort.on_bench(bench)) as pen:
        assert pen.status().state == "RUNNING"
        yield pen, bench


@pytest.fixture
def fake():
    with Pen(Wire()) as pen:
        yield pen


def answer(pen, name, wanted):
    """Of a change: its status, whether its value is the one before, whether that stays."""
    before = pen.get(name)
    [change] = pen.set({name: wanted})
    return change.status, change.value == before, pen.get(name) == before, change.limit


def test_the_fake_pen_answers_a_pending_change_as_the_firmware_does(fake, in_a_treatment):
    pen, _bench = in_a_treatment
    real = answer(pen, "depth", "0.75mm")
    assert real == ("pending", True, True, None)
    assert answer(fake, SETTINGS[RUN_LIMIT][0], "20min") == real


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        ("0.75mm", "depth: 0.5 mm in force, 0.75 mm from the next start"),
        (
            "0.76mm",
            "depth: 0.5 mm in force, 0.75 mm from the next start, 0.76 mm was rounded to 0.75 mm",
        ),
    ],
)
def test_set_tells_which_value_waits_and_it_comes_at_the_next_start(in_a_treatment, wanted, told):
    pen, bench = in_a_treatment
    [step] = applied(pen, planned(pen, {"depth": wanted}))
    assert str(step) == told
    bench.operator.click()
    bench.run(1.5)
    assert str(pen.get("depth")) == "0.5 mm"
    bench.operator.click()
    bench.run(1.5)
    assert str(pen.get("depth")) == "0.75 mm"


def test_the_next_of_two_pending_values_is_told_with_the_value_in_force(in_a_treatment):
    pen, _bench = in_a_treatment
    applied(pen, planned(pen, {"depth": "0.75mm"}))
    pen.set({"depth": "0.25mm"})
    [step] = applied(pen, planned(pen, {"depth": "0.4mm"}))
    assert str(step) == "depth: 0.25 mm in force, 0.4 mm from the next start"


# The dashboard


@pytest.fixture
def owner():
    """Of a pen in a treatment, faster than real time."""
    one = PenOwner(SimulatedSource("sim://?pace=10"))
    one.start()
    until(lambda: one.view.link is Link.UP and one.view.state == "READY", "a pen that is ready")
    click(one, "RUNNING")
    yield one
    one.close()


def click(owner, *states):
    owner.act(lambda bench: bench.operator.click()).result(PATIENCE_S)
    until(lambda: owner.view.state in states, f"{states}")


def texts(owner):
    """Of the depth: in force, and waiting."""
    return str(owner.view.values["depth"]), str(owner.view.waiting.get("depth", ""))


def test_a_pending_change_is_kept_until_the_next_start_takes_it_over(owner):
    owner.set({"depth": "0.75mm"}).result(PATIENCE_S)
    assert texts(owner) == ("0.5 mm", "0.75 mm")
    click(owner, "READY")
    owner.refresh().result(PATIENCE_S)
    assert texts(owner) == ("0.5 mm", "0.75 mm")
    click(owner, "RUNNING")
    until(lambda: texts(owner) == ("0.75 mm", ""), "the value taken over")


def test_a_pending_change_that_was_taken_back_waits_no_more(owner):
    owner.set({"depth": "0.75mm"}).result(PATIENCE_S)
    owner.set({"depth": "0.5mm"}).result(PATIENCE_S)
    assert texts(owner) == ("0.5 mm", "")


def test_what_waited_is_forgotten_when_the_pen_was_reset(owner):
    owner.set({"depth": "0.75mm"}).result(PATIENCE_S)
    owner.act(lambda bench: bench.operator.power_cycle()).result(PATIENCE_S)
    until(lambda: owner.view.connections == 2 and owner.view.link is Link.UP, "the pen again")
    assert texts(owner) == ("0.5 mm", "")


def test_what_waits_outlives_a_loss_of_the_link(owner):
    owner.set({"depth": "0.75mm"}).result(PATIENCE_S)
    owner.source.cable_in = False
    until(lambda: owner.view.link is Link.DOWN, "the loss of the link")
    owner.source.cable_in = True
    until(lambda: owner.view.link is Link.UP, "the link")
    assert texts(owner) == ("0.5 mm", "0.75 mm")


def test_a_value_that_others_have_changed_is_seen_though_its_event_was_lost(owner, monkeypatch):
    owner.set({"depth": "0.75mm"}).result(PATIENCE_S)
    monkeypatch.setattr(Pen, "events", lambda _pen: [])
    click(owner, "READY")
    owner.ask(lambda pen: pen.wait(1.0)).result(PATIENCE_S)  # it writes down the treatment
    click(owner, "RUNNING")
    until(lambda: texts(owner) == ("0.75 mm", ""), "the value that the start took over")
    owner.ask(lambda pen: pen.set({"depth": "0.25mm"})).result(PATIENCE_S)
    until(lambda: texts(owner) == ("0.25 mm", ""), "the value that another client has set")


def test_a_change_is_answered_as_made_when_a_stop_comes_right_behind_it(owner, monkeypatch):
    def stopped(_pen):
        raise Stopped

    monkeypatch.setattr(Pen, "waiting", stopped)
    [change] = owner.set({"depth": "0.75mm"}).result(PATIENCE_S)
    assert change.status == "pending"
