"""Garbage collections: a seeded schedule from the profile, never the host interpreter's heap."""

from pensim.board.chance import draw_between
from pensim.board.near._layout import (
    ARG0,
    GARBAGE,
    GARBAGE_COLLECT,
    GARBAGE_OFF,
)
from pensim.board.processor import Processor
from pensim.board.profile import BoardProfile
from pensim.board.virtual_time import NEVER


class GarbageCollector:
    """Stalls the main loop from time to time; hard interrupts run meanwhile, soft ones wait."""

    def __init__(self, processor: Processor, profile: BoardProfile, seed: int) -> None:
        self._processor = processor
        self._profile = profile
        self._seed = seed
        self._count = 0
        self._enabled = True
        processor.on_garbage = self._collect
        processor.serve[GARBAGE] = self._serve

    def reset(self) -> None:
        """An empty heap: the first collection is a whole interval away."""
        self._enabled = True
        self._schedule(self._processor.now_us)

    def _schedule(self, now_us: int) -> None:
        bounds = self._profile.gc_interval_us
        self._count += 1
        interval_us = draw_between(self._seed, "garbage interval", self._count, bounds)
        wanted = self._enabled and bounds[1] > 0
        self._processor.garbage_due_us = now_us + interval_us if wanted else NEVER

    def _collect(self, now_us: int) -> int:
        """The length of the pause that begins now, microseconds."""
        bounds = self._profile.gc_pause_us
        pause_us = draw_between(self._seed, "garbage pause", self._count, bounds)
        self._schedule(now_us + pause_us)
        return pause_us

    def _serve(self, _payload: bytes) -> bytes:
        operation = self._processor.words[ARG0]
        if operation == GARBAGE_COLLECT:
            self._processor.stall(self._profile.gc_us)
        else:
            self._enabled = operation != GARBAGE_OFF
        self._schedule(self._processor.now_us)
        return b""
