"""The same scripts on CPython, MicroPython and 32-bit MicroPython: the same text, the same time."""

from functools import lru_cache

import pytest

from pensim.board.i2c import Registers
from pensim.board.profile import PICO
from pensim.engines import spin_guard
from tests.simulator.board_script import run

SCRIPTS = {
    "interrupts": """
        from machine import Pin, Timer, PWM, time_pulse_us, disable_irq, enable_irq
        import micropython, time, array
        stamps = array.array("i", [0] * 64)
        count = 0
        def edge(pin):
            global count
            stamps[count & 63] = time.ticks_us()
            count += 1

        soft = []
        def tick(timer):
            soft.append(time.ticks_us())
            pwm.duty_u16(1000 * len(soft))

        pwm = PWM(Pin(2), freq=500, duty_u16=20000)
        Pin(3, Pin.IN).irq(edge, Pin.IRQ_RISING, hard=True)
        timer = Timer(freq=100, callback=tick)
        time.sleep_ms(100)
        state = disable_irq()
        time.sleep_us(3000)
        enable_irq(state)
        timer.deinit()
        print(count, list(stamps), soft)
        print(pwm.duty_u16(), pwm.freq(), pwm.duty_ns(), time_pulse_us(Pin(3), 1))
        micropython.schedule(print, "scheduled")
        time.sleep(2.5)
        print(time.ticks_ms(), time.ticks_us(), time.localtime())
    """,
    "errors": """
        from machine import ADC, I2C, PWM, Pin, Timer, UART, WDT
        import os, time
        def attempt(action):
            try:
                action()
            except Exception as error:
                print(type(error).__name__, error.errno if isinstance(error, OSError) else "")

        attempt(lambda: Pin(77))
        attempt(lambda: Pin(2, Pin.OUT, nonsense=1))
        attempt(lambda: PWM(Pin(2), freq=100).duty_u16(0.5))
        attempt(lambda: PWM(Pin(2), freq=1))
        attempt(lambda: ADC(Pin(3)))
        attempt(lambda: Timer(period=0, callback=print))
        attempt(lambda: Timer(3))
        attempt(lambda: WDT(timeout=100000))
        attempt(lambda: UART(5))
        attempt(lambda: UART(0, tx=Pin(7)))
        attempt(lambda: I2C(0).readfrom(0x33, 1))
        attempt(lambda: open("none"))
        attempt(lambda: os.mkdir("a/b"))
        attempt(lambda: os.remove("none"))
        attempt(lambda: time.sleep_ms(1.5))
    """,
    "serial": """
        from machine import UART, Pin
        import select, sys, time
        a = UART(0, 115200, tx=Pin(0), rx=Pin(1), timeout=10)
        b = UART(1, 115200, tx=Pin(4), rx=Pin(5), rxbuf=64)
        found = []
        b.irq(lambda uart: found.append(uart.any()), UART.IRQ_RXIDLE)
        a.write(b"some bytes\\n" * 20)
        time.sleep_ms(30)
        print(found, b.any(), b.readline(), b.read(7), time.ticks_us())
        print(a.read(3), time.ticks_us())
        poll = select.poll()
        poll.register(b, select.POLLIN | select.POLLOUT)
        print([events for _, events in poll.poll(5)])
        sys.stdout.write("written\\n")
        print(a, time.ticks_us())
    """,
    "files": """
        import os, time, random
        from errno import ENOENT
        with open("f", "w") as file:
            file.write("text " * 100)
        with open("f", "ab") as file:
            file.write(bytes(range(256)) * 4)
        with open("f", "rb") as file:
            data = file.read()
        print(len(data), sum(data), os.stat("f")[6], sorted(os.listdir()), os.statvfs("/")[3])
        os.mkdir("d")
        os.rename("f", "d/f")
        print(os.listdir("d"), time.ticks_us(), ENOENT)
        random.seed(5)
        print(random.randint(1, 1000), random.getrandbits(32), len(os.urandom(3)), random.random())
    """,
    "bus": """
        from machine import ADC, I2C, Pin, SoftI2C, unique_id, reset_cause, freq
        import gc, time
        bus = I2C(0, freq=100000)
        bus.writeto_mem(0x50, 3, b"abc")
        print(bus.scan(), bus.readfrom_mem(0x50, 3, 3), SoftI2C(Pin(5), Pin(4)).readfrom(0x50, 2))
        adc, core = ADC(26), ADC(ADC.CORE_TEMP)
        print([adc.read_u16() for _ in range(5)], core.read_u16())
        gc.collect()
        print(unique_id(), reset_cause(), freq(), time.ticks_us())
        for _ in range(30):
            time.sleep_ms(100)
        print(time.ticks_us())
    """,
    "reboots": """
        import machine, os, time
        boots = len(os.listdir())
        open("boot%d" % boots, "w").close()
        print(boots, machine.reset_cause(), machine.Pin(2).value(), time.ticks_us())
        if boots == 1:
            machine.Pin(2, machine.Pin.OUT, value=1)
            machine.soft_reset()
        if boots == 2:
            machine.WDT(timeout=50)
            time.sleep(1)
        if boots == 3:
            machine.reset()
    """,
}
REAL = ("micropython", "micropython32")
CASES = [(name, "micropython") for name in SCRIPTS]
CASES += [(name, "micropython32") for name in ("interrupts", "errors", "serial", "files")]


