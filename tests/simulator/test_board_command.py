"""`penloop board`: a script on the bare board, from the command line."""

import io
import signal
import subprocess

import pytest

from penloop.commands.board import BoardRun
from penloop.errors import UserError
from pensim.errors import BoardFault
from tests.system.penloop_process import finish, penloop, start


class Terminal(io.StringIO):
    """A person who types lines."""

    def isatty(self):
        return True


@pytest.fixture
def run(tmp_path):
    def run_script(text, *wires, piped=b"", typed=None, files=None, **options):
        """(exit code, stdout, stderr)"""
        for name, content in (files or {}).items():
            path = tmp_path / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(content)
        script = tmp_path / "blink.py"
        script.write_text(text)
        out, err = io.BytesIO(), io.StringIO()
        source = Terminal(typed) if typed is not None else io.TextIOWrapper(io.BytesIO(piped))
        command = BoardRun(script, wires, out=out, err=err, source=source, **options)
        return command.finish(), out.getvalue().decode(), err.getvalue()

    return run_script


def test_prints_come_out_and_sys_exit_gives_the_code(run):
    assert run("import sys\nprint('on', 1)\nsys.exit(3)\n") == (3, "on 1\n", "")
    assert run("print('a')\n") == (0, "a\n", "")


def test_wires_join_pins_and_supplies(run):
    text = """
from machine import Pin
out = Pin(2, Pin.OUT, value=1)
print(Pin(3, Pin.IN).value(), Pin(4, Pin.IN).value(), Pin(5, Pin.IN, Pin.PULL_UP).value())
"""
    assert run(text, "GP2=GP3,3V3=GP4", "GP5=GND")[1] == "1 1 0\n"
    assert run(text)[1] == "0 0 1\n"


def test_an_exception_has_the_script_s_name_and_exit_code_1(run):
    code, out, err = run(
        "import helper\nprint('before')\nhelper.fail()\n",
        files={"helper.py": "def fail():\n    raise ValueError('no')\n"},
    )
    assert (code, out) == (1, "before\n")
    assert err == (
        'Traceback (most recent call last):\n  File "blink.py", line 3, in <module>\n'
        '  File "helper.py", line 2, in fail\nValueError: no\n'
    )


def test_a_syntax_error_is_an_exception_of_the_script(run):
    code, _, err = run("x = = 1\n")
    assert code == 1
    assert 'File "blink.py", line 1\nSyntaxError: ' in err


def test_grammar_that_micropython_lacks_is_a_syntax_error(run):
    assert run("match 5:\n    case 5:\n        print('five')\n")[0] == 1


def test_packages_and_lib_beside_the_script_are_imported(run):
    files = {"pack/__init__.py": "a = 1", "pack/inner.py": "b = 2", "lib/shelf.py": "c = 3"}
    text = "from pack import a\nfrom pack.inner import b\nimport shelf\nprint(a, b, shelf.c)\n"
    assert run(text, files=files)[1] == "1 2 3\n"


def test_a_traceback_in_a_callback_goes_to_stderr_as_it_happens(run):
    code, out, err = run(
        """
from machine import Timer
import time
timer = Timer(mode=Timer.ONE_SHOT, period=1, callback=lambda t: 1 / 0, hard=True)
time.sleep_ms(5)
print("goes on")
"""
    )
    assert (code, out) == (0, "goes on\n")
    assert err.startswith("Uncaught exception in IRQ callback handler\nTraceback")


def test_a_spin_sees_its_interrupt(run):
    text = """
from machine import Timer
seen = []
timer = Timer(mode=Timer.ONE_SHOT, period=5, callback=seen.append)
while not seen:
    pass
print(len(seen))
"""
    assert run(text) == (0, "1\n", "")


def test_time_ends_a_script_that_runs_for_ever(run):
    text = "import time\nwhile True:\n    time.sleep(1)\n    print(time.time() % 100)\n"
    code, out, err = run(text, limit="3.5s")
    assert (code, len(out.split())) == (0, 3)
    assert err == "penloop board: blink.py was ended after 3.5 s of virtual time\n"


@pytest.mark.parametrize("limit", ["", "10s"])
def test_a_script_that_waits_for_nothing_is_an_error_of_one_line(run, limit):
    with pytest.raises(BoardFault, match=r"blink.py waits for ever: no timer .* is due any more"):
        run("import machine\nprint('x')\nmachine.lightsleep()\n", limit=limit)


