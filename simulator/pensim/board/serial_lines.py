"""The outer ends of the board's serial ports: what a cable plugged in sees.

Bytes take their line time in both directions. Times are virtual microseconds.
"""

import struct
from collections import deque
from dataclasses import dataclass

from pensim.board.near._layout import (
    ARG0,
    KBD_INTR,
    PORT_USB,
    RESULT,
    SERIAL_INIT,
    SERIAL_ROOM,
    SERIAL_SEND,
    UART_IRQ,
    WAKE_SERIAL,
)
from pensim.board.processor import TICKS_MASK, TICKS_OFFSET_US, Processor

_RECORD = struct.Struct("<BxHII")  # as near/_serial.py reads it
USB_BYTE_NS = 1_000  # USB full speed carries about 1 MB/s
UART_BYTE_NS = 10_000_000_000 // 115_200 // 1000 * 1000


@dataclass(slots=True)
class _Burst:
    """Bytes on the wire from the board: byte k is there at start + (k + 1) byte times."""

    start_us: int
    byte_ns: int
    data: bytes
    taken: int = 0

    def arrival_us(self, index: int) -> int:
        return self.start_us + ((index + 1) * self.byte_ns + 999) // 1000

    def seen(self, now_us: int) -> int:
        elapsed_ns = (now_us - self.start_us) * 1000
        return max(self.taken, min(elapsed_ns // self.byte_ns, len(self.data)))


class SerialLine:
    """One port's cable end: `send` to the board, `take` what it sent."""

    def __init__(self, number: int, processor: Processor, byte_ns: int) -> None:
        self.number = number
        self.byte_ns = byte_ns
        self.connected = False  # somebody holds the cable's other end
        self._processor = processor
        self._to_board: list[bytes] = []
        self._from_board: deque[_Burst] = deque()
        self._in_free_us = 0
        self._out_free_us = 0

    def send(self, data: bytes) -> int:
        """Puts bytes on the wire to the board; returns the time at which the last arrives."""
        for at in range(0, len(data), 0xFFFF):
            self._send_piece(data[at : at + 0xFFFF])
        self._processor.wake_for(WAKE_SERIAL)
        return self._in_free_us

    def _send_piece(self, data: bytes) -> None:
        start_us = max(self._processor.now_us, self._in_free_us)
        self._in_free_us = start_us + (len(data) * self.byte_ns + 999) // 1000
        ticks = (start_us + TICKS_OFFSET_US) & TICKS_MASK
        self._to_board.append(_RECORD.pack(self.number, len(data), ticks, self.byte_ns) + data)

    def hand_over(self) -> bytes:
        """The records that the firmware's side has not got yet."""
        if not self._to_board:
            return b""
        records = b"".join(self._to_board)
        self._to_board.clear()
        return records

    def board_sends(self, data: bytes) -> None:
        """The board has put bytes into its send buffer; without a listener they are lost."""
        start_us = max(self._processor.now_us, self._out_free_us)
        self._out_free_us = start_us + (len(data) * self.byte_ns + 999) // 1000
        if self.connected and data:
            self._from_board.append(_Burst(start_us, self.byte_ns, data))
            self._processor.stop()

    def arrived(self) -> int:
        """How many bytes can be taken now."""
        now = self._processor.now_us
        return sum(burst.seen(now) - burst.taken for burst in self._from_board)

    def arrival_us(self, count: int) -> int | None:
        """When the `count`-th byte from now on will be there, None when it is not sent yet."""
        for burst in self._from_board:
            left = len(burst.data) - burst.taken
            if count <= left:
                return burst.arrival_us(burst.taken + count - 1)
            count -= left
        return None

    def take(self, count: int) -> bytes:
        """At most `count` bytes of those that have arrived."""
        now = self._processor.now_us
        parts = []
        while count > 0 and self._from_board:
            burst = self._from_board[0]
            end = min(burst.seen(now), burst.taken + count)
            parts.append(burst.data[burst.taken : end])
            count -= end - burst.taken
            burst.taken = end
            if end < len(burst.data):
                break
            self._from_board.popleft()
        return b"".join(parts)

    def clear(self) -> None:
        """Forgets what the board sent and nobody took."""
        self._from_board.clear()


class SerialLines:
    """The board's three ports: UART0, UART1 and USB."""

    def __init__(self, processor: Processor) -> None:
        self._words = processor.words
        self.lines = [
            SerialLine(0, processor, UART_BYTE_NS),
            SerialLine(1, processor, UART_BYTE_NS),
            SerialLine(PORT_USB, processor, USB_BYTE_NS),
        ]
        processor.serve[SERIAL_INIT] = self._serve_init
        processor.serve[SERIAL_SEND] = self._serve_send
        processor.serve[SERIAL_ROOM] = self._serve_room
        processor.serve[KBD_INTR] = lambda _payload: b""
        processor.serve[UART_IRQ] = lambda _payload: b""
        processor.on_resume = self._received

    def _received(self, _now_us: int) -> bytes:
        first, second, usb = self.lines
        return first.hand_over() + second.hand_over() + usb.hand_over()

    def _serve_init(self, _payload: bytes) -> bytes:
        port, byte_ns = self._words[ARG0 : ARG0 + 2]
        self.lines[port].byte_ns = byte_ns
        return b""

    def _serve_send(self, payload: bytes) -> bytes:
        self.lines[self._words[ARG0]].board_sends(bytes(payload))
        return b""

    def _serve_room(self, _payload: bytes) -> bytes:
        self._words[RESULT] = 256
        return b""
