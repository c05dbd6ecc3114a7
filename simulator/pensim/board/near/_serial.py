"""UARTs and the USB serial: receive and send buffers, filled and drained at the line's rate.

Received bytes come ahead of their time as bursts (port, first byte's start, byte time, data) and
are seen only once each byte's stop bit has passed, so no exchange is needed to look for them.
"""

import struct

import _board
from _board import TICKS_MASK, W, ask, now_us, spend, wait, wait_event
from _layout import (
    PORT_USB,
    RECEIVED,
    RESULT,
    SERIAL_INIT,
    SERIAL_ROOM,
    SERIAL_SEND,
    UART_IRQ,
    WAKE_SERIAL,
)
from _profile import COST_SERIAL

_RECORD = "<BxHII"  # port, data bytes, start in ticks_us, byte time ns
_RECORD_SIZE = 12
_ports = {}


def _accept(answer):
    """Takes the received-data records off the head of an answer's payload."""
    at = 0
    end = W[RECEIVED]
    while at < end:
        number, size, start, byte_ns = struct.unpack_from(_RECORD, answer, at)
        at += _RECORD_SIZE
        port = _ports.get(number)
        if port is not None:
            port._bursts.append([start, byte_ns, bytes(answer[at : at + size]), 0])
        at += size
    W[RECEIVED] = 0
    return answer[end:]


_board._receivers[0] = _accept


