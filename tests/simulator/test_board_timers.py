"""Timers, the watchdog and the sleeps that an interrupt ends."""

from dataclasses import replace

import pytest

from pensim.board.profile import PICO
from tests.simulator.board_script import CALM, result, run

TIMER = "from machine import Timer, WDT"


@pytest.mark.parametrize(
    ("arguments", "gap_us"),
    [
        ("period=20", 20_000),
        ("freq=1000", 1_000),
        ("freq=0.5", 2_000_000),
        ("freq=3", 333_333),
        ("period=5, tick_hz=50", 100_000),
        ("freq=1000, hard=True", 1_000),
    ],
)
def test_a_periodic_timer_keeps_its_period(arguments, gap_us):
    outcome = run(
        f"""
        from machine import Timer
        import time
        ticks = []
        timer = Timer({arguments}, callback=lambda t: ticks.append(time.ticks_us()))
        while len(ticks) < 4:
            time.sleep_ms(1)
        print(*[time.ticks_diff(b, a) for a, b in zip(ticks, ticks[1:])])
        """,
        profile=CALM,
    )
    assert outcome.numbers == [pytest.approx(gap_us, abs=60)] * 3


def test_a_one_shot_timer_fires_once_and_its_callback_gets_it():
    outcome = run(
        """
        from machine import Timer
        import time
        found = []
        timer = Timer(mode=Timer.ONE_SHOT, period=3, callback=found.append)
        time.sleep_ms(20)
        print(len(found), found[0] is timer)
        print(timer)
        """
    )
    assert outcome.lines == ["1 True", "Timer(mode=ONE_SHOT, tick_hz=1000000, period=3000)"]


def test_a_timer_can_be_stopped_and_set_anew_in_its_own_callback():
    outcome = run(
        """
        from machine import Timer
        import time
        count = 0
        def tick(timer):
            global count
            count += 1
            if count == 3:
                timer.init(period=10, callback=tick, hard=True)
            if count == 5:
                timer.deinit()

        timer = Timer(period=1, callback=tick, hard=True)
        start = time.ticks_ms()
        time.sleep_ms(100)
        print(count)
        """
    )
    assert outcome.numbers == [5]


@pytest.mark.parametrize(
    ("expression", "raised"),
    [
        ("Timer(0)", "ValueError"),
        ("Timer(period=0, callback=print)", "ValueError"),
        ("Timer(period=-5, callback=print)", "ValueError"),
        ("Timer(period=0.5, callback=print)", "TypeError"),
        ("Timer(freq=0, callback=print)", "ValueError"),
        ("Timer(freq='fast', callback=print)", "TypeError"),
        ("Timer(speed=1)", "TypeError"),
        ("WDT(1)", "ValueError"),
        ("WDT(timeout=9000)", "ValueError"),
        ("WDT(timeout=1.5)", "TypeError"),
    ],
)
def test_misuse_of_a_timer_or_watchdog_raises_what_the_port_raises(expression, raised):
    assert result(expression, TIMER) == raised


def test_a_port_without_hard_timers_refuses_them():
    profile = replace(PICO, hard_timer=False)
    assert result("Timer(freq=10, hard=True)", TIMER, profile=profile) == "ValueError"
    pin = "Pin(2).irq(lambda p: None, hard=False)"
    assert result(pin, "from machine import Pin", profile=profile) == "TypeError"


def test_a_hard_timer_whose_callback_raises_dies_and_its_outputs_stay():
    outcome = run(
        """
        from machine import Timer, PWM, Pin
        import time
        pwm = PWM(Pin(2), freq=1000, duty_u16=30000)
        def tick(timer):
            pwm.duty_u16(20000)
            missing

        timer = Timer(freq=1000, callback=tick, hard=True)
        time.sleep_ms(10)
        print(pwm.duty_u16())
        """
    )
    assert outcome.numbers == [pytest.approx(20000, abs=1)]
    assert outcome.reports.count("NameError") == 1
    assert "Uncaught exception in IRQ callback handler" in outcome.reports


def test_the_watchdog_bites_unless_fed_and_the_reset_says_so():
    outcome = run(
        """
        import machine, time
        if machine.reset_cause() == machine.WDT_RESET:
            print("bitten")
            raise SystemExit
        print(machine.reset_cause() == machine.PWRON_RESET)
        dog = machine.WDT(timeout=100)
        for _ in range(5):
            time.sleep_ms(80)
            dog.feed()
        print("fed")
        time.sleep_ms(500)
        print("not reached")
        """
    )
    assert outcome.lines == ["True", "fed", "bitten"]
    assert outcome.board.boots == 2


def test_idle_ends_with_an_interrupt_or_after_a_millisecond():
    outcome = run(
        """
        from machine import Timer, idle
        import time
        start = time.ticks_us()
        idle()
        print(time.ticks_diff(time.ticks_us(), start))
        timer = Timer(mode=Timer.ONE_SHOT, period=1, callback=lambda t: None, hard=True)
        time.sleep_us(500)
        start = time.ticks_us()
        idle()
        print(time.ticks_diff(time.ticks_us(), start))
        """,
        profile=CALM,
    )
    whole, part = outcome.numbers
    assert 1_000 <= whole < 1_100
    assert part < 700


def test_lightsleep_ends_with_an_interrupt_and_deepsleep_with_a_reset():
    outcome = run(
        """
        import machine, time
        if machine.reset_cause() == machine.WDT_RESET:
            raise SystemExit
        timer = machine.Timer(mode=0, period=30, callback=lambda t: None, hard=True)
        start = time.ticks_ms()
        machine.lightsleep(1000)
        print(time.ticks_diff(time.ticks_ms(), start))
        machine.lightsleep(200)
        print(time.ticks_diff(time.ticks_ms(), start))
        machine.deepsleep(50)
        """,
        profile=CALM,
    )
    assert outcome.numbers == [30, 230]
    assert outcome.board.boots == 2
