"""Where a recording is not whole, and how its rows stand on one axis of time.

Beside the pen's signals a recording has columns of its own, so that a recording that was killed
tells of its gaps too:

link.boot_session  the pen's power-up that the row belongs to
link.time_offset   time less device time, us: 0 until the pen restarts and its clock begins anew
link.gap           why samples are missing right before the row: a number of REASONS
link.missing       how many are missing, by the period
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from penhost.clock import Clock
from penhost.telemetry import TIME, Block
from pensim.trace import Trace

WHOLE, LOST, PAUSED, AWAY, RESTARTED = range(5)
REASONS = ("", "samples lost", "pen wrote its flash", "link was away", "pen restarted")
COLUMNS = (
    ("link.boot_session", ""),
    ("link.time_offset", "us"),
    ("link.gap", ""),
    ("link.missing", ""),
)

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Gap:
    """No samples between two rows' times; `reason` is a number of REASONS."""

    start_us: int
    end_us: int
    reason: int
    missing: int

    @property
    def text(self) -> str:
        """As pictures name it."""
        return reason_text(self.reason)


def reason_text(number: int) -> str:
    """The reason in words; a newer tool's may be unknown."""
    return REASONS[number] if 0 <= number < len(REASONS) else f"gap {number}"


def gaps(trace: Trace) -> list[Gap]:
    """The gaps of a recording, in the order of time; a simulated trace has none."""
    if "link.gap" not in trace:
        return []
    reasons, missing, times = trace["link.gap"], trace["link.missing"], trace.time_us
    return [
        Gap(int(times[row - 1]), int(times[row]), int(reasons[row]), int(missing[row]))
        for row in np.flatnonzero(reasons[1:]) + 1
    ]


class Timeline:
    """Places blocks of telemetry one after another on the recording's axis of time.

    That is the device time of the first power-up. Where the pen restarts, it goes on by the
    port's clock, to within the link's delay.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._boot_session: int | None = None
        self._offset_us = 0
        self._next_us = 0  # where the next row belongs when nothing is missing
        self._heard_us = 0
        self._was_away = False

    def away(self) -> None:
        """Tells that the link is gone: what is missing before the next row is missing for that."""
        self._was_away = True

    def place(self, block: Block, samples: NDArray[np.void]) -> tuple[Rows, dict[str, Rows]]:
        """Times of the block's samples (one at least), and the columns of COLUMNS."""
        first_us = int(samples[TIME][0])
        reason, missing = self._gap(block, first_us)
        times = samples[TIME].astype(np.int64) + self._offset_us
        self._boot_session, self._was_away = block.boot_session, False
        self._next_us = int(times[-1]) + block.period_us
        self._heard_us = self._clock.now_us()
        values = (block.boot_session, self._offset_us, 0, 0)
        columns = {name: np.full(len(times), value) for (name, _), value in zip(COLUMNS, values)}
        columns["link.gap"][0], columns["link.missing"][0] = reason, missing
        return times, columns

    def _gap(self, block: Block, first_us: int) -> tuple[int, int]:
        """Reason and number of missing samples before a block; sees to the offset."""
        if self._boot_session is None:
            return WHOLE, 0
        if block.boot_session != self._boot_session:
            silence_us = max(self._clock.now_us() - self._heard_us, 0)
            self._offset_us = self._next_us + silence_us - first_us
            return RESTARTED, silence_us // block.period_us
        if self._was_away:
            late_us = first_us + self._offset_us - self._next_us
            return AWAY, max(round(late_us / block.period_us), 0)
        if block.paused:
            return PAUSED, block.paused
        return (LOST, block.lost) if block.lost else (WHOLE, 0)


def summary(trace: Trace) -> dict[str, Any]:
    """For the metadata of a recording: its gaps, and how many samples each reason has cost."""
    found = gaps(trace)
    missing = dict.fromkeys(REASONS[1:], 0)
    for gap in found:
        missing[gap.text] = missing.get(gap.text, 0) + gap.missing
    rows = [
        {"start_us": g.start_us, "end_us": g.end_us, "reason": g.text, "missing": g.missing}
        for g in found
    ]
    return {"missing": missing, "gaps": rows, "boot_sessions": _boots(trace)}


def _boots(trace: Trace) -> list[int]:
    if "link.boot_session" not in trace:
        return []
    sessions = trace["link.boot_session"]
    starts = np.flatnonzero(np.diff(sessions, prepend=sessions[:1] - 1))
    return [int(value) for value in sessions[starts]]
