"""`sim://`: a serial port with a simulated pen behind it, for any pyserial program.

    sim://[NAME][?option=value&...]

Reading advances the pen in virtual time; no thread, no wall clock unless `pace` asks for it. A
NAME opened twice in a process is one pen: its UART and its USB port. `SimulatedPort.bench` is the
bench, with the operator at the pen.

The board has its REPL: once main.py has ended it serves it on its USB serial, `sim://?port=usb`.

A reset of the board leaves the port open, whatever kind it is. What was on the way to the board is
lost, what it had sent can be read, and what is written from then on reaches it after its boot. A
real USB serial vanishes on a reset of the chip and comes back; a program that opens it anew can do
so here, too, while the pen's other port keeps it alive. Without power (`bench.board.power_off`) the
USB port raises SerialException, once for each call, until `power_on`; the UART is silent, and
raises it for a read without a time-out.
"""

from dataclasses import dataclass, field
from typing import Any

from serial import SerialBase, SerialException
from serial.serialutil import PortNotOpenError

from pensim.bench import Bench
from pensim.board.virtual_time import NEVER
from pensim.errors import SimulatorError
from pensim.pacing import Pacer
from pensim.pen_url import PORTS, PenUrl

USB_FRAME_US = 1_000  # how often the host asks a USB device for data
_pens: dict[str, "_SharedPen"] = {}


@dataclass
class _SharedPen:
    """A bench and the ports that are open on it."""

    bench: Bench
    url: PenUrl
    open_ports: set[str] = field(default_factory=set)


