"""Recordings made by hand, for tests of what reads them."""

import numpy as np

from penfw import faults, states
from penloop.recordings.gaps import COLUMNS, LOST, RESTARTED
from pensim.trace import Column, Trace, TraceHeader

STALL = 1 << faults.STALL
ENVIRONMENT = {
    "pen": {"product": "penloop", "pen_id": "e660", "firmware_version": "1.2.3", "boot_session": 7},
    "settings": {"stroke_rate": 100_000, "depth": 500},
    "setting_units": {"stroke_rate": "mHz", "depth": "um"},
    "period_us": 10_000,
}


def recording(rate_hz=100.0, environment=ENVIRONMENT, **more):
    """600 rows of 10 ms of a pen that was on for an hour: READY, from 1 s on RUNNING, which
    reaches the rate at 1.3 s; from 5 s on a stall. Two gaps: 0.2 s lost at 3 s, and a restart of
    0.5 s at 5.5 s."""
    rows = np.arange(600)
    times = 3_600_000_000 + rows * 10_000 + 190_000 * (rows >= 300) + 490_000 * (rows >= 550)
    target = np.where((rows >= 100) & (rows < 500), round(rate_hz * 1000), 0)
    rise = np.clip((rows - 100) / 30, 0, 1)
    stalled, running = rows >= 500, (rows >= 100) & (rows < 500)
    columns = {
        ("pen.state", ""): np.select(
            [stalled, running], [states.FAULT, states.RUNNING], states.READY
        ),
        ("pen.faults", "bits"): np.where(stalled, STALL, 0),
        ("pen.rate_target", "mHz"): target,
        ("pen.rate", "mHz"): np.rint(target * rise + np.where(running, rows % 5 * 100, 0)),
        ("pen.current", "mA"): np.where(running, 150 + rows % 3, 0),
        ("pen.position", "um"): np.full(600, 500),
        ("pen.battery", "mV"): np.where(running, 3900, 4000),
        ("pen.duty", "u16"): np.where(running, 30_000, 0),
        ("pen.inputs", "bits"): np.where(rows == 90, 3, 2),
        ("pen.housing", "mC"): np.full(600, -1500),
    }
    gap, missing = np.zeros(600), np.zeros(600)
    gap[300], missing[300] = LOST, 19
    gap[550], missing[550] = RESTARTED, 49
    link = (7 + (rows >= 550), 3_605_000_000 * (rows >= 550), gap, missing)
    columns |= dict(zip(COLUMNS, link, strict=True)) | more
    pairs = [(Column(*key), np.asarray(values).astype(np.int64)) for key, values in columns.items()]
    return Trace(times, pairs, TraceHeader({}, dict(environment)))
