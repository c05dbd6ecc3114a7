"""The modules around the peripherals, and what the board has not."""

import time

import pytest

from pensim.board.board import VirtualBoard
from tests.simulator.board_script import firmware, result, run


def test_random_gives_the_board_s_numbers_for_a_seed():
    outcome = run(
        """
        import random
        random.seed(1)
        numbers = [random.randint(0, 99) for _ in range(4)]
        print(numbers, random.getrandbits(8), random.choice("abc"))
        random.seed(1)
        print(random.randrange(0, 100), 0 <= random.random() < 1, 2 <= random.uniform(2, 3) < 3)
        """
    )
    again = run("import random\nprint(random.random())", seed=1)
    other = run("import random\nprint(random.random())", seed=2)
    assert outcome.lines == ["[68, 94, 92, 31] 12 c", "68 True True"]
    assert again.printed == run("import random\nprint(random.random())", seed=1).printed
    assert again.printed != other.printed


def test_the_identity_of_the_board():
    outcome = run(
        """
        import machine, os, sys, gc, micropython, binascii
        print(binascii.hexlify(machine.unique_id()).decode(), machine.freq(), sys.platform)
        print(os.uname().machine, os.uname()[0], sys.implementation.name, len(os.urandom(5)))
        print(gc.mem_free() > 100000, gc.isenabled(), micropython.opt_level(), micropython.const(5))
        micropython.alloc_emergency_exception_buf(100)
        micropython.heap_lock()
        print(micropython.heap_unlock())
        micropython.mem_info()
        """
    )
    assert outcome.lines[:4] == [
        "70656e6c6f6f7000 125000000 rp2",
        "Raspberry Pi Pico with RP2040 rp2 micropython 5",
        "True True 0 5",
        "0",
    ]
    assert outcome.lines[-1].startswith("GC: total: ")


def test_pure_modules_are_there_by_old_names_too():
    outcome = run(
        """
        import array, binascii, collections, hashlib, heapq, io, json, math, re, struct
        import utime, ujson
        print(utime is __import__("time"), ujson is json)
        print(json.loads('{"a": 1}'), struct.pack("<H", 258), io.StringIO("x").read())
        """
    )
    assert outcome.lines == ["True True", "{'a': 1} b'\\x02\\x01' x"]


@pytest.mark.parametrize(
    ("expression", "raised"),
    [
        ("vars()", "NameError"),
        ("FileNotFoundError", "NameError"),
        ("__import__('subprocess')", "ImportError"),
        ("__import__('asyncio')", "ImportError"),
        ("__import__('io').open('/etc/hostname')", "OSError"),
        ("machine.SPI(0)", "NotImplementedError"),
        ("machine.bootloader()", "NotImplementedError"),
        ("machine.freq(200000000)", "ValueError"),
        ("micropython.asm_thumb(print)", "NotImplementedError"),
    ],
)
def test_what_the_board_has_not_is_refused(expression, raised):
    assert result(expression, "import machine, micropython") == raised


def test_os_errors_print_as_on_the_board():
    outcome = run(
        """
        import errno, sys
        try:
            open("none")
        except OSError as error:
            print(error, repr(error), error.errno == errno.ENOENT, error.args)
            sys.print_exception(error)
        print(OSError(28))
        """
    )
    assert outcome.lines == [
        "[Errno 2] ENOENT OSError(2) True (2,)",
        "Traceback (most recent call last):",
        '  File "main.py", line 4, in <module>',
        "OSError: [Errno 2] ENOENT",
        "28",
    ]


def test_several_boards_live_in_one_process_and_leave_the_host_alone():
    import builtins
    import os

    before = (time.time, os.listdir, builtins.print, builtins.open, builtins.KeyboardInterrupt)
    script = """
        import time, sys
        time.time = None
        sys.modules["json"] = 5
        count = 0
        while True:
            count += 1
            print({name!r}, count)
            time.sleep_ms({pause_ms})
    """
    boards = []
    for name, pause_ms in (("a", 10), ("b", 25)):
        board = VirtualBoard(firmware(script.format(name=name, pause_ms=pause_ms)))
        board.serial.usb.connected = True
        board.power_on()
        boards.append(board)
    for until_us in range(10_000, 100_001, 10_000):
        for board in boards:
            while board.now_us < until_us:
                board.run(until_us)
    texts = [board.serial.usb.take(10_000).decode().split("\r\n") for board in boards]
    assert texts[0][8] == "a 9"
    assert texts[1][3] == "b 4"
    for board in boards:
        board.close()
    import json

    assert json.loads("5") == 5
    assert before == (
        time.time,
        os.listdir,
        builtins.print,
        builtins.open,
        builtins.KeyboardInterrupt,
    )
