"""The samples of one viewer on their way to it; stands where the pen has its ring of samples."""

import struct
from collections import deque
from collections.abc import Sequence
from itertools import pairwise

from penfw import protocol
from penhost.telemetry import TIME, Block
from penloop.sharing.union import Union

QUEUE_MAX = 2000  # samples that a viewer has not taken; further ones are dropped, and counted
_MASKS = {code: mask for code, _size, _low, _high, mask in protocol.CODES}


class SampleQueue:
    """What penfw.link wants of a ring: see penfw.telemetry.TelemetryRing."""

    def __init__(self, union: Union) -> None:
        self.ticks_us = 0  # device time of the first sample of the last `take`
        self.sample_size = 0
        self.period_ms = 0
        self.dropped = 0
        self._union = union
        self._waiting: deque[tuple[int, bytes]] = deque()
        self._signals: tuple[int, ...] = ()
        self._codes = ""
        self._due_us: int | None = None

    def configure(self, indices: Sequence[int], codes: Sequence[str], period_ms: int) -> None:
        """Starts a subscription; no indices end it. Raises Refusal."""
        if indices:
            self.period_ms = self._union.grant(self, indices, period_ms)
        else:
            self._union.leave(self)
        self._waiting.clear()
        self.dropped = 0
        self._due_us = None
        self._signals, self._codes = tuple(indices), "".join(codes)
        self.sample_size = struct.calcsize("<" + self._codes)

    def put(self, block: Block, names: Sequence[str]) -> None:
        """Takes what is due of the owner's samples; `names` are all signals, by their number."""
        columns = [block.samples[names[index]].tolist() for index in self._signals]
        masks = [_MASKS[code] for code in self._codes]
        for row, time_us in enumerate(block.samples[TIME].tolist()):
            if self._due_us is not None and time_us < self._due_us - block.period_us // 2:
                continue
            self._due_us = time_us + self.period_ms * 1000
            values = [column[row] ^ mask for column, mask in zip(columns, masks)]
            self._append(time_us, struct.pack("<" + self._codes, *values))

    def _append(self, time_us: int, packed: bytes) -> None:
        if len(self._waiting) == QUEUE_MAX:
            self.dropped = (self.dropped + 1) & protocol.COUNT_MASK
        else:
            self._waiting.append((time_us, packed))

    def ready(self) -> int:
        """Samples at the head that follow each other without a gap, as a frame has to have them."""
        head = [self._waiting[at][0] for at in range(min(len(self._waiting), protocol.SAMPLES_MAX))]
        period_us = self.period_ms * 1000
        for count, (before_us, time_us) in enumerate(pairwise(head), 1):
            if abs(time_us - before_us - period_us) > period_us // 4:
                return count
        return len(head)

    def take(self, buffer: bytearray, at: int, most: int) -> int:
        """Writes up to `most` of them into the buffer; returns how many."""
        count = min(self.ready(), most)
        self.ticks_us = self._waiting[0][0]
        for _ in range(count):
            packed = self._waiting.popleft()[1]
            buffer[at : at + len(packed)] = packed
            at += len(packed)
        return count
