"""Rows of a recording on one axis of time, whatever the link and the pen do meanwhile."""

import numpy as np
import pytest

from penhost.telemetry import Block
from penhost.telemetry import Gap as Interruption
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


@pytest.fixture
def timeline():
    return Timeline()


def block(boot_session=7, lost=0, paused=0, gap=None, first_us=1_000_000):
    """Five samples."""
    samples = np.zeros(5, [("time_us", "<i8"), ("rate", "<i4")])
    samples["time_us"] = first_us + np.arange(5) * PERIOD_US
    return Block(boot_session, PERIOD_US, lost, paused, 0, samples, gap)


def marked(timeline, **given):
    """Reason and number of what is missing before a block's first row."""
    columns = timeline.columns(block(**given), 5)
    assert not columns["link.gap"][1:].any()
    return int(columns["link.gap"][0]), int(columns["link.missing"][0])


def test_blocks_that_follow_each_other_have_no_gap(timeline):
    assert marked(timeline) == (WHOLE, 0)


def test_lost_and_paused_samples_are_told_apart(timeline):
    assert marked(timeline, lost=3) == (LOST, 3)
    assert marked(timeline, paused=2) == (PAUSED, 2)


@pytest.mark.parametrize(("late_us", "missing"), [(0, 0), (9_900, 0), (10_000, 1), (42_000, 4)])
def test_what_is_missing_between_two_subscriptions_is_lost(timeline, late_us, missing):
    marked(timeline)
    next_us = 1_000_000 + 5 * PERIOD_US + late_us
    assert marked(timeline, first_us=next_us) == (LOST if missing else WHOLE, missing)


def test_a_link_that_was_away_leaves_a_gap_that_says_so(timeline):
    assert marked(timeline, gap=Interruption("gone", 7, 7, False, 10, 20, 200, 0)) == (AWAY, 200)
    assert marked(timeline) == (WHOLE, 0)


def test_the_offset_of_a_restart_leads_back_to_device_time_from_there_on(timeline):
    restart = Interruption("restarted", 7, 8, True, 10, 20, 200, 40_000_000)
    assert marked(timeline, boot_session=8, gap=restart) == (RESTARTED, 200)
    columns = timeline.columns(block(boot_session=8), 5)
    assert set(columns["link.time_offset"]) == {40_000_000}
    assert set(columns["link.boot_session"]) == {8}


def test_gaps_stand_between_the_rows_around_them():
    first, second = gaps(recording())
    assert (first.end_us - first.start_us, first.text) == (200_000, "samples lost")
    assert (second.missing, second.text) == (49, "pen restarted")
    told = summary(recording())
    assert told["missing"]["pen restarted"] == 49
    assert told["boot_sessions"] == [7, 8]
    assert (told["gap_count"], len(told["gaps"])) == (2, 2)


def test_the_reason_of_a_newer_tool_is_a_number():
    assert reason_text(77) == "gap 77"
