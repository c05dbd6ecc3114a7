"""One client of a shared pen: its socket, and the pen's end of the link towards it."""

import socket
from collections.abc import Callable
from typing import Any

from penfw import protocol
from penfw.link import Link
from penfw.requests import Refusal, Requests
from penhost import Refused
from penhost.replies import Event
from penhost.session import READ_ONLY
from penhost.telemetry import Block
from penloop.sharing.sample_queue import SampleQueue
from penloop.sharing.shared_pen import SharedPen

PIECE = 4096
OUT_MAX = 16_384  # bytes that a viewer has not taken; then its samples wait, and are dropped
STUCK_US = 10_000_000  # a viewer that takes nothing for so long is let go
GREETING_US = 10_000_000  # in which a client has to say what it is
# Requests that are answered here, and those that ask the pen and change nothing. All others, also
# those that a later protocol brings, change something.
ANSWERED = (
    protocol.HELLO,
    protocol.DESCRIBE,
    protocol.SUBSCRIBE,
    protocol.HEARTBEAT,
    protocol.STATUS,
)
ASKING = (protocol.GET, protocol.FAULTS, protocol.RECORDS)


class ViewerDevice:
    """What penfw.link wants of a pen (penfw/requests.py), from the owner's connection."""

    def __init__(self, shared: SharedPen) -> None:
        self.shared = shared
        self.clock = shared.clock
        self.ring = SampleQueue(shared.union)
        self.boot_session = shared.info.boot_session
        self.settings_rows = shared.rows[protocol.TABLE_SETTINGS]
        self.signals_rows = shared.rows[protocol.TABLE_SIGNALS]
        self.commands_rows = shared.rows[protocol.TABLE_COMMANDS]
        self.faults_rows = shared.rows[protocol.TABLE_FAULTS]
        self.states_rows = shared.rows[protocol.TABLE_STATES]

    def identity(self) -> tuple[str, ...]:
        """Product, board, pen id, firmware version and hash."""
        info = self.shared.info
        return info.product, info.board, info.pen_id, info.firmware_version, info.firmware_hash

    def state(self) -> int:
        """Row of the table of states."""
        return self.shared.state

    def heartbeat(self, _now_ms: int) -> None:
        """A viewer's presence is no host's at the pen: nothing is sent."""


class ViewerRequests(Requests):
    """Sends on what asks; what changes is refused, unless the client owns the pen."""

    def __init__(self, device: ViewerDevice, counters: Any, owner: bool) -> None:
        self._owner = owner
        self._shared = device.shared
        super().__init__(device, counters)

    def _make_handlers(self) -> dict[int, Callable[..., Any]]:
        answered = super()._make_handlers()
        return {
            number: answered[number] if self._answers(number) else self._sender(number)
            for number, _name, request, _reply in protocol.MESSAGES
            if request is not None
        }

    def _answers(self, number: int) -> bool:
        return number in ANSWERED and not (self._owner and number == protocol.HEARTBEAT)

    def _sender(self, number: int) -> Callable[..., tuple[Any, ...]]:
        def send(*fields: Any) -> tuple[Any, ...]:
            if not self._owner and number not in ASKING:
                raise Refusal(READ_ONLY, 0)
            try:
                return tuple(self._shared.request(number, *fields).values())
            except Refused as error:
                raise Refusal(error.reason, error.limit) from None

        return send


class ViewerLink(Link):
    """The pen's end of the link, with a viewer's requests."""

    def __init__(self, port: Any, device: ViewerDevice, owner: bool) -> None:
        super().__init__(port, device)
        self._owner = owner
        self._shared = device.shared
        self._requests = ViewerRequests(device, self.counters, owner)

    def damaged(self) -> int:
        """Runs of bytes that were no frame."""
        return int(self._parser.bad)

    def _serve(self, number: int, sequence: int, payload: memoryview) -> None:
        self._port.heard(number)
        if not self._port.gone:
            super()._serve(number, sequence, payload)

    def _open(self, session: int, sequence: int) -> None:
        if self._owner:
            self._shared.end_trial()
        super()._open(session, sequence)


