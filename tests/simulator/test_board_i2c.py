"""I2C and SoftI2C with devices on the bus."""

import pytest

from pensim.board.i2c import Registers
from tests.simulator.board_script import result, run

BUS = "from machine import I2C, SoftI2C, Pin\n"


def with_registers(board):
    board.i2c.devices[0][0x50] = Registers()
    board.i2c.devices[1][0x20] = Registers(bytearray(b"\x01\x02\x03" + bytes(253)))


@pytest.mark.parametrize(
    "bus", ["I2C(0, scl=Pin(5), sda=Pin(4), freq=100000)", "SoftI2C(scl=Pin(9), sda=Pin(8))"]
)
def test_registers_are_written_and_read_on_both_kinds_of_bus(bus):
    outcome = run(
        BUS
        + f"""
bus = {bus}
print(bus.scan())
bus.writeto_mem(0x50, 16, b"abcd")
print(bus.readfrom_mem(0x50, 17, 2), bus.writeto(0x50, b"\\x10"), bus.readfrom(0x50, 3))
buffer = bytearray(2)
bus.readfrom_mem_into(0x50, 18, buffer)
print(buffer, bus.writevto(0x50, [b"\\x00", b"xy"]), bus.readfrom_mem(0x50, 0, 2))
""",
        prepare=with_registers,
    )
    assert outcome.lines == ["[80]", "b'bc' 1 b'abc'", "bytearray(b'cd') 3 b'xy'"]


def test_the_two_controllers_are_two_buses():
    assert result("I2C(1).readfrom(0x20, 3)", BUS, prepare=with_registers) == r"b'\x01\x02\x03'"
    assert result("I2C(1).scan()", BUS, prepare=with_registers) == "[32]"


def test_a_transfer_takes_its_bits_time():
    outcome = run(
        BUS
        + """
import time
bus = I2C(0, freq=100000)
start = time.ticks_us()
bus.writeto(0x50, bytes(99))
print(time.ticks_diff(time.ticks_us(), start))
""",
        prepare=with_registers,
    )
    assert outcome.numbers[0] == pytest.approx(100 * 9 * 10, abs=100)


@pytest.mark.parametrize(
    ("call", "number"),
    [
        ("I2C(0).readfrom(0x51, 1)", 5),
        ("I2C(0).writeto(0x51, b'x')", 5),
        ("I2C(0).writeto(0x51, b'')", 19),
        ("SoftI2C(Pin(5), Pin(4)).readfrom(0x51, 1)", 19),
    ],
)
def test_a_device_that_does_not_answer_is_an_error_with_the_port_s_number(call, number):
    setup = f"""{BUS}
def failed():
    try:
        {call}
    except OSError as error:
        return error.errno
"""
    assert result("failed()", setup, prepare=with_registers) == str(number)


@pytest.mark.parametrize(
    ("expression", "raised"),
    [
        ("I2C(2)", "ValueError"),
        ("I2C(0, scl=Pin(4))", "ValueError"),
        ("I2C(0, sda=Pin(6))", "ValueError"),
        ("I2C(0, speed=1)", "TypeError"),
        ("I2C(0).writeto(200, b'')", "ValueError"),
        ("I2C(0).start()", "OSError"),
        ("SoftI2C()", "TypeError"),
    ],
)
def test_misuse_of_i2c_raises_what_the_port_raises(expression, raised):
    assert result(expression, BUS) == raised
