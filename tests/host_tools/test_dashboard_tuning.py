"""Experiments and trials of the dashboard: parked, put back and told, whatever ends them."""

import asyncio
import threading
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from typing import ClassVar

import pytest

from penhost import Refused
from penloop.dashboard.jobs import Stopped, Unwatched
from penloop.dashboard.panels.tune_panel import TunePanel
from penloop.dashboard.pen_owner import PenOwner
from penloop.dashboard.pen_source import SimulatedSource
from penloop.dashboard.pen_thread import SIGNALS
from penloop.dashboard.tuning_run import TuningRun
from penloop.dashboard.view import Link
from penloop.errors import BoardError
from penloop.tuning.experiment import Experiments
from tests.system.penloop_process import until

PATIENCE_S = 60
FORMER, TRIED = 300, 290  # of rate_ki
SOON_S = 15.0  # of the pen; by itself a trial ends 30 s after the last word


@pytest.fixture
def owner():
    """Of a simulated pen, faster than real time; ready."""
    one = PenOwner(SimulatedSource("sim://?pace=10"))
    one.start()
    until(lambda: one.view.link is Link.UP and one.view.state == "READY", "a pen that is ready")
    yield one
    one.close()


def test_an_experiment_ends_when_no_page_looks_on(owner, monkeypatch):
    monkeypatch.setattr("penloop.dashboard.pen_thread.UNSEEN_S", 0.2)
    with pytest.raises(Unwatched):
        owner.experiment(lambda pen: pen.wait(1000)).result(PATIENCE_S)


def test_an_experiment_shows_its_samples_and_gives_back_what_was_watched(owner):
    def experiment(pen):
        pen.subscribe(["state", "duty"], 10)
        return [len(block.samples) for block in islice(pen.blocks(), 5)]

    counts = owner.experiment(experiment).result(PATIENCE_S)
    pieces, seen = owner.feed.since(0)
    of_it = [one for one in pieces if one.layout.signals[-1].name == "duty"]
    assert [len(one.samples) for one in of_it] == counts
    assert owner.refresh().result(PATIENCE_S) is None  # behind the subscription in the queue
    until(lambda: owner.feed.since(seen)[0], "samples of before")
    names = [signal.name for signal in owner.feed.since(seen)[0][-1].layout.signals]
    assert tuple(names) == SIGNALS


class Proposed:
    """A proposal, without the search for it."""

    changes: ClassVar = {"rate_ki": 290}


@pytest.fixture
def tuning(monkeypatch, tmp_path):
    """A tuning of a pen in SERVICE; the search and the pictures are left out."""

    async def elsewhere(_call, *_arguments):
        return Proposed()

    monkeypatch.setattr("penloop.dashboard.tuning_run._elsewhere", elsewhere)
    monkeypatch.setattr("penloop.dashboard.pen_thread.UNSEEN_S", 1e9)
    owner = PenOwner(SimulatedSource("sim://?cartridge=none&pace=50"))
    owner.start()
    until(lambda: owner.view.state == "STANDBY", "a pen that stands by")
    owner.act(lambda bench: bench.operator.click(3.5)).result(PATIENCE_S)
    until(lambda: owner.view.state == "SERVICE", "SERVICE")
    yield TuningRun(owner, tmp_path)
    owner.close()


@pytest.mark.parametrize(("ending", "left"), [("keep", 290), ("go_back", 300)])
def test_a_tuning_tries_on_the_pen_and_keeps_or_goes_back(tuning, ending, left):
    owner = tuning.owner

    async def all_of_it():
        await tuning.find()
        await tuning.try_out()
        now = await asyncio.wrap_future(owner.ask(lambda pen: pen.get("rate_ki").value))
        await getattr(tuning, ending)()
        return now

    assert asyncio.run(all_of_it()) == 290
    until(lambda: owner.view.values["rate_ki"].value == left, "the settings that stay")
    assert not tuning.under_way


def test_a_tuning_outside_of_service_tells_how_to_get_there(owner, tmp_path):
    with pytest.raises(BoardError, match="SERVICE"):
        asyncio.run(TuningRun(owner, tmp_path).find())


# What ends a trial or an experiment while the motor is on


@pytest.fixture
def service(monkeypatch):
    """The owner of a pen in SERVICE; a page looks on, and the winding is cool enough."""
    monkeypatch.setattr("penloop.dashboard.pen_thread.UNSEEN_S", 1e9)
    monkeypatch.setattr("penloop.tuning.experiment.COOL_K", 200)
    owner = PenOwner(SimulatedSource("sim://?cartridge=none&pace=2"))
    owner.start()
    until(lambda: owner.view.state == "STANDBY", "a pen that stands by")
    owner.act(lambda bench: bench.operator.click(3.5)).result(PATIENCE_S)
    until(lambda: owner.view.state == "SERVICE", "SERVICE")
    yield owner
    owner.close()


def by_a_stop(owner, _monkeypatch):
    owner.stop().result(PATIENCE_S)
    return Stopped


def by_two_stops(owner, monkeypatch):
    by_a_stop(owner, monkeypatch)
    return by_a_stop(owner, monkeypatch)


def by_leaving_the_page(owner, monkeypatch):
    monkeypatch.setattr("penloop.dashboard.pen_thread.UNSEEN_S", 0.0)
    return Unwatched


