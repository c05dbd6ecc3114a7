"""What MicroPython's built-in names are, where CPython has more or does it otherwise.

A script that uses a name which the board lacks fails here with the NameError of the board.
"""

import builtins
from typing import Any

from pensim.board.near._errno import errorcode

_NAMES = """
    ArithmeticError AssertionError AttributeError BaseException EOFError Ellipsis Exception
    GeneratorExit ImportError IndentationError IndexError KeyError LookupError MemoryError
    NameError NotImplemented NotImplementedError OverflowError RuntimeError StopAsyncIteration
    StopIteration SyntaxError SystemExit TypeError UnicodeError ValueError ZeroDivisionError
    __build_class__ __debug__ __name__ abs all any bin bool bytearray bytes callable chr
    classmethod compile complex delattr dict dir divmod enumerate eval exec filter float frozenset
    getattr globals hasattr hash hex id int isinstance issubclass iter len list locals map max
    memoryview min next object oct ord pow property range repr reversed round set setattr slice
    sorted staticmethod str sum super tuple type zip
"""


class BoardInterrupt(BaseException):
    """KeyboardInterrupt on the board; a Ctrl-C at the host is not the firmware's to catch."""


class BoardError(OSError):
    """OSError as MicroPython has it: one class for all numbers, with the port's text."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.errno = arguments[0] if arguments else None

    def __str__(self) -> str:
        number = self.args[0] if self.args else None
        if number in errorcode:
            rest = "".join(f": {argument}" for argument in self.args[1:2])
            return f"[Errno {number}] {errorcode[number]}{rest}"
        return " ".join(str(argument) for argument in self.args)


def board_traceback(error: BaseException, names: dict[str, Any]) -> str:
    """MicroPython's form of a traceback; `names` are the built-ins of the firmware's frames.

    What the board does in C, here the near side, has no frames.
    """
    lines = []
    step = error.__traceback__
    while step is not None:
        code = step.tb_frame.f_code
        if step.tb_frame.f_builtins is names and code.co_filename.startswith("/"):
            where = f"line {step.tb_lineno}, in {code.co_name}"
            lines.append(f'  File "{code.co_filename[1:]}", {where}')
        step = step.tb_next
    if isinstance(error, SyntaxError) and error.filename:
        lines.append(f'  File "{error.filename[1:]}", line {error.lineno}')
    heading = ["Traceback (most recent call last):"] if lines else []
    return "\n".join([*heading, *lines, f"{_class_name(error)}: {_detail(error)}\n"])


def _class_name(error: BaseException) -> str:
    """The exception's class, or the nearest base that the board has."""
    for kind in type(error).__mro__:
        if kind.__module__ != "builtins" or kind.__name__ in BUILTINS:
            return kind.__name__
    return "BaseException"


def _detail(error: BaseException) -> str:
    if isinstance(error, SyntaxError):
        return str(error.msg)
    if isinstance(error, OSError) or not error.args:
        return str(error)
    return str(error.args[0]) if len(error.args) == 1 else str(error.args)


BoardInterrupt.__name__ = BoardInterrupt.__qualname__ = "KeyboardInterrupt"
BoardError.__name__ = BoardError.__qualname__ = "OSError"

BUILTINS: dict[str, Any] = {name: getattr(builtins, name) for name in _NAMES.split()} | {
    "KeyboardInterrupt": BoardInterrupt,
    "OSError": BoardError,
}
