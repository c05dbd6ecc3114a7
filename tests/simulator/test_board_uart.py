"""UARTs: their buffers, time-outs and interrupts, and wires from one to the other."""

import pytest

from tests.simulator.board_script import result, run

UART = "from machine import UART, Pin"
LOOP = """
from machine import UART, Pin
import time
uart = UART(0, 115200, tx=Pin(0), rx=Pin(1))
"""
PAIR = """
from machine import UART, Pin
import time
a = UART(0, 115200, tx=Pin(0), rx=Pin(1))
b = UART(1, 115200, tx=Pin(4), rx=Pin(5))
"""
CROSSED = [(0, 5), (4, 1)]


def test_two_uarts_talk_over_crossed_wires():
    outcome = run(
        PAIR
        + """
a.write("hello\\n")
time.sleep_ms(2)
print(b.any(), b.readline(), b.any())
b.write(b"and back")
time.sleep_ms(2)
print(a.read())
""",
        wires=CROSSED,
    )
    assert outcome.lines == ["6 b'hello\\n' 0", "b'and back'"]


def test_a_uart_looped_to_itself_hears_itself_at_the_line_s_rate():
    outcome = run(
        LOOP
        + """
start = time.ticks_us()
uart.write(b"x" * 100)
while uart.any() < 100:
    pass
print(time.ticks_diff(time.ticks_us(), start))
""",
        wires=[(0, 1)],
    )
    assert outcome.numbers[0] == pytest.approx(100 * 10 / 115200 * 1e6, abs=120)


def test_without_a_wire_nothing_arrives():
    outcome = run(LOOP + "uart.write('x')\ntime.sleep_ms(5)\nprint(uart.any(), uart.read())")
    assert outcome.lines == ["0 None"]


def test_a_full_buffer_loses_what_comes_after():
    outcome = run(
        LOOP
        + """
uart.init(rxbuf=64)
for _ in range(3):
    uart.write(bytes(range(50)))
time.sleep_ms(20)
data = b""
while uart.any():
    data += uart.read(uart.any())
print(len(data), data[:96] == bytes(list(range(50)) + list(range(46))))
""",
        wires=[(0, 1)],
    )
    assert outcome.lines == ["96 True"]  # the buffer's 64 and the hardware's 32


@pytest.mark.parametrize(
    ("options", "call", "low_ms", "high_ms", "answer"),
    [
        ("timeout=50", "read(5)", 50, 51, "None"),
        ("timeout=0", "read(5)", 0, 1, "None"),
        ("timeout=50", "readline()", 50, 51, "None"),
        ("timeout=20", "readinto(bytearray(4))", 20, 21, "None"),
    ],
)
def test_reads_end_with_the_time_out(options, call, low_ms, high_ms, answer):
    outcome = run(
        LOOP
        + f"""
uart.init({options})
start = time.ticks_us()
print(uart.{call})
print(time.ticks_diff(time.ticks_us(), start))
"""
    )
    assert outcome.lines[0] == answer
    assert low_ms * 1000 <= int(outcome.lines[1]) <= high_ms * 1000 + 150


def test_timeout_char_bridges_the_gap_between_bytes():
    script = (
        LOOP
        + """
from machine import Timer
uart.init(timeout=50, timeout_char=%d)
def more(timer):
    uart.write(b"cd")

uart.write(b"ab")
timer = Timer(mode=Timer.ONE_SHOT, period=5, callback=more)
print(uart.read(4))
"""
    )
    assert run(script % 10, wires=[(0, 1)]).lines == ["b'abcd'"]
    assert run(script % 2, wires=[(0, 1)]).lines == ["b'ab'"]


def test_a_write_waits_for_room_and_txdone_and_flush_tell_when_all_is_out():
    outcome = run(
        LOOP
        + """
uart.init(txbuf=32)
start = time.ticks_us()
print(uart.write(bytes(200)), uart.txdone())
print(time.ticks_diff(time.ticks_us(), start) > 11000)
uart.flush()
print(uart.txdone(), 17361 <= time.ticks_diff(time.ticks_us(), start) < 17800)
"""
    )
    assert outcome.lines == ["200 False", "True", "True True"]


def test_a_slow_line_times_a_write_out():
    outcome = run(
        LOOP
        + "uart.init(300, txbuf=32)\nprint(uart.write(bytes(100)))\nprint(uart.write(bytes(9)))"
    )
    assert outcome.lines == ["64", "None"]  # the buffer's 32 and the hardware's 32


def test_other_formats_take_other_times():
    outcome = run(
        LOOP
        + """
uart.init(9600, bits=8, parity=0, stop=2)
start = time.ticks_us()
uart.write(b"x" * 8)
while uart.any() < 8:
    pass
print(time.ticks_diff(time.ticks_us(), start))
print(uart)
""",
        wires=[(0, 1)],
    )
    assert int(outcome.lines[0]) == pytest.approx(8 * 12 / 9600 * 1e6, abs=150)
    assert outcome.lines[1].startswith(
        "UART(0, baudrate=9600, bits=8, parity=0, stop=2, tx=0, rx=1"
    )


