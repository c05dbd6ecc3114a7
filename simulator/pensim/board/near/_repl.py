"""The REPL on the board's USB serial: friendly, raw and raw-paste.

MicroPython's `pyexec.c` byte for byte; what differs is listed in the test that compares the two
(tests/simulator/test_board_repl_twin.py).
"""

import _link
import _sys
from _layout import FRIENDLY_REPL, RAW_REPL
from _readline import LineEditor
from _statement import needs_more
from _usb import set_interrupt

CTRL_A, CTRL_B, CTRL_C, CTRL_D, CTRL_E = 1, 2, 3, 4, 5
RAW_STOPS = b"\x01\x02\x03\x04"
PASTE_STOPS = b"\x03\x04"
WINDOW = 128  # bytes of raw-paste's flow control: half the port's input buffer
RAW_BANNER = b"raw REPL; CTRL-B to exit\r\n"
PASTE_BANNER = b"\r\npaste mode; Ctrl-C to cancel, Ctrl-D to finish\r\n=== "
RESET = -1  # in place of a mode: a soft reset is asked for

_usb = _sys.stdin.buffer
_send = _usb.write


def serve(mode):
    """Serves the REPL until a soft reset is asked for; returns the mode that is in force then."""
    while True:
        following = _raw() if mode == RAW_REPL else _friendly()
        if following == RESET:
            return mode
        mode = following


def execute(make_code, *arguments):
    """Runs the code that `make_code` returns in the main module, if there is any.

    Returns the exception that ended it, or None.
    """
    try:
        code = make_code(*arguments)
        if code is not None:
            exec(code, _link.main)
    except BaseException as error:
        if _link.is_host_error(error):
            raise
        return error
    return None


def ended_by(error, marks):
    """Tells how code ended, with the end marks of the raw REPL if wanted.

    From here on Ctrl-C is a character like others. Returns whether it asks for a soft reset.
    """
    error = _without_interrupt(error)
    if marks:
        _send(b"\x04")
    if error is not None and not isinstance(error, SystemExit):
        _sys.print_exception(error)
    if marks:
        _send(b"\x04")
    return isinstance(error, SystemExit)


def _without_interrupt(error):
    """Switches the interrupting character off; one that still came ends the code, too."""
    while True:
        try:
            set_interrupt(-1)
            return error
        except KeyboardInterrupt as late:
            if error is None:
                error = late


def _run(text, kind, marks):
    return ended_by(execute(_interruptible, text, kind), marks)


def _interruptible(text, kind):
    """Code of a text; from here on Ctrl-C ends what runs."""
    set_interrupt(CTRL_C)
    return _link.compile(text, kind)


def _raw():
    """The raw REPL; returns the mode that follows."""
    _send(RAW_BANNER)
    while True:
        _send(b">")
        stop, line = _raw_line()
        if stop == CTRL_B:
            _send(b"\r\n")
            return FRIENDLY_REPL
        if stop == CTRL_A:
            if len(line) != 2 or line[0] != CTRL_E:
                _send(RAW_BANNER)
            elif _paste(line[1]):
                return RESET
            continue
        _send(b"OK")
        if not line:
            _send(b"\r\n")
            return RESET
        if _run(line, "exec", True):
            return RESET


def _raw_line():
    """(the control character that ended it, the bytes before)."""
    line = bytearray()
    while True:
        piece = _usb.take_before(RAW_STOPS)
        if piece[0] == CTRL_C:
            line = bytearray()
        elif piece[0] in RAW_STOPS:
            return piece[0], line
        else:
            line.extend(piece)


def _paste(command):
    """Raw-paste: text under flow control. Returns whether a soft reset is asked for."""
    if command != 65:  # "A"
        _send(b"R\x00")
        return False
    _send(b"R\x01")
    _send(bytes([WINDOW & 255, WINDOW >> 8, 1]))
    text = bytearray()
    left = WINDOW
    while True:
        piece = _usb.take_before(PASTE_STOPS, left)
        if piece[0] in PASTE_STOPS:
            break
        text.extend(piece)
        left -= len(piece)
        if not left:
            _send(b"\x01")
            left = WINDOW
    _send(b"\x04")
    if piece[0] == CTRL_C:
        return ended_by(KeyboardInterrupt(), True)
    return _run(text, "exec", True)


def _banner():
    name = _sys.version[_sys.version.index("M") :]
    _send((name + "; " + _sys.implementation._machine + "\r\n").encode())
    _send(b'Type "help()" for more information.\r\n')


def _friendly():
    """The friendly REPL; returns the mode that follows."""
    editor = LineEditor(_usb)
    _banner()
    while True:
        control, line = editor.read("", ">>> ")
        text, kind = b"", "single"
        if control == CTRL_A:
            _send(b"\r\n")
            return RAW_REPL
        if control == CTRL_B:
            _send(b"\r\n")
            _banner()
        elif control == CTRL_C:
            _send(b"\r\n")
        elif control == CTRL_D:
            _send(b"\r\n")
            return RESET
        elif control == CTRL_E:
            text, kind = _pasted(), "exec"
        else:
            text = _whole(editor, line).encode()
        if text and _run(text, kind, False):
            return RESET


def _whole(editor, line):
    """The statement that begins with this line; "" when it was given up."""
    while needs_more(line):
        control, line = editor.read(line + "\n", "... ")
        if control == CTRL_C:
            _send(b"\r\n")
            return ""
        if control == CTRL_D:
            return line
    return line


def _pasted():
    """The text of paste mode; empty when it was given up."""
    _send(PASTE_BANNER)
    text = bytearray()
    while True:
        piece = _usb.take_before(b"\r\x03\x04")
        if piece[0] in PASTE_STOPS:
            _send(b"\r\n")
            return b"" if piece[0] == CTRL_C else text
        text.extend(piece)
        _send(b"\r\n=== " if piece == b"\r" else piece)
