"""The board's flash and the cartridge's EEPROM with a supply that can go in any step of a write.

`Flash` runs the firmware's own board.py on files in memory; `Eeprom` is the cartridge's bus. Both
keep a journal: what they held before the first step of a write and after each one. A byte that is
programmed is a step, and so are an open that empties or makes a file, a renaming and a removal.
"""

import builtins
from functools import cache
from io import RawIOBase
from pathlib import Path
from types import ModuleType, SimpleNamespace

import penfw

PAGE_BYTES = 8
EEPROM_BYTES = 256
ERASED = b"\xff"


class Flash:
    """Files by path; `files` is the firmware's view of them, `board` the module board.py."""

    def __init__(self, content=None):
        self.content = dict(content or {})
        self.journal = [dict(self.content)]
        self.board = board_module(self)
        self.files = self.board.Files()

    def changed(self, path, data):
        """One step: a file has another content; None: it is gone."""
        if data is None:
            del self.content[path]
        else:
            self.content[path] = data
        self.journal.append(dict(self.content))

    def open(self, path, mode="r"):
        """As the builtin, for bytes."""
        if "r" in mode and path not in self.content:
            raise OSError(2)
        if "w" in mode or path not in self.content:
            self.changed(path, b"")
        return _File(self, path, len(self.content[path]) if "a" in mode else 0)

    def remove(self, path):
        """As in `os`."""
        if path not in self.content:
            raise OSError(2)
        self.changed(path, None)

    def rename(self, old, new):
        """As in `os`, in one step."""
        self.content[new] = self.content.pop(old)
        self.journal.append(dict(self.content))


class _File(RawIOBase):
    """An open file; each byte that is written is a step."""

    def __init__(self, flash, path, at):
        self._flash = flash
        self._path = path
        self._at = at

    def read(self, size=-1):
        data = self._flash.content[self._path][self._at :]
        data = data if size < 0 else data[:size]
        self._at += len(data)
        return data

    def seek(self, at, whence=0):
        self._at = at + (len(self._flash.content[self._path]) if whence == 2 else 0)
        return self._at

    def write(self, data):
        for byte in bytes(data):
            old = self._flash.content[self._path]
            new = old[: self._at] + bytes((byte,)) + old[self._at + 1 :]
            self._flash.changed(self._path, new)
            self._at += 1
        return len(data)


class Eeprom:
    """The cartridge's bus with a 24C02; `erased`: a page is empty before it is programmed."""

    def __init__(self, content, erased=False):
        self.content = bytes(content)
        self.journal = [self.content]
        self._erased = erased

    def readfrom_mem(self, _address, at, size):
        """Bytes from `at` on."""
        return (self.content * 2)[at : at + size]

    def writeto_mem(self, _address, at, data):
        """Programs a piece of one page, a step a byte."""
        assert at // PAGE_BYTES == (at + len(data) - 1) // PAGE_BYTES, "beyond its page"
        if self._erased:
            self._changed(at, ERASED * len(data))
        for offset in range(len(data)):
            self._changed(at + offset, data[offset : offset + 1])

    def _changed(self, at, data):
        self.content = self.content[:at] + data + self.content[at + len(data) :]
        self.journal.append(self.content)


@cache
def _board_code():
    path = Path(penfw.__path__[0]) / "board.py"
    return compile(path.read_text(), str(path), "exec")


def _nothing(*_values, **_named):
    """What a part does that no test looks at."""


def board_module(flash):
    """The firmware's board.py as a module, on parts that do nothing and the files of a Flash."""
    names = ("ADC", "I2C", "PWM", "UART", "WDT", "Pin", "Timer", "reset")
    machine = SimpleNamespace(**dict.fromkeys(names, _nothing))
    machine.unique_id = lambda: bytes(range(8))
    machine.reset_cause = lambda: 1
    time = SimpleNamespace(
        ticks_us=lambda: 0, ticks_ms=lambda: 0, sleep_ms=_nothing,
        ticks_add=lambda ticks, delta: ticks + delta, ticks_diff=lambda one, two: one - two,
    )  # fmt: skip
    parts = {"machine": machine, "micropython": micropython(), "time": time, "os": flash}

    def imported(name, *rest):
        return parts[name] if name in parts else __import__(name, *rest)

    module = ModuleType("penfw.board")
    module.__builtins__ = {**vars(builtins), "__import__": imported, "open": flash.open}
    exec(_board_code(), module.__dict__)
    return module


def micropython():
    """What the firmware takes from MicroPython's module of that name."""
    module = ModuleType("micropython")
    module.const = module.native = module.viper = lambda value: value
    module.alloc_emergency_exception_buf = module.kbd_intr = _nothing
    return module
