"""The two UARTs: their pins and what wires lead from one to the other, and their interrupts."""

from collections.abc import Callable

from pensim.board.gpio import Gpio
from pensim.board.near._layout import (
    ARG0,
    SERIAL_BREAK,
    SERIAL_INIT,
    UART_FLAGS0,
    UART_IRQ,
)
from pensim.board.processor import Interrupt, Processor
from pensim.board.profile import BoardProfile
from pensim.board.serial_lines import SerialLine
from pensim.board.virtual_time import Alarm

DEFAULT_BYTE_NS = 10 * 1_000_000_000 // 115_200
TXIDLE, RXIDLE, BREAK = 32, 64, 512  # events, as bits of the hardware's interrupt mask
_IDLE_BITS = 32  # the receiver is idle after so long without a byte
_LEFT_AT_TXIDLE = 5  # characters still to be sent when the send buffer counts as empty
_TOLERANCE = 25  # a receiver follows a rate that is off by one part in so many
_FRAME_BITS = 10  # start, eight data bits, stop


class UartLine(SerialLine):
    """One UART: the line to its cable, its pins and its interrupt.

    What it sends also goes along the board's wires: `carry(line, data, start_us)`.
    """

    def __init__(
        self, number: int, processor: Processor, carry: "Callable[[UartLine, bytes, int], None]"
    ) -> None:
        super().__init__(number, processor, DEFAULT_BYTE_NS)
        self._carry = carry
        self._flags_word = UART_FLAGS0 + number
        self._idle = Alarm(processor.time, lambda: self.event(RXIDLE))
        self._drained = Alarm(processor.time, lambda: self.event(TXIDLE))
        self.bits = _FRAME_BITS
        self._forget()

    def _forget(self) -> None:
        self.running = False
        self.transmit_pin = self.receive_pin = -1
        self.inverted = 0  # 1: transmits inverted, 2: receives inverted
        self._interrupt: Interrupt | None = None
        self._trigger = 0

    def reset(self) -> None:
        super().reset()
        self._forget()
        self._idle.stop()
        self._drained.stop()

    def set_interrupt(self, interrupt: Interrupt | None, trigger: int) -> None:
        """The events in `trigger` raise the interrupt, in place of an earlier one."""
        if self._interrupt is not None:
            self._processor.drop_interrupt(self._interrupt)
        self._interrupt = interrupt
        self._trigger = trigger

    def event(self, flag: int) -> None:
        """Raises the interrupt if it asks for this event."""
        if self._interrupt is not None and self._trigger & flag:
            self._processor.words[self._flags_word] = flag
            self._processor.raise_interrupt(self._interrupt)

    def deliver(self, data: bytes, start_us: int, byte_ns: int) -> int:
        end_us = super().deliver(data, start_us, byte_ns)
        if self._trigger & RXIDLE:
            self._idle.arm(end_us + _IDLE_BITS * self.byte_ns // self.bits // 1000)
        return end_us

    def board_sends(self, data: bytes) -> int:
        count = super().board_sends(data)
        end_us = self._out_free_us
        self._carry(self, data, end_us - (len(data) * self.byte_ns + 999) // 1000)
        unsent = (end_us - self._processor.now_us) * 1000 // self.byte_ns
        if self._trigger & TXIDLE and unsent > _LEFT_AT_TXIDLE:
            self._drained.arm(end_us - _LEFT_AT_TXIDLE * self.byte_ns // 1000)
        return count


class Uarts:
    """Serves the requests of `machine.UART`, and carries bytes along the wires between pins."""

    def __init__(self, gpio: Gpio, processor: Processor, profile: BoardProfile) -> None:
        self._gpio = gpio
        self._words = processor.words
        self._latency_us = profile.interrupt_latency_us
        self.lines = [UartLine(number, processor, self._carry) for number in (0, 1)]
        processor.serve[SERIAL_INIT] = self._serve_init
        processor.serve[UART_IRQ] = self._serve_irq
        processor.serve[SERIAL_BREAK] = self._serve_break

    def _carry(self, sender: UartLine, data: bytes, start_us: int) -> None:
        for line in self._listeners(sender):
            line.deliver(received(data, sender, line), start_us, sender.byte_ns)

    def _listeners(self, sender: UartLine) -> list[UartLine]:
        """UARTs whose receive pin a wire joins with the sender's transmit pin."""
        return [
            line
            for line in self.lines
            if sender.running
            and line.running
            and self._gpio.joined(sender.transmit_pin, line.receive_pin)
        ]

    def _serve_init(self, _payload: bytes) -> bytes:
        port, byte_ns, bits, packed = self._words[ARG0 : ARG0 + 4]
        line = self.lines[port]
        line.running = bits > 0
        if bits:
            line.byte_ns, line.bits = byte_ns, bits
            line.transmit_pin, line.receive_pin = packed & 255, packed >> 8 & 255
            line.inverted = packed >> 16
            self._gpio.give_to_peripheral(line.transmit_pin, 1 ^ line.inverted & 1)
            self._gpio.give_to_peripheral(line.receive_pin, None)
        else:
            line.set_interrupt(None, 0)
        return b""

    def _serve_irq(self, _payload: bytes) -> bytes:
        port, trigger, number = self._words[ARG0 : ARG0 + 3]
        interrupt = Interrupt(number, self._latency_us) if trigger else None
        self.lines[port].set_interrupt(interrupt, trigger)
        return b""

    def _serve_break(self, _payload: bytes) -> bytes:
        for line in self._listeners(self.lines[self._words[ARG0]]):
            line.event(BREAK)
        return b""


def received(data: bytes, sender: UartLine, receiver: UartLine) -> bytes:
    """What a receiver makes of a sender's bytes: garbage when the rates do not match."""
    if (sender.inverted & 1) != (receiver.inverted >> 1 & 1):
        return b""
    sent_ns, read_ns = sender.byte_ns // sender.bits, receiver.byte_ns // receiver.bits
    if abs(sent_ns - read_ns) * _TOLERANCE <= read_ns:
        return data
    levels = [bit for value in data for bit in _frame(value)] + [1] * 2 * _FRAME_BITS
    return _sampled(levels, sent_ns, read_ns)


def _frame(value: int) -> list[int]:
    return [0, *(value >> place & 1 for place in range(8)), 1]


def _sampled(levels: list[int], sent_ns: int, read_ns: int) -> bytes:
    """Bytes that a receiver with bits of `read_ns` reads off a line with bits of `sent_ns`."""
    found = bytearray()
    at = 0  # the line's bit at which the receiver looks for a start bit
    while 0 in levels[at:]:
        start_ns = levels.index(0, at) * sent_ns
        bits = [
            _level(levels, (start_ns + (place + 1.5) * read_ns) / sent_ns) for place in range(8)
        ]
        found.append(sum(bit << place for place, bit in enumerate(bits)))
        at = int((start_ns + (_FRAME_BITS - 0.5) * read_ns) / sent_ns)
        while at < len(levels) and not levels[at]:
            at += 1  # no stop bit: wait for the line to be idle
    return bytes(found)


def _level(levels: list[int], at: float) -> int:
    return levels[int(at)] if at < len(levels) else 1
