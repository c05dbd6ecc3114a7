"""Virtual time: one SimPy environment in integer microseconds, with events that are re-armed."""

from collections.abc import Callable
from typing import Any

import simpy
from simpy.events import NORMAL

NEVER = 1 << 62  # us, later than any event


class VirtualTime(simpy.Environment):
    """SimPy's environment with an integer clock that the processor moves.

    The plant's own events (sensor edges) are not in SimPy's queue: the processor integrates up
    to the queue's head, finds them there, and moves the clock with `advance_to`.
    """

    def __init__(self) -> None:
        super().__init__(initial_time=0)
        self._now: int = 0

    def advance_to(self, time_us: int) -> None:
        """Moves the clock to `time_us`; nothing in the queue may lie before it."""
        self._now = time_us

    def head_us(self) -> int:
        """Time of the next event in the queue, `NEVER` when there is none."""
        queue = self._queue
        return queue[0][0] if queue else NEVER  # type: ignore[return-value]

    def call_at(self, time_us: int, action: Callable[[], None]) -> "Alarm":
        """Calls `action()` once at `time_us`."""
        alarm = Alarm(self, action)
        alarm.arm(time_us)
        return alarm


class Alarm(simpy.Event):
    """An event object that is scheduled again and again, without a new one each time.

    A stopped or re-armed alarm leaves its old entry in SimPy's queue; the entry finds that its
    time is not the armed one any more and does nothing.
    """

    def __init__(self, time: VirtualTime, action: Callable[[], None]) -> None:
        super().__init__(time)
        self._ok = True
        self._value = None
        self._action = action
        self._due_us = -1
        self._time = time
        self._entries = 0

    def arm(self, time_us: int) -> None:
        """Schedules the action for `time_us`, in place of an earlier arming."""
        time = self._time
        self._due_us = time_us
        self._entries += 1
        self.callbacks = [self._fire]
        time.schedule(self, NORMAL, time_us - time._now)

    def stop(self) -> None:
        """The action is not called any more."""
        self._due_us = -1

    @property
    def armed(self) -> bool:
        """Whether the action is still to come."""
        return self._due_us >= 0

    def _fire(self, _event: Any) -> None:
        self._entries -= 1
        if self._entries:  # the queue holds this object again: keep its callback alive
            self.callbacks = [self._fire]
        if self._time._now == self._due_us:
            self._due_us = -1
            self._action()


__all__ = ["NEVER", "Alarm", "VirtualTime"]
