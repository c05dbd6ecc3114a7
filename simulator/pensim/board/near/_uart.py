"""MicroPython's `machine.UART` for the RP2040: UART0 and UART1.

Time-outs count milliseconds as the port does: over when ticks_ms has moved on by more than that.
"""

import _callbacks
from _board import W, ask, integer, into_millisecond_us, left_us, now_us, spend, wait, wait_event
from _layout import SERIAL_BREAK, SERIAL_INIT, UART_FLAGS0, UART_IRQ, WAKE_SERIAL
from _pin import Pin, pin_number
from _profile import COST_SERIAL
from _serial import SerialPort, octets

_FIFO = 32  # bytes in hardware behind each buffer
_SMALLEST = 32
_LARGEST = 32766
_BREAK_BITS = 13
_CHUNK = 256
_TX = (0, 4)
_RX = (1, 5)
_ports = {}


class UART(SerialPort):
    """There is one object a UART, as on the port; the constructor empties its buffers."""

    INV_TX = 1
    INV_RX = 2
    CTS = 1
    RTS = 2
    IRQ_TXIDLE = 32
    IRQ_RXIDLE = 64
    IRQ_BREAK = 512

    def __new__(cls, id, *arguments, **options):
        number = integer(id)
        if number not in (0, 1):
            raise ValueError("UART(%d) doesn't exist" % number)
        uart = _ports.get(number)
        if uart is None:
            uart = _ports[number] = object.__new__(cls)
            uart._baudrate = uart._timeout_ms = uart._timeout_char_ms = uart._invert = 0
            uart._bits, uart._parity, uart._stop = 8, None, 1
            uart._tx, uart._rx = _TX[number], _RX[number]
            uart._irq = None
        return uart

    def __init__(self, id, *arguments, **options):
        SerialPort.__init__(self, integer(id), 1, _CHUNK + _FIFO, _CHUNK + _FIFO)
        self.init(*arguments, **options)

    def init(
        self, baudrate=-1, bits=-1, parity=-1, stop=-1, *, tx=None, rx=None, cts=None, rts=None,
        timeout=-1, timeout_char=-1, invert=-1, flow=-1, txbuf=-1, rxbuf=-1
    ):  # fmt: skip
        self._set_format(integer(baudrate), integer(bits), parity, integer(stop))
        self._set_pins(tx, rx, cts, rts)
        if integer(timeout) >= 0:
            self._timeout_ms = timeout
        if integer(timeout_char) >= 0:
            self._timeout_char_ms = timeout_char
        self._timeout_char_ms = max(self._timeout_char_ms, 13000 // self._baudrate + 1)
        if integer(invert) & ~3 and invert != -1:
            raise ValueError("bad inversion mask")
        if integer(flow) & ~3 and flow != -1:
            raise ValueError("bad hardware flow control mask")
        self._invert = self._invert if invert == -1 else invert
        self._receive_size = _buffer(rxbuf, self._receive_size, "rxbuf too large")
        self._send_size = _buffer(txbuf, self._send_size, "txbuf too large")
        self._start()

    def _set_format(self, baudrate, bits, parity, stop):
        if baudrate > 0:
            self._baudrate = baudrate
        self._baudrate = self._baudrate or 115200
        self._bits = bits if bits > 0 else self._bits
        self._stop = stop if stop > 0 else self._stop
        if parity is None:
            self._parity = None
        elif integer(parity) != -1:
            self._parity = parity & 1
        self._byte_ns = self._byte_bits() * 1000000000 // self._baudrate

    def _byte_bits(self):
        return 1 + self._bits + (self._parity is not None) + self._stop

    def _set_pins(self, tx, rx, cts, rts):
        self._tx = self._tx if tx is None else self._pin(tx, 0, "bad TX pin")
        self._rx = self._rx if rx is None else self._pin(rx, 1, "bad RX pin")
        if cts is not None:
            self._pin(cts, 2, "bad CTS pin")
        if rts is not None:
            self._pin(rts, 3, "bad RTS pin")

    def _pin(self, pin, place, message):
        number = pin_number(pin)
        if number & 3 != place or (number + 4 & 8) >> 3 != self._number:
            raise ValueError(message)
        return number

    def _start(self):
        self._open()
        for number in (self._tx, self._rx):
            Pin(number)._function = Pin.ALT_UART
        pins = self._tx | self._rx << 8 | self._invert << 16
        ask(SERIAL_INIT, self._number, self._byte_ns, self._byte_bits(), pins)

    def deinit(self):
        self.flush()
        self._baudrate = 0
        self._close()
        ask(SERIAL_INIT, self._number, self._byte_ns)

    def any(self):
        spend(COST_SERIAL)
        self._settle()
        return min(len(self._received), self._receive_size - _FIFO)

    def _await_byte(self, timeout_ms):
        """Waits until a byte is there, for at most the time-out; False when there is none."""
        start_us = now_us()
        limit_us = (timeout_ms + 1) * 1000 - into_millisecond_us()
        self._settle()
        while not self._received:
            rest_us = left_us(start_us, limit_us)
            if rest_us <= 0:
                return False
            next_us = self._next_byte_us()
            if next_us is None:
                wait_event(rest_us, WAKE_SERIAL)
            else:
                wait(min(next_us, rest_us))
            self._settle()
        return True

    def _read(self, count):
        """At most `count` bytes, ended by a time-out: the first byte's, then the next ones'."""
        data = bytearray()
        timeout_ms = self._timeout_ms
        while len(data) < count and self._await_byte(timeout_ms):
            data.extend(self._take(count - len(data)))
            timeout_ms = self._timeout_char_ms
        return bytes(data)

    def read(self, nbytes=-1):
        spend(COST_SERIAL)
        if integer(nbytes) >= 0:
            return self._read(nbytes) or None
        data = piece = self._read(_CHUNK)
        while piece:
            piece = self._read(_CHUNK)
            data += piece
        return data or None

    def readinto(self, buf, nbytes=None):
        spend(COST_SERIAL)
        count = len(buf) if nbytes is None else min(integer(nbytes), len(buf))
        data = self._read(count)
        buf[: len(data)] = data
        return len(data) or None

    def readline(self, size=-1):
        spend(COST_SERIAL)
        line = bytearray()
        while len(line) != size and self._await_byte(self._timeout_ms):
            line.extend(self._take(1))
            if line[-1] == 10:
                break
        return bytes(line) or None

    def __iter__(self):
        return self

    def __next__(self):
        line = self.readline()
        if line is None:
            raise StopIteration
        return line

    def write(self, buf):
        spend(COST_SERIAL)
        data = octets(buf)
        sent = self._fill(data, 0)
        timeout_ms = self._timeout_ms
        while sent < len(data):
            if self._byte_ns // 1000 > timeout_ms * 1000 + 1000:
                return sent or None
            wait(self._byte_ns // 1000 + 1)
            sent = self._fill(data, sent)
            timeout_ms = self._timeout_char_ms
        return sent

    def _fill(self, data, sent):
        """Puts what has room into the send buffer; returns how much of `data` is in then."""
        room = self.room()
        if room > 0 and sent < len(data):
            self._send(data[sent : sent + room])
            return min(sent + room, len(data))
        return sent

    def txdone(self):
        spend(COST_SERIAL)
        return self._unsent() == 0

    def flush(self):
        spend(COST_SERIAL)
        wait(self._unsent() * self._byte_ns // 1000)

    def sendbreak(self):
        ask(SERIAL_BREAK, self._number)
        wait(_BREAK_BITS * 1000000 // self._baudrate + 1)

    def irq(self, handler=None, trigger=0, hard=False):
        if self._irq is None:
            self._irq = _UartIrq(self)
        elif handler is None and trigger == 0 and not hard:
            return self._irq
        self._irq._configure(handler, integer(trigger), hard)
        return self._irq

    def __repr__(self):
        values = (
            self._number, self._baudrate, self._bits, self._parity, self._stop, self._tx, self._rx,
            self._send_size - _FIFO, self._receive_size - _FIFO, self._timeout_ms,
            self._timeout_char_ms, ("None", "INV_TX", "INV_RX", "INV_TX|INV_RX")[self._invert],
            0 if self._irq is None else self._irq.trigger(),
        )  # fmt: skip
        return (
            "UART(%d, baudrate=%d, bits=%d, parity=%s, stop=%d, tx=%d, rx=%d, txbuf=%d, rxbuf=%d, "
            "timeout=%d, timeout_char=%d, invert=%s, irq=%d)" % values
        )


class _UartIrq:
    """What `UART.irq` returns: the interrupt of one UART."""

    def __init__(self, uart):
        self._uart = uart
        self._trigger = 0
        self._number = _callbacks.add(_callbacks.nothing, uart, False)

    def _configure(self, handler, trigger, hard):
        if handler is not None and not callable(handler):
            raise ValueError("handler must be None or callable")
        known = UART.IRQ_TXIDLE | UART.IRQ_RXIDLE | UART.IRQ_BREAK
        if trigger & ~known:
            raise ValueError("trigger 0x%04x unsupported" % (trigger & ~known))
        _callbacks.change(self._number, handler or _callbacks.nothing, bool(hard))
        self.trigger(trigger)

    def flags(self):
        """The events that raised the interrupt the last time."""
        return W[UART_FLAGS0 + self._uart._number]

    def trigger(self, trigger=None):
        """The events that raise it; sets them when some are given."""
        before = self._trigger
        if trigger is not None:
            self._trigger = trigger
            ask(UART_IRQ, self._uart._number, trigger, self._number)
        return before


def _buffer(size, before, message):
    """Room of a buffer with the hardware's behind it; `size` -1 leaves it as it is."""
    if integer(size) <= 0:
        return before
    if size > _LARGEST:
        raise ValueError(message)
    return max(size, _SMALLEST) + _FIFO
