"""Fuzzing: one module a target, each with `one_input(data)`, which raises when something is wrong.

`python -m tests.fuzz TARGET` lets atheris search for inputs that reach more of the code; pytest
plays the kept ones, in corpus/TARGET/. A target reads structure out of its bytes (`Bytes`), so
that what it gives to the code has valid checksums where the input says so.
"""

TARGETS = ("frames", "link", "host", "settings", "cartridge", "records")


class Bytes:
    """An input, read from its beginning; behind its end there are zeros."""

    def __init__(self, data):
        self._data = data
        self._at = 0

    def __bool__(self):
        return self._at < len(self._data)

    def number(self, size=1):
        """An unsigned integer of so many bytes."""
        return int.from_bytes(self.take(size), "little")

    def take(self, size):
        """At most so many bytes."""
        piece = self._data[self._at : self._at + size]
        self._at += size
        return piece

    def text(self):
        """A length byte, and so many bytes."""
        return self.take(self.number())

    def rest(self):
        """All that is left."""
        return self.take(len(self._data))
