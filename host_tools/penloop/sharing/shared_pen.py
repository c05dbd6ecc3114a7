"""The owner's side: the one connection to the pen, and what viewers are told from it."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from penfw import protocol
from penfw.requests import Refusal
from penhost import BadValue, Reconnection, Refused
from penhost.replies import Event
from penhost.telemetry import Block
from penloop.sharing.union import Union, Wish

ASK_US = 500_000  # how old the state may be that viewers are told


class DeviceTime:
    """The pen's clock as far as the owner knows it; what penfw.link wants of a DeviceClock."""

    def __init__(self, shared: "SharedPen") -> None:
        self._shared = shared
        self._stamp_us: int | None = None

    @property
    def seconds(self) -> int:
        """Whole seconds since the pen's boot."""
        return self._now_us() // 1_000_000

    @property
    def micros(self) -> int:
        """And microseconds within the second."""
        return self._now_us() % 1_000_000

    def at(self, time_us: int) -> tuple[int, int]:
        """Both of a sample's time."""
        return divmod(time_us, 1_000_000)

    @contextmanager
    def stopped_at(self, time_us: int) -> Iterator[None]:
        """Stands at a time, at which something happened."""
        self._stamp_us = time_us
        try:
            yield
        finally:
            self._stamp_us = None

    def _now_us(self) -> int:
        return self._shared.device_time_us() if self._stamp_us is None else self._stamp_us


class SharedPen:
    """Talks to the pen for all. Its methods raise what Pen's do."""

    def __init__(self, steady: Reconnection) -> None:
        self._steady = steady
        self.union = Union(self._subscribe)
        self.clock = DeviceTime(self)
        self.state = 0
        self._learn()

    def _learn(self) -> None:
        pen = self._steady.pen
        self.info = pen.info
        self.rows = {table: pen.table(table) for table in _TABLES}
        self.signal_names = list(pen.signals)
        self._ask()

    def _ask(self) -> None:
        """Asks for state and time."""
        reply = self.request(protocol.STATUS)
        self.state = reply["state"]
        self._asked_us = self._steady.pen.clock.now_us()
        device_us = reply["time_s"] * 1_000_000 + reply["fraction_us"]
        self._ahead_us = device_us - self._asked_us

    def device_time_us(self) -> int:
        """The pen's time now, to within the link's delay."""
        return self.now_us() + self._ahead_us

    def now_us(self) -> int:
        """The time of the owner's port."""
        return self._steady.pen.clock.now_us()

    def request(self, number: int, *fields: Any) -> dict[str, Any]:
        """A viewer's request, sent to the pen."""
        return self._steady.pen.request(number, *fields)

    def end_trial(self) -> None:
        """What an owner tried goes back with its session, of which the pen hears nothing."""
        with suppress(Refused, BadValue):  # there is none, or none in this pen's protocol
            self._steady.pen.command("revert")

    def listen(self, seconds: float) -> tuple[list[Block], list[Event]]:
        """What the pen has sent, waiting for it up to so long."""
        pen = self._steady.pen
        blocks, events = pen.take_blocks(seconds), pen.events()
        if events or self.now_us() > self._asked_us + ASK_US:
            self._ask()
        return blocks, events

    def come_back(self, error: Any) -> None:
        """Connects again after a loss. Every viewer has to greet and subscribe anew."""
        self._steady.come_back(error)
        self.union.forget()
        self._learn()

    def _subscribe(self, wish: Wish) -> int:
        names = [self.signal_names[index] for index in wish.signals]
        try:
            self._steady.subscribe(names, wish.period_ms)
        except Refused as error:
            raise Refusal(error.reason, error.limit) from None
        except BadValue:  # a newer pen's type of signal
            raise Refusal(protocol.UNKNOWN_SIGNAL, 0) from None
        return self._steady.pen.period_ms


_TABLES = (
    protocol.TABLE_SETTINGS,
    protocol.TABLE_SIGNALS,
    protocol.TABLE_COMMANDS,
    protocol.TABLE_FAULTS,
    protocol.TABLE_STATES,
)
