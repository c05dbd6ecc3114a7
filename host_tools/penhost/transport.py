"""Frames over a serial port."""

from __future__ import annotations

import errno
import struct
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, NamedTuple, TypeVar

import serial

from penfw import protocol
from penhost.clock import Clock, clock_of
from penhost.errors import BadValue, PenSilent, PortLost

HEARD_MAX = 512  # bytes kept to tell what sits on a port that is no pen's
_UNPLUGGED = (errno.EIO, errno.ENXIO, errno.ENODEV, errno.EBADF)  # of a device that is not there

_T = TypeVar("_T")


class Frame(NamedTuple):
    """A frame as received."""

    number: int
    sequence: int
    payload: bytes


class Transport:
    """Sends and receives frames; its clock is the port's. Raises PortLost when the port goes."""

    def __init__(self, port: Any, name: str) -> None:
        self.clock: Clock = clock_of(port)
        self.bytes = 0  # received
        self.heard = b""  # the last bytes received, whatever they were
        self._port = port
        self._name = name
        self._parser = protocol.FrameParser()
        self._writer = protocol.FrameWriter()
        self._data = b""
        self._at = 0

    @property
    def good(self) -> int:
        """Frames received whole."""
        return self._parser.good

    @property
    def bad(self) -> int:
        """Frames received damaged."""
        return self._parser.bad

    def encode(self, number: int, sequence: int, values: Sequence[Any]) -> bytes:
        """A request on the wire. Its leading zero ends what noise may have left in the pen.

        Raises BadValue when the values do not fit the request's fields.
        """
        row = protocol.message(number)
        try:
            end = protocol.pack(row[2], values, self._writer.buffer, protocol.PAYLOAD_AT)
        except (struct.error, ValueError) as error:
            raise BadValue(f"{row[1]} cannot be sent ({error})", "give less or fewer") from error
        self._writer.finish(number, sequence, end)
        return b"\0" + bytes(self._writer.buffer[: self._writer.size])

    def send(self, data: bytes) -> None:
        """Writes to the port."""
        self._guard(lambda: self._port.write(data))

    def receive(self, deadline_us: int) -> Frame | None:
        """The next whole frame, or None when none comes before the deadline."""
        while True:
            frame = self._next_frame()
            if frame is not None:
                return frame
            late = self.clock.now_us() >= deadline_us
            waiting = self._guard(lambda: self._port.in_waiting)
            if waiting or not late:
                self._read(max(1, waiting))
            if late:
                return self._next_frame()

    def close(self) -> None:
        """Closes the port; harmless on one that is gone."""
        with suppress(OSError):
            self._port.close()

    def _read(self, size: int) -> None:
        self._data = self._guard(lambda: self._port.read(size))
        self._at = 0
        self.bytes += len(self._data)
        self.heard = (self.heard + self._data)[-HEARD_MAX:]

    def _next_frame(self) -> Frame | None:
        parser = self._parser
        while self._at < len(self._data):
            self._at = parser.feed(self._data, self._at, len(self._data))
            if parser.payload is not None:
                return Frame(parser.number, parser.sequence, bytes(parser.payload))
        return None

    def _guard(self, use: Callable[[], _T]) -> _T:
        try:
            return use()
        except serial.SerialTimeoutException as error:
            remedy = "check that it is the pen's port and that the pen is switched on"
            raise PenSilent(f"port {self._name} takes no data", remedy) from error
        except (OSError, TypeError) as error:  # TypeError: pyserial on a descriptor that is gone
            remedy = "check cable and power, then connect again"
            raise PortLost(f"port {self._name} is gone{_why(error)}", remedy) from error


def _why(error: Exception) -> str:
    """What the system says, unless it only says that the device is not there."""
    numbers = [getattr(one, "errno", None) for one in (error, error.__context__)]
    unplugged = isinstance(error, TypeError) or any(one in _UNPLUGGED for one in numbers)
    return "" if unplugged or "returned no data" in str(error) else f" ({error})"
