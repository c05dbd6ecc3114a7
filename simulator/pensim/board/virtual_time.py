"""Virtual time: one SimPy environment in integer microseconds, with events that are re-armed."""

from collections.abc import Callable
from heapq import heappop, heappush

import simpy
from simpy.events import NORMAL

NEVER = 1 << 62  # us, later than any event


class VirtualTime(simpy.Environment):
    """SimPy's environment with an integer clock that the processor moves.

    The plant's own events (sensor edges) are not in SimPy's queue: the processor integrates up
    to the queue's head, finds them there, and moves the clock `_now` itself.
    """

    def __init__(self) -> None:
        super().__init__(initial_time=0)
        self._now: int = 0
        Alarm(self, lambda: None).arm(NEVER)  # the queue is never empty

    def step(self) -> None:
        """Processes the next event; an alarm without SimPy's detour over callbacks."""
        event = self._queue[0][3]
        if isinstance(event, Alarm):
            self._now = heappop(self._queue)[0]  # type: ignore[assignment]
            event.ring()
        else:
            super().step()

    def head_us(self) -> int:
        """Time of the next event in the queue, `NEVER` when there is none."""
        return self._queue[0][0]  # type: ignore[return-value]

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

    def arm(self, time_us: int) -> None:
        """Schedules the action for `time_us`, in place of an earlier arming."""
        self._due_us = time_us
        time = self._time
        heappush(time._queue, (time_us, NORMAL, next(time._eid), self))

    def stop(self) -> None:
        """The action is not called any more."""
        self._due_us = -1

    @property
    def armed(self) -> bool:
        """Whether the action is still to come."""
        return self._due_us >= 0

    def ring(self) -> None:
        """An entry of the queue has come: acts, unless it is an old one."""
        if self._time._now == self._due_us:
            self._due_us = -1
            self._action()


__all__ = ["NEVER", "Alarm", "VirtualTime"]
