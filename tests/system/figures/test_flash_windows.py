"""The main loop's figures of the windows in which the flash is written."""

import pytest

from penfw import protocol, states
from tests.system.board_line import with_changes
from tests.system.fault_scenarios import linked
from tests.system.figures.part import OFF, PARK, RUN
from tests.system.story import pen_of

STILL = {
    "state": states.STANDBY, "state_ms": 101, "edge_age": 200_001, "held_ms": 0, "law": OFF,
    "starting": False, "main_asks": 0, "main_conditions": 0, "main_home": 0, "off_steps": 0,
}  # fmt: skip
TURNS = {**STILL, "law": RUN, "edge_age": 100}


@pytest.mark.verifies("R-803")
@pytest.mark.parametrize(
    ("words", "still"),
    [
        (STILL, True), ({**STILL, "state_ms": 99}, False), ({**STILL, "edge_age": 199_999}, False),
        ({**STILL, "held_ms": 1}, False), ({**STILL, "held_ms": 2_999}, False),
        ({**STILL, "held_ms": 3_001}, True), ({**STILL, "law": PARK}, False),
        ({**STILL, "starting": True}, False), ({**STILL, "main_asks": 1}, False),
        ({**STILL, "main_conditions": states.START}, False),
        ({**STILL, "main_conditions": states.PARK_WANTED}, False),
        ({**STILL, "main_conditions": states.TESTED}, True), ({**STILL, "main_home": 1}, False),
        ({**STILL, "off_steps": 1}, False), ({**STILL, "state": states.RUNNING}, False),
        ({**STILL, "state": states.PARKING}, False),
        ({**TURNS, "state": states.FAULT, "state_ms": 2_002}, True),
        ({**TURNS, "state": states.FAULT, "state_ms": 1_998}, False),
        ({**TURNS, "state": states.READY, "state_ms": 9_000}, False),
    ],
)  # fmt: skip
def test_a_window_waits_until_nothing_can_turn(part, words, still):
    words = dict(words)
    part.signal("edge_age", words.pop("edge_age"))
    held_ms = words.pop("held_ms")
    part.pen.button.held_ms = lambda _now_ms: held_ms
    part.pen.treatment.starting = words.pop("starting")
    part.set(main_depth=part.control.steps - words.pop("off_steps"), **words)
    assert part.pen.flash_window._still() == still


@pytest.mark.parametrize(
    "due", ["", "settings_due", "serials_due", "version_due", "hand_over_due", "log", "blackbox"]
)
def test_a_window_is_due_for_each_of_its_items(part, due):
    window = part.pen.flash_window
    if due.endswith("_due"):
        setattr(window, due, True)
    elif due == "log":
        part.pen.treatment.log = object()
    elif due:
        part.pen.blackbox.due = lambda: True
    assert bool(window._due()) == bool(due)


def test_a_window_is_announced_once_and_waits_a_second_for_a_host_that_takes_nothing(part):
    pen, window = part.pen, part.pen.flash_window
    told, opened = [], []
    window._open = lambda: opened.append(pen.uptime_ms)
    window._still = lambda: True
    pen.link.busy = told.append
    pen.link.idle = lambda: False
    window.step()
    assert not told  # nothing is due
    window.settings_due = True
    begin_ms = pen.uptime_ms
    for waited_ms in (0, 500, 999, 1_001):
        pen.uptime_ms = begin_ms + waited_ms
        window.step()
    assert told == [400]
    assert opened == [begin_ms + 1_001]
    window._announced_ms = -1
    pen.link.idle = lambda: True
    window.step()
    assert len(opened) == 2
    window._still = lambda: False  # it turns again: announced anew
    window.step()
    window._still = lambda: True
    window.step()
    assert told == [400] * 3


@pytest.mark.verifies("R-803")
def test_a_window_that_finds_a_parking_just_begun_is_given_up(part):
    part.pen.motor_on = lambda: True
    part.pen.flash_window._open()
    assert part.control.main_window == 0


def test_after_a_window_the_deadline_holds_again_and_a_full_flash_is_told(make_bench):
    save = 'pen.saved = tables.read("store", "save")(files, values, pen.saved)'
    bench = make_bench(firmware=with_changes({"flash_item": (save, "raise OSError(28)")}))
    bench.run(1.0)
    with linked(bench) as host:
        host.set({"stroke_rate": 90_000})
        host.wait(1.0)
        notices = [one for one in host.events() if one.kind == "notice"]
    assert [(one.number, one.value) for one in notices] == [(protocol.STORE_FAILED, 0)]
    assert pen_of(bench).control.main_window == 0
    assert pen_of(bench).flash_window._announced_ms < 0  # the next one is announced anew
