"""Where the dashboard's pen comes from: a port by its name, or a pen simulated in this process.

A simulated one runs in real time, and outlives its cable: it can be pulled and put in again.
"""

import time
from typing import Any, Protocol

from serial import SerialException

from penhost.errors import PortNotFound
from penhost.ports import open_port
from pensim import Bench
from pensim.pacing import Pacer
from pensim.pen_url import PenUrl
from pensim.serial_port import SimulatedPort

READ_TIMEOUT_S = 0.002  # how long a read may keep a stop waiting


class PenSource(Protocol):
    """Opens the pen's port, again and again."""

    name: str
    bench: Bench | None  # of a pen that is simulated in this process

    def open(self) -> Any:
        """An open port. Raises PortError."""

    def idle(self, duration_s: float) -> None:
        """Lets time pass while there is no link."""

    def close(self) -> None:
        """Ends it."""


class PortSource(PenSource):
    """A device or a URL that pyserial opens."""

    bench: Bench | None = None

    def __init__(self, name: str) -> None:
        self.name = name

    def open(self) -> Any:
        """The open port; it returns from a read soon."""
        port = open_port(self.name)
        port.timeout = READ_TIMEOUT_S
        return port

    def idle(self, duration_s: float) -> None:
        """Waits."""
        time.sleep(duration_s)

    def close(self) -> None:
        """Nothing outlives its port here."""


class SimulatedSource(PenSource):
    """A pen of a `sim://` URL, in real time unless the URL sets a pace."""

    def __init__(self, name: str) -> None:
        url = PenUrl.parse(name)
        self.name = name
        self.cable_in = True
        self.pen = self.bench = url.make_bench()
        self._port = url.port
        self.pen.recorder.on_beat = Pacer(url.pace or 1.0).keep_up
        self.pen.recorder.keep_little()

    def open(self) -> Any:
        """The pen's end of the cable. Raises PortNotFound while that is pulled."""
        if not self.cable_in:
            raise PortNotFound("the cable is pulled", "put it in again")
        return Cable(self)

    def port(self) -> SimulatedPort:
        """The port that the cable is put in."""
        return SimulatedPort.on_bench(self.pen, self._port, READ_TIMEOUT_S)

    def idle(self, duration_s: float) -> None:
        """The pen goes on without a link."""
        self.pen.run(duration_s)

    def close(self) -> None:
        """Ends the pen."""
        self.pen.close()


class Cable:
    """A simulated port that goes when its cable is pulled."""

    def __init__(self, source: SimulatedSource) -> None:
        self.name = source.name
        self._source = source
        self._port = source.port()
        self.now_us = self._port.now_us
        self.sleep_us = self._port.sleep_us
        self.close = self._port.close

    @property
    def in_waiting(self) -> int:
        """Bytes that can be read now."""
        return self._end().in_waiting

    def read(self, size: int = 1) -> bytes:
        """Up to `size` bytes."""
        return self._end().read(size)

    def write(self, data: bytes) -> int | None:
        """Puts bytes on the wire."""
        return self._end().write(data)

    def _end(self) -> SimulatedPort:
        if not self._source.cable_in:
            raise SerialException("the cable was pulled")
        return self._port


def pen_source(name: str) -> PenSource:
    """The source of a port's name. Raises ScenarioError for a wrong `sim://` URL."""
    return SimulatedSource(name) if name.startswith("sim:") else PortSource(name)
