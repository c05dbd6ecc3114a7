"""Transcripts of a REPL: of a real MicroPython on a pseudo-terminal, and of the virtual board's."""

import fcntl
import os
import pty
import select
import subprocess
import sys
import termios
import tty
from pathlib import Path

from pensim.board.board import VirtualBoard
from pensim.firmware import Firmware

PROGRAM = str(Path(sys.executable).with_name("micropython"))
QUIET_S = 0.05  # wall time of silence after which it counts as waiting
PATIENCE_S = 10.0


class RealRepl:
    """MicroPython's unix port on a pseudo-terminal that changes no byte, Ctrl-C apart."""

    def __init__(self, home: Path) -> None:
        self._ours, theirs = pty.openpty()
        tty.setraw(theirs)
        attributes = termios.tcgetattr(theirs)
        attributes[3] |= termios.ISIG  # Ctrl-C is the signal that the port knows
        termios.tcsetattr(theirs, termios.TCSANOW, attributes)
        self._process = subprocess.Popen(
            [PROGRAM],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env={"HOME": str(home)},
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(theirs, termios.TIOCSCTTY, 0),
        )
        os.close(theirs)

    def say(self, data: bytes, until: bytes) -> bytes:
        """Types bytes; returns what comes up to the text `until` and a moment of silence."""
        os.write(self._ours, data)
        return self._read(until)

    def _read(self, until: bytes) -> bytes:
        answer = b""
        while True:
            patience_s = QUIET_S if until in answer else PATIENCE_S
            if not select.select([self._ours], [], [], patience_s)[0]:
                assert until in answer, f"the real one said {answer!r}"
                return answer
            try:
                answer += os.read(self._ours, 4096)
            except OSError:  # it has ended
                return answer

    def close(self) -> None:
        """Ends it."""
        self._process.kill()
        self._process.wait()
        os.close(self._ours)


class VirtualRepl:
    """The virtual board's REPL, on an empty flash."""

    def __init__(self, engine: str) -> None:
        self.board = VirtualBoard(Firmware(()), engine, repl=True)
        self._usb = self.board.serial.usb
        self._usb.connected = True
        self.board.power_on()

    def say(self, data: bytes, until: bytes, seconds: float = 1.0) -> bytes:
        """Types bytes; returns what comes within some virtual time."""
        self._usb.send(data)
        end_us = self.board.now_us + round(seconds * 1e6)
        while self.board.now_us < end_us:
            self.board.run(end_us)
        return self._usb.take(1 << 20)

    def close(self) -> None:
        """Ends it."""
        self.board.close()