def test_different_rates_give_garbage():
    outcome = run(
        PAIR
        + """
b.init(57600)
a.write(b"hello, world")
time.sleep_ms(5)
print(b.read() == b"hello, world")
b.init(115200 + 1500)
a.write(b"hello, world")
time.sleep_ms(5)
print(b.read())
""",
        wires=CROSSED,
    )
    assert outcome.lines == ["False", "b'hello, world'"]


@pytest.mark.parametrize("hard", [True, False])
def test_rxidle_comes_once_after_a_message(hard):
    outcome = run(
        LOOP
        + f"""
found = []
def idle(uart):
    found.append((uart.any(), uart.irq().flags() == UART.IRQ_RXIDLE))

uart.irq(idle, UART.IRQ_RXIDLE, hard={hard})
for _ in range(2):
    uart.write(b"message")
    time.sleep_ms(3)
print(found)
""",
        wires=[(0, 1)],
    )
    assert outcome.lines == ["[(7, True), (14, True)]"]


def test_txidle_comes_with_five_characters_left_of_a_long_message_only():
    outcome = run(
        LOOP
        + """
found = []
uart.irq(lambda uart: found.append(time.ticks_us()), UART.IRQ_TXIDLE, hard=True)
uart.write(b"12345")
time.sleep_ms(5)
print(len(found))
start = time.ticks_us()
uart.write(b"1234567890")
time.sleep_ms(5)
print(len(found), time.ticks_diff(found[0], start))
"""
    )
    none, one, after_us = outcome.numbers
    assert (none, one) == (0, 1)
    assert after_us == pytest.approx(5 * 10 / 115200 * 1e6, abs=100)


def test_a_break_is_heard_at_the_other_end():
    outcome = run(
        PAIR
        + """
found = []
b.irq(lambda uart: found.append(uart.irq().flags() == UART.IRQ_BREAK), UART.IRQ_BREAK)
a.sendbreak()
time.sleep_ms(1)
print(found)
""",
        wires=CROSSED,
    )
    assert outcome.lines == ["[True]"]


@pytest.mark.parametrize(
    ("expression", "raised"),
    [
        ("UART(2)", "ValueError"),
        ("UART(0, tx=Pin(1))", "ValueError"),
        ("UART(0, tx=Pin(4))", "ValueError"),
        ("UART(1, rx=Pin(1))", "ValueError"),
        ("UART(0, 9600.0)", "TypeError"),
        ("UART(0, speed=9600)", "TypeError"),
        ("UART(0, rxbuf=40000)", "ValueError"),
        ("UART(0, invert=9)", "ValueError"),
        ("UART(0).irq(print, 1)", "ValueError"),
        ("UART(0).irq(5, UART.IRQ_RXIDLE)", "ValueError"),
        ("UART.IRQ_RX", "AttributeError"),  # not on the rp2 port
    ],
)
def test_misuse_of_a_uart_raises_what_the_port_raises(expression, raised):
    assert result(expression, UART) == raised


def test_poll_waits_for_a_uart_and_lists_what_is_ready():
    outcome = run(
        LOOP
        + """
import select
from machine import Timer
poll = select.poll()
poll.register(uart, select.POLLIN)
start = time.ticks_ms()
print(poll.poll(20), time.ticks_diff(time.ticks_ms(), start))
timer = Timer(mode=Timer.ONE_SHOT, period=30, callback=lambda t: uart.write(b"x"))
start = time.ticks_ms()
found = poll.poll()
print(found[0][0] is uart, found[0][1], time.ticks_diff(time.ticks_ms(), start))
poll.modify(uart, select.POLLIN | select.POLLOUT)
print([events for _, events in poll.ipoll(0)])
poll.unregister(uart)
print(poll.poll(0))
print(select.select([uart], [uart], [], 0) == ([uart], [uart], []))
""",
        wires=[(0, 1)],
    )
    assert outcome.lines == ["[] 20", "True 1 30", "[5]", "[]", "True"]


def test_a_uart_sends_at_once_after_it_was_idle_for_longer_than_half_a_clock_wrap():
    outcome = run(
        LOOP
        + """
uart.write(b"x")
time.sleep(560)
start = time.ticks_us()
uart.write(b"x")
print(time.ticks_diff(time.ticks_us(), start) < 1000)
""",
        wires=[(0, 1)],
    )
    assert outcome.lines == ["True"]


@pytest.mark.parametrize(
    ("expression", "raised"),
    [
        ("select.poll().modify(UART(0), 1)", "OSError"),
        ("select.poll().register(5)", "OSError"),
    ],
)
def test_misuse_of_poll_raises_what_the_port_raises(expression, raised):
    assert result(expression, UART + "\nimport select") == raised