def signal(owner, name):
    return owner.act(lambda bench: bench.signal(name)).result(PATIENCE_S)


def value_on_pen(owner):
    return owner.ask(lambda pen: pen.get("rate_ki").value).result(PATIENCE_S)


def await_motor(owner):
    bench = owner.source.bench  # looked at from here, as the work holds the pen's thread
    until(lambda: bench.signal("rate") > 40_000, "a motor that runs")


def at_rest_without_a_fault(owner):
    until(lambda: not signal(owner, "rate"), "a motor that stands")
    owner.act(lambda bench: bench.run(1.0)).result(PATIENCE_S)  # silence would be a fault by then
    return signal(owner, "faults") == 0 and signal(owner, "duty") == 0


ENDINGS = [by_a_stop, by_two_stops, by_leaving_the_page]


@pytest.mark.parametrize("ended", ENDINGS)
def test_what_ends_an_experiment_parks_the_pen(service, monkeypatch, ended):
    work = service.experiment(lambda pen: Experiments(pen).steps())
    await_motor(service)
    error = ended(service, monkeypatch)
    with pytest.raises(error):
        work.result(PATIENCE_S)
    assert at_rest_without_a_fault(service)


@pytest.mark.parametrize("ended", ENDINGS)
def test_what_ends_a_trial_parks_the_pen_and_puts_the_values_back(
    service, monkeypatch, tmp_path, ended
):
    tuning = TuningRun(service, tmp_path, proposal=Proposed())
    work = service.experiment(tuning._try_out)
    await_motor(service)
    ended_s = service.source.bench.now_s
    error = ended(service, monkeypatch)
    with pytest.raises(error):
        work.result(PATIENCE_S)
    until(lambda: value_on_pen(service) == FORMER, "the values before, with the motor off")
    assert service.source.bench.now_s - ended_s < SOON_S
    until(lambda: service.view.values["rate_ki"].value == FORMER, "the values on the page")
    assert at_rest_without_a_fault(service)


def test_the_page_shows_what_a_trial_that_is_over_has_put_back(service):
    def on_trial(pen):
        pen.trial(60).__enter__()
        pen.set({"rate_ki": TRIED})

    service.ask(on_trial).result(PATIENCE_S)
    service.refresh().result(PATIENCE_S)
    assert service.view.values["rate_ki"].value == TRIED
    service.act(lambda bench: bench.operator.click()).result(PATIENCE_S)  # leaves SERVICE
    until(lambda: service.view.values["rate_ki"].value == FORMER, "the values on the page")


def test_keeping_a_trial_that_is_over_is_refused(tuning):
    async def too_late():
        await tuning.find()
        await tuning.try_out()
        owner = tuning.owner
        owner.act(lambda bench: bench.operator.click()).result(PATIENCE_S)
        until(lambda: owner.view.state != "SERVICE", "the end of SERVICE")
        await tuning.keep()

    with pytest.raises(Refused, match="no settings are on trial"):
        asyncio.run(too_late())


def test_service_ends_when_nobody_attends(service, monkeypatch):
    monkeypatch.setattr("penloop.dashboard.pen_thread.UNSEEN_S", 0.1)
    beats = []
    service.ask(lambda pen: monkeypatch.setattr(pen, "heartbeat", lambda: beats.append(1)))
    monkeypatch.setattr("penloop.dashboard.pen_thread.PULSE_S", 0.0)
    service.attend()
    until(lambda: beats, "heartbeats")
    threading.Event().wait(0.5)
    count = len(beats)
    threading.Event().wait(0.3)
    assert len(beats) == count


# What the page says of it


class Label:
    def set_text(self, text):
        self.text = text


class Button:
    def set_visibility(self, visible):
        self.visible = visible


class Answering:
    """A tuning whose steps do nothing, or end with an error."""

    def __init__(self, error=None):
        self.error = error
        self.ended = False

    async def step(self):
        if self.error:
            raise self.error

    find = try_out = keep = go_back = step

    def end(self):
        self.ended = True


def panel_of(run):
    panel = TunePanel.__new__(TunePanel)
    panel._run, panel._told, panel._busy = run, Label(), False
    panel._buttons = {name: Button() for name in ("measure", "try", "keep", "back")}
    return panel


REFUSED = Refused("no settings are on trial", "begin one in SERVICE", 43)


@pytest.mark.parametrize("error", [REFUSED, BrokenProcessPool("killed"), ValueError("a figure")])
@pytest.mark.parametrize("step", ["_try_out", "_keep", "_go_back"])
def test_a_step_of_a_tuning_that_failed_says_so_and_lets_measure_again(step, error):
    panel = panel_of(Answering(error))
    asyncio.run(getattr(panel, step)())
    assert str(error) in panel._told.text
    assert panel._run.ended
    assert [name for name, one in panel._buttons.items() if one.visible] == ["measure"]
    assert not panel._busy


@pytest.mark.parametrize(
    ("step", "text"), [("_keep", "Kept."), ("_go_back", "The former settings are in force.")]
)
def test_a_step_of_a_tuning_that_went_says_so(step, text):
    panel = panel_of(Answering())
    asyncio.run(getattr(panel, step)())
    assert panel._told.text == text
    assert panel._run.ended
