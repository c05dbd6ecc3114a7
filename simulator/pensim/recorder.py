"""The recorder: one row of integers at each return of the control interrupt.

Columns: the plant's, the board's, and the firmware's own signal array (read as a debug probe
would). Without a running timer a row is taken every 10 ms.
"""

from array import array
from bisect import bisect_left
from collections.abc import Callable
from typing import Any

import numpy as np

from pensim.board.board import VirtualBoard
from pensim.board.near._layout import LEVELS, PINS
from pensim.board.virtual_time import Alarm
from pensim.trace import Column, Trace, TraceHeader

IDLE_US = 10_000  # a row is due after so long without a control interrupt
BOARD_COLUMNS = [Column("board.pins", "bits"), Column("board.outputs", "bits")]
BLOCK_ROWS = 16_384


class _Block:
    """Memory of some rows, all of one width, filled one after another."""

    def __init__(self, columns: list[Column]) -> None:
        self.columns = columns
        self.times = array("q", bytes(8 * BLOCK_ROWS))
        self.rows = memoryview(array("i", bytes(4 * BLOCK_ROWS * len(columns))))
        self.count = 0

    def table(self, first: int = 0) -> Any:
        """The rows from that one on as a numpy table."""
        width = len(self.columns)
        table = np.array(self.rows[first * width : self.count * width], dtype=np.int64)
        return table.reshape(self.count - first, width)

    def since(self, time_us: int) -> int:
        """The first row at that time or later."""
        return bisect_left(self.times, time_us, 0, self.count)


class Recorder:
    """Collects rows; `trace()` is what has been recorded, `on_chunk` takes it piece by piece."""

    def __init__(self, board: VirtualBoard, kernel: Any, plant_columns: list[Column]) -> None:
        self._board = board
        self._words = board.words
        self._kernel = kernel
        self._plant_row = memoryview(kernel.row)
        self._plant_count = len(plant_columns)
        self._columns = plant_columns + BOARD_COLUMNS
        self._last_us = 0
        self.on_chunk: Callable[[Trace], None] | None = None
        self.on_beat: Callable[[int], None] | None = None  # about every 10 ms; for pacing
        self._punctures = array("q")  # time and depth by turns: 16 bytes a stroke, however long
        self._blocks: list[_Block] = []
        self._open_block()
        self._alarm = Alarm(board.time, self._idle)
        self._alarm.arm(board.now_us + IDLE_US)
        board.processor.on_sample = self.sample

    def _open_block(self) -> None:
        self._block = _Block(self._columns)
        self._blocks.append(self._block)
        self._rows = self._block.rows
        self._times = self._block.times
        self._width = len(self._columns)
        self._at = 0

    def sample(self, now_us: int) -> None:
        """Takes one row."""
        kernel, words = self._kernel, self._words
        kernel.settle(now_us)
        kernel.record(now_us)
        board = self._board
        engine = board.processor.engine  # None: the power is off
        probe = engine.probe() if engine is not None and board.probe_names else None
        if probe is not None and self._width == self._plant_count + 2:
            self._attach(len(probe))
        rows, at = self._rows, self._at
        board_at = at + self._plant_count
        rows[at:board_at] = self._plant_row
        rows[board_at] = words[PINS]
        rows[board_at + 1] = words[LEVELS]
        self._at = at = at + self._width
        if probe is not None:
            rows[board_at + 2 : at] = probe
        self._times[self._block.count] = self._last_us = now_us
        self._block.count += 1
        if self._block.count == BLOCK_ROWS:
            self._next_block()

    def _next_block(self) -> None:
        if self.on_chunk is None:
            self._open_block()
        else:
            self.flush()

    def _attach(self, size: int) -> None:
        """The firmware's signals have come: a block with their columns follows."""
        pairs = [name.partition("\t")[::2] for name in self._board.probe_names[:size]]
        self._columns = self._columns + [Column("pen." + name, unit) for name, unit in pairs]
        self._open_block()

    def keep_little(self) -> None:
        """From now on only the newest rows are kept: hours of them would fill the memory."""
        self.on_chunk = lambda _trace: None

    def flush(self) -> None:
        """Hands what has been recorded to `on_chunk`, if there is one, and forgets it."""
        if self.on_chunk is not None:
            if any(block.count for block in self._blocks):
                self.on_chunk(self.trace())
            self._blocks.clear()
            self._open_block()

    def _idle(self) -> None:
        now_us = self._board.now_us
        if now_us - self._last_us >= IDLE_US:
            self.sample(now_us)
        self._alarm.arm(now_us + IDLE_US)
        for puncture in self._kernel.drain_punctures():
            self._punctures.extend(puncture)
        if self.on_beat is not None:
            self.on_beat(now_us)

    @property
    def punctures(self) -> list[tuple[int, int]]:
        """(end of the insertion us, deepest um) of every stroke into skin, up to 10 ms ago."""
        return list(zip(self._punctures[::2], self._punctures[1::2], strict=True))

    def latest(self, past_us: int = 0) -> Trace | None:
        """The last row and those of `past_us` before it, as far as rows are kept and as wide.

        None before the first.
        """
        if not self._block.count:
            return None
        start_us = self._last_us - past_us
        blocks = [block for block in self._blocks[-2:] if block.columns == self._columns]
        tails = [(block, block.since(start_us)) for block in blocks]
        times = [np.array(block.times[first : block.count]) for block, first in tails]
        values = np.concatenate([block.table(first) for block, first in tails])
        pairs = [(column, values[:, number]) for number, column in enumerate(self._columns)]
        return Trace(np.concatenate(times), pairs)

    def trace(self, header: TraceHeader | None = None) -> Trace:
        """What has been recorded since the last chunk; a column that came later begins with 0."""
        times = np.concatenate([np.array(block.times[: block.count]) for block in self._blocks])
        values = np.zeros((len(times), len(self._columns)), dtype=np.int64)
        first = 0
        for block in self._blocks:
            values[first : first + block.count, : len(block.columns)] = block.table()
            first += block.count
        pairs = [(column, values[:, number]) for number, column in enumerate(self._columns)]
        return Trace(times.astype(np.int64), pairs, header)
