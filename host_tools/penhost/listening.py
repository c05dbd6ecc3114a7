"""What a client does while time passes: it hears telemetry, and tells the pen that it is there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np

from penfw import protocol
from penhost.clock import Clock, MonotonicClock
from penhost.description import Description, named
from penhost.errors import BadValue
from penhost.session import Session
from penhost.telemetry import Block, Recording, Stream, joined, wire_type

HEARTBEAT_US = 100_000  # the pen stops and parks after 500 ms without one
SILENCE_US = 1_000_000  # without samples for so long, the pen is asked whether it is there


class Listener(Description):
    """The part of a Pen that waits: see there."""

    def __init__(self, session: Session, clock: Clock) -> None:
        super().__init__(session)
        self._clock = clock
        self._stream: Stream | None = None
        self._presence = False
        self._heartbeat_us = 0

    @property
    def clock(self) -> Clock:
        """The time on which this client waits: the port's own, else the computer's."""
        return self._clock

    @property
    def clock_is_virtual(self) -> bool:
        """Whether the pen's time is its own, not that of the world."""
        return not isinstance(self._clock, MonotonicClock)

    # Presence and time

    def heartbeat(self) -> str:
        """Tells the pen that the host is there, as SERVICE wants it; returns the state's name."""
        self._heartbeat_us = self._clock.now_us() + HEARTBEAT_US
        return self._state_name(self._session.request(protocol.HEARTBEAT)["state"])

    @contextmanager
    def presence(self) -> Iterator[None]:
        """Sends heartbeats from within `wait`, `blocks`, `samples` and `record`."""
        self._presence = True
        self._heartbeat_us = self._clock.now_us()
        try:
            yield
        finally:
            self._presence = False

    def wait(self, seconds: float) -> None:
        """Lets time pass, the pen's where it is simulated; telemetry is queued meanwhile."""
        end_us = self._clock.now_us() + round(seconds * 1e6)
        self._listen(end_us)
        while self._clock.now_us() < end_us:
            self._listen(end_us)

    def _listen(self, until_us: int) -> None:
        if self._presence:
            if self._clock.now_us() >= self._heartbeat_us:
                self.heartbeat()
            until_us = min(until_us, self._heartbeat_us)
        self._session.pump(until_us)

    # Telemetry

    def subscribe(self, signals: Sequence[str], period_ms: int = 10) -> None:
        """Has the pen send samples of up to 8 signals; replaces what was subscribed before.

        Raises BadValue for an unknown signal, Refused for too many or a period that the pen
        does not take.
        """
        rows = named(self.signals, "signal", signals)
        wire_type(rows)
        reply = self._session.request(protocol.SUBSCRIBE, period_ms, [(row.index,) for row in rows])
        self._session.telemetry.clear()
        self._stream = Stream(reply["stream"], reply["period_ms"] * 1000, rows) if rows else None

    def unsubscribe(self) -> None:
        """Ends telemetry; what is queued is dropped."""
        self.subscribe([], 0)

    @property
    def period_ms(self) -> int:
        """From each sample to the next as the pen has granted it; 0 without a subscription."""
        return self._stream.period_us // 1000 if self._stream else 0

    def take_blocks(self, seconds: float) -> list[Block]:
        """What has come by now; waits up to so long where nothing has."""
        self._listen(self._clock.now_us() + round(seconds * 1e6))
        queue, stream = self._session.telemetry, self._stream
        found = [stream.block(queue.popleft()) for _ in range(len(queue))] if stream else []
        return [block for block in found if block is not None]

    def blocks(self) -> Iterator[Block]:
        """Samples as they arrive, a frame at a time, for as long as the subscription stands.

        Waits; silence of a second makes it ask the pen, which raises if it is gone.
        """
        stream = self._subscribed()
        while stream is self._stream:
            yield self._next_block(stream)

    def arrived(self) -> list[Block]:
        """Samples that have arrived, without waiting for more."""
        self._subscribed()
        return self.take_blocks(0)

    def samples(self) -> Iterator[np.void]:
        """Samples one by one: `sample["time_us"]` is device time, `sample["rate"]` a signal."""
        for block in self.blocks():
            yield from block.samples

    def record(self, seconds: float) -> Recording:
        """Samples of so much device time, from the oldest that is not read yet."""
        stream = self._subscribed()
        blocks: list[Block] = []
        for block in self.blocks():
            blocks.append(block)
            count = round(seconds * 1e6) // stream.period_us
            end_us = blocks[0].samples["time_us"][0] + count * stream.period_us
            if block.samples["time_us"][-1] + stream.period_us >= end_us:
                break
        return joined(blocks, stream, end_us)

    def _state_name(self, number: int) -> str:
        return self.states[number] if number < len(self.states) else f"state {number}"

    def _subscribed(self) -> Stream:
        if self._stream is None:
            raise BadValue("no signals are subscribed", "call subscribe() first")
        return self._stream

    def _next_block(self, stream: Stream) -> Block:
        queue = self._session.telemetry
        silence_us = max(SILENCE_US, 3 * stream.period_us)
        asked_us = self._clock.now_us()
        while True:
            while queue:
                block = stream.block(queue.popleft())
                if block is not None:
                    return block
            if self._clock.now_us() >= asked_us + silence_us:
                self._session.request(protocol.STATUS)
                asked_us = self._clock.now_us()
            self._listen(asked_us + silence_us)
