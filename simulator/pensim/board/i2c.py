"""I2C buses with devices attached by address."""

import errno
from dataclasses import dataclass, field
from typing import Protocol

from pensim.board.near._layout import ARG0, I2C_TRANSFER
from pensim.board.processor import Processor
from pensim.board.refusal import BoardRefusal

_ADDRESS = 127


class I2CDevice(Protocol):
    """A device on the bus."""

    def transfer(self, written: bytes, read_count: int, now_us: int) -> bytes | None:
        """One transfer: what was written, then `read_count` bytes read; None: no answer."""


@dataclass
class Registers:
    """An example device: registers that are written and read from an address byte on."""

    content: bytearray = field(default_factory=lambda: bytearray(256))
    pointer: int = 0

    def transfer(self, written: bytes, read_count: int, now_us: int) -> bytes | None:
        """The first byte written is the address; it moves on with every byte."""
        if written:
            self.pointer = written[0]
        for value in written[1:]:
            self.content[self.pointer % len(self.content)] = value
            self.pointer += 1
        size = len(self.content)
        answer = bytes(self.content[(self.pointer + n) % size] for n in range(read_count))
        self.pointer += read_count
        return answer


class I2CBuses:
    """The two controllers' buses; a software bus reaches what hangs at the controller's pins."""

    def __init__(self, processor: Processor) -> None:
        self._processor = processor
        self.devices: list[dict[int, I2CDevice]] = [{}, {}]
        processor.serve[I2C_TRANSFER] = self._serve

    def _serve(self, payload: bytes) -> bytes:
        bus, address, count, pins = self._processor.words[ARG0 : ARG0 + 4]
        if bus < 0:  # pins 0, 1, 4, 5, 8, ... belong to controller 0, the others to 1
            bus = (pins & 255) >> 1 & 1
        device = self.devices[bus].get(address & _ADDRESS)
        now_us = self._processor.moment_us()
        answer = None if device is None else device.transfer(bytes(payload), count, now_us)
        if answer is None:
            raise BoardRefusal(errno.EIO)
        return answer