class Viewer:
    """A client. `gone` when it has hung up, or takes nothing any more."""

    def __init__(self, client: socket.socket, shared: SharedPen, owner: bool = False) -> None:
        client.setblocking(False)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.gone = False
        self.owner = owner
        self._client = client
        self._shared = shared
        self._received = bytearray()
        self._out = bytearray()
        self._greeted = self._turn = False
        self._moved_us = self._came_us = shared.now_us()
        self.restart()

    def restart(self) -> None:
        """As if the pen was reset: the client has to greet again."""
        self._device = ViewerDevice(self._shared)
        self._link = ViewerLink(self, self._device, self.owner)

    def put(self, block: Block) -> None:
        """Samples of the owner."""
        if block.paused:
            self._link.busy(block.paused * block.period_us // 1000)
        self._device.ring.put(block, self._shared.signal_names)

    def tell(self, event: Event, kind: int) -> None:
        """What happened at the pen; `kind` is its number."""
        with self._shared.clock.stopped_at(event.time_us):
            self._link.event(kind, event.number, event.value)

    def asks(self) -> bool:
        """Takes in what the client has sent; whether some of it has not been looked at."""
        self._receive()
        return bool(self._received)

    def serve(self, turn: bool) -> None:
        """Sends what the client takes, never waiting for it; answers a request at its turn."""
        self._turn = turn
        self._link.poll(self._shared.now_us() // 1000 & protocol.COUNT_MASK)
        late = self._shared.now_us() > self._came_us + GREETING_US
        if not self._greeted and (late or self._link.damaged()):
            self.gone = True
        self._send()

    def heard(self, number: int) -> None:
        """A frame, by its number. The first one greets, or this is no client: hang up.

        So nothing gets in that is buried in another protocol, as a web page could have a browser
        send it: whatever is before it is a damaged frame.
        """
        greets = number == protocol.HELLO and not self._link.damaged()
        self._greeted = self._greeted or greets
        self.gone = self.gone or not self._greeted

    def leave(self) -> None:
        """Wants nothing of the pen any more, and hangs up."""
        self.hang_up()
        if self.owner and self._greeted:
            self._shared.end_trial()
        self._device.ring.configure((), (), 0)

    def hang_up(self) -> None:
        """Closes the socket."""
        self._client.close()

    def _receive(self) -> None:
        if len(self._received) >= PIECE:
            return  # a client that floods waits for its turn
        try:
            data = self._client.recv(PIECE)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        self._received += data
        self.gone = self.gone or not data

    def _send(self) -> None:
        now_us = self._shared.now_us()
        try:
            sent = self._client.send(self._out) if self._out else 0
        except BlockingIOError:
            sent = 0
        except OSError:
            self.gone = True
            return
        if sent or not self._out:
            self._moved_us = now_us
        del self._out[:sent]
        self.gone = self.gone or now_us > self._moved_us + STUCK_US

    # The port of the link: see penfw/link.py

    def any(self) -> int:
        """Bytes that wait, at the client's turn."""
        return len(self._received) if self._turn else 0

    def readinto(self, buffer: bytearray) -> int:
        """Up to a buffer of them, up to a frame's end: one request a turn."""
        blank = len(self._received) - len(self._received.lstrip(b"\0"))
        frame = self._received.find(0, blank) + 1 or len(self._received)
        size = min(len(buffer), frame)
        buffer[:size] = self._received[:size]
        del self._received[:size]
        return size

    def room(self) -> int:
        """Bytes that `write` takes."""
        return OUT_MAX - len(self._out)

    def write(self, data: bytes) -> int:
        """Queues bytes for the client."""
        self._out += data
        return len(data)
