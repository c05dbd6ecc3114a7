"""The outer ends of the board's serial ports: what a cable plugged in sees.

Bytes take their line time in both directions. Times are virtual microseconds.
"""

import struct
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pensim.board.near._layout import (
    ARG0,
    KBD_INTR,
    PORT_USB,
    RESULT,
    SERIAL_ROOM,
    SERIAL_SEND,
    WAKE_SERIAL,
)
from pensim.board.processor import TICKS_MASK, Processor

USB_BYTE_NS = 1_000  # USB full speed carries about 1 MB/s
USB_FIFO_BYTES = 256  # the chip's own send buffer
USB_PACKET_BYTES = 64  # a host's driver takes what the chip sends by whole packets
CTRL_C = 3
_RECORD = struct.Struct("<BxHII")  # as near/_serial.py reads it
_PIECE_BYTES = 4_096  # of one record
_GRANT_BYTES = 32_768  # of all records that one grant carries


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
        self.dtr = True  # and the port's DTR is asserted, as systems do when they open it
        self.reader: Callable[[bytes], None] | None = None  # takes what comes at once
        self._processor = processor
        self._to_board: deque[bytes] = deque()
        self._from_board: deque[_Burst] = deque()
        self._in_free_us = 0
        self._out_free_us = 0

    def reset(self) -> None:
        """The board's end starts anew; the cable stays."""
        self._to_board.clear()

    def send(self, data: bytes) -> int:
        """Puts bytes on the wire to the board; returns the time at which the last arrives."""
        start_us = max(self._processor.now_us, self._in_free_us)
        self._in_free_us = self.deliver(data, start_us, self.byte_ns) if data else start_us
        return self._in_free_us

    def deliver(self, data: bytes, start_us: int, byte_ns: int) -> int:
        """Bytes reach the board from `start_us` on; returns when the last one is there."""
        for at in range(0, len(data), _PIECE_BYTES):
            piece = data[at : at + _PIECE_BYTES]
            ticks = (start_us + at * byte_ns // 1000 + self._processor.ticks_offset_us) & TICKS_MASK
            self._to_board.append(_RECORD.pack(self.number, len(piece), ticks, byte_ns) + piece)
        self._processor.wake_for(WAKE_SERIAL)
        return start_us + (len(data) * byte_ns + 999) // 1000

    def hand_over(self, room: int) -> bytes:
        """Records that the firmware's side has not got yet, at most `room` bytes."""
        records = b""
        while self._to_board and len(records) + len(self._to_board[0]) <= room:
            records += self._to_board.popleft()
        return records

    @property
    def listening(self) -> bool:
        """Whether what the board sends reaches somebody."""
        return self.connected

    def board_sends(self, data: bytes) -> int:
        """The board has put bytes into its send buffer; returns how many it took.

        Without a listener they are lost.
        """
        start_us = max(self._processor.moment_us(), self._out_free_us)
        self._out_free_us = start_us + (len(data) * self.byte_ns + 999) // 1000
        if self.listening and data:
            if self.reader is not None:
                self.reader(data)
            else:
                self._from_board.append(_Burst(start_us, self.byte_ns, data))
            self._processor.stop()
        return len(data)

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


class UsbLine(SerialLine):
    """The board's own USB port: flow-controlled both ways, with a character that interrupts."""

    def __init__(self, processor: Processor) -> None:
        super().__init__(PORT_USB, processor, USB_BYTE_NS)
        self.host_buffer_bytes = 4_096  # what the host's driver takes before a program reads
        self.interrupt_character = CTRL_C
        self._on_wire: deque[_Burst] = deque()  # to the board
        self._in_fifo = 0  # bytes that the host's driver had not taken at the last look

    def reset(self) -> None:
        super().reset()
        self.interrupt_character = CTRL_C
        self._on_wire.clear()

    def deliver(self, data: bytes, start_us: int, byte_ns: int) -> int:
        end_us = super().deliver(data, start_us, byte_ns)
        burst = _Burst(start_us, byte_ns, data)
        self._forget_arrived()
        self._on_wire.append(burst)
        self._await_interrupt(burst)
        return end_us

    def set_interrupt(self, character: int) -> None:
        """Another character interrupts; what is still on the wire counts."""
        self.interrupt_character = character
        self._forget_arrived()
        for burst in self._on_wire:
            self._await_interrupt(burst)

    def _forget_arrived(self) -> None:
        now = self._processor.now_us
        while self._on_wire and self._on_wire[0].seen(now) == len(self._on_wire[0].data):
            self._on_wire.popleft()

    def _await_interrupt(self, burst: _Burst) -> None:
        character = self.interrupt_character
        index = burst.data.rfind(character) if character >= 0 else -1
        if index >= burst.seen(self._processor.now_us):
            self._processor.time.call_at(
                burst.arrival_us(index), lambda: self._interrupt(character)
            )

    def _interrupt(self, character: int) -> None:
        if character == self.interrupt_character:
            self._processor.interrupt_main()

    @property
    def listening(self) -> bool:
        """Whether a host holds the port, with DTR asserted."""
        return self.connected and self.dtr

    def room(self) -> int:
        """Bytes that the port takes now; none without a host."""
        if not self.listening:
            return 0
        waiting = sum(len(burst.data) - burst.taken for burst in self._from_board)
        self._in_fifo = min(self._in_fifo, waiting)
        left = self.host_buffer_bytes - (waiting - self._in_fifo)
        while self._in_fifo and left >= min(self._in_fifo, USB_PACKET_BYTES):
            packet = min(self._in_fifo, USB_PACKET_BYTES)
            self._in_fifo -= packet
            left -= packet
        return USB_FIFO_BYTES - self._in_fifo

    def board_sends(self, data: bytes) -> int:
        if not self.listening:
            return super().board_sends(data)
        sent = super().board_sends(data[: self.room()])
        self._in_fifo += sent
        return sent


class SerialPorts:
    """Serves what UART and USB have in common, and the USB port's own requests.

    `lines` are UART0, UART1 and USB.
    """

    def __init__(self, processor: Processor, uarts: Sequence[SerialLine]) -> None:
        self._words = processor.words
        self.usb = UsbLine(processor)
        self.lines: list[SerialLine] = [*uarts, self.usb]
        processor.serve[SERIAL_SEND] = self._serve_send
        processor.serve[SERIAL_ROOM] = self._serve_room
        processor.serve[KBD_INTR] = self._serve_interrupt_character
        processor.on_resume = self._received

    def reset(self) -> None:
        """The board's ends start anew."""
        for line in self.lines:
            line.reset()

    def _received(self, _now_us: int) -> bytes:
        first, second, usb = self.lines
        if not (first._to_board or second._to_board or usb._to_board):
            return b""
        records = b""
        for line in self.lines:
            records += line.hand_over(_GRANT_BYTES - len(records))
        return records

    def _serve_send(self, payload: bytes) -> bytes:
        line = self.lines[self._words[ARG0]]
        self._words[RESULT] = line.board_sends(bytes(payload))
        return b""

    def _serve_room(self, _payload: bytes) -> bytes:
        self._words[RESULT] = self.usb.room()
        return b""

    def _serve_interrupt_character(self, _payload: bytes) -> bytes:
        self.usb.set_interrupt(self._words[ARG0])
        return b""
