"""The board's USB serial with its host: DTR, a host that does not read, Ctrl-C."""

import pytest

from pensim.board.board import VirtualBoard
from tests.simulator.board_script import firmware


def started(script):
    """(board, its USB line) with a script that runs."""
    board = VirtualBoard(firmware(script))
    board.power_on()
    board.run(10)
    return board, board.serial.usb


def go(board, seconds):
    end_us = board.now_us + round(seconds * 1e6)
    while board.now_us < end_us:
        board.run(end_us)


def test_what_the_host_sends_is_read_and_what_is_printed_reaches_the_host():
    board, usb = started(
        """
        import sys
        line = sys.stdin.readline()
        print("got", repr(line))
        data = sys.stdin.buffer.read(4)
        sys.stdout.buffer.write(b"raw\\n")
        sys.stdout.write("cooked %r\\n" % data)
        """
    )
    usb.connected = True
    usb.send(b"one line\r\x00\xff\r\n")
    go(board, 0.1)
    assert usb.take(1000) == b"got 'one line\\n'\r\nraw\ncooked b'\\x00\\xff\\r\\n'\r\n"


def test_without_dtr_output_is_lost_and_no_room_is_reported():
    board, usb = started(
        """
        import sys, select, time
        poll = select.poll()
        poll.register(sys.stdout, select.POLLOUT)
        rooms = []
        for _ in range(3):
            start = time.ticks_ms()
            print("text")
            rooms.append((bool(poll.poll(0)), time.ticks_diff(time.ticks_ms(), start) < 5))
            time.sleep_ms(10)
        time.sleep_ms(100)
        print(rooms)
        """
    )
    usb.connected, usb.dtr = True, False
    go(board, 0.015)
    usb.dtr = True
    go(board, 1.0)
    assert usb.take(1000).endswith(b"text\r\n[(False, True), (False, True), (True, True)]\r\n")


def test_a_host_that_holds_the_port_and_does_not_read_blocks_a_write_for_half_a_second():
    board, usb = started(
        """
        import sys, select, time
        poll = select.poll()
        poll.register(sys.stdout, select.POLLOUT)
        written = 0
        while poll.poll(0):
            written += sys.stdout.buffer.write(b"x" * 64)
        start = time.ticks_ms()
        count = sys.stdout.buffer.write(b"more")
        blocked_ms = time.ticks_diff(time.ticks_ms(), start)
        with open("result", "w") as file:
            file.write("%d %d %d" % (written, count, blocked_ms))
        """
    )
    usb.connected = True
    usb.host_buffer_bytes = 1_024
    go(board, 3.0)
    written, count, blocked_ms = [int(word) for word in board.flash.files["/result"].split()]
    assert (written, count) == (1_280, 0)
    assert 500 <= blocked_ms < 505


def test_a_blocked_write_goes_on_when_the_host_reads():
    board, usb = started(
        """
        import sys, time
        time.sleep_ms(1)
        start = time.ticks_ms()
        count = sys.stdout.buffer.write(bytes(2000))
        blocked_ms = time.ticks_diff(time.ticks_ms(), start)
        with open("result", "w") as file:
            file.write("%d %d" % (count, blocked_ms))
        """
    )
    usb.connected = True
    usb.host_buffer_bytes = 1_024
    go(board, 0.3)
    assert len(usb.take(5_000)) == 1_280
    go(board, 0.3)
    assert len(usb.take(5_000)) == 720
    count, blocked_ms = [int(word) for word in board.flash.files["/result"].split()]
    assert count == 2_000
    assert blocked_ms == pytest.approx(300, abs=5)


SLEEPER = """
import sys, time, micropython
{setup}
try:
    time.sleep(10)
    print("slept", sys.stdin.buffer.read(3))
except KeyboardInterrupt:
    print("interrupted")
"""


def test_ctrl_c_interrupts_a_sleep_at_once():
    board, usb = started(SLEEPER.format(setup=""))
    usb.connected = True
    go(board, 1.0)
    usb.send(b"ab\x03")
    go(board, 0.1)
    assert usb.take(100) == b"interrupted\r\n"


def test_kbd_intr_lets_the_byte_through_instead():
    board, usb = started(SLEEPER.format(setup="micropython.kbd_intr(-1)"))
    usb.connected = True
    go(board, 1.0)
    usb.send(b"ab\x03")
    go(board, 20.0)
    assert usb.take(100) == b"slept b'ab\\x03'\r\n"


def test_an_uncaught_ctrl_c_ends_the_script_with_its_traceback():
    board, usb = started("import time\nwhile True:\n    time.sleep_ms(1)\n")
    usb.connected = True
    go(board, 0.5)
    usb.send(b"\x03")
    go(board, 0.5)
    assert board.exit_code == 1
    assert usb.take(500).endswith(b'File "main.py", line 3, in <module>\r\nKeyboardInterrupt: \r\n')


def test_input_echoes_and_returns_a_line():
    board, usb = started("name = input('name? ')\nprint('hello', name)")
    usb.connected = True
    usb.send(b"pen\r")
    go(board, 0.1)
    assert usb.take(100) == b"name? pen\r\nhello pen\r\n"
