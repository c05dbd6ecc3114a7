"""A serial device server, as RFC 2217 has it, with a simulated pen behind it."""

import select
import socket
import threading
from contextlib import suppress

import serial.rfc2217

from penhost.ports import open_port


class Rfc2217Server(threading.Thread):
    """Serves one client at a time; `hang_up` is the plug that is pulled."""

    def __init__(self, pen="sim://?pace=1"):
        super().__init__(daemon=True)
        self._behind = pen
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(0.02)
        self._ended, self._hung_up = threading.Event(), threading.Event()
        self.url = f"rfc2217://127.0.0.1:{self._listener.getsockname()[1]}"
        self.start()

    def run(self):
        self._pen = open_port(self._behind)
        while not self._ended.is_set():
            self._pen.read(self._pen.in_waiting)
            with suppress(TimeoutError):
                self._client, _address = self._listener.accept()
                with self._client, suppress(OSError):
                    self._serve()
        self._pen.close()
        self._listener.close()

    def _serve(self):
        self._hung_up.clear()
        manager = serial.rfc2217.PortManager(self._pen, self)
        while not self._ended.is_set() and not self._hung_up.is_set():
            waiting = self._pen.read(max(1, self._pen.in_waiting))
            if waiting:
                self.write(b"".join(manager.escape(waiting)))
            if select.select([self._client], [], [], 0)[0]:
                data = self._client.recv(4096)
                if not data:
                    return
                self._pen.write(b"".join(manager.filter(data)))

    def write(self, data):
        """What the manager wants of a connection."""
        self._client.sendall(data)

    def hang_up(self):
        """Ends the present connection."""
        self._hung_up.set()

    def close(self):
        self._ended.set()
        self.join(30)