class SerialPort:
    """Buffers of one port. Times are ticks_us; sizes bytes."""

    def __init__(self, number, byte_ns, receive_size, send_size, timeout_ms):
        self._number = number
        self._bursts = []
        self._received = bytearray()
        self.configure(byte_ns, receive_size, send_size, timeout_ms)
        self._send_end = now_us()
        _ports[number] = self

    def configure(self, byte_ns, receive_size, send_size, timeout_ms):
        self._byte_ns = byte_ns
        self._receive_size = receive_size
        self._send_size = send_size
        self._timeout_us = timeout_ms * 1000

    def _settle(self):
        """Moves the bytes whose time has come into the buffer; a full buffer loses them."""
        now = now_us()
        while self._bursts:
            burst = self._bursts[0]
            start, byte_ns, data, taken = burst
            age_us = (now - start) & TICKS_MASK
            seen = 0 if age_us > TICKS_MASK // 2 else min(age_us * 1000 // byte_ns, len(data))
            room = self._receive_size - len(self._received)
            self._received.extend(data[taken : min(seen, taken + room)])
            burst[3] = max(seen, taken)
            if seen < len(data):
                return
            self._bursts.pop(0)

    def _next_byte_us(self):
        """Time to the next byte that is on its way, or None."""
        if not self._bursts:
            return None
        start, byte_ns, _data, taken = self._bursts[0]
        due = start + ((taken + 1) * byte_ns + 999) // 1000
        left_us = (due - now_us()) & TICKS_MASK
        return 1 if left_us > TICKS_MASK // 2 else max(left_us, 1)

    def any(self):
        spend(COST_SERIAL)
        self._settle()
        return len(self._received)

    def _take(self, count):
        data = bytes(self._received[:count])
        self._received = self._received[count:]
        return data

    def _wait_bytes(self, count):
        """Waits for `count` bytes or the time-out; returns how many are there."""
        spend(COST_SERIAL)
        self._settle()
        deadline = now_us() + self._timeout_us
        while len(self._received) < count:
            left_us = (deadline - now_us()) & TICKS_MASK
            if left_us == 0 or left_us > TICKS_MASK // 2:
                break
            next_us = self._next_byte_us()
            if next_us is None:
                wait_event(left_us, WAKE_SERIAL)
            else:
                wait(min(next_us, left_us))
            self._settle()
        return len(self._received)

    def read(self, count=None):
        if count is None:
            self._wait_bytes(1)
            count = len(self._received)
        else:
            self._wait_bytes(count)
        return self._take(count) or None

    def readinto(self, buffer, count=None):
        count = len(buffer) if count is None else min(count, len(buffer))
        data = self.read(count)
        if data is None:
            return None
        buffer[: len(data)] = data
        return len(data)

    def readline(self):
        line = bytearray()
        while self._wait_bytes(1):
            line.extend(self._take(1))
            if line[-1] == 10:
                break
        return bytes(line) or None

    def room(self):
        """Bytes that can be written without waiting."""
        busy_us = (self._send_end - now_us()) & TICKS_MASK
        if busy_us > TICKS_MASK // 2:
            return self._send_size
        return self._send_size - busy_us * 1000 // self._byte_ns

    def _send(self, data):
        now = now_us()
        if ((self._send_end - now) & TICKS_MASK) > TICKS_MASK // 2:
            self._send_end = now
        spent_us = (len(data) * self._byte_ns + 999) // 1000
        self._send_end = (self._send_end + spent_us) & TICKS_MASK
        ask(SERIAL_SEND, self._number, payload=data)

    def write(self, data):
        spend(COST_SERIAL)
        data = bytes(data, "utf-8") if isinstance(data, str) else bytes(data)
        sent = 0
        while sent < len(data):
            room = self.room()
            if room > 0:
                self._send(data[sent : sent + room])
                sent += min(room, len(data) - sent)
            else:
                wait(self._byte_ns // 1000 + 1)
        return sent

    def txdone(self):
        spend(COST_SERIAL)
        return self.room() == self._send_size

    def flush(self):
        while not self.txdone():
            wait(self._byte_ns // 1000 + 1)


class UART(SerialPort):
    INV_TX = 1
    INV_RX = 2
    RTS = 1
    CTS = 2
    IRQ_RX = 1
    IRQ_RXIDLE = 64
    IRQ_TXIDLE = 32

    def __init__(self, id, baudrate=115200, **options):
        if id not in (0, 1):
            raise ValueError("UART(%d) doesn't exist" % id)
        self._irq = None
        self._options = {}
        SerialPort.__init__(self, id, 1, 256, 256, 0)
        self.init(baudrate, **options)

    def init(self, baudrate=115200, **options):
        for name in options:
            if name not in _UART_OPTIONS:
                raise TypeError("extra keyword arguments given")
            self._options[name] = options[name]
        if baudrate < 300:
            raise ValueError("invalid baudrate")
        options = self._options
        parity = 0 if options.get("parity") is None else 1
        bits = 1 + options.get("bits", 8) + parity + options.get("stop", 1)
        self.configure(
            bits * 1000000000 // baudrate,
            max(options.get("rxbuf", 256), 32),
            max(options.get("txbuf", 256), 32),
            options.get("timeout", 0),
        )
        ask(SERIAL_INIT, self._number, self._byte_ns, self._receive_size, self._send_size)

    def deinit(self):
        _ports.pop(self._number, None)

    def irq(self, handler=None, trigger=0, hard=False):
        if self._irq is None:
            self._irq = _board.add_handler(handler, self, hard)
        else:
            _board.set_handler(self._irq, handler, hard)
        ask(UART_IRQ, self._number, trigger, self._irq if handler else -1)

    def sendbreak(self):
        spend(self._byte_ns * 2 // 1000)


_UART_OPTIONS = (
    "bits", "parity", "stop", "tx", "rx", "rts", "cts", "txbuf", "rxbuf", "timeout",
    "timeout_char", "invert", "flow",
)  # fmt: skip


class USBSerial(SerialPort):
    """The board's own USB port: `sys.stdin.buffer` and `sys.stdout.buffer`.

    A host that holds the port and does not read makes a write wait up to 500 ms a piece; without
    DTR what is written is lost. The simulator decides both.
    """

    def __init__(self):
        SerialPort.__init__(self, PORT_USB, 1000, 512, 256, 0)

    def room(self):
        ask(SERIAL_ROOM, PORT_USB)
        return W[RESULT]

    def write(self, data):
        data = bytes(data, "utf-8") if isinstance(data, str) else bytes(data)
        ask(SERIAL_SEND, PORT_USB, payload=data)
        return len(data)

    def read(self, count=-1):
        """Blocks until `count` bytes are there, as the port does."""
        data = bytearray()
        while len(data) < count:
            self._settle()
            data.extend(self._take(count - len(data)))
            if len(data) < count:
                next_us = self._next_byte_us()
                wait_event(TICKS_MASK if next_us is None else next_us, WAKE_SERIAL)
        return bytes(data)
