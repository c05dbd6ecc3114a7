"""Settings on trial: they go back by themselves unless they are kept."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING

from penfw import protocol
from penhost.errors import BadValue, PenError, Refused

if TYPE_CHECKING:
    from penhost.pen import Pen

LOOK_S = 0.05
LOOKS = 60  # settings wait for a motor that stops and parks, at most so often


class Trial:
    """From its `with` on, what `Pen.set` changes is in force but not stored.

    The values before come back together: at the end of the `with` unless `keep` was called, and
    by themselves once the pen has heard nothing for `seconds`, when another client connects, when
    SERVICE ends, at a fault and at a reset. A motor that runs is stopped and parked for it.
    """

    def __init__(self, pen: Pen, seconds: float) -> None:
        """`seconds`: 1 to 60. Raises BadValue."""
        if not 1 <= seconds <= 60:
            raise BadValue(f"a trial of {seconds} s", "give 1 to 60 seconds")
        self._pen = pen
        self._span_ms = round(seconds * 1000)
        self.kept = False

    def __enter__(self) -> Trial:
        """Opens it. Raises Refused outside of SERVICE."""
        self._pen.command("trial", self._span_ms)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self.kept:
            return
        try:
            self.revert()
        except PenError:
            if kind is None:  # else it tells more
                raise

    def keep(self) -> None:
        """Ends the trial: its values stay, and are stored. Raises Refused when it is over."""
        self._pen.command("keep")
        self.kept = True

    def revert(self) -> None:
        """Brings the values before back, if that has not been done.

        Raises Refused, and PenError when the motor does not come to rest for it.
        """
        for _ in range(LOOKS):
            if not self._under_way():
                return
            self._pen.wait(LOOK_S)
        told = f"the settings on trial are still in force after {LOOKS * LOOK_S:g} s"
        raise PenError(told, "stop the motor: they go back once it rests and no fault waits")

    def _under_way(self) -> bool:
        try:
            return self._pen.command("revert").pending
        except Refused as refusal:
            if refusal.reason == protocol.NO_TRIAL:
                return False
            raise
