"""MicroPython's `sys` on the virtual board: streams are the board's USB serial."""

import _link
from _serial import USBSerial

_usb = USBSerial()


class _Stream:
    """A text stream over the USB serial; `buffer` is its bytes."""

    def __init__(self, port):
        self._port = port
        self.buffer = port

    def write(self, text):
        return self._port.write(text)

    def read(self, count=-1):
        return bytes(self._port.read(count)).decode()

    def readline(self):
        line = ""
        while not line.endswith("\n"):
            line += self.read(1)
        return line


stdin = _Stream(_usb)
stdout = _Stream(_usb)
stderr = stdout
platform = "rp2"
version = "3.4.0; MicroPython v1.28.0"
version_info = (3, 4, 0)
byteorder = "little"
maxsize = 0x7FFFFFFF
path = ["", ".frozen", "/lib"]
argv = []
modules = _link.modules


class _Implementation:
    name = "micropython"
    version = (1, 28, 0, "")
    _machine = "Raspberry Pi Pico with RP2040"
    _mpy = 4870


implementation = _Implementation()


def exit(status=0):
    raise SystemExit(status)


def print_exception(error, file=stdout):
    file.write(_link.format_exception(error))


def _print(*values, sep=" ", end="\n", file=None):
    text = sep.join([str(value) for value in values]) + end
    (stdout if file is None else file).write(text)


