"""Samples as they arrive: decoded into numpy, with what was lost before them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from penfw import protocol
from penhost.errors import BadValue, PenError
from penhost.tables import Signal, time_us

TIME = "time_us"  # first column of every sample
BUSY_LATE_US = 1_100_000  # so long after its announcement a pause may begin
_NUMPY_CODES = {"b": "<i1", "B": "<u1", "h": "<i2", "H": "<u2", "i": "<i4"}
_MASKS = {code: mask for code, _size, _low, _high, mask in protocol.CODES}


@dataclass(frozen=True)
class Gap:
    """An interruption of the connection, of which reconnection.py tells.

    `start_us` is when the next sample was due and `end_us` the time of the first one behind, in
    the time of the samples; `missing` is how many would have fitted in between. `restarted` when
    the pen was reset meanwhile. `offset_us` is what the samples' times are ahead of device time
    from here on, so that they go on growing.
    """

    cause: str
    boot_before: int
    boot_after: int
    restarted: bool
    start_us: int
    end_us: int
    missing: int
    offset_us: int


@dataclass(frozen=True)
class Block:
    """Samples of one frame, without a gap.

    `samples` has the columns time_us (int64, device time) and one int32 a signal, in its unit.
    `lost` is how many samples are missing right before, `dropped` how many the pen has dropped
    since the subscription began; what is lost and not dropped was damaged on the line. `paused`
    is how many the pen has not taken right before, as it wrote its flash and had said so. `gap` is
    the interruption of the connection right before, if there was one.
    """

    boot_session: int
    period_us: int
    lost: int
    paused: int
    dropped: int
    samples: NDArray[np.void]
    gap: Gap | None = None


@dataclass(frozen=True)
class Recording:
    """Samples of a length of time, columns as in Block; gaps show in time_us."""

    boot_session: int
    period_us: int
    lost: int
    paused: int
    dropped: int
    units: dict[str, str]
    samples: NDArray[np.void]

    def frame(self) -> Any:
        """A pandas DataFrame: a column a signal, in the units that `attrs["units"]` names, by
        device time. Raises PenError where pandas is not installed."""
        try:
            pandas = import_module("pandas")
        except ImportError as error:
            raise PenError("pandas is not installed", "pip install 'penloop[frames]'") from error
        time = pandas.to_timedelta(self.samples[TIME], unit="us").rename("time")
        frame = pandas.DataFrame({name: self.samples[name] for name in self.units}, index=time)
        frame.attrs["units"] = dict(self.units)
        return frame


class Stream:
    """Decodes the frames of one subscription."""

    def __init__(self, number: int, period_us: int, signals: Sequence[Signal]) -> None:
        self.number = number
        self.period_us = period_us
        self.signals = tuple(signals)
        self._wire = wire_type(signals)
        self._expected_us: int | None = None
        self._deaf: list[tuple[int, int]] = []  # how long each pause may be and last, us

    def block(self, fields: dict[str, Any]) -> Block | None:
        """The block of a TELEMETRY message.

        None for another subscription's, one of no signals, or an odd size. `announced_us` is how
        long a pause may be that was announced right before it, 0 for none.
        """
        packed, size = fields["samples"], self._wire.itemsize
        if fields["stream"] != self.number or not size or len(packed) != fields["count"] * size:
            return None
        first_us = time_us(fields)
        samples = self._decode(packed, first_us)
        if fields["announced_us"]:
            self._announce(fields["announced_us"])
        missing, paused = self._missing_before(first_us), self._paused_before(first_us)
        self._expected_us = first_us + len(samples) * self.period_us
        lost, pause = (0, missing) if paused else (missing, 0)
        return Block(
            fields["boot_session"], self.period_us, lost, pause, fields["dropped"], samples
        )

    def _announce(self, busy_us: int) -> None:
        if self._expected_us is not None:
            self._deaf.append((busy_us, self._expected_us + BUSY_LATE_US + busy_us))

    def _paused_before(self, first_us: int) -> bool:
        """Whether the samples missing before this time are those of a pause announced before.

        Each announcement excuses one pause: it may overtake samples from before the last one.
        """
        self._deaf = [pause for pause in self._deaf if first_us <= pause[1]]
        if not self._deaf or not self._missing_before(first_us):
            return False
        longest_us, _until_us = self._deaf.pop(0)
        assert self._expected_us is not None
        return first_us - self._expected_us <= longest_us

    def _decode(self, packed: bytes, first_us: int) -> NDArray[np.void]:
        wire = np.frombuffer(packed, self._wire)
        samples = unmasked(wire, self.signals)
        samples[TIME] = first_us + np.arange(len(wire)) * self.period_us
        return samples

    def _missing_before(self, first_us: int) -> int:
        """Samples missing before this time; a tick may come up to 0.75 periods late."""
        if self._expected_us is None:
            return 0
        gap_us = first_us - self._expected_us
        return max(0, (4 * gap_us + self.period_us) // (4 * self.period_us))


def wire_type(signals: Sequence[Signal]) -> np.dtype[np.void]:
    """One packed sample. Raises BadValue on a signal of unknown type or one that comes twice."""
    for signal in signals:
        if signal.code not in _NUMPY_CODES:
            remedy = "leave it out, or update penloop"
            raise BadValue(f"signal {signal.name} has the unknown type {signal.code}", remedy)
    if len({signal.name for signal in signals}) < len(signals):
        raise BadValue("a signal is subscribed twice", "name each once")
    return np.dtype([(signal.name, _NUMPY_CODES[signal.code]) for signal in signals])


def unmasked(packed: NDArray[np.void], signals: Sequence[Signal]) -> NDArray[np.void]:
    """Samples of the wire as Block has them; their times are still to be set."""
    samples = np.zeros(len(packed), [(TIME, "<i8")] + [(s.name, "<i4") for s in signals])
    for signal in signals:
        samples[signal.name] = packed[signal.name] ^ _MASKS[signal.code]
    return samples


def joined(blocks: Sequence[Block], stream: Stream, end_us: int) -> Recording:
    """The blocks' samples before a device time, of one block at least, with the loss among them."""
    blocks = [block for block in blocks if block.samples[TIME][0] < end_us]
    samples = np.concatenate([block.samples for block in blocks])
    return Recording(
        boot_session=blocks[0].boot_session,
        period_us=stream.period_us,
        lost=sum(block.lost for block in blocks[1:]),
        paused=sum(block.paused for block in blocks[1:]),
        dropped=blocks[-1].dropped - blocks[0].dropped,
        units={signal.name: signal.unit for signal in stream.signals},
        samples=samples[samples[TIME] < end_us],
    )
