"""A cable to a simulated pen that is pulled off and put back at given moments of virtual time."""

import serial

from penhost import Pen
from penhost.errors import PortNotFound
from pensim.serial_port import SimulatedPort


class Cable:
    """`away_s` are the spans, (from, to), in which it is off."""

    def __init__(self, bench, *away_s):
        self.bench = bench
        self.away_s = away_s
        self.port = SimulatedPort.on_bench(bench)

    @property
    def off(self):
        """Whether the cable is off now."""
        return any(start <= self.bench.now_s < end for start, end in self.away_s)

    def connect(self):
        """A pen at its end. Raises PortNotFound."""
        if self.off:
            raise PortNotFound("port does not exist", "plug the pen in")
        self.port.reset_input_buffer()
        return Pen(_End(self))


class _End:
    """A port as pyserial has it: once its cable was off, it is gone for good."""

    def __init__(self, cable):
        self._cable = cable
        self._port = cable.port
        self._gone = False
        self.name = "cable"
        self.now_us = self._port.now_us
        self.sleep_us = self._port.sleep_us

    def _check(self):
        self._gone = self._gone or self._cable.off
        if self._gone:
            raise serial.SerialException("device disconnected")

    @property
    def in_waiting(self):
        self._check()
        return self._port.in_waiting

    def read(self, size=1):
        data = self._port.read(size)
        self._check()
        return data

    def write(self, data):
        self._check()
        return self._port.write(data)

    def close(self):
        """The bench and its clock stay."""
