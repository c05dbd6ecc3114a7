"""A simulated pen in real time behind a pseudo-terminal or a TCP port, for any serial program.

One client at a time; what the pen sends while nobody reads is lost, as on a cable.
"""

import os
import select
import socket
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

from penloop import interruption
from penloop.errors import UserError
from pensim import Bench
from pensim.bench import LINK_PORT
from pensim.pacing import Pacer

SLICE_US = 2_000  # of virtual time between two looks at the client
PIECE = 4096


class CableEnd(Protocol):
    """Where a client plugs in."""

    name: str  # what a client opens

    def connected(self) -> bool:
        """Whether a client may be there; lets a new one in."""

    def receive(self) -> bytes:
        """What the client has sent since the last look."""

    def send(self, data: bytes) -> None:
        """Gives the client bytes, or loses them when it does not read."""

    def close(self) -> None:
        """Ends it."""


class PseudoTerminal:
    """A pseudo-terminal, with a link of a fixed name if wanted. It always counts as connected."""

    def __init__(self, link: Path | None = None) -> None:
        try:
            import pty
            import tty
        except ImportError:
            raise UserError("no pseudo-terminals on this system", "use --tcp") from None
        self._ours, self._theirs = pty.openpty()  # theirs stays open: no hang-up between clients
        tty.setraw(self._theirs)
        os.set_blocking(self._ours, False)
        self.name = os.ttyname(self._theirs)
        self._link = link
        if link is not None:
            self._make_link(link)

    def _make_link(self, link: Path) -> None:
        if link.is_symlink() and (not link.exists() or os.readlink(link) == self.name):
            link.unlink()  # left behind by one that was killed: nothing, or our own, is behind it
        try:
            link.symlink_to(self.name)
        except FileExistsError:
            self._link = None
            raise UserError(f"{link} exists", "remove it or give another path") from None
        except OSError as error:
            self._link = None
            raise UserError(f"{link}: {error.strerror}", "give another path") from None

    def connected(self) -> bool:
        """A terminal does not tell."""
        return True

    def receive(self) -> bytes:
        """What was written into the terminal."""
        with suppress(BlockingIOError):
            return os.read(self._ours, PIECE)
        return b""

    def send(self, data: bytes) -> None:
        """Writes as far as the terminal takes it."""
        with suppress(BlockingIOError):
            os.write(self._ours, data)

    def close(self) -> None:
        """Ends the terminal and removes the link."""
        if self._link is not None:
            self._link.unlink(missing_ok=True)
        os.close(self._ours)
        os.close(self._theirs)


def tcp_address(text: str) -> tuple[str, int]:
    """Host and port of `HOST:PORT`. Raises UserError."""
    host, _, port = text.rpartition(":")
    if not port.isdecimal() or int(port) > 65535:
        raise UserError(f"{text!r} is no address", "write HOST:PORT, such as 127.0.0.1:7777")
    return host.strip("[]") or "127.0.0.1", int(port)


class TcpPort:
    """A TCP port; while a client is there, others are turned away."""

    def __init__(self, host: str, port: int) -> None:
        self._client: socket.socket | None = None
        try:
            self._listener = socket.create_server((host, port))
        except OSError as error:
            reason = os.strerror(error.errno or 0)
            raise UserError(
                f"cannot listen on {host}:{port}, {reason}", "use a free port"
            ) from None
        self._listener.setblocking(False)
        self.name = f"socket://{host}:{self._listener.getsockname()[1]}"

    def connected(self) -> bool:
        """Whether a client is there."""
        with suppress(BlockingIOError):
            newcomer, _address = self._listener.accept()
            if self._client is None:
                newcomer.setblocking(False)
                newcomer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._client = newcomer
            else:
                newcomer.close()
        return self._client is not None

    def receive(self) -> bytes:
        """What the client has sent; one that has gone is forgotten."""
        if self._client is None or not select.select([self._client], [], [], 0)[0]:
            return b""
        data = b""
        with suppress(OSError):
            data = self._client.recv(PIECE)
        if not data:
            self._forget()
        return data

    def send(self, data: bytes) -> None:
        """Sends as far as the client takes it."""
        if self._client is not None:
            with suppress(OSError):
                self._client.send(data)

    def _forget(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None

    def close(self) -> None:
        """Hangs up and stops listening."""
        self._forget()
        self._listener.close()


class PenServer:
    """Carries bytes between a cable's end and a port of a bench, at a pace of virtual time."""

    def __init__(
        self, bench: Bench, end: CableEnd, pace: float = 1.0, port: int = LINK_PORT
    ) -> None:
        self.bench = bench
        bench.recorder.keep_little()
        self._end = end
        self._pacer = Pacer(pace)
        self._line: Any = bench.board.serial.lines[port]

    def step(self) -> None:
        """A slice of time, then a look at the client. Raises FirmwareError, KeyboardInterrupt."""
        bench, line, end = self.bench, self._line, self._end
        bench.run_until_us(bench.board.now_us + SLICE_US)
        line.connected = end.connected()
        if line.connected:
            received = end.receive()
            if received:
                line.send(received)
            waiting = line.take(PIECE)
            if waiting:
                end.send(waiting)
        else:
            line.clear()
        self._pacer.keep_up(bench.board.now_us)
        interruption.check()
