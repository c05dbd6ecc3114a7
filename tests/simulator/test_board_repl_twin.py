"""The virtual board's REPL against that of a real MicroPython: the same bytes, the same answers.

The real one is the unix port on a pseudo-terminal. `TOLERATED` names every difference.
"""

import re
from functools import cache

import pytest

from tests.simulator.repl_transcript import RealRepl, VirtualRepl

PROMPT, MORE, RAW, END = b">>> ", b"... ", b">", b"\x04>"
ENTER = (b"\x01", b"\r\n>")

# What the comparison forgives: (why, the text that differs, what stands for it on both sides).
TOLERATED = (
    (
        "the banner's version and machine are each board's own",
        rb"MicroPython [^\r\n]+; [^\r\n]+",
        b"<banner>",
    ),
    (
        "the unix port leaves the carriage return before a printed line's end to the terminal",
        rb"\r\n",
        b"\n",
    ),
)
# Forgiven on the in-process engine only, whose interpreter is CPython.
TOLERATED_IN_PROCESS = (
    (
        "CPython has other words for what the interpreter itself raises",
        rb"(ZeroDivisionError|NameError|UnicodeError|AttributeError|IndentationError): [^\n]*",
        rb"\1",
    ),
    (
        "CPython may name another line of a text that ends too soon",
        rb'"<stdin>", line \d+\nSyntaxError',
        b'"<stdin>", line ?\nSyntaxError',
    ),
)
# Not compared, as the virtual board does not do it: a name is not completed by the tab key; paste
# mode runs the text without showing the values of its expressions; raw-paste reads a text with a
# syntax error to its end, where the port stops early; a text that is no UTF-8 is a UnicodeError;
# `help()` says nothing; what is typed ahead of a soft reset is lost.
# Not compared, as the unix port does otherwise than the rp2 port: CR LF is two new lines there, and
# Ctrl-C does not come through while a raw-paste command runs.