def test_piped_input_reaches_stdin_and_its_end_is_noticed(run):
    text = "import sys\nprint(repr(sys.stdin.readline()), sys.stdin.buffer.read(2))\n"
    assert run(text, piped=b"line\n\x00\xff")[1] == r"'line\n' b'\x00\xff'" + "\n"
    with pytest.raises(BoardFault, match="the input has ended"):
        run(text, piped=b"line\n")


def test_piped_input_reaches_a_script_that_polls(run):
    text = """
import sys, select, time
poll = select.poll()
poll.register(sys.stdin, select.POLLIN)
while not poll.poll(0):
    time.sleep_ms(10)
print(sys.stdin.read(1))
"""
    assert run(text, piped=b"k")[1] == "k\n"


def test_ctrl_c_in_piped_input_interrupts_unless_switched_off(run):
    text = "import sys, micropython\n%s\nprint(sys.stdin.buffer.read(3))\n"
    code, _, err = run(text % "", piped=b"a\x03b")
    assert code == 1
    assert err.endswith("KeyboardInterrupt: \n")
    assert run(text % "micropython.kbd_intr(-1)", piped=b"a\x03b")[1] == r"b'a\x03b'" + "\n"


def test_a_person_types_when_the_script_asks(run):
    text = "name = input('name? ')\nprint('hello', name)\nprint(input())\n"
    code, out, _ = run(text, typed="pen\nagain\n")
    assert (code, out) == (0, "name? pen\nhello pen\nagain\nagain\n")


def test_a_seed_repeats_a_run(run):
    text = "import random, os\nprint(random.random(), os.urandom(4))\n"
    assert run(text, seed=5) == run(text, seed=5) != run(text, seed=6)


@pytest.mark.parametrize("engine", ["micropython"])
def test_another_engine_prints_the_same(run, engine):
    text = "import time\ntime.sleep_ms(5)\nprint(time.ticks_us())\n"
    assert run(text, engine=engine) == run(text)


@pytest.mark.parametrize(
    ("wire", "message"),
    [
        ("GP2", "name two pins, as GP2=GP3"),
        ("GP2=GP30", "no pin GP30: use GP0 to GP29, 3V3 or GND"),
        ("GP2=GP2", "name two pins"),
        ("GP2=5V", "no pin 5V"),
        ("3V3=GND", "no pin GND"),
    ],
)
def test_a_bad_wire_is_refused_with_the_remedy(run, wire, message):
    with pytest.raises(UserError, match=message):
        run("", wire)


@pytest.mark.parametrize("limit", ["10", "fast", "-3s", "0s", "10 mm"])
def test_a_bad_time_is_refused_with_the_remedy(run, limit):
    with pytest.raises(UserError, match=f"--time {limit}: give"):
        run("", limit=limit)


# As a person starts it


def test_the_command_line_s_own_errors_have_exit_code_2(tmp_path):
    code, out, err = penloop("board", str(tmp_path / "none.py"))
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    assert "no such script" in err
    (tmp_path / "x.py").write_text("")
    assert penloop("board", str(tmp_path / "x.py"), "--wire", "GP1")[0] == 2


def test_the_first_ctrl_c_is_the_script_s_and_the_second_ends_it(tmp_path):
    script = tmp_path / "stubborn.py"
    script.write_text(
        """
try:
    print("running")  # the interrupt may come before it returns
    while True:
        pass
except KeyboardInterrupt:
    print("once")
while True:
    pass
"""
    )
    process = start("board", str(script))
    assert process.stdout.readline() == "running\n"
    process.send_signal(signal.SIGINT)
    assert process.stdout.readline() == "once\n"
    process.send_signal(signal.SIGINT)
    assert finish(process) == (130, "", "")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_the_first_sigterm_ends_a_script_even_one_that_catches_all(tmp_path, number, code):
    script = tmp_path / "busy.py"
    script.write_text(
        """
import time
print("running")
while True:
    try:
        time.sleep(1)
    except:
        print("caught")
"""
    )
    process = start("board", str(script))
    assert process.stdout.readline() == "running\n"
    process.send_signal(number)
    assert finish(process, 20.0) == (code, "", "")


def test_a_pipe_feeds_the_script(tmp_path):
    script = tmp_path / "reader.py"
    script.write_text("import sys\nprint('first')\nprint(sys.stdin.readline())\n")
    process = start("board", str(script), stdin=subprocess.PIPE)
    out, _ = process.communicate("typed\n", timeout=20)
    assert out == "first\ntyped\n\n"
