"""What the owner of a shared pen subscribes to, for all who look on."""

import numpy as np
import pytest

from penfw import protocol
from penfw.requests import Refusal
from penhost.telemetry import Block
from penloop.sharing.sample_queue import QUEUE_MAX, SampleQueue
from penloop.sharing.union import NOTHING, Union, Wish


@pytest.fixture
def asked():
    return []


@pytest.fixture
def union(asked):
    def subscribe(wish):
        asked.append(wish)
        return wish.period_ms

    return Union(subscribe)


def test_the_first_viewer_gets_what_it_wishes(union, asked):
    assert union.grant("a", [3, 7], 10) == 10
    assert asked == [Wish((3, 7), 10)]


def test_a_viewer_that_fits_in_costs_no_new_subscription(union, asked):
    union.grant("a", [3, 7], 10)
    assert union.grant("b", [7], 100) == 100
    assert union.grant("c", [3], 15) == 20
    assert len(asked) == 1


def test_a_faster_viewer_makes_the_owner_faster_and_the_others_keep_their_rate(union, asked):
    union.grant("a", [3], 20)
    assert union.grant("b", [4], 5) == 4
    assert asked[-1] == Wish((3, 4), 4)
    assert union.grant("c", [3], 7) == 8


def test_an_odd_wish_that_divides_nothing_gets_a_rate_near_it(union):
    union.grant("a", [3], 14)
    assert union.grant("b", [3], 10) == 10
    assert union.present.period_ms == 2


def test_signals_beyond_eight_are_refused_with_the_room_there_is_and_change_nothing(union, asked):
    union.grant("a", range(6), 10)
    with pytest.raises(Refusal) as caught:
        union.grant("b", [10, 11, 12], 10)
    assert caught.value.args == (protocol.TOO_MANY, 2)
    assert len(asked) == 1
    assert union.grant("b", [10, 11], 10) == 10
    union.leave("a")
    assert union.grant("b", range(10, 18), 10) == 10


def test_when_the_last_viewer_leaves_the_pen_sends_nothing(union, asked):
    union.grant("a", [1], 10)
    union.grant("b", [1], 10)
    union.leave("a")
    assert asked[-1] == Wish((1,), 10)
    union.leave("b")
    assert asked[-1] == NOTHING
    assert union.grant("b", [2], 10) == 10


def block(first, count, period_ms=2):
    samples = np.zeros(count, [("time_us", "<i8"), ("rate", "<i4"), ("depth", "<i4")])
    numbers = np.arange(first, first + count)
    samples["time_us"], samples["rate"] = numbers * period_ms * 1000, numbers
    samples["depth"] = -numbers
    return Block(1, period_ms * 1000, 0, 0, 0, samples)


@pytest.fixture
def queue(union):
    union.grant("fast", [0], 2)
    made = SampleQueue(union)
    made.configure([1, 0], ["h", "i"], 10)
    return made


def taken(queue, most=160):
    buffer = bytearray(2000)
    count = queue.take(buffer, 0, most)
    rows = np.frombuffer(bytes(buffer[: 6 * count]), [("depth", "<i2"), ("rate", "<i4")])
    return queue.ticks_us, (rows["rate"] ^ 0x15555555).tolist(), (rows["depth"] ^ 0x5555).tolist()


def test_a_slower_viewer_gets_every_so_many_samples(queue):
    for first in range(0, 100, 7):
        queue.put(block(first, 7), ["rate", "depth"])
    at_us, rates, depths = taken(queue)
    assert at_us == 0
    assert rates == list(range(0, 105, 5))
    assert depths == [-rate for rate in rates]


def test_a_frame_ends_where_the_owner_has_lost_samples(queue):
    queue.put(block(0, 11), ["rate", "depth"])
    queue.put(block(100, 11), ["rate", "depth"])
    assert queue.ready() == 3
    assert taken(queue)[:2] == (0, [0, 5, 10])
    assert taken(queue)[:2] == (200_000, [100, 105, 110])


def test_samples_that_a_viewer_does_not_take_are_dropped_and_counted(queue):
    queue.put(block(0, 5 * (QUEUE_MAX + 10)), ["rate", "depth"])
    assert queue.dropped == 10
    assert queue.ready() == 160
