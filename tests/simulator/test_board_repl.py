"""The REPL on the board's USB serial, as far as a real one on a PC cannot show it."""

import pytest

from pensim.board.board import VirtualBoard
from tests.simulator.board_script import firmware

PROMPT = b">>> "
RAW_BANNER = b"raw REPL; CTRL-B to exit\r\n>"
REBOOT = b"MPY: soft reboot\r\n"


class Console:
    """A board with its REPL, and a host at its USB serial."""

    def __init__(self, script="", files=None, engine="cpython", **options):
        self.board = VirtualBoard(firmware(script, files), engine, repl=True, **options)
        self.usb = self.board.serial.usb
        self.usb.connected = True
        self.board.power_on()

    def say(self, data=b"", seconds=0.2):
        """Types bytes; returns what comes within the time."""
        self.usb.send(data)
        end_us = self.board.now_us + round(seconds * 1e6)
        while self.board.now_us < end_us:
            self.board.run(end_us)
            self.board.check()
        return self.usb.take(1 << 20)


@pytest.fixture
def console():
    """Makes consoles and ends their boards."""
    consoles = []

    def make(*arguments, **options):
        consoles.append(Console(*arguments, **options))
        return consoles[-1]

    yield make
    for made in consoles:
        made.board.close()


def test_the_repl_follows_main_and_knows_its_names(console, engine):
    board = console("def double(x):\n    return 2 * x\nprint('main', __name__)", engine=engine)
    assert board.say().startswith(b"main __main__\r\nMicroPython v1.28.0; Raspberry Pi Pico")
    assert board.say(b"double(21)\r") == b"double(21)\r\n42\r\n>>> "


def test_an_exception_that_ends_main_is_printed_before_the_prompt(console, engine):
    board = console(
        "import time\n\ndef fail():\n    raise ValueError('x')\n\nfail()", engine=engine
    )
    assert board.say().startswith(
        b"Traceback (most recent call last):\r\n"
        b'  File "main.py", line 6, in <module>\r\n'
        b'  File "main.py", line 4, in fail\r\n'
        b"ValueError: x\r\nMicroPython"
    )
    assert board.board.exit_code is None


def test_ctrl_c_ends_main_and_is_a_key_like_others_from_then_on(console, engine):
    board = console("import time\nwhile True:\n    time.sleep(1)", engine=engine)
    assert board.say(seconds=3) == b""
    assert b"\r\nKeyboardInterrupt: \r\nMicroPython" in board.say(b"\x03")
    assert board.say(b"12\x03") == b"12\r\n>>> "


def test_system_exit_ends_main_with_a_soft_reset(console, engine):
    script = """
        import os, sys
        boots = len(os.listdir())
        print(boots)
        open("boot%d" % boots, "w").close()
        if boots < 3:
            sys.exit()
        """
    printed = console(script, engine=engine).say(seconds=0.5)
    assert printed.startswith(b"1\r\n" + REBOOT + b"2\r\n" + REBOOT + b"3\r\nMicroPython")


def test_boot_runs_first_and_main_only_when_it_went_well(console, engine):
    files = {"boot.py": "import os\nok = 'bad' not in os.listdir()\nprint('boot')\nassert ok\n"}
    board = console("print('main', ok)", files, engine=engine)
    assert board.say().startswith(b"boot\r\nmain True\r\nMicroPython")
    board.say(b"open('bad', 'w').close()\r")
    printed = board.say(b"\x04")
    assert printed.startswith(b"\r\n" + REBOOT + b"boot\r\nTraceback")
    assert b"main" not in printed


def test_after_a_soft_reset_out_of_raw_mode_boot_runs_and_main_does_not(console, engine):
    board = console("print('main')", {"boot.py": "print('boot')"}, engine=engine)
    board.say(b"\x01")
    assert board.say(b"x = 1\x04") == b"OK\x04\x04>"
    assert board.say(b"\x04") == b"OK\r\n" + REBOOT + b"boot\r\n" + RAW_BANNER
    assert b"NameError" in board.say(b"x\x04")
    assert board.say(b"\x02").endswith(PROMPT)
    assert board.say(b"\x04").startswith(b"\r\n" + REBOOT + b"boot\r\nmain\r\n")


def test_a_reset_of_the_chip_ends_raw_mode(console):
    board = console("print('main')")
    board.say(b"\x01")
    assert b"main\r\nMicroPython" in board.say(b"import machine\nmachine.reset()\x04")


def test_a_board_without_main_goes_to_its_repl(console, engine):
    board = console(engine=engine)
    del board.board.flash.files["/main.py"]
    board.board.power_on()
    assert board.say().endswith(PROMPT)


def test_new_lines_are_cr_lf_in_what_is_printed_and_either_in_what_is_typed(console):
    board = console()
    board.say()
    assert board.say(b"print('a\\nb')\r\n1\n2\r") == (
        b"print('a\\nb')\r\na\r\nb\r\n>>> 1\r\n1\r\n>>> 2\r\n2\r\n>>> "
    )


