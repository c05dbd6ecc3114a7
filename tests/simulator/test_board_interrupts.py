"""How interrupts, soft callbacks, garbage collections and flash work share the processor."""

from dataclasses import replace

import pytest

from pensim.board.profile import PICO
from tests.simulator.board_script import CALM, run


def test_interrupts_do_not_preempt_each_other_so_an_edge_during_a_tick_is_stamped_late():
    outcome = run(
        """
        from machine import Pin, Timer
        import time
        stamps = []
        Pin(3, Pin.IN).irq(lambda pin: stamps.append(time.ticks_us()), Pin.IRQ_RISING, hard=True)
        def tick(timer):
            for _ in range(10):
                time.ticks_us()
            stamps.append(time.ticks_us())

        timer = Timer(mode=Timer.ONE_SHOT, period=10, callback=tick, hard=True)
        time.sleep_ms(20)
        print(time.ticks_diff(stamps[1], stamps[0]) > 0, len(stamps))
        """,
        prepare=lambda board: board.time.call_at(10_130, lambda: board.gpio.drive(3, 1)),
    )
    assert outcome.lines == ["True 2"]


def test_a_hard_interrupt_has_latency_and_cost():
    outcome = run(
        """
        from machine import Timer
        import time
        stamps = []
        def tick(timer):
            stamps.append(time.ticks_us())

        start = time.ticks_us()
        timer = Timer(mode=Timer.ONE_SHOT, period=5, callback=tick, hard=True)
        time.sleep_ms(8)
        print(time.ticks_diff(stamps[0], start))
        """
    )
    call_us, ticks_us = PICO.costs()[4], PICO.costs()[3]
    wanted = 5_000 + call_us + PICO.interrupt_latency_us + ticks_us
    assert outcome.numbers == [pytest.approx(wanted, abs=1)]


def test_soft_callbacks_run_later_than_hard_ones():
    outcome = run(
        """
        from machine import Timer
        import time
        stamps = {}
        def note(name):
            return lambda t: stamps.setdefault(name, time.ticks_us())

        a = Timer(mode=Timer.ONE_SHOT, period=5, callback=note("soft"))
        b = Timer(mode=Timer.ONE_SHOT, period=5, callback=note("hard"), hard=True)
        time.sleep_ms(8)
        print(time.ticks_diff(stamps["soft"], stamps["hard"]) > 20)
        """
    )
    assert outcome.lines == ["True"]


BOTH = """
from machine import Timer
import time, gc
soft, hard = [], []
a = Timer(freq=1000, callback=lambda t: soft.append(time.ticks_us()))
b = Timer(freq=1000, callback=lambda t: hard.append(time.ticks_us()), hard=True)
def longest(stamps):
    return max([time.ticks_diff(b, a) for a, b in zip(stamps, stamps[1:])])

time.sleep_ms(4)
"""


def test_a_collection_delays_soft_callbacks_and_not_hard_ones():
    profile = replace(CALM, gc_us=6_000)
    outcome = run(
        BOTH + "gc.collect()\ntime.sleep_ms(4)\nprint(longest(soft), longest(hard))",
        profile=profile,
    )
    late, prompt = outcome.numbers
    assert 5_500 < late < 7_500
    assert prompt < 1_100


def test_a_collection_comes_by_itself_on_a_seeded_schedule():
    profile = replace(PICO, gc_interval_us=(20_000, 60_000), gc_pause_us=(3_000, 9_000))
    script = BOTH + "time.sleep_ms(400)\nprint(longest(soft), longest(hard), len(soft))"
    first = run(script, profile=profile, seed=1)
    again = run(script, profile=profile, seed=1)
    other = run(script, profile=profile, seed=2)
    late, prompt, _ = first.numbers
    assert 3_000 < late < 10_500
    assert prompt < 1_100
    assert first.printed == again.printed != other.printed


def test_gc_disable_keeps_collections_away():
    profile = replace(PICO, gc_interval_us=(20_000, 60_000), gc_pause_us=(3_000, 9_000))
    outcome = run(
        "import gc\ngc.disable()\n" + BOTH + "time.sleep_ms(400)\nprint(longest(soft))",
        profile=profile,
    )
    assert outcome.numbers[0] < 1_200


