"""The firmware in this process: its modules on CPython, its main loop on a greenlet.

Each pen has its own instance of every module, of the firmware's and of the board's near side;
imports are redirected per pen, so the host's `time` and `os` stay untouched.
"""

import builtins
import errno
import sys
import traceback
from functools import lru_cache
from importlib.resources import files
from types import CodeType, ModuleType
from typing import Any

from greenlet import GreenletExit, getcurrent, greenlet

from pensim.board.near._layout import ARG0, EXIT, REASON, RECEIVED
from pensim.engines import BoardLink

NEAR = files("pensim.board.near")
NEAR_NAMES = {
    "_board": "_board",
    "_layout": "_layout",
    "_serial": "_serial",
    "gc": "_gc",
    "machine": "machine",
    "micropython": "_micropython",
    "os": "os",
    "select": "select",
    "sys": "_sys",
    "time": "time",
}
SHARED = ("array", "binascii", "collections", "errno", "hashlib", "heapq", "io", "json", "math",
          "random", "re", "struct")  # fmt: skip
HIDDEN_BUILTINS = ("breakpoint", "copyright", "credits", "exit", "help", "license", "quit")


@lru_cache(maxsize=512)
def compiled(source: bytes, name: str) -> CodeType:
    """Code of one source file, shared by all pens that run it."""
    return compile(source, name, "exec", dont_inherit=True)


@lru_cache(maxsize=64)
def near_source(name: str) -> bytes:
    """Text of a module of the board's near side."""
    return (NEAR / f"{name}.py").read_bytes()


class CPythonEngine:
    """One pen's firmware, its main loop on a greenlet."""

    def __init__(self, link: BoardLink) -> None:
        self._link = link
        self._words = link.words
        self._modules: dict[str, Any] = {}
        self._probe: Any = None
        self._builtins = {
            name: value for name, value in vars(builtins).items() if name not in HIDDEN_BUILTINS
        }
        self._builtins["__import__"] = self._import
        self._modules["_link"] = self._link_module()
        self._modules["_profile"] = _namespace("_profile", link.profile)
        board = self._load("_board")
        system = self._load("sys")
        self._builtins["open"] = self._load("os").open
        self._builtins["print"] = system._print
        self.interrupt = board.dispatch  # runs a callback; returns 1 when it raised
        self._main = greenlet(self._run_main)

    def resume(self, payload: bytes) -> bytes:
        main = self._main
        main.parent = getcurrent()
        return main.switch(payload)

    def probe(self) -> Any:
        return self._probe

    def close(self) -> None:
        main = self._main
        if main and not main.dead:
            main.parent = getcurrent()
            main.throw(GreenletExit)

    def _link_module(self) -> ModuleType:
        def exchange(payload: bytes) -> bytes:
            return self._main.parent.switch(payload)

        return _namespace(
            "_link",
            {
                "words": self._words,
                "costs": self._link.costs,
                "exchange": exchange,
                "immediate": self._link.serve_immediately,
                "heap_lock": lambda: None,
                "heap_unlock": lambda: None,
                "format_exception": _format_exception,
                "modules": self._modules,
                "probe": self._attach_probe,
            },
        )

    def _attach_probe(self, values: Any) -> None:
        self._probe = memoryview(values)

    def _run_main(self, _payload: bytes) -> bytes:
        """Runs `/main.py`; what is left of the session is one EXIT request after another."""
        self._words[RECEIVED] = 0  # what was sent before any port was open is lost
        code, text = 0, ""
        try:
            module = self._new_module("__main__", "/main.py")
            exec(compiled(self._link.files["/main.py"], "/main.py"), module.__dict__)
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else int(end.code is not None)
        except GreenletExit:
            raise
        except BaseException as error:
            code, text = 1, _format_exception(error).decode()
        while True:
            self._words[REASON] = EXIT
            self._words[ARG0] = code
            self._main.parent.switch(text.encode())

    def _new_module(self, name: str, path: str) -> ModuleType:
        module = ModuleType(name)
        module.__dict__["__builtins__"] = self._builtins
        module.__file__ = path
        self._modules[name] = module
        return module

    def _load(self, name: str) -> Any:
        """A module by its absolute name: near side, shared library or the flash's files."""
        module = self._modules.get(name)
        if module is not None:
            return module
        if name in NEAR_NAMES:
            source = near_source(NEAR_NAMES[name])
            return self._execute(name, f"near/{NEAR_NAMES[name]}.py", source)
        if name in SHARED:
            self._modules[name] = module = __import__(name)
            return module
        parent, _, leaf = name.rpartition(".")
        if parent:
            self._load(parent)
        path, is_package = self._find(name)
        module = self._new_module(name, path)
        module.__package__ = name if is_package else parent
        try:
            exec(compiled(self._link.files[path], path), module.__dict__)
        except BaseException:
            del self._modules[name]
            raise
        if parent:
            setattr(self._modules[parent], leaf, module)
        return module

    def _execute(self, name: str, path: str, source: bytes) -> ModuleType:
        module = self._new_module(name, path)
        exec(compiled(source, path), module.__dict__)
        return module

    def _find(self, name: str) -> tuple[str, bool]:
        stem = "/" + name.replace(".", "/")
        for root in ("", "/lib"):
            for path, is_package in ((stem + "/__init__.py", True), (stem + ".py", False)):
                if root + path in self._link.files:
                    return root + path, is_package
        if any(path.startswith(stem + "/") for path in self._link.files):
            self._link.files[stem + "/__init__.py"] = b""
            return stem + "/__init__.py", True
        raise ImportError(f"no module named '{name}'")

    def _import(
        self,
        name: str,
        scope: dict[str, Any] | None = None,
        _locals: Any = None,
        wanted: tuple[str, ...] | None = (),
        level: int = 0,
    ) -> Any:
        if level:
            package = (scope or {}).get("__package__") or ""
            for _ in range(level - 1):
                package = package.rpartition(".")[0]
            name = f"{package}.{name}" if name else package
        module = self._load(name)
        if not wanted:
            return self._modules[name.partition(".")[0]] if not level else module
        for item in wanted:
            if item != "*" and not hasattr(module, item):
                try:
                    self._load(f"{name}.{item}")
                except ImportError:
                    raise ImportError(f"can't import name {item}") from None
        return module


def _namespace(name: str, values: dict[str, Any]) -> ModuleType:
    module = ModuleType(name)
    module.__dict__.update(values)
    return module


def _format_exception(error: BaseException) -> bytes:
    """MicroPython's form of a traceback: the firmware's own frames only."""
    lines = ["Traceback (most recent call last):"]
    for frame in traceback.extract_tb(error.__traceback__):
        if frame.filename.startswith(("/", "near/")) and not _is_host_file(frame.filename):
            where = "<module>" if frame.name == "<module>" else frame.name
            lines.append(f'  File "{frame.filename.lstrip("/")}", line {frame.lineno}, in {where}')
    name = type(error).__name__
    detail = str(error)
    if isinstance(error, OSError) and error.args and isinstance(error.args[0], int):
        number = error.args[0]
        detail = f"[Errno {number}] {errno.errorcode.get(number, '')}".rstrip()
    lines.append(f"{name}: {detail}" if detail else name)
    return ("\n".join(lines) + "\n").encode()


def _is_host_file(name: str) -> bool:
    return name.startswith((sys.prefix, sys.base_prefix)) or "/pensim/" in name


