"""The clock: ticks that wrap, sleeps, the calendar."""

import time

import pytest

from tests.simulator.board_script import CALM, result, run


def test_both_tick_counters_wrap_soon_after_power_up():
    outcome = run(
        """
        import time
        before = time.ticks_us(), time.ticks_ms()
        time.sleep(6)
        after = time.ticks_us(), time.ticks_ms()
        print(after[0] < before[0], after[1] < before[1])
        print(time.ticks_diff(after[0], before[0]) // 1000, time.ticks_diff(after[1], before[1]))
        print(time.ticks_diff(time.ticks_add(before[1], 10000), before[1]))
        """,
        profile=CALM,
    )
    assert outcome.lines == ["True True", "6000 6000", "10000"]


def test_a_busy_wait_on_the_clock_ends():
    outcome = run(
        """
        import time
        start = time.ticks_ms()
        while time.ticks_diff(time.ticks_ms(), start) < 20:
            pass
        end = time.time() + 2
        while time.time() < end:
            pass
        print("over")
        """
    )
    assert outcome.lines == ["over"]
    assert 1_000_000 < outcome.end_us < 2_100_000


@pytest.mark.parametrize(
    ("call", "us"),
    [
        ("sleep(0.25)", 250_000),
        ("sleep(2)", 2_000_000),
        ("sleep_ms(3)", 3_000),
        ("sleep_us(700)", 700),
        ("sleep_us(70000)", 70_000),
        ("sleep_ms(2000000)", 2_000_000_000),
        ("sleep(-1)", 0),
        ("sleep_ms(0)", 0),
    ],
)
def test_sleeps_take_their_time(call, us):
    outcome = run(f"import time\ntime.{call}", profile=CALM)
    assert outcome.exit_code == 0
    assert us <= outcome.end_us <= us + 200 + us // 1_000_000


@pytest.mark.parametrize(
    ("expression", "raised"),
    [
        ("time.sleep_ms(0.5)", "TypeError"),
        ("time.sleep_us('1')", "TypeError"),
        ("time.ticks_add(0, 1 << 29)", "OverflowError"),
        ("time.mktime((2021, 1, 1))", "TypeError"),
    ],
)
def test_misuse_of_time_raises_what_the_port_raises(expression, raised):
    assert result(expression, "import time") == raised


@pytest.mark.parametrize(
    "seconds", [0, 951_782_400, 1_609_459_200, 1_614_556_799, 1_709_164_800, 4_102_444_799]
)
def test_gmtime_and_mktime_agree_with_the_calendar(seconds):
    fields = time.gmtime(seconds)
    wanted = (*fields[:6], fields[6], fields[7])
    printed = result(f"time.gmtime({seconds}), time.mktime(time.gmtime({seconds}))", "import time")
    assert printed == f"{wanted} {seconds}"


def test_the_clock_starts_in_2021_and_can_be_set():
    outcome = run(
        """
        import time
        from machine import RTC
        print(time.localtime()[:6])
        RTC().datetime((2026, 3, 1, 0, 12, 30, 0, 0))
        time.sleep(61)
        print(time.localtime(), RTC().datetime())
        print(time.time_ns() // 1000000000 - time.time())
        """
    )
    assert outcome.lines == [
        "(2021, 1, 1, 0, 0, 0)",
        "(2026, 3, 1, 12, 31, 1, 6, 60) (2026, 3, 1, 6, 12, 31, 1, 0)",
        "0",
    ]