def test_a_character_of_main_s_own_does_not_interrupt_in_the_repl(console):
    board = console("import micropython\nmicropython.kbd_intr(-1)")
    board.say(b"\x01")
    assert board.say(b"import time\ntime.sleep(9)\x04") == b"OK"
    assert board.say(b"\x03").endswith(b"KeyboardInterrupt: \r\n\x04>")
    board.say(b"micropython.kbd_intr(-1)\ntime.sleep(5)\nprint('slept')\x04")
    assert board.say(b"\x03") == b""
    assert board.say(seconds=6) == b"slept\r\n\x04\x04>"


def test_a_ctrl_c_sent_together_with_its_command_interrupts_it(console, engine):
    board = console(engine=engine)
    board.say(b"\x01")
    board.usb.send(b"import time\ntime.sleep(9)\x04" + b" " * 1000)
    assert board.say(b"\x03").endswith(b"KeyboardInterrupt: \r\n\x04>")


def test_a_ctrl_c_at_any_moment_of_a_command_leaves_the_repl_working(console):
    board = console()
    board.say(b"\x01")
    outcomes = set()
    for after_us in range(0, 240, 3):
        board.usb.send(b"x = 1\x04")
        answer = board.say(seconds=after_us / 1e6) + board.say(b"\x03", 0.01)
        assert answer in (b"OK\x04\x04>", b"OK\x04KeyboardInterrupt: \r\n\x04>")
        outcomes.add(answer)
        assert board.say(b"print(x)\x04", 0.01) == b"OK1\r\n\x04\x04>"
    assert len(outcomes) == 2


def test_what_is_typed_comes_in_packets(console):
    board = console()
    board.say(b"\x01")
    engine = board.board.processor.engine
    turns = []
    resume = engine.resume
    engine.resume = lambda payload: turns.append(1) or resume(payload)
    board.say(b"#" * 6_400 + b"\x04")
    assert len(turns) < 6_400 / 64 + 20


def test_ctrl_c_ends_code_that_came_by_raw_paste(console):
    board = console()
    board.say(b"\x01")
    assert board.say(b"\x05A\x01") == b"R\x01\x80\x00\x01"
    assert board.say(b"import time\ntime.sleep(9)\x04") == b"\x04"
    assert board.say(b"\x03").endswith(b"KeyboardInterrupt: \r\n\x04>")


def test_what_a_text_is_no_utf_8_is_an_error_and_the_repl_goes_on(console, engine):
    board = console(engine=engine)
    board.say(b"\x01")
    assert b"UnicodeError" in board.say(b"print('\xff')\x04")
    assert board.say(b"print(1)\x04") == b"OK1\r\n\x04\x04>"


def test_timers_and_outputs_go_on_in_the_repl(console, engine):
    script = """
        from machine import Pin, Timer
        count = 0
        def tick(_):
            global count
            count += 1
        out = Pin(2, Pin.OUT, value=1)
        timer = Timer(period=10, callback=tick)
        """
    board = console(script, engine=engine)
    board.say(seconds=1.0)
    before = int(board.say(b"count\r").split()[1])
    after = int(board.say(b"count\r", 1.0).split()[1])
    assert (before, after) == (pytest.approx(100, abs=3), pytest.approx(120, abs=3))
    assert board.board.gpio.level(2) == 1
    assert board.say(b"1/0\r").endswith(PROMPT)


def test_the_watchdog_goes_on_biting_in_the_repl(console):
    board = console("import machine\nprint(machine.reset_cause())")
    board.say()
    board.say(b"dog = machine.WDT(timeout=1000)\r")
    assert board.say(seconds=0.7) == b""
    assert board.say(seconds=0.3).startswith(b"3\r\nMicroPython")


def test_the_prompt_waits_without_work(console):
    board = console()
    board.say()
    engine = board.board.processor.engine
    turns = []
    resume = engine.resume
    engine.resume = lambda payload: turns.append(1) or resume(payload)
    assert board.say(seconds=100) == b""
    assert len(turns) < 5


def test_the_engines_say_the_same_at_the_same_time():
    def story(engine):
        board = Console("print('main')", engine=engine)
        heard = []
        board.usb.reader = lambda data: heard.append((board.board.now_us, data))
        board.say(b"for i in range(3):\rprint(i)\r\x7f\r")
        board.say(b"\x01import time\nfor i in range(3):\n time.sleep_ms(i)\n print(i)\x04\x04")
        board.say(b"\x05A\x01" + b"# long\n" * 60 + b"print(9)\x04")
        board.board.close()
        return heard

    assert story("cpython") == story("micropython") == story("micropython32")


def test_a_repl_changes_nothing_before_main_has_ended(running):
    digests = {running(repl=repl).trace().digest() for repl in (False, True)}
    assert len(digests) == 1


def test_the_implementation_tells_machine_and_mpy_where_the_engine_loads_them(console, engine):
    board = console("import sys\nimplementation = sys.implementation", engine=engine)
    board.say()
    assert b"Pico with RP2040'" in board.say(b"implementation._machine\r")
    has_mpy = board.say(b"hasattr(implementation, '_mpy')\r").split()[-2]
    assert has_mpy == (b"False" if engine == "cpython" else b"True")
