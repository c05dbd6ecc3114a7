"""The recorder: one row of integers at each return of the control interrupt.

Columns: the plant's, the board's, and the firmware's own signal array (read as a debug probe
would). Without a running timer a row is taken every 10 ms.
"""

from array import array
from collections.abc import Callable
from typing import Any

from pensim.board.board import VirtualBoard
from pensim.board.near._layout import LEVELS, PINS
from pensim.board.virtual_time import Alarm
from pensim.trace import Column, Trace, TraceHeader

IDLE_US = 10_000  # a row is due after so long without a control interrupt
BOARD_COLUMNS = (Column("board.pins", "bits"), Column("board.outputs", "bits"))
CHUNK_ROWS = 16_384


class Recorder:
    """Collects rows; `trace()` is what has been recorded, `on_chunk` takes it piece by piece."""

    def __init__(self, board: VirtualBoard, kernel: Any, plant_columns: list[Column]) -> None:
        self._board = board
        self._words = board.words
        self._kernel = kernel
        self._plant_columns = plant_columns
        self._last_us = 0
        self.on_chunk: Callable[[Trace], None] | None = None
        self.on_beat: Callable[[int], None] | None = None  # about every 10 ms; for pacing
        self._clear()
        self._firmware_columns: list[Column] = []
        self._empty_row = array("i")
        self._alarm = Alarm(board.time, self._idle)
        self._alarm.arm(board.now_us + IDLE_US)
        board.processor.on_sample = self.sample

    def _clear(self) -> None:
        self._times = array("q")
        self._plant = array("i")
        self._levels = array("i")
        self._firmware = array("i")
        self._firmware_from = 0  # first row with firmware columns

    def sample(self, now_us: int) -> None:
        """Takes one row."""
        kernel, words = self._kernel, self._words
        self._last_us = now_us
        kernel.settle(now_us)
        kernel.record(now_us)
        self._times.append(now_us)
        self._plant.extend(kernel.row)
        self._levels.append(words[PINS])
        self._levels.append(words[LEVELS])
        engine = self._board.processor.engine
        probe = engine.probe() if engine is not None else None
        if probe is not None:
            if not self._firmware_columns:
                self._attach(len(probe))
            self._firmware.extend(probe)
        elif self._firmware_columns:
            self._firmware.extend(self._empty_row)
        if len(self._times) >= CHUNK_ROWS:
            self.flush()

    def flush(self) -> None:
        """Hands what has been recorded to `on_chunk`, if there is one, and forgets it."""
        if self.on_chunk is not None and self._times:
            self.on_chunk(self.trace())
            self._clear()

    def _attach(self, size: int) -> None:
        names = self._board.probe_names
        pairs = [name.partition("\t")[::2] for name in names[:size]]
        self._firmware_columns = [Column("pen." + name, unit) for name, unit in pairs]
        self._empty_row = array("i", [0] * size)
        self._firmware_from = len(self._times) - 1

    def _idle(self) -> None:
        now_us = self._board.now_us
        if now_us - self._last_us >= IDLE_US:
            self.sample(now_us)
        self._alarm.arm(now_us + IDLE_US)
        if self.on_beat is not None:
            self.on_beat(now_us)

    def trace(self, header: TraceHeader | None = None) -> Trace:
        """What has been recorded since the last chunk."""
        missing = self._firmware_from * len(self._firmware_columns)
        firmware = array("i", [0] * missing) + self._firmware
        blocks = [
            (self._plant_columns, self._plant),
            (list(BOARD_COLUMNS), self._levels),
            (self._firmware_columns, firmware),
        ]
        return Trace.from_blocks(self._times, blocks, header)
