"""The board's random numbers: counter-based, so that a new stream changes no other."""

from binascii import crc32

_MASK = (1 << 64) - 1


def draw(seed: int, stream: str, index: int) -> int:
    """A 32-bit number for the `index`-th draw of a stream (the finaliser of SplitMix64)."""
    value = seed * 0x9E3779B97F4A7C15 + crc32(stream.encode()) * 0xD1342543DE82EF95
    value = (value + (index + 1) * 0xDA942042E4DD58B5) & _MASK
    value = (value ^ value >> 30) * 0xBF58476D1CE4E5B9 & _MASK
    value = (value ^ value >> 27) * 0x94D049BB133111EB & _MASK
    return (value ^ value >> 31) >> 32


def draw_between(seed: int, stream: str, index: int, bounds: tuple[int, int]) -> int:
    """The `index`-th draw as an integer from the first bound to the last."""
    low, high = bounds
    return low + draw(seed, stream, index) % (high - low + 1)
