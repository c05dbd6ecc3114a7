"""What a pen tells of the cartridge in its holder."""

import json

import pytest

from penfw import cartridge as numbers
from penhost import Pen
from penhost.records import CARTRIDGE_STATES
from penloop.cli import run
from pensim.serial_port import SimulatedPort
from tests.system.story import state


@pytest.fixture
def pen(make_bench):
    """A client, and the bench of its pen in STANDBY."""
    bench = make_bench()
    bench.run(1.0)
    return Pen(SimulatedPort.on_bench(bench)), bench


def test_the_names_are_those_of_the_firmwares_numbers():
    for number, name in (
        (numbers.ABSENT, "none"), (numbers.INVALID, "invalid"), (numbers.USED, "used"),
        (numbers.FRESH, "fresh"), (numbers.SAME, "in use"), (numbers.EXPIRED, "expired"),
    ):  # fmt: skip
        assert CARTRIDGE_STATES[number] == name


def test_an_empty_holder_says_so(pen):
    client, _bench = pen
    found = client.cartridge()
    assert (found.condition, found.serial) == ("none", 0)


def test_a_cartridge_is_fresh_then_in_use_then_removed(pen):
    client, bench = pen
    cartridge = bench.operator.insert_new("6 needles", 1500)
    bench.run(0.3)
    found = client.cartridge()
    assert (found.condition, found.needles, found.max_depth_um) == ("fresh", 6, 1500)
    assert found.kind_name == "treatment"
    bench.operator.click()
    bench.run(3.0)
    bench.operator.click()
    bench.run(2.0)
    used = client.cartridge()
    assert used.condition == "in use"
    assert 100 < used.strokes_used < used.strokes_allowed
    assert 1000 < used.used_ms < 4000
    bench.operator.remove_cartridge()
    bench.run(0.5)
    assert client.cartridge().condition == "none"
    del cartridge


def test_a_damaged_one_is_invalid_and_one_that_has_just_come_in_unread(pen):
    client, bench = pen
    bench.operator.insert_new("6 needles", 1500, False, True)
    bench.run(0.04)
    assert client.cartridge().condition == "unread"
    bench.run(0.5)
    assert client.cartridge().condition == "invalid"
    assert state(bench) == "FAULT"


def test_the_command_shows_it_and_knows_json(capsys):
    assert run(["cartridge", "--port", "sim://"]) == 0
    shown = capsys.readouterr().out
    assert "12" in shown
    assert "strokes" in shown
    assert run(["cartridge", "--json", "--port", "sim://?cartridge=none"]) == 0
    assert json.loads(capsys.readouterr().out)["state"] == "none"
