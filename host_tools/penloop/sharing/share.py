"""Lets clients in, and carries between them and the pen."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from penfw import protocol
from penhost.reconnection import PASSING
from penloop.errors import UserError
from penloop.sharing.shared_pen import SharedPen
from penloop.sharing.viewer import Viewer

LISTEN_S = 0.005  # how long the pen is listened to before the clients have their turn
VIEWERS_MAX = 16
_KINDS = {name: number for number, name in protocol.EVENTS}


class Door:
    """A TCP port at which clients come in; `most` of them at a time, others are turned away."""

    def __init__(self, host: str, port: int, most: int) -> None:
        try:
            self._listener = socket.create_server((host, port))
        except OSError as error:
            what = f"cannot listen on {host}:{port}, {error.strerror or error}"
            raise UserError(what, "use a free port") from None
        self._listener.setblocking(False)
        self._most = most
        self.name = f"socket://{host}:{self._listener.getsockname()[1]}"

    def newcomers(self, there: int) -> Iterator[socket.socket]:
        """Who has come in, while `there` are there already."""
        with suppress(BlockingIOError):
            while True:
                client, _address = self._listener.accept()
                if there < self._most:
                    there += 1
                    yield client
                else:
                    client.close()

    def close(self) -> None:
        """Nobody comes in any more."""
        self._listener.close()


class Share:
    """Serves viewers, and one owner where there is a door for it."""

    def __init__(self, shared: SharedPen, door: Door, owners_door: Door | None = None) -> None:
        self.clients: list[Viewer] = []
        self._shared = shared
        self._doors = [(door, False)] + ([(owners_door, True)] if owners_door else [])

    def step(self) -> None:
        """Listens to the pen; then the owner is served, and a viewer in turn.

        Raises a loss that lasts.
        """
        try:
            self._carry()
        except PASSING as error:
            self._shared.come_back(error)
            for client in self.clients:
                client.restart()

    def _carry(self) -> None:
        for door, owner in self._doors:
            there = sum(client.owner == owner for client in self.clients)
            for newcomer in door.newcomers(there):
                self.clients.append(Viewer(newcomer, self._shared, owner))
        blocks, events = self._shared.listen(LISTEN_S)
        for client in self.clients:
            for block in blocks:
                client.put(block)
            for event in events:
                if event.kind in _KINDS:
                    client.tell(event, _KINDS[event.kind])
        asking = self._next()
        for client in sorted(self.clients, key=lambda client: not client.owner):
            client.serve(client.owner or client is asking)
        for client in [client for client in self.clients if client.gone]:
            self.clients.remove(client)
            client.leave()

    def _next(self) -> Viewer | None:
        """The viewer whose turn it is, one a round: the owner waits for one request at most."""
        asking = [client for client in self.clients if client.asks() and not client.owner]
        if not asking:
            return None
        self.clients.remove(asking[0])
        self.clients.append(asking[0])
        return asking[0]

    @contextmanager
    def open(self) -> Iterator[None]:
        """Closes doors and clients at the end."""
        try:
            yield
        finally:
            for client in self.clients:
                client.hang_up()
            for door, _owner in self._doors:
                door.close()
