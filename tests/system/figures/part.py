"""The main loop's objects, each asked by itself."""

from penfw import signals
from tests.system.story import pen_of

OFF, RUN, PARK = 0, 1, 2


class Part:
    """One object of a pen that stands; its pass runs only where a test calls it."""

    def __init__(self, bench):
        bench.run(1.0)
        self.pen = pen_of(bench)
        self.control = self.pen.control
        self.set(faults=0, main_faults=0, main_asks=0)

    def set(self, **words):
        for name, value in words.items():
            assert hasattr(self.control, name), name
            setattr(self.control, name, value)

    def signal(self, name, value):
        self.control.values[signals.index(name)] = value
