"""The firmware in this process: its modules on CPython, its main loop on a greenlet.

Each pen has its own instance of every module, of the firmware's and of the board's near side;
imports are redirected per pen, so the host's `time` and `os` stay untouched.
"""

import io
from collections.abc import Callable
from functools import lru_cache
from importlib.resources import files
from types import CodeType, ModuleType
from typing import Any

from greenlet import GreenletExit, getcurrent, greenlet

from pensim.board.near._layout import ELAPSED, LIMIT
from pensim.engines import BoardLink
from pensim.engines.dialect import BUILTINS, board_traceback
from pensim.engines.loops import TICK, parsed, with_ticks
from pensim.engines.spin_guard import watch
from pensim.engines.typed import typed_code

NEAR = files("pensim.board.near")
NEAR_NAMES = {
    name: name
    for name in (
        "_adc", "_board", "_callbacks", "_file", "_i2c", "_layout", "_pin", "_pwm", "_serial",
        "_errno", "_readline", "_repl", "_session", "_statement", "_timer", "_uart", "_usb",
        "machine", "os", "random", "select", "time",
    )
} | {"errno": "_errno", "gc": "_gc", "micropython": "_micropython", "sys": "_sys"}  # fmt: skip
SHARED = ("array", "binascii", "collections", "hashlib", "heapq", "json", "math", "re",
          "struct")  # fmt: skip
FROZEN = ".frozen"  # an entry of sys.path: modules inside the interpreter, here there are none
HOST_ERRORS = (GreenletExit, KeyboardInterrupt)  # not for the firmware to catch
STREAMS = ("BytesIO", "IOBase", "StringIO")  # of `io`; its `open` is the board's


@lru_cache(maxsize=512)
def compiled(source: bytes, name: str) -> CodeType:
    """Code of one source file, shared by all pens that run it."""
    return compile(source, name, "exec", dont_inherit=True)


@lru_cache(maxsize=64)
def compiled_with_ticks(source: bytes, name: str) -> CodeType:
    """Code of one file of a script, with a board call in every loop."""
    return compile(with_ticks(parsed(source, name)), name, "exec", dont_inherit=True)


@lru_cache(maxsize=64)
def near_source(name: str) -> bytes:
    """Text of a module of the board's near side."""
    return (NEAR / f"{name}.py").read_bytes()


