"""One stream of samples over interruptions: when a pen was restarted, and when it was not."""

import numpy as np
import pytest

from penhost import PenError
from penhost.reconnection import Continuity
from penhost.telemetry import Block

LAST_US = 20_000_000


def block(first_us, period_us, boot_session=7):
    """One sample."""
    samples = np.zeros(1, [("time_us", "<i8"), ("rate", "<i4")])
    samples["time_us"] = first_us
    return Block(boot_session, period_us, 0, 0, 0, samples, None)


@pytest.mark.parametrize(
    ("first_us", "boot_session", "restarted", "missing"),
    [
        (LAST_US + 5_000_000, 7, False, 0), (LAST_US + 20_000_000, 7, False, 3),
        (LAST_US + 1, 7, False, 0), (LAST_US, 7, True, 1), (3_000_000, 7, True, 1),
        (LAST_US + 5_000_000, 8, True, 1),
    ],
)  # fmt: skip
def test_a_pen_was_restarted_where_its_boot_differs_or_its_time_went_back(
    first_us, boot_session, restarted, missing
):
    stream = Continuity()
    stream.continued(block(LAST_US, 5_000_000), 100_000_000)
    stream.interrupted(PenError("gone", ""))
    after = stream.continued(block(first_us, 5_000_000, boot_session), 110_000_000)
    assert (after.gap.restarted, after.gap.missing) == (restarted, missing)
    assert after.samples["time_us"][0] > LAST_US
    assert after.gap.start_us <= after.gap.end_us
