"""A pen's port over plain TCP."""

from socket import MSG_PEEK, socket

from serial.urlhandler import protocol_socket

LOOK = 65_536  # bytes that are counted at most


class SocketPort(protocol_socket.Serial):
    """pyserial's port, but it counts what waits.

    pyserial's own tells one byte wherever there are some, so that who takes in what has arrived,
    without waiting, would get it byte by byte.
    """

    _socket: socket  # pyserial's

    @property
    def in_waiting(self) -> int:
        """Bytes that can be read now; 1 where the other end has hung up, which reading tells."""
        if not super().in_waiting:
            return 0
        return len(self._socket.recv(LOOK, MSG_PEEK)) or 1
