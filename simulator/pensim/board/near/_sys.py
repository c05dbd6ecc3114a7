"""MicroPython's `sys` on the virtual board: streams are the board's USB serial."""

import _errno
import _link
from _board import W
from _layout import REBOOT
from _profile import MACHINE_NAME
from _serial import octets
from _usb import USBSerial

_usb = USBSerial()


class _Stream:
    """A text stream over the USB serial; `buffer` is its bytes.

    Text goes out with a carriage return before each new line; one that comes in is a new line.
    """

    def __init__(self, port):
        self._port = port
        self.buffer = port

    def write(self, text):
        raw = octets(text)
        self._port.write(raw.replace(b"\n", b"\r\n"))
        return len(raw)

    def read(self, count=-1):
        return self._port.read(count).replace(b"\r", b"\n").decode()

    def readline(self):
        line = self.read(1)
        while not line.endswith("\n"):
            line += self.read(1)
        return line

    def __iter__(self):
        return self

    def __next__(self):
        return self.readline()


stdin = _Stream(_usb)
stdout = _Stream(_usb)
stderr = stdout
platform = "rp2"
version = "3.4.0; MicroPython v1.28.0"
version_info = (3, 4, 0)
byteorder = "little"
maxsize = 0x7FFFFFFF
path = _link.path
argv = []
modules = _link.modules
modules["errno"] = _errno  # a real engine's own has its host's numbers


class _Implementation:
    name = "micropython"
    version = (1, 28, 0, "")
    _machine = MACHINE_NAME


if _link.mpy:  # an engine that loads .mpy says which
    _Implementation._mpy = _link.mpy
implementation = _Implementation()


def exit(*status):
    W[REBOOT] = 0
    raise SystemExit(*status)


def print_exception(error, file=stdout):
    file.write(_link.format_exception(error).decode())


def _print(*values, sep=" ", end="\n", file=None):
    text = sep.join([str(value) for value in values]) + end
    (stdout if file is None else file).write(text)


def _show(value):
    """What an expression typed into the REPL gave; `_` is that from then on."""
    if value is not None:
        _print(repr(value))
        _link.set_builtin("_", value)


def _input(prompt=""):
    """A line from the USB serial, echoed as the port's line editor does."""
    stdout.write(str(prompt))
    line = ""
    while True:
        character = stdin.read(1)
        if character == "\x04" and not line:
            raise EOFError
        if character == "\n":
            stdout.write("\n")
            return line
        stdout.write(character)
        line += character
