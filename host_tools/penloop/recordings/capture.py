"""Captures of the pen's scope as traces: columns as of a recording, the trigger in the header."""

from __future__ import annotations

from typing import Any

import numpy as np

from penhost import Capture
from penhost.telemetry import TIME
from penloop.recordings import gaps
from pensim.trace import Column, Trace, TraceHeader


def capture_trace(capture: Capture, environment: dict[str, Any]) -> Trace:
    """The capture as a trace; `environment` is what its header shall say of the pen."""
    samples, missing = capture.samples, capture.missing
    columns = [
        (Column(f"pen.{name}", unit), samples[name].astype(np.int64))
        for name, unit in capture.units.items()
    ]
    marks = {
        "link.boot_session": np.full(len(samples), capture.boot_session),
        "link.time_offset": np.zeros(len(samples), np.int64),
        "link.gap": np.where(missing > 0, gaps.NO_TICKS, gaps.WHOLE),
        "link.missing": missing,
    }
    columns += [(Column(name, unit), marks[name].astype(np.int64)) for name, unit in gaps.COLUMNS]
    about = {"trigger_us": capture.trigger_us, "trigger_row": capture.trigger}
    header = TraceHeader({}, {**environment, **about})
    header.environment["link"] = gaps.summary(Trace(samples[TIME], columns, header))
    return Trace(samples[TIME], columns, header)
