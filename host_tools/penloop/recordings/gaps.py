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

from penhost.telemetry import TIME, Block
from pensim.trace import Trace

WHOLE, LOST, PAUSED, AWAY, RESTARTED, NO_TICKS, ASIDE = range(7)
REASONS = ("", "samples lost", "pen wrote its flash", "link was away", "pen restarted",
           "pen kept no ticks", "other signals were watched")  # fmt: skip
WANTED = (PAUSED, NO_TICKS, ASIDE)  # nothing went wrong there
COLUMNS = (
    ("link.boot_session", ""),
    ("link.time_offset", "us"),
    ("link.gap", ""),
    ("link.missing", ""),
)

LISTED = 1000  # gaps at most in the metadata; the columns tell of all

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
    if "link.gap" not in trace or "link.missing" not in trace:
        return []
    reasons, missing, times = trace["link.gap"], trace["link.missing"], trace.time_us
    return [
        Gap(int(times[row - 1]), int(times[row]), int(reasons[row]), int(missing[row]))
        for row in np.flatnonzero(reasons[1:]) + 1
    ]


class Timeline:
    """What the rows of blocks that come one after another tell of the gaps between them.

    Times are those of the blocks: the device time of the first power-up, which goes on by the
    port's clock where the pen restarts, to within the link's delay (penhost/reconnection.py).
    """

    def __init__(self) -> None:
        self._offset_us = 0
        self._due_us = 0  # when the next sample should be; 0 before the first one
        self._aside = False

    def stand_aside(self) -> None:
        """Until the next block, the pen sends other signals, as somebody wants."""
        self._aside = True

    def columns(self, block: Block, count: int) -> dict[str, Rows]:
        """The columns of COLUMNS for the first `count` samples of the block, one at least.

        Samples that are missing between two subscriptions are lost, too.
        """
        times = block.samples[TIME]
        reason, missing = _gap(block)
        late_us = int(times[0]) - self._due_us if self._due_us else 0
        if reason == WHOLE and late_us >= block.period_us:
            reason, missing = LOST, late_us // block.period_us
        if self._aside and late_us > 0 and reason != RESTARTED:
            reason, missing = ASIDE, late_us // block.period_us
        self._aside = False
        self._due_us = int(times[count - 1]) + block.period_us
        if block.gap:
            self._offset_us = block.gap.offset_us
        values = (block.boot_session, self._offset_us, 0, 0)
        columns = {name: np.full(count, value) for (name, _), value in zip(COLUMNS, values)}
        columns["link.gap"][0], columns["link.missing"][0] = reason, missing
        return columns


def _gap(block: Block) -> tuple[int, int]:
    """Reason and number of missing samples before a block."""
    if block.gap:
        return RESTARTED if block.gap.restarted else AWAY, block.gap.missing
    if block.paused:
        return PAUSED, block.paused
    return (LOST, block.lost) if block.lost else (WHOLE, 0)


def summary(trace: Trace) -> dict[str, Any]:
    """For the metadata of a recording: its first gaps, and the samples that each reason cost."""
    found = gaps(trace)
    missing = dict.fromkeys(REASONS[1:], 0)
    for gap in found:
        missing[gap.text] = missing.get(gap.text, 0) + gap.missing
    rows = [
        {"start_us": g.start_us, "end_us": g.end_us, "reason": g.text, "missing": g.missing}
        for g in found[:LISTED]
    ]
    return {
        "missing": missing,
        "gap_count": len(found),
        "gaps": rows,
        "boot_sessions": _boots(trace),
    }


def _boots(trace: Trace) -> list[int]:
    if "link.boot_session" not in trace:
        return []
    sessions = trace["link.boot_session"]
    starts = np.flatnonzero(np.diff(sessions, prepend=sessions[:1] - 1))
    return [int(value) for value in sessions[starts]]