class SimulatedPort(SerialBase):
    """One serial port of a simulated pen."""

    # What SerialBase keeps and its stubs do not show.
    _port: str | None
    _timeout: float | None
    _dtr_state: bool

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self._shared: _SharedPen | None = None
        self._line: Any = None
        super().__init__(*arguments, **options)

    # Opening and closing

    def open(self) -> None:
        """Makes the pen, or joins the one of that name. Raises SerialException."""
        if self._port is None:
            raise SerialException("a port is needed before it can be opened: sim://...")
        if self.is_open:
            raise SerialException("the port is open already")
        try:
            url = PenUrl.parse(self._port)
            shared = _pens.get(url.name) if url.name else None
            if shared is None:
                shared = _SharedPen(url.make_bench(), url)
        except SimulatorError as error:
            raise SerialException(str(error)) from error
        if url.port in shared.open_ports:
            raise SerialException(
                f"the {url.port} port of sim://{url.name} is busy: close it where it is open"
            )
        if url.name:
            _pens[url.name] = shared
        self._attach(shared, url.port)
        if url.pace:
            shared.bench.recorder.on_beat = Pacer(url.pace).keep_up

    def _attach(self, shared: _SharedPen, port: str) -> None:
        shared.open_ports.add(port)
        self._shared, self._port_name = shared, port
        self._line = shared.bench.board.serial.lines[PORTS[port]]
        self._line.connected = True
        self._line.clear()
        self.is_open = True

    def close(self) -> None:
        """Lets the port go; the last one of a pen ends it."""
        if not self.is_open or self._shared is None:
            return
        self.is_open = False
        self._line.connected = False
        shared, self._shared = self._shared, None
        shared.open_ports.discard(self._port_name)
        if not shared.open_ports:
            _pens.pop(shared.url.name, None)
            shared.bench.close()

    @property
    def bench(self) -> Bench:
        """The bench behind this port."""
        return self._pen().bench

    def _pen(self) -> _SharedPen:
        if not self.is_open or self._shared is None:
            raise PortNotOpenError()
        return self._shared

    def _reconfigure_port(self) -> None:
        """Baud rate and format are the pen's own; a simulated cable takes any."""

    @classmethod
    def on_bench(
        cls, bench: Bench, port: str = "uart", timeout: float | None = 0.01
    ) -> "SimulatedPort":
        """An open port of a bench that is there already, and that outlives it."""
        made = cls(timeout=timeout)
        made._attach(_SharedPen(bench, PenUrl(), {"the bench's owner"}), port)
        return made

    # The clock that comes with the port

    def now_us(self) -> int:
        """Virtual time, microseconds."""
        return self._pen().bench.board.now_us

    def sleep_us(self, duration_us: int) -> None:
        """Lets the pen run for a while."""
        bench = self._pen().bench
        end_us = bench.board.now_us + duration_us
        while bench.board.now_us < end_us:
            self._advance(end_us)

    def _advance(self, until_us: int) -> None:
        """Runs until `until_us` or until the board sends something."""
        shared = self._powered(until_us)
        board = shared.bench.board
        try:
            board.run(until_us)
            board.check()
            if "usb" not in shared.open_ports:  # there the prompt tells
                board.check_program()
        except SimulatorError as error:
            raise SerialException(str(error)) from error

    def _powered(self, until_us: int) -> _SharedPen:
        """The pen, unless it lacks the power that this port or a wait without end needs."""
        pen = self._pen()
        if not pen.bench.board.powered and (self._port_name == "usb" or until_us >= NEVER):
            raise SerialException("the board has no power: give it some with bench.board.power_on")
        return pen

    # Reading and writing

    @property
    def in_waiting(self) -> int:
        """Bytes that can be read now.

        Looking takes one byte time, on USB up to a frame while nothing comes, so that polling
        progresses.
        """
        self._look()
        return self._line.arrived()

    def _look(self) -> None:
        if self._port_name != "usb" or self._line.arrived():
            self.sleep_us(self._byte_us())
            return
        deadline_us = self.now_us() + USB_FRAME_US
        while not self._line.arrived() and self.now_us() < deadline_us:
            self._wait_for_byte(1, deadline_us)

    def read(self, size: int = 1) -> bytes:
        """Up to `size` bytes; fewer when `timeout` (virtual seconds) is over."""
        start_us = self.now_us()
        if self._timeout == 0:
            self._look()
            return self._line.take(size)
        deadline_us = NEVER if self._timeout is None else start_us + round(self._timeout * 1e6)
        while self._line.arrived() < size and self.now_us() < deadline_us:
            self._wait_for_byte(size, deadline_us)
        return self._line.take(size)

    def _wait_for_byte(self, size: int, deadline_us: int) -> None:
        due_us = self._line.arrival_us(size)
        self._advance(deadline_us if due_us is None else min(due_us, deadline_us))

    def read_until(self, expected: bytes = b"\n", size: int | None = None) -> bytes:
        """Reads up to `expected`, `size` bytes, or the time-out, in virtual time."""
        line = bytearray()
        deadline_us = NEVER if self._timeout is None else self.now_us() + round(self._timeout * 1e6)
        while not line.endswith(expected) and (size is None or len(line) < size):
            while not self._line.arrived() and self.now_us() < deadline_us:
                self._wait_for_byte(1, deadline_us)
            piece = self._line.take(1)
            if not piece:
                break
            line += piece
        return bytes(line)

    def write(self, data: Any) -> int:
        """Puts bytes on the wire; they reach the pen at the line's rate."""
        self._powered(0)
        raw = bytes(data)
        self._line.send(raw)
        return len(raw)

    def flush(self) -> None:
        """Waits until everything written has reached the pen."""
        self.sleep_us(max(self._line.send(b"") - self.now_us(), 0))

    def reset_input_buffer(self) -> None:
        """Forgets what has not been read."""
        self._pen()
        self._line.clear()

    def reset_output_buffer(self) -> None:
        """Nothing waits here: what is written is on the wire."""

    @property
    def out_waiting(self) -> int:
        """Nothing waits here: what is written is on the wire."""
        return 0

    def cancel_read(self) -> None:
        """No read waits while somebody else could call this."""

    def _byte_us(self) -> int:
        return -(-self._line.byte_ns // 1000)

    def _update_rts_state(self) -> None:
        pass

    def _update_dtr_state(self) -> None:
        self._line.dtr = self._dtr_state

    def _update_break_state(self) -> None:
        pass

    @property
    def cts(self) -> bool:
        """Always ready."""
        return True

    @property
    def dsr(self) -> bool:
        """The pen is there."""
        return True

    @property
    def ri(self) -> bool:
        """No telephone."""
        return False

    @property
    def cd(self) -> bool:
        """The pen is there."""
        return True
