"""MicroPython's `random`: the port's own generator (Yasmarang, by Ilya Levin, public domain).

The same seed gives the board's numbers. Without one it starts from the virtual board's seed.
"""

from _board import integer
from _profile import RANDOM_SEED

_WORD = 0xFFFFFFFF
_state = [0, 0, 0, 0]


def seed(value=None):
    _state[:] = [(RANDOM_SEED if value is None else integer(value)) & _WORD, 69, 233, 0]


def _next():
    pad, n, d, data = _state
    pad = (pad + data + d * n) & _WORD
    pad = ((pad << 3) + (pad >> 29)) & _WORD
    n = pad | 2
    d = (d ^ ((pad << 31) + (pad >> 1))) & _WORD
    data = (data ^ pad ^ (d >> 8) ^ 1) & 255
    _state[:] = [pad, n, d, data]
    return (pad ^ (d << 5) ^ (pad >> 18) ^ (data << 1)) & _WORD


def _below(limit):
    mask = 1
    while limit & mask < limit:
        mask = mask << 1 | 1
    while True:
        value = _next() & mask
        if value < limit:
            return value


def getrandbits(n):
    if not 0 <= integer(n) <= 32:
        raise ValueError("bits must be 32 or less")
    return _next() & _WORD >> 32 - n if n else 0


def randrange(start, stop=None, step=1):
    if stop is None:
        start, stop = 0, start
    if step == 0:
        raise ValueError
    count = (stop - start + step + (-1 if step > 0 else 1)) // step
    if count <= 0:
        raise ValueError
    return start + step * _below(count)


def randint(a, b):
    if a > b:
        raise ValueError
    return a + _below(b - a + 1)


def choice(sequence):
    if not len(sequence):
        raise IndexError
    return sequence[_below(len(sequence))]


def random():
    """In [0, 1), with the 23 bits of the board's float."""
    return (_next() & 0x7FFFFF) / 8388608


def uniform(a, b):
    return a + (b - a) * random()


seed()
