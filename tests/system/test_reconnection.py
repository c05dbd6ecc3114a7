"""A port that vanishes and returns, a pen that is reset, a host that sleeps: recordings go on."""

from dataclasses import replace

import numpy as np
import pytest

from penfw.boot_session import SLOTS
from penhost import Reconnection
from penhost.errors import PenExchanged, PenSilent, PortError
from tests.system.cable import Cable
from tests.system.story import state

PERIOD_MS = 10


def recorded(steady, until_s):
    """Blocks up to a time of the bench."""
    blocks = []
    for block in steady.blocks():
        blocks.append(block)
        if steady.pen.clock.now_us() >= until_s * 1e6:
            return blocks
    raise AssertionError("the blocks ended")


def times_us(blocks):
    return np.concatenate([block.samples["time_us"] for block in blocks])


def gaps(blocks):
    return [block.gap for block in blocks if block.gap]


@pytest.fixture
def steady(make_bench):
    """Makes (bench, reconnection) over a cable that is off at some times."""

    def make(*away_s, signals=("rate", "state"), **options):
        bench = make_bench()
        bench.run(1.0)
        cable = Cable(bench, *away_s)
        held = Reconnection(cable.connect, **options)
        held.subscribe(signals, PERIOD_MS)
        return bench, held

    return make


def test_a_recording_goes_on_behind_a_port_that_was_away_for_a_while(steady):
    heard = []
    _bench, held = steady((3.0, 5.0), told=heard.append)
    blocks = recorded(held, 7.0)
    [gap] = gaps(blocks)
    assert "is gone" in gap.cause
    assert not gap.restarted
    assert gap.offset_us == 0
    assert gap.missing == pytest.approx(210, abs=25)
    times = times_us(blocks)
    assert gap.end_us - gap.start_us == gap.missing * PERIOD_MS * 1000
    assert (np.diff(times) > 0).all()
    assert (np.diff(times) != PERIOD_MS * 1000).sum() == 1
    assert times[-1] - times[0] == pytest.approx(6e6, abs=0.2e6)
    assert len(heard) == 1


def test_a_port_that_goes_again_and_again_leaves_a_gap_each_time(steady):
    _bench, held = steady((2.0, 2.5), (3.5, 3.6), (5.0, 6.0))
    blocks = recorded(held, 8.0)
    assert len(gaps(blocks)) == 3
    assert (np.diff(times_us(blocks)) > 0).all()


def test_a_pen_that_is_reset_is_taken_up_again_and_its_times_go_on_growing(steady):
    bench, held = steady()
    bench.board.time.call_at(3_000_000, bench.board.power_on)
    blocks = recorded(held, 7.0)
    [gap] = gaps(blocks)
    assert "restarted" in gap.cause
    assert gap.boot_after == gap.boot_before + 1
    times = times_us(blocks)
    assert (np.diff(times) > 0).all()
    assert times[-1] - times[0] == pytest.approx(6e6, abs=0.2e6)
    assert bench.board.boots == 2


def test_a_pen_that_is_reset_while_its_port_is_away_is_told_by_its_boot(steady):
    bench, held = steady((3.0, 6.0))
    bench.board.time.call_at(4_000_000, bench.board.power_on)
    [gap] = gaps(recorded(held, 8.0))
    assert gap.boot_after == gap.boot_before + 1
    assert gap.end_us - gap.start_us == pytest.approx(3e6, abs=0.3e6)


def test_nothing_but_the_subscription_is_taken_up_again(steady):
    """The host ran the motor in SERVICE; it stands when the port is back, and is left alone."""
    bench, held = steady((9.0, 12.0))
    bench.operator.click(3.5)
    held.pen.wait(4.0)
    assert state(bench) == "SERVICE"
    held.pen.command("run", 50_000)
    with held.pen.presence():
        held.pen.wait(0.5)
        assert bench.signal("rate") > 40_000
        blocks = recorded(held, 15.0)
    assert len(gaps(blocks)) == 1
    assert bench.signal("rate") == 0
    assert bench.trace()["plant.rate"][-1000:].max() == 0


def test_a_command_whose_port_went_is_not_repeated_and_its_end_is_told_as_unknown(steady):
    _bench, held = steady((3.0, 4.0))
    with pytest.raises(PortError, match="whether stop was executed is not known"):
        stop_for_ever(held)
    assert len(gaps(recorded(held, 6.0))) == 1


def stop_for_ever(held):
    while True:
        held.stop()


def test_a_loss_that_lasts_is_told_when_the_patience_is_over(steady):
    bench, held = steady((3.0, 99.0), patience_s=5.0)
    with pytest.raises(PortError, match="plug the pen in"):
        recorded(held, 20.0)
    assert bench.now_s == pytest.approx(8.0, abs=0.6)


def test_without_patience_a_loss_is_raised_at_once_and_told_to_nobody(steady):
    heard = []
    bench, held = steady((3.0, 4.0), patience_s=0, told=heard.append)
    with pytest.raises(PortError, match="is gone"):
        recorded(held, 20.0)
    assert heard == []
    assert bench.now_s == pytest.approx(3.0, abs=0.1)


def test_another_pen_is_not_taken_for_the_one_before(steady):
    _bench, held = steady((3.0, 4.0))
    held.pen.info = replace(held.pen.info, pen_id="another")
    with pytest.raises(PenExchanged, match="begin anew"):
        recorded(held, 20.0)


def test_a_pen_without_power_is_waited_for(steady):
    bench, held = steady()
    bench.board.time.call_at(3_000_000, bench.board.power_off)
    bench.board.time.call_at(6_000_000, bench.board.power_on)
    blocks = recorded(held, 12.0)
    assert len(gaps(blocks)) == 1
    bench.board.power_off()
    with pytest.raises(PenSilent):
        held.pen.status()


def test_a_pen_whose_boots_begin_anew_is_told_by_its_time(steady):
    bench, held = steady()

    def exchanged_flash():
        bench.board.power_off()
        for slot in SLOTS:
            bench.board.flash.files.pop(slot, None)
        bench.board.power_on()

    bench.board.time.call_at(3_000_000, exchanged_flash)
    blocks = recorded(held, 7.0)
    [gap] = gaps(blocks)
    assert gap.boot_after == gap.boot_before
    assert gap.restarted
    assert (np.diff(times_us(blocks)) > 0).all()