def test_a_flash_write_stops_hard_interrupts_too_and_missed_ticks_are_made_up_for():
    outcome = run(
        BOTH
        + """
with open("x", "w") as file:
    file.write("y")
time.sleep_ms(4)
print(longest(hard), len(hard), longest(soft))
""",
        profile=CALM,
    )
    stopped, count, late = outcome.numbers
    assert stopped == pytest.approx(PICO.flash_erase_us, abs=1_100)
    assert count >= 50  # 4 + 45 + 4 ms
    assert late >= stopped - 1_100


def test_disable_irq_holds_interrupts_until_the_outermost_enable():
    outcome = run(
        """
        from machine import Timer, disable_irq, enable_irq
        import time
        count = 0
        def tick(timer):
            global count
            count += 1

        timer = Timer(mode=Timer.ONE_SHOT, period=1, callback=tick, hard=True)
        outer = disable_irq()
        inner = disable_irq()
        time.sleep_ms(3)
        print(count)
        enable_irq(inner)
        time.sleep_ms(1)
        print(count)
        enable_irq(outer)
        print(count)
        """
    )
    assert outcome.numbers == [0, 0, 1]


def test_schedule_runs_in_the_main_context_and_its_queue_is_eight_deep():
    outcome = run(
        """
        import micropython, time
        from machine import Timer
        done = []
        def fill(timer):
            count = 0
            try:
                while True:
                    micropython.schedule(done.append, count)
                    count += 1
            except RuntimeError as error:
                done.append(str(error))

        timer = Timer(mode=Timer.ONE_SHOT, period=1, callback=fill, hard=True)
        time.sleep_ms(5)
        print(done)
        """
    )
    assert outcome.lines == ["['schedule queue full', 0, 1, 2, 3, 4, 5, 6, 7]"]


def test_a_callback_that_schedules_itself_does_not_stop_time():
    outcome = run(
        """
        import micropython, time
        count = 0
        def again(_):
            global count
            count += 1
            micropython.schedule(again, 0)

        micropython.schedule(again, 0)
        time.sleep_ms(5)
        print(count)
        """
    )
    assert 20 < outcome.numbers[0] < 200


def test_a_soft_callback_is_not_interrupted_by_another():
    outcome = run(
        """
        from machine import Timer
        import time
        trace = []
        def slow(timer):
            trace.append("(")
            time.sleep_ms(5)
            trace.append(")")

        a = Timer(mode=Timer.ONE_SHOT, period=1, callback=slow)
        b = Timer(mode=Timer.ONE_SHOT, period=3, callback=slow)
        time.sleep_ms(30)
        print("".join(trace))
        """
    )
    assert outcome.lines == ["()()"]


def test_soft_callbacks_wait_during_a_short_sleep_us_and_run_in_a_long_sleep():
    outcome = run(
        """
        from machine import Timer
        import time
        found = []
        timer = Timer(mode=Timer.ONE_SHOT, period=1, callback=found.append)
        time.sleep_us(900)
        time.sleep_us(900)
        print(len(found))
        timer.init(mode=Timer.ONE_SHOT, period=1, callback=found.append)
        start = time.ticks_us()
        time.sleep_us(5000)
        print(len(found), time.ticks_diff(time.ticks_us(), start) >= 5000)
        """,
        profile=CALM,
    )
    assert outcome.lines == ["1", "2 True"]


def test_a_request_in_a_hard_interrupt_does_not_disturb_the_main_loop_s():
    outcome = run(
        """
        from machine import Pin, Timer
        import os, time
        with open("file", "w") as file:
            file.write("content")
        pin = Pin(2)
        count = 0
        def tick(timer):
            global count
            count += 1
            pin.init(Pin.OUT, value=count & 1)
            os.listdir()

        timer = Timer(freq=10000, callback=tick, hard=True)
        good = 0
        for _ in range(50):
            good += open("file").read() == "content" and os.stat("file")[6] == 7
        print(good, count > 10)
        """
    )
    assert outcome.lines == ["50 True"]
