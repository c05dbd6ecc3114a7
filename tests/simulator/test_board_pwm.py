"""PWM: frequencies, duties, and edges for whoever watches; pulses; the ADC."""

from dataclasses import replace

import pytest

from pensim.board.profile import PICO
from tests.simulator.board_script import result, run

PWM = "from machine import Pin, PWM"


def test_channels_of_a_slice_share_the_frequency():
    outcome = run(
        """
        from machine import Pin, PWM
        a, b, c = PWM(Pin(2), freq=1000, duty_u16=1000), PWM(Pin(3)), PWM(Pin(4))
        print(a.freq(), b.freq(), c.freq())
        b.freq(500)
        print(a.freq(), b.freq())
        print(a)
        """
    )
    assert outcome.lines == ["1000 1000 0", "500 500", "<PWM slice=1 channel=0 invert=0>"]


@pytest.mark.parametrize("hz", [8, 50, 1000, 2000, 12345, 100_000, 1_000_000])
def test_the_frequency_read_back_is_the_counter_s(hz):
    got = int(result(f"PWM(Pin(2), freq={hz}).freq()", PWM))
    assert abs(got - hz) <= max(1, hz // 1000)


def test_a_duty_reads_back_in_the_counter_s_steps():
    outcome = run(
        """
        from machine import Pin, PWM
        pwm = PWM(Pin(2), freq=1000000, duty_u16=0)  # 125 steps
        for duty in (0, 260, 263, 32768, 65535, 70000, True):
            pwm.duty_u16(duty)
            print(pwm.duty_u16())
        """
    )
    assert outcome.numbers == [0, 0, 524, 33030, 65535, 65535, 0]


def test_a_width_in_nanoseconds_stays_when_the_frequency_changes():
    outcome = run(
        """
        from machine import Pin, PWM
        pwm = PWM(Pin(2), freq=1000, duty_ns=250000)
        print(pwm.duty_u16(), pwm.duty_ns())
        pwm.freq(2000)
        print(pwm.duty_u16(), pwm.duty_ns())
        pwm.duty_u16(16384)
        pwm.freq(1000)
        print(pwm.duty_u16())
        """
    )
    share, width, doubled, same, kept = outcome.numbers
    assert share == pytest.approx(16384, abs=2)
    assert width == pytest.approx(250_000, rel=1e-3)
    assert doubled == pytest.approx(32768, abs=2)
    assert same == pytest.approx(250_000, rel=1e-3)
    assert kept == pytest.approx(16384, abs=2)


@pytest.mark.parametrize(
    ("expression", "raised"),
    [
        ("PWM(Pin(2), freq=1000).duty_u16(0.5)", "TypeError"),
        ("PWM(Pin(2), freq=1000).duty_ns(0.5)", "TypeError"),
        ("PWM(Pin(2), freq=1000.0)", "TypeError"),
        ("PWM(Pin(2), freq=7)", "ValueError"),
        ("PWM(Pin(2), freq=0)", "ValueError"),
        ("PWM(Pin(2), freq=200000000)", "ValueError"),
        ("PWM(Pin(2), duty=5)", "TypeError"),
        ("PWM(99)", "ValueError"),
    ],
)
def test_misuse_of_a_pwm_raises_what_the_port_raises(expression, raised):
    assert result(expression, PWM) == raised


def test_a_pin_without_pwm_is_refused():
    profile = replace(PICO, pins_pwm=tuple(range(20)))
    assert result("PWM(Pin(21), freq=1000)", PWM, profile=profile) == "ValueError"


EDGES = """
from machine import Pin, PWM
import time
rises = []
def edge(pin):
    rises.append(time.ticks_us())
"""


def test_a_watched_pwm_has_edges_at_its_frequency():
    outcome = run(
        EDGES
        + """
pwm = PWM(Pin(2), freq=1000, duty_u16=16384)
Pin(3, Pin.IN).irq(edge, Pin.IRQ_RISING, hard=True)
time.sleep_ms(5)
gaps = [time.ticks_diff(b, a) for a, b in zip(rises, rises[1:])]
print(len(rises), set(gaps))
""",
        wires=[(2, 3)],
    )
    assert outcome.lines == ["5 {1000}"]


def test_a_pwm_that_nobody_watches_costs_no_events():
    outcome = run(
        """
        from machine import Pin, PWM
        import time
        PWM(Pin(2), freq=100000, duty_u16=32768)
        time.sleep(1)
        """,
        prepare=lambda board: events.append(board.time) or count_steps(board.time),
    )
    assert outcome.board.time.steps < 50


events = []


def count_steps(time):
    time.steps = 0
    step = time.step

    def counted():
        time.steps += 1
        step()

    time.step = counted


def test_time_pulse_us_measures_both_halves_of_a_period():
    outcome = run(
        """
        from machine import Pin, PWM, time_pulse_us
        PWM(Pin(2), freq=1000, duty_u16=16384)
        inp = Pin(3, Pin.IN)
        time_pulse_us(inp, 0)
        print(time_pulse_us(inp, 0), time_pulse_us(inp, 0))
        time_pulse_us(inp, 1)
        print(time_pulse_us(inp, 1))
        """,
        wires=[(2, 3)],
    )
    assert outcome.numbers == [750, 750, 250]


def test_time_pulse_us_tells_a_missing_pulse_from_one_that_does_not_end():
    outcome = run(
        """
        from machine import Pin, time_pulse_us
        import time
        start = time.ticks_us()
        print(time_pulse_us(Pin(2, Pin.IN, Pin.PULL_UP), 0, 5000))
        print(time_pulse_us(Pin(2), 1, 5000))
        print(10000 <= time.ticks_diff(time.ticks_us(), start) < 10500)
        """
    )
    assert outcome.lines == ["-2", "-1", "True"]


def test_soft_callbacks_wait_while_a_pulse_is_measured_and_hard_ones_do_not():
    outcome = run(
        """
        from machine import Pin, PWM, Timer, time_pulse_us
        PWM(Pin(2), freq=10, duty_u16=32768)
        soft, hard = [], []
        a = Timer(mode=Timer.ONE_SHOT, period=10, callback=soft.append)
        b = Timer(mode=Timer.ONE_SHOT, period=10, callback=hard.append, hard=True)
        width = time_pulse_us(Pin(3, Pin.IN), 0)
        print(width, len(soft), len(hard))
        import time
        time.sleep_ms(1)
        print(len(soft))
        """,
        wires=[(2, 3)],
    )
    assert outcome.numbers == [50_000, 0, 1, 1]


def test_a_new_duty_begins_with_the_next_period():
    outcome = run(
        """
        from machine import Pin, PWM, time_pulse_us
        pwm = PWM(Pin(2), freq=100, duty_u16=32768)
        inp = Pin(3, Pin.IN)
        time_pulse_us(inp, 0)  # a pulse begins now
        pwm.duty_u16(16384)
        print(time_pulse_us(inp, 1) > 4900, time_pulse_us(inp, 1))
        """,
        wires=[(2, 3)],
    )
    assert outcome.lines == ["True 2500"]


def test_an_inverted_pwm_is_low_for_its_duty():
    outcome = run(
        """
        from machine import Pin, PWM, time_pulse_us
        PWM(Pin(2), freq=1000, duty_u16=16384, invert=1)
        inp = Pin(3, Pin.IN)
        time_pulse_us(inp, 1)
        print(time_pulse_us(inp, 1))
        """,
        wires=[(2, 3)],
    )
    assert outcome.numbers == [750]


def test_the_pin_of_a_pwm_can_be_read_itself():
    outcome = run(
        """
        from machine import Pin, PWM
        import time
        pin = Pin(2)
        PWM(pin, freq=50, duty_u16=32768)
        levels = set()
        for _ in range(100):
            levels.add(pin())
            time.sleep_us(997)
        print(sorted(levels))
        """
    )
    assert outcome.lines == ["[0, 1]"]


def test_deinit_freezes_both_channels_and_a_duty_starts_them_again():
    means = []

    def prepare(board):
        board.gpio.listen_duty(2, means.append)

    run(
        """
        from machine import Pin, PWM
        import time
        pwm = PWM(Pin(2), freq=10, duty_u16=32768)
        time.sleep_ms(20)  # in the high half of the period
        pwm.deinit()
        time.sleep_ms(60)
        pwm.duty_u16(1000)
        Pin(2, Pin.OUT, value=0)
        """,
        prepare=prepare,
    )
    assert means == [32768, 65535, 32768, 1000, 0]


def test_the_adc_resolves_what_is_connected():
    def prepare(board):
        board.adc.volts[26] = 1.65
        board.adc.volts[27] = 3.3
        board.adc.core_celsius = 40.0

    outcome = run(
        """
        from machine import ADC, Pin
        half, full, core = ADC(Pin(26)), ADC(1), ADC(ADC.CORE_TEMP)
        print(half.read_u16(), full.read_u16(), ADC(2).read_u16())
        volts = core.read_u16() * 3.3 / 65535
        print(round(27 - (volts - 0.706) / 0.001721))
        print(len({half.read_u16() for _ in range(50)}))
        print(half)
        """,
        prepare=prepare,
    )
    half, full, ground, celsius, codes = [
        int(word) for word in outcome.lines[:3] for word in word.split()
    ]
    assert half == pytest.approx(32768, abs=3 * 16)
    assert full >= 65535 - 3 * 16
    assert ground <= 3 * 16
    assert celsius == pytest.approx(40, abs=2)
    assert 2 <= codes <= 5
    assert outcome.lines[3] == "<ADC channel=0>"


@pytest.mark.parametrize(
    ("expression", "raised"),
    [
        ("ADC(Pin(25))", "ValueError"),
        ("ADC(5)", "ValueError"),
        ("ADC('LED')", "ValueError"),
        ("ADC(26, 1)", "TypeError"),
        ("ADC(26).read_uv()", "AttributeError"),  # not on the rp2 port
    ],
)
def test_misuse_of_the_adc_raises_what_the_port_raises(expression, raised):
    assert result(expression, "from machine import ADC, Pin") == raised
