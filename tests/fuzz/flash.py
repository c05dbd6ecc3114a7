"""The firmware's own board.py on files in memory and on parts that do nothing."""

import builtins
from functools import cache
from io import RawIOBase
from pathlib import Path
from types import ModuleType, SimpleNamespace

import penfw


class Flash:
    """Files by path; `board` is the module board.py on them."""

    def __init__(self, content=None):
        self.content = dict(content or {})
        self.board = board_module(self)

    def open(self, path, mode="r"):
        """As the builtin, for bytes."""
        if "r" in mode and path not in self.content:
            raise OSError(2)
        if "w" in mode or path not in self.content:
            self.content[path] = b""
        return _File(self.content, path, len(self.content[path]) if "a" in mode else 0)

    def remove(self, path):
        """As in `os`."""
        if path not in self.content:
            raise OSError(2)
        del self.content[path]

    def rename(self, old, new):
        """As in `os`."""
        self.content[new] = self.content.pop(old)


class _File(RawIOBase):
    """An open file."""

    def __init__(self, content, path, at):
        self._content = content
        self._path = path
        self._at = at

    def read(self, size=-1):
        data = self._content[self._path][self._at :]
        data = data if size < 0 else data[:size]
        self._at += len(data)
        return data

    def seek(self, at, whence=0):
        self._at = at + (len(self._content[self._path]) if whence == 2 else 0)
        return self._at

    def write(self, data):
        old, end = self._content[self._path], self._at + len(data)
        self._content[self._path] = old[: self._at] + bytes(data) + old[end:]
        self._at = end
        return len(data)


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
