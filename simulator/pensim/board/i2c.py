"""I2C buses with devices attached by address."""

import errno
from typing import Protocol

from pensim.board.near._layout import ARG0, I2C_TRANSFER
from pensim.board.processor import BoardRefusal, Processor


class I2CDevice(Protocol):
    """A device on the bus."""

    def transfer(self, written: bytes, read_count: int, now_us: int) -> bytes | None:
        """One transfer: what was written, then `read_count` bytes read; None: no answer."""


class I2CBuses:
    """The two controllers' buses."""

    def __init__(self, processor: Processor) -> None:
        self._processor = processor
        self.devices: list[dict[int, I2CDevice]] = [{}, {}]
        processor.serve[I2C_TRANSFER] = self._serve

    def _serve(self, payload: bytes) -> bytes:
        bus, address, count = self._processor.words[ARG0 : ARG0 + 3]
        device = self.devices[bus].get(address)
        now_us = self._processor.now_us
        answer = None if device is None else device.transfer(bytes(payload), count, now_us)
        if answer is None:
            raise BoardRefusal(errno.EIO)
        return answer
