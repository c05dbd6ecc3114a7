"""The pen's scope: chosen signals of every control tick, 1 ms apart, around a trigger.

The pen itself looks for the trigger and keeps the samples in its memory; they are read afterwards,
so a slow line loses none. A fault, a stop and a flash window leave the capture as it is; a reset of
the pen does not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from penfw import protocol
from penhost.clock import Clock
from penhost.errors import BadValue, NoTrigger, PenError, Refused
from penhost.session import Session
from penhost.tables import Signal, time_us
from penhost.telemetry import TIME, unmasked, wire_type
from penhost.trigger import Trigger

SAMPLE_US = 1000
MOST_SAMPLES = 65535  # asked for: the pen grants what its memory holds
_TELL, _ARM, _END = range(3)
ARMED, TRIGGERED, READING = "armed", "triggered", "reading"
_NONE, _ARMED, _, _COMPLETE = range(4)
_STAMP = "stamp"
_STAMP_US = 16
_STAMP_MASK = 0x5555
LOOK_S = 0.05  # between two looks whether a capture is complete
_FEW_BYTES = 48  # of a reply where long ones do not get through


@dataclass(frozen=True)
class Capture:
    """One capture. `samples` has the columns time_us (int64, device time, to 16 us) and one int32
    a signal, in its unit; `current` is what the tick itself has read, other signals are as the
    tick has left them. `trigger` is the row of the trigger. Samples are 1 ms apart; where the pen
    had no ticks, as it wrote its flash, or could not keep them, time_us has a gap. `missing` tells
    for each row how many are missing right before it.
    """

    boot_session: int
    trigger: int
    trigger_us: int
    units: dict[str, str]
    samples: NDArray[np.void]

    @property
    def missing(self) -> NDArray[np.int64]:
        """Ticks without a sample right before each row."""
        steps = np.diff(self.samples[TIME], prepend=self.samples[TIME][:1] - SAMPLE_US)
        return np.maximum((2 * steps + SAMPLE_US) // (2 * SAMPLE_US) - 1, 0)


@dataclass(frozen=True)
class Progress:
    """How far a capture is. `stage` is armed, triggered or reading; `done` of `total` samples."""

    stage: str
    done: int
    total: int


Watcher = Callable[[Progress], None]


class Scope:
    """One capture on its way: `arm`, then `progress` until it is complete, `read`, `end`."""

    def __init__(self, session: Session, signals: Sequence[Signal]) -> None:
        """Raises BadValue on a signal that comes twice, or none."""
        if not signals:
            raise BadValue("the scope has no signal", "name one to eight")
        self._session = session
        self._signals = tuple(signals)
        self._wire = np.dtype([(_STAMP, "<u2"), *_fields(wire_type(signals))])
        self._capture = 0
        self._state: dict[str, Any] = {}

    def arm(self, trigger: Trigger, before: float, samples: int = MOST_SAMPLES) -> int:
        """Arms the pen's scope, in place of what it held; returns how many samples it will hold.

        `before` is the share of them before the trigger, 0 to 1. Raises BadValue, Refused.
        """
        if not 0 <= before <= 1:
            raise BadValue(f"a share of {before:.0%} before the trigger", "give 0% to 100%")
        if not 0 < samples <= MOST_SAMPLES:
            raise BadValue(f"{samples} samples", f"ask for 1 to {MOST_SAMPLES:,}")
        wanted = [(signal.index,) for signal in self._signals]
        self._state = self._session.request(
            protocol.SCOPE, _ARM, samples, round(before * 1000), *trigger, wanted
        )
        self._capture = self._state["capture"]
        granted: int = self._state["samples"]
        return granted

    def progress(self) -> Progress:
        """How far it is. Raises Refused when another client has taken the scope."""
        state = self._state = self._session.request(protocol.SCOPE, _TELL, 0, 0, 0, 0, 0, [])
        if state["capture"] != self._capture or state["state"] == _NONE:
            raise Refused("the capture is gone", "another client uses the scope: try again later",
                          protocol.NO_CAPTURE)  # fmt: skip
        stage = ARMED if state["state"] == _ARMED else TRIGGERED
        return Progress(stage, state["held"], state["samples"])

    @property
    def complete(self) -> bool:
        """Whether the last `progress` has found that it can be read."""
        return self._state.get("state") == _COMPLETE

    @contextmanager
    def ended(self) -> Iterator[None]:
        """Ends it behind its body, also where that fails or is interrupted."""
        try:
            yield
        except BaseException:
            with suppress(PenError):
                self.end()
            raise
        self.end()

    def await_capture(
        self, clock: Clock, rest: Callable[[float], None], wait_s: float | None, watch: Watcher
    ) -> None:
        """Waits until it is complete; `rest` lets so many seconds pass. Raises NoTrigger where the
        trigger has not come within `wait_s`, Refused."""
        start_us = clock.now_us()
        while not self.complete:
            progress = self.progress()
            watch(progress)
            late = wait_s is not None and clock.now_us() > start_us + wait_s * 1e6
            if late and progress.stage == ARMED:
                remedy = "wait longer, or choose another trigger"
                raise NoTrigger(f"no trigger within {wait_s:g} s", remedy)
            rest(LOOK_S)

    def read(self, rest: Callable[[float], None], watch: Watcher) -> Capture:
        """Reads the complete capture; `rest` and `watch` are called before each part."""
        parts: list[NDArray[np.void]] = []
        total, done = self._state["held"], 0
        while done < total:
            rest(0)
            watch(Progress(READING, done, total))
            most = _FEW_BYTES if self._session.noisy else 0
            reply = self._session.request(protocol.SCOPE_DATA, self._capture, done, most)
            parts.append(np.frombuffer(reply["data"], self._wire))
            done += len(parts[-1])
        watch(Progress(READING, done, total))
        return self._decoded(np.concatenate(parts))

    def end(self) -> None:
        """Gives the pen's memory back; disarms it where it still waits."""
        self._session.request(protocol.SCOPE, _END, 0, 0, 0, 0, 0, [])

    def _decoded(self, packed: NDArray[np.void]) -> Capture:
        trigger, trigger_us = self._state["before"], time_us(self._state)
        stamps = (packed[_STAMP] ^ _STAMP_MASK).astype(np.int64)
        steps = np.concatenate([[0], np.cumsum(np.diff(stamps) & 0xFFFF)]) * _STAMP_US
        values = unmasked(packed, self._signals)
        values[TIME] = trigger_us + steps - steps[trigger]
        return Capture(
            boot_session=self._state["boot_session"],
            trigger=trigger,
            trigger_us=trigger_us,
            units={signal.name: signal.unit for signal in self._signals},
            samples=values,
        )


def _fields(wire: np.dtype[np.void]) -> list[tuple[str, Any]]:
    return [(name, wire[name]) for name in wire.names or ()]
