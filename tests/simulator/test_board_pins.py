"""Pins: modes, pulls, wires, interrupts and signals."""

import pytest

from tests.simulator.board_script import result, run

PIN = "from machine import Pin, Signal"


def test_an_output_drives_the_input_at_the_other_end_of_a_wire():
    outcome = run(
        """
        from machine import Pin
        out, inp = Pin(2, Pin.OUT), Pin(3, Pin.IN)
        for level in (1, 0, 1):
            out.value(level)
            print(inp.value(), out())
        out.toggle()
        print(inp.value())
        out.on(), print(inp.value())
        out.low(), print(inp.value())
        """,
        wires=[(2, 3)],
    )
    assert outcome.lines == ["1 1", "0 0", "1 1", "0", "1", "0"]


def test_pulls_decide_where_nothing_drives():
    outcome = run(
        """
        from machine import Pin
        pin = Pin(5, Pin.IN, Pin.PULL_UP)
        print(pin.value())
        pin.init(Pin.IN, Pin.PULL_DOWN)
        print(pin.value())
        pin.init(Pin.IN)
        print(pin.value())
        """
    )
    assert outcome.numbers == [1, 0, 0]


def test_an_open_drain_only_pulls_low_and_several_share_a_wire():
    outcome = run(
        """
        from machine import Pin
        a = Pin(2, Pin.OPEN_DRAIN, Pin.PULL_UP)
        b = Pin(3, Pin.OPEN_DRAIN)
        print(a.value(), b.value())
        a.value(0)
        print(a.value(), b.value())
        b.value(0)
        a.value(1)
        print(a.value(), b.value())
        b.value(1)
        print(a.value(), b.value())
        """,
        wires=[(2, 3)],
    )
    assert outcome.numbers == [1, 1, 0, 0, 0, 0, 1, 1]


def test_the_value_is_there_before_the_pin_becomes_an_output():
    outcome = run(
        """
        from machine import Pin
        edges = []
        Pin(3, Pin.IN, Pin.PULL_UP).irq(lambda pin: edges.append(1))
        Pin(2, Pin.OUT, value=1)
        print(len(edges), Pin(3).value())
        """,
        wires=[(2, 3)],
    )
    assert outcome.numbers == [0, 1]


def test_a_pin_is_one_object_known_by_number_and_by_name():
    outcome = run(
        """
        from machine import Pin
        print(Pin(2) is Pin("GP2") is Pin("GPIO2") is Pin.board.GP2, Pin("LED") is Pin(25))
        print(Pin(2, Pin.OUT), Pin(3, Pin.IN, Pin.PULL_UP))
        """
    )
    assert outcome.lines == [
        "True True",
        "Pin(GPIO2, mode=OUT) Pin(GPIO3, mode=IN, pull=PULL_UP)",
    ]


@pytest.mark.parametrize(
    ("expression", "raised"),
    [
        ("Pin(30)", "ValueError"),
        ("Pin(-1)", "ValueError"),
        ("Pin(2.0)", "ValueError"),
        ("Pin('GP99')", "ValueError"),
        ("Pin.board.GP99", "AttributeError"),
        ("Pin(2, Pin.OUT, speed=1)", "TypeError"),
        ("Pin(2, 'out')", "TypeError"),
        ("Pin(2, Pin.ALT, alt=77)", "ValueError"),
        ("Pin(2, Pin.OUT).irq(handler=print, edge=1)", "TypeError"),
        ("Pin(2).mode(Pin.OUT)", "AttributeError"),  # not on the rp2 port
        ("Pin(2).drive(1)", "AttributeError"),
        ("Signal(Pin(2), 1)", "TypeError"),
    ],
)
def test_misuse_of_a_pin_raises_what_the_port_raises(expression, raised):
    assert result(expression, PIN) == raised


def test_signal_inverts_reading_and_writing():
    outcome = run(
        """
        from machine import Pin, Signal
        led = Signal(Pin(2, Pin.OUT), invert=True)
        led.on()
        print(Pin(2).value(), led.value())
        led.off()
        print(Pin(2).value(), led())
        other = Signal(4, Pin.OUT, value=1, invert=True)
        print(Pin(4).value(), other.value())
        """
    )
    assert outcome.numbers == [0, 1, 1, 0, 0, 1]


