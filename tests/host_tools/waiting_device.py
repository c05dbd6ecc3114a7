"""The fake pen in a treatment: it answers what waits for the next start as the firmware does."""

from penfw import protocol
from tests.host_tools.fake_pen import SETTINGS, FakeDevice

RUN_LIMIT = 2  # the fake's setting that waits


class WaitingDevice(FakeDevice):
    """Keeps a new run limit for the next start, as a pen in RUNNING keeps a greater depth."""

    def apply(self, changes):
        in_force = self.settings[RUN_LIMIT]
        results = super().apply(changes)
        self.settings[RUN_LIMIT] = in_force
        return [
            (status, in_force if status == protocol.PENDING else value, reason, limit)
            for status, value, reason, limit in results
        ]


NAME = SETTINGS[RUN_LIMIT][0]