CONVERSATIONS = {
    "raw mode is entered, reset and left": [
        (b"\x01", RAW), (b"\x01", RAW), (b"junk\x03print(1)\x04", END), (b"junk\x02", PROMPT),
        (b"2\r", PROMPT),
    ],
    "output of a command": [
        ENTER, (b"print(1, 'a')\x04", END), (b"x = 5\x04", END),
        (b"for i in range(3):\n print(i)\x04", END),
        (b"print(x, end='')\x04", END), ("print('äöü')\x04".encode(), END), (b"5\x04", END),
        (b"print('a\\tb')\r\nprint('c')\r\n\x04", END),
    ],
    "exceptions of a command": [
        ENTER, (b"print(1)\n1/0\x04", END), (b"def f():\n raise ValueError('x')\n\nf()\x04", END),
        (b"raise OSError(2)\x04", END), (b"raise KeyError\x04", END), (b"nothing\x04", END),
        (b"class E(Exception):\n  pass\nraise E('a', 1)\x04", END), (b"f()\x04", END),
        (b"import nowhere\x04", END), (b"raise KeyboardInterrupt\x04", END),
        (b"import sys\ntry:\n f()\nexcept ValueError as e:\n sys.print_exception(e)\x04", END),
    ],
    "syntax errors": [
        ENTER, (b"x(\x04", END), (b"def f(:\n pass\x04", END), (b"print(1)\n  x = 1\x04", END),
        (b"a b\x04", END), (b"print(1)\nx = = 2\x04", END),
    ],
    "raw-paste": [
        ENTER, (b"\x05A\x01", b"\x01"), (b"print(1)\n\x04", END), (b"\x05A\x01", b"\x01"),
        (b"1/0\x04", END), (b"\x05A\x01", b"\x01"), (b"x(\x04", END), (b"\x05A\x01", b"\x01"),
        (b"print(1", b""), (b"\x03", END), (b"\x05B\x01", RAW), (b"print(2)\x04", END),
        (b"\x05A\x01", b"\x01"), (b"\x04", END),
    ],
    "raw-paste's flow control": [
        ENTER, (b"\x05A\x01", b"\x01"), (b"#" * 127, b""), (b"\n", b"\x01"), (b"#" * 127, b""),
        (b"\nprint(3)\n" + b"#" * 300, b"\x01\x01\x01"), (b"\nprint(4)\x04", END),
    ],
    "Ctrl-C in a sleep": [
        ENTER, (b"import time\nprint(1)\ntime.sleep(30)\nprint(2)\x04", b"1\n"), (b"\x03", END),
        (b"try:\n print(2)\n time.sleep(30)\nexcept KeyboardInterrupt:\n print(3)\x04", b"2\n"),
        (b"\x03", END), (b"\x02", PROMPT), (b"print(4); time.sleep(30)\r", b"\n4\n"),
        (b"\x03", PROMPT), (b"1\r", PROMPT),
    ],
    "a command reads from the serial port": [
        ENTER, (b"import sys\nprint(sys.stdin.read(3))\x04", b"OK"), (b"abc", END),
    ],
    "friendly expressions": [
        (b"1 + 1\r", PROMPT), (b"'a'\r", PROMPT), (b"None\r", PROMPT), (b"x = [1, 2]\r", PROMPT),
        (b"x\r", PROMPT), (b"_\r", PROMPT), (b"1; 2\r", PROMPT), (b"x.nothing\r", PROMPT),
        (b"\r", PROMPT), (b"print(x)\r", PROMPT), (b"a b\r", PROMPT), (b"b'\\x00'\r", PROMPT),
        (b"'it''s'\r", PROMPT), (b"{'a': None}\r", PROMPT), (b"(1,)\r", PROMPT),
    ],
    "friendly statements of several lines": [
        (b"for i in range(2):\r", MORE), (b"i\r", MORE), (b"\x08\r", PROMPT),
        (b"def f(a,\r", MORE), (b"b):\r", MORE), (b"return a + b\r", MORE), (b"\r", MORE),
        (b"\r", MORE), (b"\r", PROMPT), (b"f(1, 2)\r", PROMPT), (b"'''a\r", MORE),
        (b"b'''\r", PROMPT),
        (b"1 + \\\r", MORE), (b"2\r", PROMPT), (b"if x := 0:\r", MORE), (b"\x03", PROMPT),
        (b"while False:\r", MORE), (b" pass\r", MORE), (b"\x7f\x04", PROMPT), (b"@\r", MORE),
        (b"\x03", PROMPT), (b"format = 1\r", PROMPT), (b"[']',\r", MORE), (b"1]\r", PROMPT),
    ],
    "the line editor": [
        (b"12\x0834\r", PROMPT), (b"ab\x01'\x05'\r", PROMPT), (b"\x10\r", PROMPT),
        (b"\x1b[A\x1b[A\x1b[D5\r", PROMPT), (b"1234567\x0119\x1b[3~\r", PROMPT),
        (b"123456\x1b[D\x1b[D\x0b\r", PROMPT), (b"123\x02\x02\x15\r", PROMPT), (b"7\x03", PROMPT),
        (b"\x1b[A\x1b[B8\r", PROMPT), (b"12\x1b[H3\x1b[F4\x1bOH5\x1b[C\x7f\x04\r", PROMPT),
        (b"if 1:\r", MORE), (b" 5\r", MORE), (b"\x08\r", PROMPT), (b"1\x1b[99~2\x1bq\r", PROMPT),
        (b"if 1:\r", MORE), (b"\t5\r", MORE), (b"\x7f\r", PROMPT),
    ],
    "paste mode": [
        (b"\x05", b"=== "), (b"print(1)\rif 1:\r print(2)\r\rprint(3)\r\x04", PROMPT),
        (b"\x05", b"=== "), (b"junk\x03", PROMPT), (b"\x05", b"=== "), (b"1/0\r\x04", PROMPT),
    ],
    "Ctrl-B shows the banner": [(b"\x02", PROMPT), (b"\x01", RAW), (b"\x02", PROMPT)],
    "names survive from one command to the next": [
        ENTER, (b"def f():\n return x\nx = 1\x04", END), (b"x = 2\x04", END),
        (b"print(f())\x04", END), (b"\x02", PROMPT), (b"f()\r", PROMPT), (b"__name__\r", PROMPT),
    ],
}  # fmt: skip
SOFT_RESETS = {
    "from raw mode": ([ENTER, (b"\x04", b"OK\r\n")], b"raw REPL; CTRL-B to exit\r\n>"),
    "by SystemExit in raw mode": (
        [ENTER, (b"raise SystemExit\x04", b"OK\x04\x04")], b"raw REPL; CTRL-B to exit\r\n>",
    ),
    "from friendly mode": ([(b"\x04", b"\n")], b'Type "help()" for more information.\r\n>>> '),
    "by SystemExit in friendly mode": (
        [(b"raise SystemExit\r", b"\n")], b'Type "help()" for more information.\r\n>>> ',
    ),
}  # fmt: skip


def alike(transcript, engine):
    """The transcript without what is tolerated."""
    for _why, text, stand_in in TOLERATED + TOLERATED_IN_PROCESS * (engine == "cpython"):
        transcript = re.sub(text, stand_in, transcript)
    return transcript


@cache
def real_answers(home, steps):
    """What the real MicroPython says at first and after each step."""
    real = RealRepl(home)
    answers = [real.say(b"", PROMPT), *(real.say(data, until) for data, until in steps)]
    real.close()
    return answers


def virtual_answers(engine, steps):
    virtual = VirtualRepl(engine)
    answers = [virtual.say(b"", PROMPT), *(virtual.say(data, until) for data, until in steps)]
    virtual.close()
    return answers


@pytest.fixture(scope="session")
def home(tmp_path_factory):
    """Where the real one finds no history of an earlier session."""
    return tmp_path_factory.mktemp("home")


@pytest.mark.parametrize("conversation", CONVERSATIONS)
def test_the_virtual_board_answers_as_a_real_micropython_does(engine, conversation, home):
    steps = tuple(CONVERSATIONS[conversation])
    real = real_answers(home, steps)
    virtual = virtual_answers(engine, steps)
    for (typed, _), expected, answer in zip([(b"", b""), *steps], real, virtual):
        assert (typed, alike(answer, engine)) == (typed, alike(expected, engine))


@pytest.mark.parametrize("way", SOFT_RESETS)
def test_a_soft_reset_begins_as_on_unix_where_it_ends_the_process(engine, way, home):
    steps, then = SOFT_RESETS[way]
    real = real_answers(home, tuple(steps))[-1]
    virtual = virtual_answers(engine, steps)[-1]
    begin, _, rest = virtual.partition(b"MPY: soft reboot\r\n")
    assert alike(begin, engine) == alike(real, engine)
    assert rest.endswith(then)