class CPythonEngine:
    """One pen's firmware, its main loop on a greenlet."""

    def __init__(self, link: BoardLink) -> None:
        self._link = link
        self.words = link.words
        self._modules: dict[str, Any] = {}
        self._probe: Any = None
        self._builtins = BUILTINS | {"__import__": self._import}
        self._compiled = compiled_with_ticks if link.loop_us else compiled
        self._path = ["", FROZEN, "/lib"]
        self._wire = self._link_module()
        self._modules["_link"] = self._wire
        self._modules["_profile"] = _namespace("_profile", link.profile)
        board = self._load("_board")
        self._modules["_sys"] = self._load("sys")
        self._directory = self._load("os")._path
        self._run_session = self._load("_session").run
        if link.loop_us:
            self._builtins[TICK] = _tick(link.words, link.loop_us, board.sync)
        self.interrupt = board.dispatch  # runs a callback; returns 1 when it raised
        self._main = greenlet(self._run_main)
        watch(self)

    def owns(self, frame: Any) -> bool:
        """Whether this frame is the firmware's."""
        return frame.f_builtins is self._builtins

    def resume(self, payload: bytes) -> bytes:
        main = self._main
        main.parent = getcurrent()
        return main.switch(payload)

    def probe(self) -> Any:
        return self._probe

    def close(self) -> None:
        """Ends the main loop: from here on each of its board calls raises GreenletExit."""
        main = self._main
        self._wire.exchange = _ended  # type: ignore[attr-defined]
        if main and not main.dead:
            main.parent = getcurrent()
            main.throw(GreenletExit)

    def _link_module(self) -> ModuleType:
        def exchange(payload: bytes) -> bytes:
            return self._main.parent.switch(payload)

        return _namespace(
            "_link",
            {
                "words": self.words,
                "costs": self._link.costs,
                "exchange": exchange,
                "immediate": self._link.serve_immediately,
                "heap_lock": lambda: None,  # what a handler allocates shows on the real engines
                "heap_unlock": lambda: None,
                "format_exception": self._format_exception,
                "modules": self._modules,
                "probe": self._attach_probe,
                "main": self._new_module("__main__", "/main.py").__dict__,
                "path": self._path,
                "mpy": None,  # it loads no .mpy files
                "file_code": self._file_code,
                "compile": self._typed_code,
                "set_builtin": self._builtins.__setitem__,
                "is_host_error": lambda error: isinstance(error, HOST_ERRORS),
            },
        )

    def _attach_probe(self, values: Any) -> None:
        self._probe = memoryview(values)

    def _run_main(self, payload: bytes) -> None:
        """The firmware's session, from boot.py on."""
        self._load("_serial").accept(payload)
        self._run_session()

    def _file_code(self, path: str) -> CodeType | None:
        """Code of a file of the flash, None when there is none."""
        source = self._link.files.get(path)
        return None if source is None else self._compiled(source, path)

    def _typed_code(self, text: bytes, kind: str) -> CodeType:
        """Code of what came over the REPL; `kind` is "exec" or "single"."""
        return typed_code(bytes(text), kind, ticks=self._link.loop_us > 0)

    def _format_exception(self, error: BaseException) -> bytes:
        return board_traceback(error, self._builtins).encode()

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
            path = f"near/{NEAR_NAMES[name]}.py"
            module = self._new_module(name, path)
            exec(compiled(near_source(NEAR_NAMES[name]), path), module.__dict__)
            return module
        if name in SHARED:
            self._modules[name] = module = __import__(name)
            return module
        if name == "io":
            streams = {stream: getattr(io, stream) for stream in STREAMS}
            self._modules[name] = _namespace(name, streams | {"open": self._builtins["open"]})
            return self._modules[name]
        if name[0] == "u" and (name[1:] in NEAR_NAMES or name[1:] in SHARED):
            self._modules[name] = self._load(name[1:])  # an old name, as `utime`
            return self._modules[name]
        return self._load_file(name)

    def _load_file(self, name: str) -> Any:
        parent, _, leaf = name.rpartition(".")
        if parent:
            self._load(parent)
        path, shown, is_package = self._find(name)
        module = self._new_module(name, shown[1:])
        module.__package__ = name if is_package else parent
        try:
            exec(self._compiled(self._link.files.get(path, b""), shown), module.__dict__)
        except BaseException:
            del self._modules[name]
            raise
        if parent:
            setattr(self._modules[parent], leaf, module)
        return module

    def _find(self, name: str) -> tuple[str, str, bool]:
        """(path on the flash, "/" and the path as tracebacks show it, whether it is a package)."""
        stem = "/" + name.replace(".", "/")
        for entry in self._path:
            if entry == FROZEN:
                continue
            root = self._directory(entry).decode().rstrip("/")
            shown = "/" + entry if entry else ""
            found = self._file_of(root + stem)
            if found is not None:
                return root + stem + found, shown + stem + found, found.startswith("/")
        raise ImportError(f"no module named '{name}'")

    def _file_of(self, stem: str) -> str | None:
        """What to add to a path without extension to get the module's file there, or None."""
        files = self._link.files
        for ending in ("/__init__.py", ".py"):
            if stem + ending in files:
                return ending
        if stem + ".mpy" in files or stem + "/__init__.mpy" in files:
            raise ValueError(f"{stem}.mpy: the in-process engine runs .py files only")
        return "/__init__.py" if any(path.startswith(stem + "/") for path in files) else None

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


def _tick(words: Any, loop_us: int, sync: Callable[[], None]) -> Callable[[], None]:
    """The board call that a script's loops make."""

    def tick() -> None:
        words[ELAPSED] += loop_us
        if words[ELAPSED] >= words[LIMIT]:
            sync()

    return tick


def _ended(_payload: bytes) -> bytes:
    raise GreenletExit