IRQ = """
from machine import Pin
import time
out = Pin(2, Pin.OUT, value=0)
inp = Pin(3, Pin.IN)
"""


@pytest.mark.parametrize("hard", [True, False])
def test_an_edge_calls_the_handler_with_its_pin_and_says_which_edge(hard):
    outcome = run(
        IRQ
        + f"""
def seen(pin):
    found.append((pin is inp, pin.irq().flags()))

found = []
inp.irq(seen, Pin.IRQ_RISING | Pin.IRQ_FALLING, hard={hard})
for level in (1, 0, 1):
    out.value(level)
    time.sleep_ms(1)
inp.irq(None)
out.value(0)
time.sleep_ms(1)
print(found)
""",
        wires=[(2, 3)],
    )
    assert outcome.lines == ["[(True, 8), (True, 4), (True, 8)]"]


def test_only_the_wanted_edge_raises_and_the_trigger_can_be_changed():
    outcome = run(
        IRQ
        + """
count = 0
def seen(pin):
    global count
    count += 1

irq = inp.irq(seen, Pin.IRQ_RISING, hard=True)
out(1), out(0), out(1), out(0)
time.sleep_ms(1)
print(count, irq.trigger(Pin.IRQ_FALLING), irq.trigger())
out(1), out(0)
time.sleep_ms(1)
print(count)
irq()
print(count)
""",
        wires=[(2, 3)],
    )
    assert outcome.numbers == [2, 8, 4, 3, 4]


def test_a_handler_can_arm_another_edge_and_another_handler():
    outcome = run(
        IRQ
        + """
found = []
def rising(pin):
    found.append("rising")
    pin.irq(falling, Pin.IRQ_FALLING, hard=True)

def falling(pin):
    found.append("falling")
    pin.irq(rising, Pin.IRQ_RISING, hard=True)

inp.irq(rising, Pin.IRQ_RISING, hard=True)
for _ in range(2):
    out(1), out(1), out(0), out(0)
time.sleep_ms(1)
print(found)
""",
        wires=[(2, 3)],
    )
    assert outcome.lines == ["['rising', 'falling', 'rising', 'falling']"]


def test_two_edges_while_the_handler_waits_call_it_once_with_both_flags():
    outcome = run(
        IRQ
        + """
from machine import disable_irq, enable_irq
found = []
inp.irq(lambda pin: found.append(pin.irq().flags()), hard=True)
state = disable_irq()
out(1), out(0)
print(found)
enable_irq(state)
print(found)
""",
        wires=[(2, 3)],
    )
    assert outcome.lines == ["[]", "[12]"]


def test_a_hard_handler_that_raises_is_reported_and_never_called_again():
    outcome = run(
        IRQ
        + """
def bad(pin):
    global count
    count += 1
    raise ValueError("no")

count = 0
inp.irq(bad, hard=True)
for _ in range(3):
    out.toggle()
    time.sleep_ms(1)
print(count)
""",
        wires=[(2, 3)],
    )
    assert outcome.numbers == [1]
    assert outcome.reports.startswith("Uncaught exception in IRQ callback handler\nTraceback")
    assert outcome.reports.endswith("line 10, in bad\nValueError: no\n")


def test_a_soft_handler_that_raises_is_reported_each_time():
    outcome = run(
        IRQ
        + """
inp.irq(lambda pin: 1 // 0)
for _ in range(3):
    out.toggle()
    time.sleep_ms(1)
""",
        wires=[(2, 3)],
    )
    assert outcome.exit_code == 0
    assert outcome.reports.count("ZeroDivisionError") == 3


def test_outside_parts_drive_and_hear_pins():
    heard = []

    def prepare(board):
        board.gpio.drive(6, 1)
        board.gpio.listen(7, heard.append)

    outcome = run(
        """
        from machine import Pin
        out = Pin(7, Pin.OUT)
        print(Pin(6, Pin.IN).value())
        out(1), out(0), out(1)
        """,
        prepare=prepare,
    )
    assert outcome.numbers == [1]
    assert heard == [1, 0, 1]
