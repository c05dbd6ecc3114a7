"""Reads how much code each function of a .mpy file has."""


def function_sizes(mpy: bytes) -> list[int]:
    """Bytes of code of each function in a .mpy file, without the module's own body.

    The format is that of MicroPython's py/persistentcode.c.
    """
    reader = _MpyReader(mpy)
    names, objects = reader.number(), reader.number()
    for _ in range(names):
        reader.name()
    for _ in range(objects):
        reader.object()
    reader.code()
    return reader.sizes[1:]


class _MpyReader:
    """Walks through a .mpy file; `sizes` are those of the functions so far."""

    def __init__(self, mpy: bytes) -> None:
        self._mpy = mpy
        self._at = 4  # magic, version, flags, bits of a small int
        self.sizes: list[int] = []

    def number(self) -> int:
        value = 0
        while True:
            byte = self._mpy[self._at]
            self._at += 1
            value = value << 7 | byte & 127
            if not byte & 128:
                return value

    def name(self) -> None:
        size = self.number()
        if not size & 1:  # else MicroPython has the name already
            self._at += size // 2 + 1

    def object(self) -> None:
        kind = self._mpy[self._at]
        self._at += 1
        if kind <= 4:  # None, False, True and their like
            return
        size = self.number()
        if kind == 10:  # a tuple
            for _ in range(size):
                self.object()
        else:
            self._at += size + (kind in (5, 6))  # text and bytes end with a zero

    def code(self) -> None:
        head = self.number()
        self.sizes.append(head >> 3)
        self._at += head >> 3
        if head & 3:  # native: where its prelude begins
            self.number()
        if head & 4:
            for _ in range(self.number()):
                self.code()