def prepare(board):
    board.i2c.devices[0][0x50] = Registers()
    board.adc.volts[26] = 1.0


@lru_cache
def outcome(name, engine):
    wires = ((2, 3), (0, 5), (4, 1))
    return run(SCRIPTS[name], engine, wires=wires, prepare=prepare, seed=3)


@pytest.mark.parametrize(("name", "engine"), CASES)
def test_a_script_prints_the_same_at_the_same_time(name, engine):
    here, there = outcome(name, "cpython"), outcome(name, engine)
    assert here.exit_code == 0, here.reports
    assert there.exit_code == 0, there.reports
    assert there.printed == here.printed
    assert there.end_us == here.end_us


FAULTY = """
from machine import Timer
import helper, time
def tick(timer):
    helper.fail()

timer = Timer(mode=Timer.ONE_SHOT, period=1, callback=tick, hard={hard})
time.sleep_ms(3)
helper.fail()
"""
HELPER = "def fail():\n    raise KeyError('deep')\n"


@pytest.mark.parametrize(
    ("hard", "engine"),
    [
        (True, "cpython"),
        (True, "micropython"),
        (True, "micropython32"),
        (False, "cpython"),
        (False, "micropython"),
    ],
)
def test_tracebacks_name_the_board_s_files_only(engine, hard):
    faulty = run(FAULTY.format(hard=hard), engine, files={"helper.py": HELPER})
    headline = "Uncaught exception in IRQ callback handler\n" if hard else ""
    inner = '  File "helper.py", line 2, in fail\nKeyError: deep\n'
    assert faulty.exit_code == 1
    assert faulty.reports == (
        headline
        + 'Traceback (most recent call last):\n  File "main.py", line 5, in tick\n'
        + inner
        + 'Traceback (most recent call last):\n  File "main.py", line 9, in <module>\n'
        + inner
    )


def test_an_allocation_in_a_hard_interrupt_is_an_error_on_a_real_engine():
    faulty = run(
        """
        from machine import Timer
        import time
        timer = Timer(mode=Timer.ONE_SHOT, period=1, callback=lambda t: [0] * 1000, hard=True)
        time.sleep_ms(3)
        """,
        "micropython",
    )
    assert "MemoryError" in faulty.reports


def test_a_board_request_in_a_hard_interrupt_is_refused_on_a_real_engine():
    faulty = run(
        """
        from machine import Pin, Timer
        import time
        pin, found = Pin(2), [None]
        def tick(timer):
            try:
                pin.init(Pin.OUT)
            except RuntimeError as error:
                found[0] = error

        timer = Timer(mode=Timer.ONE_SHOT, period=1, callback=tick, hard=True)
        time.sleep_ms(3)
        print(found)
        """,
        "micropython",
    )
    assert "serves no board request inside an interrupt" in faulty.printed


def test_firmware_that_spins_without_a_board_call_is_ended_with_its_line(monkeypatch):
    monkeypatch.setattr(spin_guard, "PATIENCE_S", 0.2)
    monkeypatch.setattr(spin_guard, "_guard", None)
    spinning = run("import time\ntime.sleep_ms(1)\nwhile True:\n    pass\n")
    assert spinning.exit_code == 1
    assert 'File "main.py", line 3' in spinning.reports or "line 4" in spinning.reports
    assert "no board call for a long time" in spinning.reports


def test_a_script_s_loops_see_their_interrupts_without_a_board_call():
    outcome = run(
        """
        from machine import Timer
        flag = False
        def set_flag(timer):
            global flag
            flag = True

        timer = Timer(mode=Timer.ONE_SHOT, period=50, callback=set_flag)
        count = 0
        while not flag:
            count += 1
        for _ in range(10):
            if flag:
                continue
        print(count)
        """,
        loops_tick=True,
    )
    assert outcome.numbers == [pytest.approx(50_000 // PICO.loop_us, rel=0.01)]
