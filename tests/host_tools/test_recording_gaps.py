"""Rows of a recording on one axis of time, whatever the link and the pen do meanwhile."""

import numpy as np
import pytest

from penhost.telemetry import Block
from penloop.recordings.gaps import (
    AWAY,
    LOST,
    PAUSED,
    RESTARTED,
    WHOLE,
    Timeline,
    gaps,
    reason_text,
    summary,
)
from tests.host_tools.recorded import recording

PERIOD_US = 10_000


class Hand:
    """A clock that is moved by hand."""

    def __init__(self):
        self.us = 0

    def now_us(self):
        return self.us


@pytest.fixture
def clock():
    return Hand()


@pytest.fixture
def timeline(clock):
    return Timeline(clock)


def block(first_us, boot_session=7, lost=0, paused=0):
    """Five samples."""
    samples = np.zeros(5, [("time_us", "<i8"), ("rate", "<i4")])
    samples["time_us"] = first_us + np.arange(5) * PERIOD_US
    return Block(boot_session, PERIOD_US, lost, paused, 0, samples)


def placed(timeline, *given, **more):
    """Time of the first row, reason and number of what is missing before it."""
    one = block(*given, **more)
    times, columns = timeline.place(one, one.samples)
    assert (np.diff(times) == PERIOD_US).all()
    assert not columns["link.gap"][1:].any()
    return int(times[0]), int(columns["link.gap"][0]), int(columns["link.missing"][0])


def test_blocks_that_follow_each_other_have_no_gap(timeline):
    assert placed(timeline, 1_000_000) == (1_000_000, WHOLE, 0)
    assert placed(timeline, 1_050_000) == (1_050_000, WHOLE, 0)


def test_lost_and_paused_samples_are_told_apart(timeline):
    placed(timeline, 1_000_000)
    assert placed(timeline, 1_080_000, lost=3) == (1_080_000, LOST, 3)
    assert placed(timeline, 1_150_000, paused=2) == (1_150_000, PAUSED, 2)


def test_a_link_that_was_away_leaves_a_gap_that_says_so(timeline):
    placed(timeline, 1_000_000)
    timeline.away()
    assert placed(timeline, 3_050_000) == (3_050_000, AWAY, 200)
    assert placed(timeline, 3_100_000) == (3_100_000, WHOLE, 0)


def test_time_goes_on_by_the_hosts_clock_where_the_pen_restarts(timeline, clock):
    placed(timeline, 50_000_000)
    clock.us += 2_000_000
    timeline.away()
    assert placed(timeline, 300_000, boot_session=8) == (52_050_000, RESTARTED, 200)
    assert placed(timeline, 350_000, boot_session=8) == (52_100_000, WHOLE, 0)


def test_the_offset_leads_back_to_device_time(timeline, clock):
    placed(timeline, 50_000_000)
    clock.us += 2_000_000
    fresh = block(300_000, boot_session=8)
    times, columns = timeline.place(fresh, fresh.samples)
    assert (times - columns["link.time_offset"] == fresh.samples["time_us"]).all()
    assert set(columns["link.boot_session"]) == {8}


def test_gaps_stand_between_the_rows_around_them():
    first, second = gaps(recording())
    assert (first.end_us - first.start_us, first.text) == (200_000, "samples lost")
    assert (second.missing, second.text) == (49, "pen restarted")
    told = summary(recording())
    assert told["missing"]["pen restarted"] == 49
    assert told["boot_sessions"] == [7, 8]


def test_the_reason_of_a_newer_tool_is_a_number():
    assert reason_text(77) == "gap 77"
