"""The interrupt's looks, called one by one."""

from penfw import faults, signals
from tests.system.story import control_of

OFF, RUN, PARK, PROVE = 0, 1, 2, 4
BRAKE, CREEP, SETTLE, DONE = range(4)


class Looks:
    """A pen that stands in READY; its interrupt runs only where a test calls it."""

    def __init__(self, bench):
        bench.operator.insert_cartridge()
        bench.run(1.0)
        self.control = control_of(bench)
        self.set(faults=0, last_us=1_000_000_000)

    def set(self, **words):
        for name, value in words.items():
            assert hasattr(self.control, name), name
            setattr(self.control, name, value)

    def signal(self, name, *value):
        number = signals.index(name)
        if value:
            self.control.values[number] = value[0]
        return self.control.values[number]

    def found(self, slot, count=1):
        """Names of the faults that so many looks in succession find."""
        self.control.faults = 0
        for _ in range(count):
            getattr(self.control, slot)()
        return {row[1] for row in faults.FAULTS if self.control.faults >> row[0] & 1}
