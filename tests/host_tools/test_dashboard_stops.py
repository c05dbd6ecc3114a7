"""Stops of the dashboard when the link comes and goes: none is lost, none comes later unasked."""

import threading

import pytest

from penhost import Pen
from penhost.errors import PortLost
from penloop.dashboard.jobs import Jobs, NoLink, Stopped
from penloop.dashboard.pen_owner import PenOwner
from penloop.dashboard.pen_source import SimulatedSource
from penloop.dashboard.view import Link
from tests.system.penloop_process import until

PATIENCE_S = 60
STOPPED = ("PARKING", "STANDBY", "READY")


@pytest.fixture
def owner():
    """Of a pen that runs in a treatment."""
    one = PenOwner(SimulatedSource("sim://?pace=5"))
    one.start()
    until(lambda: one.view.link is Link.UP and one.view.state == "READY", "a pen that is ready")
    treat(one)
    yield one
    one.close()


def treat(owner):
    owner.act(lambda bench: bench.operator.click()).result(PATIENCE_S)
    until(lambda: owner.view.state == "RUNNING", "a run")


def unplug(owner):
    owner.source.cable_in = False
    until(lambda: owner.view.link is Link.DOWN, "the loss of the link")


def plug_in(owner):
    count = owner.view.connections
    owner.source.cable_in = True
    until(lambda: owner.view.link is Link.UP and owner.view.connections > count, "the link")


@pytest.fixture
def greeting(monkeypatch):
    """(begun, go on): the next greeting waits in the middle."""
    begun, go_on, read = threading.Event(), threading.Event(), Pen.get_all

    def slow(self, *names):
        if not go_on.is_set():
            begun.set()
            go_on.wait(PATIENCE_S)
        return read(self, *names)

    monkeypatch.setattr(Pen, "get_all", slow)
    yield begun, go_on
    go_on.set()


def test_a_stop_that_finds_the_cable_gone_is_sent_when_it_is_back(owner):
    begun, asked = threading.Event(), threading.Event()
    owner.ask(lambda _pen: (begun.set(), asked.wait(PATIENCE_S)))
    begun.wait(PATIENCE_S)
    owner.source.cable_in = False  # nobody has noticed yet
    stop = owner.stop()
    asked.set()
    with pytest.raises(PortLost):
        stop.result(PATIENCE_S)
    until(lambda: owner.view.link is Link.DOWN, "the loss of the link")
    plug_in(owner)
    until(lambda: owner.view.state in STOPPED, "the stop that was owed")


def test_a_stop_while_the_pen_is_greeted_is_sent_then_and_never_again(owner, greeting):
    begun, go_on = greeting
    unplug(owner)
    owner.source.cable_in = True
    begun.wait(PATIENCE_S)
    with pytest.raises(NoLink):
        owner.stop().result(PATIENCE_S)
    go_on.set()
    until(lambda: owner.view.link is Link.UP and owner.view.state == "READY", "a pen that stopped")
    treat(owner)
    unplug(owner)
    plug_in(owner)
    owner.refresh().result(PATIENCE_S)
    state = owner.act(lambda bench: bench.signal("state")).result(PATIENCE_S)
    assert owner.view.tables.states[state] == "RUNNING"


def test_a_stop_within_long_work_is_answered_before_its_clean_up(owner):
    begun, asked, stop_done = threading.Event(), threading.Event(), []

    def long_work(pen):
        try:
            begun.set()
            asked.wait(PATIENCE_S)
            pen.wait(100)
        finally:
            stop_done.append(stop.done())
            pen.status()  # a clean-up is not cut short, by another stop neither
            again.append(owner.stop())
            pen.status()
            stop_done.append(again[0].done())

    again = []
    work = owner.ask(long_work)
    begun.wait(PATIENCE_S)
    stop = owner.stop()
    asked.set()
    with pytest.raises(Stopped):
        work.result(PATIENCE_S)
    assert stop_done == [True, True]


def test_two_stops_leave_the_plots_of_before_an_experiment(owner):
    begun = threading.Event()

    def experiment(pen):
        pen.unsubscribe()
        begun.set()
        pen.wait(100)

    work = owner.experiment(experiment)
    work.add_done_callback(lambda _work: owner.stop())  # drops what waits
    begun.wait(PATIENCE_S)
    owner.stop()
    with pytest.raises(Stopped):
        work.result(PATIENCE_S)
    seen = owner.feed.since(0)[1]
    until(lambda: owner.feed.since(0)[1] > seen + 5, "samples")


# What waits, without a pen


@pytest.fixture
def jobs():
    """Of a link that is up."""
    one = Jobs()
    one.link_is_up()
    return one


def test_the_first_stop_answers_all_that_are_asked_meanwhile(jobs):
    first, second = jobs.ask_stop(), jobs.ask_stop()
    assert first is second
    assert jobs.take_stop() is first
    assert not jobs.stop_wanted
    assert jobs.take_stop() is None


def test_what_is_asked_without_a_link_is_not_done_over_the_next_one(jobs):
    before = jobs.ask(lambda pen: pen)
    jobs.link_is_down("gone")
    after = jobs.ask(lambda pen: pen)
    jobs.link_is_up()
    assert jobs.take(linked=True) is None
    for answer in (before, after):
        with pytest.raises(NoLink, match="gone"):
            answer.result(0)


@pytest.mark.parametrize("asked_first", [True, False])
def test_a_stop_that_the_link_took_with_it_is_owed_once(jobs, asked_first):
    if asked_first:
        stop = jobs.ask_stop()
        jobs.link_is_down("gone")
    else:
        jobs.link_is_down("gone")
        stop = jobs.ask_stop()
    with pytest.raises(NoLink):
        stop.result(0)
    jobs.link_is_up()
    assert jobs.take_stop() is not None
    assert jobs.take_stop() is None
